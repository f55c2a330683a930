"""A search as it is kept: the address of its list; and the new films that it finds."""

from collections.abc import Sequence
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.offers.licensing import Buyer
from app.search.facets import Facet
from app.search.film_search import Search
from app.search.query import FilmQuery

MAX_LENGTH = 1000


def format_query(asked: FilmQuery, buyer: Buyer | None = None) -> str:
    """Return the search in one order, as it stands behind the question mark of ``/films``.

    ``buyer`` is kept only if the search filters by price, which depends on the buyer.

    >>> format_query(FilmQuery(q="peace", year_from=1990))
    'q=peace&year_from=1990'
    """
    whose = (asked.buyer or buyer) if asked.values(Facet.PRICE) else None
    kept = asked.for_buyer(whose).model_copy(update={"sort": None, "exact": False})
    return urlencode(kept.items())


def parse_query(query: str) -> FilmQuery:
    """Return what a kept search asks.

    Raises:
        ValueError: it is none that ``format_query`` made.
    """
    msg = f"not a valid search: {query[:MAX_LENGTH]!r}"
    if len(query) > MAX_LENGTH:
        raise ValueError(msg)
    try:
        asked = FilmQuery.parse(query)
    except ValueError as error:
        raise ValueError(msg) from error
    # So every search is kept in one way.
    if format_query(asked) != query:
        raise ValueError(msg)
    return asked


def find_matches(session: Session, query: str, new: ColumnElement[bool]) -> Sequence[int]:
    """Return the ids of the public films that a kept search finds among the ``new`` ones.

    Those that came into the catalog last come first. Words are taken as they were kept: what is
    like them only by its spelling is no news.
    """
    search = Search(session, parse_query(query).model_copy(update={"exact": True}))
    found, slots = search.films, search.index.slots
    ids = session.scalars(
        select(Film.id)
        .where(Film.status == FilmStatus.PUBLISHED, new)
        .order_by(Film.published_at.desc(), Film.id.desc())
    )
    return [film_id for film_id in ids if film_id in slots and found >> slots[film_id] & 1]
