"""Lists of the console: search, status filter, sorting, and numbered pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.console.access import Staff
from app.console.pages import draw_page

PER_PAGE = 50
T = TypeVar("T")
AnySelect = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    page: int
    total: int

    @property
    def pages(self) -> int:
        """Return the number of pages, at least one."""
        return max(1, -(-self.total // PER_PAGE))

    @property
    def first(self) -> int:
        """Return the position of the page's first row in the list, from 1."""
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        """Return the position of the page's last row."""
        return self.first + len(self.items) - 1


Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list with a search field, a status filter, and sortable columns."""

    template: str
    statement: AnySelect
    unique: InstrumentedAttribute[int]
    state: InstrumentedAttribute[Any]
    sorts: Columns
    begins: Sequence[InstrumentedAttribute[Any]] = ()
    contains: Sequence[InstrumentedAttribute[Any]] = ()

    def draw(
        self,
        request: Request,
        staff: Staff,
        session: Session,
        *conditions: ColumnElement[bool],
        q: str,
        status: object,
        sort: str,
        number: int,
        more: Mapping[str, object] | None = None,
    ) -> HTMLResponse:
        """Draw page ``number`` of the matching rows; ``more`` goes to the template."""
        statement = self.statement.where(*conditions)
        if status is not None:
            statement = statement.where(self.state == status)
        statement = filter_by_text(statement, q, begins=self.begins, contains=self.contains)
        statement = sort_rows(statement, self.sorts, sort, unique=self.unique)
        rows = find_rows_page(session, statement, page=number)
        return draw_page(
            request, staff, self.template, rows=rows, q=q, status=status, sort=sort, more=more or {}
        )


def filter_by_text(
    statement: AnySelect,
    text: str,
    *,
    begins: Sequence[InstrumentedAttribute[Any]] = (),
    contains: Sequence[InstrumentedAttribute[Any]] = (),
) -> AnySelect:
    """Filter rows by columns that begin with ``text`` or contain them, ignoring case."""
    if not text:
        return statement
    prefix = text.lower()
    return statement.where(
        or_(
            *(func.lower(column).startswith(prefix, autoescape=True) for column in begins),
            *(func.lower(column).contains(prefix, autoescape=True) for column in contains),
        )
    )


def sort_rows(
    statement: AnySelect, columns: Columns, sort: str, *, unique: InstrumentedAttribute[int]
) -> AnySelect:
    """Order by the column ``sort``, descending after a minus; ``unique`` breaks ties.

    An unknown name, as in an old bookmark, selects the first column.
    """
    name = sort.removeprefix("-")
    down = sort.startswith("-")
    if name not in columns:
        name, down = next(iter(columns)), True
    column = columns[name]
    return statement.order_by(
        column.desc() if down else column.asc(), unique.desc() if down else unique.asc()
    )


def find_rows_page(session: Session, statement: AnySelect, *, page: int) -> ListPage[AnyRow]:
    """Return one page of a statement that selects columns."""
    return ListPage(
        items=session.execute(_window(statement, page)).all(),
        page=page,
        total=_total(session, statement),
    )


def find_entities_page(session: Session, statement: AnySelect, *, page: int) -> ListPage[Any]:
    """Return one page of a statement that selects one entity."""
    return ListPage(
        items=session.scalars(_window(statement, page)).unique().all(),
        page=page,
        total=_total(session, statement),
    )


def _window(statement: AnySelect, page: int) -> AnySelect:
    return statement.limit(PER_PAGE).offset((page - 1) * PER_PAGE)


def _total(session: Session, statement: AnySelect) -> int:
    counted = statement.order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(counted)) or 0
