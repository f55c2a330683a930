"""HTTP endpoints of search, for anyone."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts.customers import MAX_SIZE, CustomerClass
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.filters import LONGEST_QUERY
from app.catalog.kinds import Color, FilmSort
from app.core.db import ReadSessionDep
from app.core.pagination import PageDep
from app.finding.query import FIRST_YEAR, LAST_YEAR, MOST_VALUES, FilmQuery
from app.finding.schemas import (
    CountedSuggestionOut,
    DidYouMeanOut,
    FacetOut,
    FacetsOut,
    FacetValueOut,
    FilmPage,
    SuggestionsOut,
    TitleSuggestionOut,
)
from app.finding.searching import Search
from app.finding.suggesting import suggestions
from app.finding.values import Access, Facet, LengthBand, Ppr, PriceBand
from app.offers.states import Delivery

router = APIRouter(tags=["catalog"])

Slug = Annotated[str, Query(pattern=SLUG_PATTERN, max_length=SLUG_LENGTH)]
Code = Annotated[str, Query(max_length=3)]
Year = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)]
SEVERAL = "; any of several will do"


def film_query(
    request: Request,
    *,
    q: Annotated[
        str | None,
        Query(
            max_length=LONGEST_QUERY,
            description="Words to look for in titles, people, subjects, descriptions and press. "
            "Accents and case do not matter; the last word may be a beginning. Best match first",
            examples=["stalin"],
        ),
    ] = None,
    exact: Annotated[
        bool | None, Query(description="Look for the words as typed: put no typo right")
    ] = None,
    subject: Annotated[
        list[Slug],
        Query(
            max_length=MOST_VALUES, description="A subject's slug" + SEVERAL, examples=[["russia"]]
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    collection: Annotated[
        list[Slug],
        Query(
            max_length=MOST_VALUES,
            description="A collection's slug" + SEVERAL,
            examples=[["russia-and-the-former-soviet-union"]],
        ),
    ] = [],  # noqa: B006
    language: Annotated[
        list[Code],
        Query(
            max_length=MOST_VALUES,
            description="Spoken in any version: an ISO 639 code of two or three letters" + SEVERAL,
            examples=[["rus"]],
        ),
    ] = [],  # noqa: B006
    subtitles: Annotated[
        list[Code],
        Query(
            max_length=MOST_VALUES,
            description="Language of subtitles" + SEVERAL,
            examples=[["eng"]],
        ),
    ] = [],  # noqa: B006
    captions: Annotated[
        list[Code],
        Query(max_length=MOST_VALUES, description="Language of captions" + SEVERAL),
    ] = [],  # noqa: B006
    country: Annotated[
        list[Code],
        Query(
            max_length=MOST_VALUES,
            description="Of production: an ISO 3166-1 code of two letters" + SEVERAL,
            examples=[["NL"]],
        ),
    ] = [],  # noqa: B006
    decade: Annotated[
        list[str],
        Query(max_length=MOST_VALUES, description="A decade's first year, such as 1990" + SEVERAL),
    ] = [],  # noqa: B006
    year_from: Year = None,
    year_to: Year = None,
    length: Annotated[
        list[LengthBand], Query(max_length=MOST_VALUES, description="Minutes of the main version")
    ] = [],  # noqa: B006
    color: Annotated[list[Color], Query(max_length=MOST_VALUES)] = [],  # noqa: B006
    access: Annotated[
        list[Access],
        Query(max_length=MOST_VALUES, description="What any version has for those who need it"),
    ] = [],  # noqa: B006
    platform: Annotated[
        list[Slug],
        Query(max_length=MOST_VALUES, description="On this partner's platform" + SEVERAL),
    ] = [],  # noqa: B006
    delivery: Annotated[
        list[Delivery],
        Query(
            max_length=MOST_VALUES,
            description="Delivery, term, ppr and price are asked of one license that is on sale: "
            "it has all of them. With `class`, of one that is sold to that class",
        ),
    ] = [],  # noqa: B006
    term: Annotated[
        list[str],
        Query(
            max_length=MOST_VALUES,
            description="A license's term: `perpetual`, `semester`, `event`, `life_of_format`, "
            "`life_of_media`, or months such as `36-months`" + SEVERAL,
        ),
    ] = [],  # noqa: B006
    ppr: Annotated[
        list[Ppr], Query(max_length=MOST_VALUES, description="With public performance rights")
    ] = [],  # noqa: B006
    price: Annotated[
        list[PriceBand],
        Query(
            max_length=MOST_VALUES,
            description="What the license costs, in whole units of its currency; without `class` "
            "the lowest price of any",
        ),
    ] = [],  # noqa: B006
    customer_class: Annotated[
        CustomerClass | None,
        Query(alias="class", description="Whose prices count; narrows nothing by itself"),
    ] = None,
    size: Annotated[
        int | None,
        Query(ge=0, le=MAX_SIZE, description="With `class`, as the class counts it"),
    ] = None,
    buyer_country: Annotated[
        str | None,
        Query(
            pattern=r"^[A-Za-z]{2}$",
            description="With `class`: where the buyer is; US if not given",
        ),
    ] = None,
    sort: Annotated[
        FilmSort | None,
        Query(
            description="`relevance` with `q`, else `title`. `recent` is by the day a film was "
            "added, `collection` its own order of one collection, `price` the lowest first"
        ),
    ] = None,
) -> FilmQuery:
    """Read what is asked for. What is declared above is what the documentation says of it.

    Raises:
        InvalidInputError: names every parameter that is wrong.
    """
    del q, exact, subject, collection, language, subtitles, captions, country, decade
    del year_from, year_to, length, color, access, platform, delivery, term, ppr, price
    del customer_class, size, buyer_country, sort
    return FilmQuery.read(request.query_params.multi_items())


QueryDep = Annotated[FilmQuery, Depends(film_query)]


@router.get("/films", summary="List and search films", response_model=FilmPage)
def list_films(session: ReadSessionDep, page: PageDep, query: QueryDep) -> Response:
    """List the films in the catalog by title; with `q`, those that match, the best match first.

    Filters narrow one another; of one filter's values any will do. The years are release years,
    inclusive. A word that no film has is read as the nearest that one has: see `did_you_mean`.
    """
    search = Search(session, query)
    cards, cursor = search.behind(page)
    did = _did_you_mean(search)
    rest = FilmPage.model_construct(items=[], next=cursor, total=search.total, did_you_mean=did)
    told = rest.model_dump_json(exclude={"items"})
    items = ",".join([card.json() for card in cards])
    # Written from what is kept, in the form of the model: the framework would build it all again.
    return Response(f'{{"items":[{items}],{told[1:]}', media_type="application/json")


@router.get("/films/facets", summary="What a list of films can be narrowed by")
def list_facets(session: ReadSessionDep, query: QueryDep) -> FacetsOut:
    """Count the films of a list by what else they are.

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
                        value=each.value, label=each.label, count=each.count, chosen=each.chosen
                    )
                    for each in values
                ],
            )
            for facet, values in search.facets().items()
            if facet is not Facet.PRICE or query.buyer is not None
        ],
    )


@router.get("/suggestions", summary="What a search box offers while someone types")
def list_suggestions(
    session: ReadSessionDep,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=LONGEST_QUERY,
            description="What is typed so far",
            examples=["gor"],
        ),
    ],
) -> SuggestionsOut:
    """Suggest films, people and subjects whose names have words that begin as those typed."""
    found = suggestions(session, q)
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
    return DidYouMeanOut(typed=found.typed, shown=found.words) if found else None
