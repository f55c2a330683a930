"""What the API gives of a search."""

from pydantic import BaseModel, Field

from app.catalog.schemas import FilmSummaryOut
from app.search.facets import Facet


class DidYouMeanOut(BaseModel):
    """The corrected search."""

    typed: str = Field(description="`q` as sent", examples=["stalinsm"])
    shown: str = Field(description="The corrected search terms", examples=["stalinism"])


class FilmPage(BaseModel):
    """One page of a list of films."""

    items: list[FilmSummaryOut]
    next: str | None = Field(description="Pass as `cursor` for the next page; null on the last")
    total: int = Field(description="Number of films in the whole list")
    did_you_mean: DidYouMeanOut | None = Field(
        description="Null if the exact words were searched; `exact=true` forces that"
    )


class FacetValueOut(BaseModel):
    """A value of a filter."""

    value: str = Field(description="Pass as the value of the facet's parameter")
    label: str
    count: int = Field(description="Films with this value that match all other filters")
    chosen: bool


class FacetOut(BaseModel):
    """A filter for a list of films."""

    name: Facet = Field(description="The parameter name")
    label: str
    values: list[FacetValueOut]


class FacetsOut(BaseModel):
    """All facets of a list, in the order in which pages show them."""

    total: int = Field(description="Number of films in the list")
    did_you_mean: DidYouMeanOut | None
    facets: list[FacetOut]


class SuggestionOut(BaseModel):
    """Something to go to."""

    slug: str
    name: str


class TitleSuggestionOut(SuggestionOut):
    """A film, by its title."""

    release_year: int


class CountedSuggestionOut(SuggestionOut):
    """A person or a subject."""

    film_count: int


class SuggestionsOut(BaseModel):
    """Get search suggestions."""

    titles: list[TitleSuggestionOut]
    people: list[CountedSuggestionOut]
    subjects: list[CountedSuggestionOut]
