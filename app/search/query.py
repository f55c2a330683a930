"""The search parameters, declared once: read from an address, and written as one."""

import re
from collections.abc import Collection
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import parse_qs, urlencode

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.accounts.customers import MAX_SIZE, CustomerClass
from app.catalog.countries_languages import country_code, language_code
from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN
from app.catalog.enums import Color, FilmSort
from app.catalog.filters import MAX_QUERY_LENGTH
from app.offers.buyers import DEFAULT_COUNTRY, BuyerCountry
from app.offers.licensing import Buyer
from app.offers.states import Delivery
from app.offers.terms import MAX_MONTHS, TermKind
from app.search.facets import Access, Facet, LengthBand, Ppr, PriceBand

FIRST_YEAR, LAST_YEAR = 1888, 2100
MAX_VALUES = 40
MONTHS = re.compile(r"([1-9]\d{0,2})-months")
ANY_OF = "; matches any of several values"
T = TypeVar("T")


def _check_decade(text: str) -> str:
    if not re.fullmatch(r"(1[89]|20)\d0", text):
        msg = "Enter the first year of a decade, such as 1990."
        raise ValueError(msg)
    return text


def _check_term(text: str) -> str:
    months = MONTHS.fullmatch(text)
    if months and int(months[1]) <= MAX_MONTHS:
        return text
    kinds = [kind.value for kind in TermKind if kind is not TermKind.MONTHS]
    if text not in kinds:
        msg = f"Enter a number of months such as 12-months, or one of: {', '.join(kinds)}."
        raise ValueError(msg)
    return text


def _sort_values(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


Several = Annotated[tuple[T, ...], Field(max_length=MAX_VALUES), AfterValidator(_sort_values)]
"""The values of a facet, each once and sorted: equal searches have one address."""
Slug = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=SLUG_LENGTH)]
Country = Annotated[str, Field(max_length=3), AfterValidator(country_code)]
Language = Annotated[str, Field(max_length=3), AfterValidator(language_code)]
Decade = Annotated[str, AfterValidator(_check_decade)]
LicenseTerm = Annotated[str, AfterValidator(_check_term)]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


class FilmQuery(BaseModel):
    """A list of films that someone asked for.

    Facets narrow one another; of one facet's values any will do. Parameters without a value count
    as not given, because forms send every field. Equal queries have equal addresses, and ``parse``
    of an address gives the query again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: str = Field(
        default="",
        max_length=MAX_QUERY_LENGTH,
        description=(
            "Search terms for titles, people, subjects, descriptions, and press. Accents and case "
            "are ignored; the last word may be incomplete. Best match first"
        ),
        examples=["stalin"],
    )
    exact: bool = Field(
        default=False,
        description="Search for the exact words, without spelling correction",
        examples=[True],
    )
    subject: Several[Slug] = Field(
        default=(), description="A subject's slug" + ANY_OF, examples=[["russia"]]
    )
    collection: Several[Slug] = Field(
        default=(),
        description="A collection's slug" + ANY_OF,
        examples=[["russia-and-the-former-soviet-union"]],
    )
    language: Several[Language] = Field(
        default=(),
        description="Spoken in any version; a two- or three-letter ISO 639 code" + ANY_OF,
        examples=[["rus"]],
    )
    subtitles: Several[Language] = Field(
        default=(), description="Subtitle language" + ANY_OF, examples=[["eng"]]
    )
    captions: Several[Language] = Field(
        default=(), description="Caption language" + ANY_OF, examples=[["eng"]]
    )
    country: Several[Country] = Field(
        default=(),
        description="Production country; a two-letter ISO 3166-1 code" + ANY_OF,
        examples=[["NL"]],
    )
    decade: Several[Decade] = Field(
        default=(),
        description="A decade's first year, such as 1990" + ANY_OF,
        examples=[["2010"]],
    )
    # Before the first year, which is compared with it.
    year_to: Year | None = Field(
        default=None, description="The last release year, inclusive", examples=[2019]
    )
    year_from: Year | None = Field(
        default=None, description="The first release year, inclusive", examples=[2010]
    )
    length: Several[LengthBand] = Field(
        default=(),
        description="Running time of the main version, in minutes" + ANY_OF,
        examples=[["90-plus"]],
    )
    color: Several[Color] = Field(
        default=(), description="Color or black and white" + ANY_OF, examples=[["mixed"]]
    )
    access: Several[Access] = Field(
        default=(),
        description="Accessibility features of any version" + ANY_OF,
        examples=[["captions"]],
    )
    platform: Several[Slug] = Field(
        default=(),
        description="Available on this partner platform" + ANY_OF,
        examples=[["docuseek"]],
    )
    delivery: Several[Delivery] = Field(
        default=(),
        description=(
            "`delivery`, `term`, `ppr`, and `price` must all match one available license. With "
            "`class`, a license available to that class"
        ),
        examples=[["dvd"]],
    )
    term: Several[LicenseTerm] = Field(
        default=(),
        description="A license's term: `perpetual`, `semester`, `event`, `life_of_format`, "
        "`life_of_media`, or months such as `36-months`" + ANY_OF,
        examples=[["life_of_media"]],
    )
    ppr: Several[Ppr] = Field(
        default=(), description="With public performance rights", examples=[["included"]]
    )
    price: Several[PriceBand] = Field(
        default=(),
        description=(
            "License price, in whole units of its currency; without `class`, the lowest price"
        ),
        examples=[["250-499"]],
    )
    customer_class: CustomerClass | None = Field(
        default=None,
        alias="class",
        description="The institution type whose prices apply; does not filter by itself",
        examples=["college"],
    )
    size: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SIZE,
        description="With `class`: the size in the measure of the class",
        examples=[4200],
    )
    buyer_country: BuyerCountry | None = Field(
        default=None,
        validate_default=True,
        description=f"With `class`: the buyer's country; defaults to {DEFAULT_COUNTRY}",
        examples=["US"],
        # An empty value counts as none, as in every parameter of a search.
        json_schema_extra={
            "anyOf": [{"type": "string", "pattern": "^([A-Za-z]{2})?$"}, {"type": "null"}]
        },
    )
    sort: FilmSort | None = Field(
        default=None,
        description=(
            "Defaults to `relevance` with `q`, otherwise `title`. `recent` sorts by date added, "
            "`collection` by collection order, `price` lowest first"
        ),
        examples=["newest"],
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Trim every value, and leave out parameters without one."""
        found: dict[str, Any] = {}
        for name, value in given.items():
            values = value if isinstance(value, list | tuple) else [value]
            values = [each.strip() if isinstance(each, str) else each for each in values]
            values = [each for each in values if each not in (None, "")]
            if values:
                found[name] = values if len(values) > 1 or name in FACETS else values[0]
        return found

    @field_validator("q")
    @classmethod
    def _replace_nul(cls, text: str) -> str:
        return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # a page cannot show it

    @field_validator("year_from")
    @classmethod
    def _check_years(cls, year: int | None, info: ValidationInfo) -> int | None:
        last = info.data.get("year_to")
        if year and last and year > last:
            msg = f"Enter a year no later than year_to, {last}."
            raise ValueError(msg)
        return year

    @field_validator("size", "buyer_country")
    @classmethod
    def _drop_without_class(cls, value: T | None, info: ValidationInfo) -> T | str | None:
        if info.data.get("customer_class") is None:
            return None
        return value or DEFAULT_COUNTRY if info.field_name == "buyer_country" else value

    @classmethod
    def parse(cls, query: str) -> Self:
        """Return the query that stands behind the question mark of an address.

        Raises:
            ValueError: a parameter is wrong or unknown.
        """
        return cls.model_validate(parse_qs(query, strict_parsing=bool(query)))

    def items(self) -> list[tuple[str, str]]:
        """Return the parameters that ask this query, in one order: one query has one address."""
        found = [("q", self.q)] if self.q else []
        for facet in Facet:
            found += [(facet.value, value) for value in self.values(facet)]
        rest = {
            "year_from": self.year_from,
            "year_to": self.year_to,
            "sort": self.sort,
            "exact": "true" if self.exact else None,
            "class": self.customer_class,
            "size": self.size,
            "buyer_country": self.buyer_country,
        }
        return found + [(name, str(value)) for name, value in rest.items() if value is not None]

    def url(self, path: str = "/films", *, page: int = 1) -> str:
        """Return the address of this query's list at ``path``."""
        items = self.items() + ([("page", str(page))] if page > 1 else [])
        return f"{path}?{urlencode(items)}" if items else path

    def values(self, facet: Facet) -> tuple[str, ...]:
        """Return what is chosen of a facet."""
        found: tuple[str, ...] = getattr(self, facet.value)
        return found

    def with_values(self, facet: Facet, values: Collection[str]) -> Self:
        """Return this query with exactly these values of a facet."""
        return self.model_copy(update={facet.value: _sort_values(tuple(values))})

    def for_buyer(self, buyer: Buyer | None) -> Self:
        """Return this query with the prices of ``buyer``; None: of anyone."""
        return self.model_copy(
            update={
                "customer_class": buyer and buyer.customer_class,
                "size": buyer and buyer.size,
                "buyer_country": buyer and buyer.country,
            }
        )

    @property
    def buyer(self) -> Buyer | None:
        """Whose prices count; None: anyone's."""
        if self.customer_class is None:
            return None
        return Buyer(self.customer_class, self.size, self.buyer_country or DEFAULT_COUNTRY)

    @property
    def only_collection(self) -> str | None:
        """The one collection that is asked for; None without, and with several."""
        return self.collection[0] if len(self.collection) == 1 else None


FACETS = frozenset(facet.value for facet in Facet)


def format_term(kind: TermKind, months: int | None) -> str:
    """Return how a term is written in addresses.

    >>> format_term(TermKind.MONTHS, 36)
    '36-months'
    """
    return f"{months}-months" if months else kind.value
