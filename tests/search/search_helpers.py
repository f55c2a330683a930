"""Asking the catalog as a page or the API does."""

from sqlalchemy.orm import Session

from app.core.pagination import PageParams
from app.search.facets import Facet
from app.search.film_search import FacetValue, Search
from app.search.query import FilmQuery


def asked(session: Session, **given: object) -> Search:
    """Return the answer to a query; several values of one parameter come as a list."""
    return Search(session, FilmQuery.model_validate(given))


def listed(session: Session, **given: object) -> list[str]:
    """Return the titles of the films that a query finds, in their order."""
    return [card.title for card in asked(session, **given).page(1, 500)]


def paged(search: Search, limit: int, cursor: str | None = None) -> tuple[list[str], str | None]:
    """Return the titles of a page by cursor, and the next cursor."""
    cards, following = search.page_after(PageParams(limit=limit, cursor=cursor))
    return [card.title for card in cards], following


def counts(search: Search, facet: Facet) -> dict[str, int]:
    """Return how many films each value of a facet has, in the order shown."""
    found: list[FacetValue] = search.facets([facet])[facet]
    return {each.value: each.count for each in found}
