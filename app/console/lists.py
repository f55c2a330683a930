"""Numbered pages of a list, and the columns by which it can be sorted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

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


Columns = Mapping[str, ColumnElement[Any] | InstrumentedAttribute[Any]]


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
