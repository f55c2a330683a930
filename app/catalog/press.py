"""Reading what was published about films: of all of them, in an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus, PressKind
from app.catalog.models import Film
from app.catalog.parts_models import PressItem


class PressSort(StrEnum):
    """Orders of the press; what has no date, or no outlet, comes last."""

    DATE = "date"
    OUTLET = "outlet"
    FILM = "film"

    @property
    def label(self) -> str:
        """Return the order in words, for a menu."""
        return {
            PressSort.DATE: "Newest first",
            PressSort.OUTLET: "Outlet",
            PressSort.FILM: "Film",
        }[self]


@dataclass(frozen=True, slots=True)
class PressEntry:
    """An item of the press with the film that it is about."""

    item: PressItem
    film_slug: str
    film_title: str
    film_year: int
    film_updated_at: datetime


@dataclass(frozen=True, slots=True)
class PressPage:
    """One numbered page of the press; ``page`` is where it ended up."""

    entries: Sequence[PressEntry]
    total: int
    page: int
    pages: int


def press_page(
    session: Session,
    *,
    kind: PressKind | None = None,
    sort: PressSort = PressSort.DATE,
    page: int = 1,
    per_page: int,
) -> PressPage:
    """Return a page of the press about published films; a page past the last is the last."""
    total = session.scalar(_about(select(func.count(PressItem.id)), kind)) or 0
    pages = max(1, -(-total // per_page))
    page = min(max(1, page), pages)
    rows = session.execute(
        _about(select(PressItem, Film.slug, Film.title, Film.release_year, Film.updated_at), kind)
        .order_by(*_order(sort), Film.sort_key, Film.id, PressItem.position)
        .offset((page - 1) * per_page)
        .limit(per_page)
    )
    return PressPage([PressEntry(*row) for row in rows], total=total, page=page, pages=pages)


def press_kinds(session: Session) -> dict[PressKind, int]:
    """Return how many items of each kind there are; a kind without any is left out."""
    counted = _about(select(PressItem.kind, func.count(PressItem.id)), None)
    counts: dict[PressKind, int] = dict(session.execute(counted.group_by(PressItem.kind)).all())
    return {kind: counts[kind] for kind in PressKind if kind in counts}


def _about(statement: Select[*tuple[Any, ...]], kind: PressKind | None) -> Select[*tuple[Any, ...]]:
    joined = statement.join(Film, Film.id == PressItem.film_id).where(
        Film.status == FilmStatus.PUBLISHED
    )
    return joined if kind is None else joined.where(PressItem.kind == kind)


def _order(sort: PressSort) -> list[ColumnElement[Any]]:
    newest: list[ColumnElement[Any]] = [
        PressItem.published_on.is_(None),
        PressItem.published_on.desc(),
    ]
    if sort is PressSort.DATE:
        return newest
    if sort is PressSort.OUTLET:
        return [PressItem.outlet.is_(None), func.lower(PressItem.outlet), *newest]
    return []
