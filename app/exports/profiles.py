"""Profiles: what one library wants otherwise in its records, and how a record is brought to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pymarc import Field as MarcField
from pymarc import Record

from app.accounts.customers import CustomerClass
from app.catalog import documents
from app.catalog.documents import Line, Slug
from app.exports.fields import data
from app.exports.holdings import Holding, Seller
from app.exports.marc import build, fitted
from app.offers.models import Offer
from app.offers.states import Delivery

MAX_LOCAL_FIELDS = 60
Left = Literal["037", "508", "511", "520", "540", "586", "588", "650", "655", "776", "856"]


class OrderSource(StrEnum):
    """Where the content of a local subfield comes from: an offer, an order, or the own text.

    Those of an order are told in the records of an order only.
    """

    SKU = "sku"
    OFFER = "offer"
    TERM = "term"
    PRICE = "price"
    CURRENCY = "currency"
    VENDOR = "vendor"
    DATE = "date"
    TEXT = "text"
    ORDER = "order"
    PURCHASE_ORDER = "purchase_order"
    LICENSE = "license"
    COPIES = "copies"
    ENDS = "ends"


class LocalSubfield(BaseModel):
    """One row of the map from order data to the library's own fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tag: Annotated[str, StringConstraints(pattern=r"^9[0-9]{2}$")] = Field(examples=["980"])
    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]$")] = Field(examples=["b"])
    source: OrderSource
    text: Line | None = Field(
        default=None,
        description=("For the source `text` only, such as a fund, location, or copy count"),
    )

    @model_validator(mode="after")
    def _text_belongs_to_its_source(self) -> Self:
        if (self.source is OrderSource.TEXT) != (self.text is not None):
            msg = "Enter `text` only for the source `text`."
            raise ValueError(msg)
        return self


class ProfileSettings(BaseModel):
    """What one library wants otherwise than the store's own records have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line = Field(examples=["Example University Library"])
    organization: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,39}$")] | None
    ) = Field(default=None, description="For 003 and 040; defaults to the store's code")
    omit_fields: Annotated[list[Left], Field(max_length=20)] = Field(
        default=[], description="Fields to leave out, such as 540"
    )
    local_notes: Annotated[list[Annotated[str, documents.text(1000)]], Field(max_length=10)] = (
        Field(default=[], description="One 590 field each")
    )
    customer_class: CustomerClass | None = Field(
        default=None,
        description=("The class whose price the source `price` uses; defaults to the lowest price"),
    )
    order_data: Annotated[list[LocalSubfield], Field(max_length=MAX_LOCAL_FIELDS)] = Field(
        default=[], description="One field per tag for each offer, with subfields in this order"
    )


class ProfileIn(ProfileSettings):
    """A new profile."""

    slug: Slug = Field(examples=["example-university"])


class ProfileOut(ProfileIn):
    """A profile."""


def seller_for(seller: Seller, profile: ProfileSettings | None) -> Seller:
    """Return who makes the records for this library."""
    if profile is None or profile.organization is None:
        return seller
    return replace(seller, organization=profile.organization)


def build_for(
    holding: Holding,
    delivery: Delivery,
    seller: Seller,
    profile: ProfileSettings | None,
    *,
    status: str,
) -> Record:
    """Return a record as the profile wants it; ``seller`` is ``seller_for`` it."""
    record = build(holding, delivery, seller, status=status)
    if profile is None:
        return record
    known = [_known(offer, holding, seller, profile) for offer in holding.on_sale[delivery]]
    return apply_profile(record, profile, known)


def apply_profile(
    record: Record, profile: ProfileSettings, known: Sequence[Mapping[OrderSource, str]]
) -> Record:
    """Return the record as the profile wants it; ``known`` holds the order data of each offer."""
    own = [data("590", "  ", ("a", note)) for note in profile.local_notes]
    for each in known:
        own += _order_fields(each, profile)
    kept = [field for field in record.fields if field.tag not in profile.omit_fields]
    record.fields = sorted([*kept, *own], key=lambda field: field.tag)
    return fitted(record)


def _known(
    offer: Offer, holding: Holding, seller: Seller, profile: ProfileSettings
) -> Mapping[OrderSource, str]:
    amount = offer.lowest_price(holding.on, profile.customer_class)
    return {
        OrderSource.SKU: offer.sku,
        OrderSource.OFFER: offer.title,
        OrderSource.TERM: offer.term.label(),
        OrderSource.PRICE: str(amount.decimal()) if amount else "",
        OrderSource.CURRENCY: amount.currency if amount else "",
        OrderSource.VENDOR: seller.name,
        OrderSource.DATE: holding.on.isoformat(),
    }


def _order_fields(known: Mapping[OrderSource, str], profile: ProfileSettings) -> list[MarcField]:
    by_tag: dict[str, list[tuple[str, str]]] = {}
    for row in profile.order_data:
        said = row.text or known.get(row.source, "")
        if said:
            by_tag.setdefault(row.tag, []).append((row.code, said))
    return [data(tag, "  ", *parts) for tag, parts in by_tag.items()]
