"""What the API gives of a search."""

from pydantic import BaseModel, Field

from app.catalog.schemas import FilmSummaryOut
from app.search.values import Facet


class DidYouMeanOut(BaseModel):
    """What was looked for instead of what was typed."""

    typed: str = Field(description="`q` as it came", examples=["stalinsm"])
    shown: str = Field(description="The words of the films shown", examples=["stalinism"])


class FilmPage(BaseModel):
    """One page of a list of films."""

    items: list[FilmSummaryOut]
    next: str | None = Field(description="Pass as `cursor` for the next page; null on the last")
    total: int = Field(description="How many films the whole list has")
    did_you_mean: DidYouMeanOut | None = Field(
        description="Null if the films are those of the very words; `exact=true` insists on them"
    )


class FacetValueOut(BaseModel):
    """A value that the list can be narrowed to."""

    value: str = Field(description="Pass it as the parameter of the facet's name")
    label: str
    count: int = Field(description="Films with it that pass all filters of other facets")
    chosen: bool


class FacetOut(BaseModel):
    """What the films of a list can be narrowed by."""

    name: Facet = Field(description="The parameter's name")
    label: str
    values: list[FacetValueOut]


class FacetsOut(BaseModel):
    """All facets of a list, in the order in which pages show them."""

    total: int = Field(description="How many films the list has")
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
    """What a search box offers while someone types."""

    titles: list[TitleSuggestionOut]
    people: list[CountedSuggestionOut]
    subjects: list[CountedSuggestionOut]
