"""Lists of the console: found by words and a state, sorted by a column, in numbered pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.console.access import Staff
from app.console.pages import page

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
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // PER_PAGE))

    @property
    def first(self) -> int:
        """The place of the first row of this page in the whole list, from 1."""
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        """The place of the last row of this page."""
        return self.first + len(self.items) - 1


Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list whose page has a field for words, a choice of states, and columns to sort by."""

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
        """Draw page ``number`` of the rows that match all that is asked for, and ``more``."""
        found = self.statement.where(*conditions)
        if status is not None:
            found = found.where(self.state == status)
        found = searched(found, q, begins=self.begins, contains=self.contains)
        found = sorted_by(found, self.sorts, sort, unique=self.unique)
        rows = rows_page(session, found, page=number)
        return page(
            request,
            staff,
            self.template,
            rows=rows,
            q=q,
            status=status,
            sort=sort,
            more=more or {},
        )


def searched(
    statement: AnySelect,
    words: str,
    *,
    begins: Sequence[InstrumentedAttribute[Any]] = (),
    contains: Sequence[InstrumentedAttribute[Any]] = (),
) -> AnySelect:
    """Keep the rows of which a column begins with ``words``, or contains them, in any case."""
    if not words:
        return statement
    typed = words.lower()
    return statement.where(
        or_(
            *(func.lower(column).startswith(typed, autoescape=True) for column in begins),
            *(func.lower(column).contains(typed, autoescape=True) for column in contains),
        )
    )


def sorted_by(
    statement: AnySelect, columns: Columns, sort: str, *, unique: InstrumentedAttribute[int]
) -> AnySelect:
    """Order by the column that ``sort`` names, downwards after a minus; ``unique`` breaks ties.

    A name that is no column gives the first one: an old bookmark still shows the list.
    """
    name = sort.removeprefix("-")
    down = sort.startswith("-")
    if name not in columns:
        name, down = next(iter(columns)), True
    column = columns[name]
    return statement.order_by(
        column.desc() if down else column.asc(), unique.desc() if down else unique.asc()
    )


def rows_page(session: Session, statement: AnySelect, *, page: int) -> ListPage[AnyRow]:
    """Return one page of a statement that selects columns."""
    return ListPage(
        items=session.execute(_window(statement, page)).all(),
        page=page,
        total=_total(session, statement),
    )


def entities_page(session: Session, statement: AnySelect, *, page: int) -> ListPage[Any]:
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
