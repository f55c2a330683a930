"""A search as it is kept: the address of its list; and the new films that it finds."""

from collections.abc import Sequence
from dataclasses import fields
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.catalog.filters import FilmFilters, Selection
from app.catalog.models import Film

LONGEST = 1000
NAMES = tuple(field.name for field in fields(FilmFilters))
NUMBERS = frozenset({"year_from", "year_to"})
YEARS = range(1000, 10_000)


def query_of(filters: FilmFilters) -> str:
    """Return the search in one order, as it stands behind the question mark of ``/films``.

    >>> query_of(FilmFilters(subject="war", q=" peace "))
    'q=peace&subject=war'
    """
    values = {name: getattr(filters, name) for name in NAMES} | {"q": filters.query}
    return urlencode({name: value for name, value in values.items() if value not in {None, ""}})


def filters_of(query: str) -> FilmFilters:
    """Return what a kept search narrows films to.

    Raises:
        ValueError: it is none that ``query_of`` made.
    """
    msg = f"no search of ours: {query[:LONGEST]!r}"
    if len(query) > LONGEST:
        raise ValueError(msg)
    given: dict[str, str | int] = {}
    for name, value in parse_qsl(query, strict_parsing=bool(query), max_num_fields=len(NAMES)):
        if name not in NAMES or "\x00" in value:
            raise ValueError(msg)
        given[name] = int(value) if name in NUMBERS and value.isdecimal() else value
        if name in NUMBERS and given[name] not in YEARS:
            raise ValueError(msg)
    filters = FilmFilters(**given)  # type: ignore[arg-type]
    # So every search is kept in one way; what was given twice is seen here too.
    if query_of(filters) != query:
        raise ValueError(msg)
    return filters


def matching(session: Session, query: str, new: ColumnElement[bool]) -> Sequence[int]:
    """Return the ids of the public films that a kept search finds among the ``new`` ones.

    Those that came into the catalog last come first.
    """
    found = Selection(session, filters_of(query)).apply(select(Film.id)).where(new)
    return session.scalars(found.order_by(Film.published_at.desc(), Film.id.desc())).all()
