"""HTTP endpoints of search, for anyone."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.catalog.filters import MAX_QUERY_LENGTH
from app.core.db import ReadSessionDep
from app.core.pagination import PageParams
from app.core.public_reads import public_read
from app.search.facets import Facet
from app.search.film_search import Search
from app.search.query import FilmQuery
from app.search.schemas import (
    CountedSuggestionOut,
    DidYouMeanOut,
    FacetOut,
    FacetsOut,
    FacetValueOut,
    FilmPage,
    SuggestionsOut,
    TitleSuggestionOut,
)
from app.search.suggestions import find_suggestions

router = APIRouter(tags=["catalog"])


class FilmListParams(PageParams, FilmQuery):
    """The search and its page."""


@router.get("/films", summary="List and search films", response_model=FilmPage)
@public_read()
def list_films(session: ReadSessionDep, query: Annotated[FilmListParams, Query()]) -> Response:
    """List the films in the catalog by title; with `q`, those that match, the best match first.

    Filters narrow one another; of one filter's values any will do. The years are release years,
    inclusive. A word that no film has is read as the nearest that one has: see `did_you_mean`.
    """
    search = Search(session, query)
    cards, cursor = search.page_after(query)
    did = _did_you_mean(search)
    rest = FilmPage.model_construct(items=[], next=cursor, total=search.total, did_you_mean=did)
    told = rest.model_dump_json(exclude={"items"})
    items = ",".join([card.json() for card in cards])
    # Written from what is kept, in the form of the model: the framework would build it all again.
    return Response(f'{{"items":[{items}],{told[1:]}', media_type="application/json")


@router.get("/films/facets", summary="List filters for a list of films")
@public_read()
def list_facets(session: ReadSessionDep, query: Annotated[FilmQuery, Query()]) -> FacetsOut:
    """Return filter values with the number of films for each.

    It takes the filters of the list. Counts are exact; those of a facet leave its own choice out,
    so that they say what another value would add.
    """
    search = Search(session, query)
    return FacetsOut(
        total=search.total,
        did_you_mean=_did_you_mean(search),
        facets=[
            FacetOut(
                name=facet,
                label=facet.heading,
                values=[
                    FacetValueOut(
                        value=each.value, label=each.label, count=each.count, chosen=each.is_chosen
                    )
                    for each in values
                ],
            )
            for facet, values in search.facets().items()
            if facet is not Facet.PRICE or query.buyer is not None
        ],
    )


@router.get("/suggestions", summary="Get search suggestions")
@public_read()
def list_suggestions(
    session: ReadSessionDep,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_QUERY_LENGTH,
            description="The text typed so far",
            examples=["gor"],
        ),
    ],
) -> SuggestionsOut:
    """Suggest films, people, and subjects with words that start with the typed ones."""
    found = find_suggestions(session, q)
    return SuggestionsOut(
        titles=[
            TitleSuggestionOut(slug=card.slug, name=card.title, release_year=card.release_year)
            for card in found.titles
        ],
        people=[CountedSuggestionOut(slug=s, name=n, film_count=c) for s, n, c in found.people],
        subjects=[CountedSuggestionOut(slug=s, name=n, film_count=c) for s, n, c in found.subjects],
    )


def _did_you_mean(search: Search) -> DidYouMeanOut | None:
    found = search.correction
    return DidYouMeanOut(typed=found.typed, shown=found.shown) if found else None
