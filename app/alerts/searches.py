"""A search as it is kept: the address of its list; and the new films that it finds."""

from collections.abc import Sequence
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.finding.query import FilmQuery
from app.finding.searching import Search
from app.finding.values import Facet
from app.offers.licensing import Buyer

LONGEST = 1000


def query_of(asked: FilmQuery, buyer: Buyer | None = None) -> str:
    """Return the search in one order, as it stands behind the question mark of ``/films``.

    ``buyer`` is kept only where the search asks for prices, which are somebody's.

    >>> query_of(FilmQuery(q="peace", year_from=1990))
    'q=peace&year_from=1990'
    """
    whose = (asked.buyer or buyer) if asked.values(Facet.PRICE) else None
    kept = asked.for_buyer(whose).model_copy(update={"sort": None, "exact": False})
    return urlencode(kept.items())


def asked_in(query: str) -> FilmQuery:
    """Return what a kept search asks.

    Raises:
        ValueError: it is none that ``query_of`` made.
    """
    msg = f"no search of ours: {query[:LONGEST]!r}"
    if len(query) > LONGEST:
        raise ValueError(msg)
    try:
        asked = FilmQuery.parse(query)
    except ValueError as error:
        raise ValueError(msg) from error
    # So every search is kept in one way.
    if query_of(asked) != query:
        raise ValueError(msg)
    return asked


def matching(session: Session, query: str, new: ColumnElement[bool]) -> Sequence[int]:
    """Return the ids of the public films that a kept search finds among the ``new`` ones.

    Those that came into the catalog last come first. Words are taken as they were kept: what is
    like them only by its spelling is no news.
    """
    search = Search(session, asked_in(query).model_copy(update={"exact": True}))
    found, slots = search.films, search.index.slots
    ids = session.scalars(
        select(Film.id)
        .where(Film.status == FilmStatus.PUBLISHED, new)
        .order_by(Film.published_at.desc(), Film.id.desc())
    )
    return [film_id for film_id in ids if film_id in slots and found >> slots[film_id] & 1]
