"""What the staff's API of the offers takes and gives; seed files are read by the same rules."""

from datetime import date
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.accounts.customers import MAX_SIZE, CustomerClass
from app.core.fields import Day, Flag, Whole
from app.core.money import DECIMALS, MoneyOut
from app.core.text import TextConstraints
from app.offers.bundles import RightsBundle
from app.offers.models import LicenseText, Offer, PriceRow, RightsWindow
from app.offers.schemas import FilmReferenceOut, TermOut
from app.offers.states import Delivery, HeldRight, OfferStatus
from app.offers.terms import Term
from app.offers.territories import Territory

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
VERSION = r"^[0-9]{1,4}\.[0-9]{1,4}$"
# One line of text: no control characters, which no page prints and PostgreSQL may refuse.
LINE = r"^[^\x00-\x1f\x7f]+$"
MAX_AMOUNT_MINOR = 100_000_000

Sku = Annotated[str, StringConstraints(pattern=SLUG, max_length=120)]
Line = Annotated[
    str, TextConstraints(pattern=LINE, strip_whitespace=True, min_length=1, max_length=200)
]
Countries = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=300,
        description='ISO 3166-1 alpha-2 codes, or `["WORLD"]`',
        examples=[["US", "CA"]],
    ),
]


class _In(BaseModel):
    """Input: an unknown field is an error, so that a misspelled one is noticed."""

    model_config = ConfigDict(extra="forbid")


class _WithTerritory(_In):
    @field_validator("territory", check_fields=False)
    @classmethod
    def _territory_exists(cls, codes: list[str] | None) -> list[str] | None:
        return None if codes is None else Territory.parse(codes).codes()


class TextReference(_In):
    """Names one version of a license text."""

    code: Annotated[str, StringConstraints(pattern=SLUG, max_length=60)]
    version: Annotated[str, StringConstraints(pattern=VERSION)]


_RIGHTS_EXAMPLE: dict[str, Any] = {
    "ppr": {"included": True},
    "digital_site_license": {"included": False},
    "classroom": "permitted",
    "course_reserves": "prohibited",
    "distance_learning": "prohibited",
    "lending": "permitted",
    "interlibrary_loan": "silent",
    "archive_copy": "silent",
    "format_migration": "prohibited",
    "captioning": "permitted",
    "clips": "permitted",
    "walk_in_users": "permitted",
    "sites": "unified_campus",
}


class OfferIn(_WithTerritory):
    """A new offer. It starts as a draft: add prices, then publish it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "sku": "the-red-soul-bluray-ppr",
                    "film": "the-red-soul",
                    "title": "Blu-ray with public performance rights",
                    "delivery": "bluray",
                    "versions": ["Feature"],
                    "rights": _RIGHTS_EXAMPLE,
                    "term": {"kind": "life_of_media"},
                    "territory": ["US", "CA"],
                    "license_text": {"code": "dvd-ppr", "version": "1.1"},
                }
            ]
        },
    )

    sku: Sku = Field(description="Public and permanent")
    film: Annotated[str, StringConstraints(pattern=SLUG, max_length=120)]
    title: Line = Field(description="The offer's title, without the film's title")
    delivery: Delivery
    versions: Annotated[list[Line], Field(min_length=1, max_length=20)] = Field(
        description="Labels of the film's versions"
    )
    rights: RightsBundle
    term: Term
    territory: Countries
    license_text: TextReference
    on_sale_from: Day | None = Field(
        default=None, description=("First day; null if it starts when published")
    )
    position: Whole = Field(default=0, ge=0, le=1000, description="Position in the list")


class _Patch(_WithTerritory):
    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _null_only_where_it_means_something(self) -> Self:
        for name in sorted(self.model_fields_set - self.nullable):
            if getattr(self, name) is None:
                msg = f"{name} can't be null. Leave it out to keep the current value."
                raise ValueError(msg)
        return self


class OfferPatch(_Patch):
    """What to change of an offer; what is left out stays. Orders keep what they were placed on."""

    nullable: ClassVar[frozenset[str]] = frozenset({"on_sale_from"})

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"title": "DVD, public screenings incl."}]}
    )

    title: Line | None = None
    delivery: Delivery | None = None
    versions: Annotated[list[Line], Field(min_length=1, max_length=20)] | None = None
    rights: RightsBundle | None = None
    term: Term | None = None
    territory: Countries | None = None
    license_text: TextReference | None = None
    on_sale_from: Day | None = None
    position: Whole | None = Field(default=None, ge=0, le=1000)


def _sensible(price: MoneyOut) -> MoneyOut:
    if price.currency not in DECIMALS:
        msg = f"Choose a currency this store sells in, not {price.currency!r}."
        raise ValueError(msg)
    if not 0 <= price.amount <= MAX_AMOUNT_MINOR:
        msg = f"Enter an amount between 0 and {MAX_AMOUNT_MINOR} minor units."
        raise ValueError(msg)
    return price


class PriceIn(_In):
    """A new price row. It never changes later; it can be ended."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {"class": "corporation", "price": {"amount": 44900, "currency": "USD"}},
            ]
        },
    )

    customer_class: CustomerClass = Field(alias="class")
    size_from: Whole = Field(default=0, ge=0, le=MAX_SIZE, description="Inside the band")
    size_below: Whole | None = Field(
        default=None,
        ge=1,
        le=MAX_SIZE,
        description="Outside the band; null: no upper edge",
    )
    price: Annotated[MoneyOut, AfterValidator(_sensible)]
    valid_from: Day | None = Field(default=None, description="First day; null for today")
    valid_to: Day | None = Field(default=None, description="Last day; null if open-ended")


class PriceChangeIn(_In):
    """Another price in the place of one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"price": {"amount": 41900, "currency": "USD"}}]},
    )

    price: Annotated[MoneyOut, AfterValidator(_sensible)]
    valid_from: Day | None = Field(default=None, description="First day; null for today")


class PriceEndIn(_In):
    """When a price ends."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"valid_to": None}]})

    valid_to: Day | None = Field(default=None, description="Last day; null for today")


class WindowIn(_WithTerritory):
    """A rights window, as the contract with the owner says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "film": "the-red-soul",
                    "right": "edu_stream",
                    "contract_ref": "2026-017",
                    "owner": "The film's producers",
                    "territory": ["US", "CA"],
                    "starts_on": "2026-01-01",
                    "ends_on": "2030-12-31",
                    "max_term_months": 36,
                    "may_sublicense_perpetual": False,
                    "royalty_bp": 5000,
                }
            ]
        },
    )

    film: Annotated[str, StringConstraints(pattern=SLUG, max_length=120)]
    right: HeldRight
    contract_ref: Annotated[Line, Field(max_length=80)]
    owner: Line
    territory: Countries
    starts_on: Day
    ends_on: Day | None = Field(default=None, description="Last day; null if there is no end date")
    max_term_months: Whole | None = Field(default=None, ge=1, le=600)
    may_sublicense_perpetual: Flag
    royalty_bp: Whole = Field(ge=0, le=10_000, description="Hundredths of a percent: 5000 is 50 %")


class WindowPatch(_Patch):
    """What to change of a rights window; what is left out stays."""

    nullable: ClassVar[frozenset[str]] = frozenset({"ends_on", "max_term_months"})

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ends_on": "2032-12-31"}]}
    )

    owner: Line | None = None
    territory: Countries | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    max_term_months: Whole | None = Field(default=None, ge=1, le=600)
    may_sublicense_perpetual: Flag | None = None
    royalty_bp: Whole | None = Field(default=None, ge=0, le=10_000)


class LicenseTextIn(_In):
    """A new version of a license text. Once published it never changes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "dvd-ppr",
                    "version": "9.0",
                    "title": "DVD with public performance rights",
                    "body": "## What this is\n\nA license for one disc.",
                }
            ]
        },
    )

    code: Annotated[str, StringConstraints(pattern=SLUG, max_length=60)]
    version: Annotated[str, StringConstraints(pattern=VERSION)]
    title: Line
    body: Annotated[str, TextConstraints()] = Field(
        min_length=1, max_length=100_000, description="Plain paragraphs, `## `, `- `"
    )

    @field_validator("body")
    @classmethod
    def _readable(cls, body: str) -> str:
        if "\x00" in body or not body.strip():
            msg = "Enter the text, without NUL characters."
            raise ValueError(msg)
        return body


class PriceOut(BaseModel):
    """A price row, for staff."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    ref: str
    customer_class: CustomerClass = Field(alias="class")
    size_from: int
    size_below: int | None
    price: MoneyOut
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, row: PriceRow) -> Self:
        """Return ``row`` in its API shape."""
        return cls(
            ref=row.ref,
            customer_class=row.customer_class,
            size_from=row.size_from,
            size_below=row.size_below,
            price=MoneyOut(amount=row.amount, currency=row.currency),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )


class OfferOut(BaseModel):
    """An offer, for staff: all of it, with what keeps it from being sold."""

    sku: str
    film: FilmReferenceOut
    title: str
    status: OfferStatus
    delivery: Delivery
    versions: list[str]
    rights: RightsBundle
    term: TermOut
    territory: list[str]
    license_text: TextReference
    on_sale_from: date | None
    position: int
    prices: list[PriceOut]
    outside_rights: list[str] = Field(
        description=(
            "Why a license starting today would exceed the rights held; empty if it would not"
        )
    )

    @classmethod
    def of(cls, offer: Offer, *, outside_rights: list[str]) -> Self:
        """Return ``offer``, loaded whole, in its API shape."""
        text: LicenseText = offer.license_text
        return cls(
            sku=offer.sku,
            film=FilmReferenceOut(slug=offer.film.slug, title=offer.film.title),
            title=offer.title,
            status=offer.status,
            delivery=offer.delivery,
            versions=[version.label for version in offer.versions],
            rights=offer.bundle,
            term=TermOut.of(offer.term),
            territory=offer.territory,
            license_text=TextReference(code=text.code, version=text.version),
            on_sale_from=offer.on_sale_from,
            position=offer.position,
            prices=[PriceOut.of(row) for row in offer.prices],
            outside_rights=outside_rights,
        )


class WindowOut(BaseModel):
    """A rights window, for staff."""

    ref: str
    film: FilmReferenceOut
    right: HeldRight
    contract_ref: str
    owner: str
    territory: list[str]
    starts_on: date
    ends_on: date | None
    max_term_months: int | None
    may_sublicense_perpetual: bool
    royalty_bp: int
    offers_outside: list[str] = Field(
        description=(
            "SKUs of the film's published offers that can't be licensed today because they exceed "
            "the rights held"
        )
    )

    @classmethod
    def of(cls, window: RightsWindow, *, offers_outside: list[str]) -> Self:
        """Return ``window``, loaded with its film, in its API shape."""
        return cls(
            ref=window.ref,
            film=FilmReferenceOut(slug=window.film.slug, title=window.film.title),
            right=window.right,
            contract_ref=window.contract_ref,
            owner=window.owner,
            territory=window.territory,
            starts_on=window.starts_on,
            ends_on=window.ends_on,
            max_term_months=window.max_term_months,
            may_sublicense_perpetual=window.may_sublicense_perpetual,
            royalty_bp=window.royalty_bp,
            offers_outside=offers_outside,
        )
