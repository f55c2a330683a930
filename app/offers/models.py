"""Tables of the offers."""

import json
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    inspect,
)
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship, validates

from app.accounts.customers import CustomerClass
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.core import clock
from app.core.db import Base, Timestamped
from app.core.money import Money
from app.offers.bundles import RightsBundle, parse_bundle
from app.offers.errors import ImmutableRowError
from app.offers.pricing import PricePoint, SizeBand, prices_on
from app.offers.sale_rules import SaleTerms
from app.offers.states import DISCS, Delivery, HeldRight, OfferStatus
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from app.offers.text_hashing import canonical_body, text_hash
from app.offers.window_rules import Window


class RightsWindow(Timestamped, Base):
    """One right that an owner granted us: where, from when to when, and how far it reaches."""

    __tablename__ = "rights_windows"
    __table_args__ = (
        UniqueConstraint("film_id", "right", "contract_ref"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("max_term_months >= 1", name="max_term_positive"),
        CheckConstraint(
            "max_term_months IS NULL OR NOT may_sublicense_perpetual", name="cap_or_perpetual"
        ),
        CheckConstraint("royalty_bp BETWEEN 0 AND 10000", name="royalty_share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="RW-..., for staff")
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="RESTRICT"), index=True)
    right: Mapped[HeldRight]
    contract_ref: Mapped[str] = mapped_column(String(80), doc="The contract with the owner")
    owner: Mapped[str] = mapped_column(String(200))
    territory: Mapped[list[str]] = mapped_column(JSON, doc='ISO 3166-1 alpha-2, or ["WORLD"]')
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(doc="Last day; null if there is no end date")
    max_term_months: Mapped[int | None] = mapped_column(doc="Longest license; null: no limit")
    may_sublicense_perpetual: Mapped[bool] = mapped_column(
        doc="Licenses without an end date may be granted while the window is open"
    )
    royalty_bp: Mapped[int] = mapped_column(doc="The owner's share, in hundredths of a percent")
    film: Mapped[Film] = relationship(lazy="raise")

    @validates("territory")
    def _check_territory(self, _: str, codes: list[str]) -> list[str]:
        return Territory.parse(codes).codes()

    @property
    def window(self) -> Window:
        """What the rules need of it."""
        return _window(
            self.right,
            Territory.parse(self.territory),
            self.starts_on,
            self.ends_on,
            self.max_term_months,
            self.may_sublicense_perpetual,
        )


class LicenseText(Base):
    """One version of a license text. Never changes and never goes: licenses point to its hash."""

    __tablename__ = "license_texts"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(20), doc="Major and minor number, `1.0`")
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, doc="Plain paragraphs, `## ` headings, `- ` lists")
    sha256: Mapped[str] = mapped_column(String(64), doc="Of the canonical form in UTF-8")
    published_at: Mapped[datetime] = mapped_column(default=clock.now)

    @classmethod
    def of(cls, *, code: str, version: str, title: str, body: str) -> "LicenseText":
        """Return a new text in canonical form, with its hash."""
        return cls(
            code=code,
            version=version,
            title=title,
            body=canonical_body(body),
            sha256=text_hash(code=code, version=version, title=title, body=body),
            published_at=clock.now(),
        )


offer_versions = Table(
    "offer_versions",
    Base.metadata,
    Column("offer_id", ForeignKey("offers.id", ondelete="CASCADE"), primary_key=True),
    # A version that is promised by an offer cannot vanish from under it.
    Column("version_id", ForeignKey("versions.id", ondelete="RESTRICT"), primary_key=True),
    Index("ix_offer_versions_version_id", "version_id"),
)


class PriceRow(Base):
    """What one class of one size band pays for an offer, while it is valid.

    A row is added and, once, ended. Its amount never changes: docs/pricing.md.
    """

    __tablename__ = "price_rows"
    __table_args__ = (
        # The services refuse any overlap; this refuses the plainest one even without them.
        UniqueConstraint("offer_id", "customer_class", "size_from", "valid_from"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("size_from >= 0", name="size_from_not_negative"),
        CheckConstraint("size_below > size_from", name="band_not_empty"),
        CheckConstraint("valid_to >= valid_from", name="valid_some_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="PR-..., for staff")
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id", ondelete="CASCADE"))
    customer_class: Mapped[CustomerClass]
    size_from: Mapped[int] = mapped_column(doc="Inside the band")
    size_below: Mapped[int | None] = mapped_column(doc="Outside the band; null: no upper edge")
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(doc="Minor units of `currency`")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(doc="Last day; null if open-ended")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def point(self) -> PricePoint:
        """What the price function needs of it."""
        return PricePoint(
            customer_class=self.customer_class,
            band=SizeBand(self.size_from, self.size_below),
            amount=Money(self.amount, self.currency),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class PriceList(Base):
    """What all price rows of an offer say together. Offers that say the same share one."""

    __tablename__ = "price_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True, doc="Of `prices` in UTF-8")
    prices: Mapped[str] = mapped_column(Text, doc="JSON: app/offers/price_lists.py says which")


class OfferPriceList(Base):
    """Which list an offer is sold by. Goes with any change of its rows, by a trigger."""

    __tablename__ = "offer_price_lists"

    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    price_list_id: Mapped[int] = mapped_column(ForeignKey("price_lists.id", ondelete="RESTRICT"))


class Offer(Timestamped, Base):
    """The unit of sale: versions of a film, how they are delivered, rights, term and prices."""

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint(
            "(term_kind = 'months') = (term_months IS NOT NULL)", name="months_with_their_kind"
        ),
        CheckConstraint("term_months >= 1", name="term_months_positive"),
        Index("ix_offers_film_id_position", "film_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(120), unique=True, doc="Public and permanent")
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="RESTRICT"))
    title: Mapped[str] = mapped_column(String(200), doc="Without the film's: 'DVD with ...'")
    delivery: Mapped[Delivery]
    rights: Mapped[dict[str, Any]] = mapped_column(JSON, doc="A `RightsBundle`")
    term_kind: Mapped[TermKind]
    term_months: Mapped[int | None]
    territory: Mapped[list[str]] = mapped_column(JSON, doc='ISO 3166-1 alpha-2, or ["WORLD"]')
    license_text_id: Mapped[int] = mapped_column(
        ForeignKey("license_texts.id", ondelete="RESTRICT"), index=True
    )
    status: Mapped[OfferStatus] = mapped_column(default=OfferStatus.DRAFT, index=True)
    on_sale_from: Mapped[date | None] = mapped_column(
        doc=("First day; null if it starts when published")
    )
    position: Mapped[int] = mapped_column(default=0, doc="Its place among the film's offers")

    film: Mapped[Film] = relationship(lazy="raise")
    versions: Mapped[list[Version]] = relationship(
        secondary=offer_versions, order_by=Version.position, lazy="raise"
    )
    license_text: Mapped[LicenseText] = relationship(lazy="raise")
    prices: Mapped[list[PriceRow]] = relationship(
        order_by=PriceRow.id, cascade="all, delete-orphan", lazy="raise"
    )

    @validates("rights")
    def _check_rights(self, _: str, rights: dict[str, Any] | RightsBundle) -> dict[str, Any]:
        return RightsBundle.model_validate(rights).model_dump(mode="json")

    @validates("territory")
    def _check_territory(self, _: str, codes: list[str]) -> list[str]:
        return Territory.parse(codes).codes()

    @property
    def bundle(self) -> RightsBundle:
        """The rights as checked data."""
        return parse_bundle(json.dumps(self.rights, sort_keys=True))

    @property
    def term(self) -> Term:
        """How long a license runs."""
        return Term(kind=self.term_kind, months=self.term_months)

    @property
    def sale_territory(self) -> Territory:
        """Where it is sold."""
        return Territory.parse(self.territory)

    def prices_on(self, day: date, customer_class: CustomerClass | None = None) -> list[Money]:
        """Return what one class pays on that day at any size, lowest first; None: what anyone pays.

        All its prices must be loaded.
        """
        points = [row.point for row in self.prices]
        return prices_on(points, on=day, customer_class=customer_class)

    def lowest_price(self, day: date, customer_class: CustomerClass | None = None) -> Money | None:
        """Return the lowest of these prices; None if there is none."""
        return next(iter(self.prices_on(day, customer_class)), None)

    @property
    def sale_terms(self) -> SaleTerms:
        """What the rule needs of it that says whether it is for sale; its film must be loaded."""
        return SaleTerms(
            territory=self.sale_territory,
            needed=self.bundle.rights_needed(self.delivery),
            term=self.term,
            on_sale_from=self.on_sale_from,
            status=self.status,
            is_film_public=self.film.is_public,
        )

    @property
    def shippable(self) -> bool:
        """Whether the offer ships a physical item."""
        return self.delivery in DISCS


# One value for all rows that say the same: a list asks for thousands.
_window = lru_cache(maxsize=4096)(Window)


# Prices and texts that people relied upon stay as they were, whatever code has the row in hand.
# Database triggers (see migrations) say the same to statements that pass the mapper by.


@event.listens_for(LicenseText, "before_update")
@event.listens_for(LicenseText, "before_delete")
def _refuse_text_change(_: Mapper[LicenseText], __: Connection, text: LicenseText) -> None:
    detail = f"license text {text.code} {text.version} is published and never changes"
    raise ImmutableRowError(detail)


@event.listens_for(PriceRow, "before_update")
def _refuse_price_change(_: Mapper[PriceRow], __: Connection, row: PriceRow) -> None:
    state = inspect(row)
    changed = {attribute.key for attribute in state.attrs if attribute.history.has_changes()}
    ended = state.attrs.valid_to.history
    if changed - {"valid_to"} or (ended.has_changes() and list(ended.deleted) != [None]):
        detail = f"price {row.ref} never changes; end it and add another"
        raise ImmutableRowError(detail)
