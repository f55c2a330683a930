"""Profiles: one library's settings for its records, and their effect on a record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pymarc import Field as MarcField
from pymarc import Record
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.customers import CustomerClass
from app.catalog import documents
from app.catalog.documents import Line, Slug
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.pagination import PageParams
from app.exports.holdings import Holding, Seller
from app.exports.marc import build_record, fit_record
from app.exports.models import LibraryProfile
from app.exports.record_text import data_field
from app.offers.errors import AlreadyExistsError
from app.offers.models import Offer
from app.offers.states import Delivery

MAX_LOCAL_FIELDS = 60
OmittableField = Literal[
    "037", "508", "511", "520", "540", "586", "588", "650", "655", "776", "856"
]


class OrderSource(StrEnum):
    """The source of a local subfield: an offer, an order, or a fixed text.

    Only the records of an order have the values of an order.
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
    """One mapping of order data to a field of the library."""

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
    """The settings by which one library's records differ from the store's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line = Field(examples=["Example University Library"])
    organization: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{1,39}$")] | None
    ) = Field(default=None, description="For 003 and 040; defaults to the store's code")
    omit_fields: Annotated[list[OmittableField], Field(max_length=20)] = Field(
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
    """Return the seller, with the organization code that the profile sets."""
    if profile is None or profile.organization is None:
        return seller
    return replace(seller, organization=profile.organization)


def build_profile_record(
    holding: Holding,
    delivery: Delivery,
    seller: Seller,
    profile: ProfileSettings | None,
    *,
    status: str,
) -> Record:
    """Return a record with the profile's settings; ``seller`` comes from ``seller_for``."""
    record = build_record(holding, delivery, seller, status=status)
    if profile is None:
        return record
    offers = holding.on_sale[delivery]
    return apply_profile(
        record, profile, [_offer_data(offer, holding, seller, profile) for offer in offers]
    )


def apply_profile(
    record: Record, profile: ProfileSettings, order_data: Sequence[Mapping[OrderSource, str]]
) -> Record:
    """Return the record with the profile's settings; ``order_data`` has one entry per offer."""
    fields = [field for field in record.fields if field.tag not in profile.omit_fields]
    fields += [data_field("590", "  ", ("a", note)) for note in profile.local_notes]
    for values in order_data:
        fields += _order_fields(values, profile)
    record.fields = sorted(fields, key=lambda field: field.tag)
    return fit_record(record)


def _offer_data(
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


def _order_fields(values: Mapping[OrderSource, str], profile: ProfileSettings) -> list[MarcField]:
    by_tag: dict[str, list[tuple[str, str]]] = {}
    for row in profile.order_data:
        text = row.text or values.get(row.source, "")
        if text:
            by_tag.setdefault(row.tag, []).append((row.code, text))
    return [data_field(tag, "  ", *parts) for tag, parts in by_tag.items()]


def get_settings(session: Session, slug: str | None) -> ProfileSettings | None:
    """Return the profile that a query parameter names; None if it names none.

    Raises:
        InvalidInputError: no profile has this slug.
    """
    if slug is None:
        return None
    row = session.scalar(select(LibraryProfile).where(LibraryProfile.slug == slug))
    if row is None:
        raise InvalidInputError.of(FieldProblem("?/profile", f"Profile “{slug}” not found."))
    return ProfileSettings.model_validate(row.settings)


def find_profile_names(session: Session) -> list[tuple[str, str]]:
    """Return every profile's slug, and the library's name."""
    rows = session.scalars(select(LibraryProfile).order_by(LibraryProfile.slug)).all()
    return [(row.slug, ProfileSettings.model_validate(row.settings).name) for row in rows]


def get_profile(session: Session, slug: str) -> ProfileOut:
    """Return a profile.

    Raises:
        NotFoundError: there is none.
    """
    return _profile_out(_get_row(session, slug))


def find_profiles(session: Session, page: PageParams) -> tuple[list[ProfileOut], str | None]:
    """Return a page of profiles by slug, and the cursor of the next."""
    statement = select(LibraryProfile).order_by(LibraryProfile.slug).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(LibraryProfile.slug > str(keys[0]))
    rows: Sequence[LibraryProfile] = session.scalars(statement).all()
    shown, cursor = page.cut(rows, lambda row: (row.slug,))
    return [_profile_out(row) for row in shown], cursor


def add_profile(session: Session, draft: ProfileIn, *, actor: Actor) -> ProfileOut:
    """Add a profile.

    Raises:
        AlreadyExistsError: a profile has this slug.
    """
    settings = draft.model_dump(mode="json", exclude={"slug"})
    row = LibraryProfile(slug=draft.slug, settings=settings)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        detail = f"Profile “{draft.slug}” already exists."
        raise AlreadyExistsError(detail) from error
    audit.record_action(session, "library_profile", draft.slug, "added", actor, after=settings)
    return _profile_out(row)


def replace_profile(
    session: Session, slug: str, settings: ProfileSettings, *, actor: Actor
) -> ProfileOut:
    """Replace the settings of a profile.

    Raises:
        NotFoundError: there is none.
    """
    row = _get_row(session, slug, for_change=True)
    before, after = row.settings, settings.model_dump(mode="json")
    if before != after:
        row.settings = after
        session.flush()
        audit.record_action(
            session, "library_profile", slug, "changed", actor, before=before, after=after
        )
    return _profile_out(row)


def remove_profile(session: Session, slug: str, *, actor: Actor) -> None:
    """Delete a profile; the audit log keeps its settings.

    Raises:
        NotFoundError: there is none.
    """
    row = _get_row(session, slug, for_change=True)
    session.delete(row)
    session.flush()
    audit.record_action(session, "library_profile", slug, "removed", actor, before=row.settings)


def _get_row(session: Session, slug: str, *, for_change: bool = False) -> LibraryProfile:
    statement = select(LibraryProfile).where(LibraryProfile.slug == slug)
    row = session.scalar(statement.with_for_update() if for_change else statement)
    if row is None:
        detail = f"Profile “{slug}” not found."
        raise NotFoundError(detail)
    return row


def _profile_out(row: LibraryProfile) -> ProfileOut:
    return ProfileOut.model_validate(row.settings | {"slug": row.slug})
