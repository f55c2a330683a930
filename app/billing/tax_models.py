"""Tables of tax rates and of exemption certificates."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.billing.states import ExemptionForm, ExemptionState, TaxKind
from app.core.db import Base, Timestamped
from app.institutions.models import Institution


class TaxRate(Timestamped, Base):
    """What staff said of the tax of one place and kind. It is added and ended, never edited."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days_in_order"),
        Index("ix_tax_rates_place", "country", "region", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True)
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str] = mapped_column(
        String(3), doc="A state or province; empty: the country, where no region has a rate"
    )
    kind: Mapped[TaxKind]
    name: Mapped[str] = mapped_column(String(100), doc="As documents name the tax")
    percent_text: Mapped[str] = mapped_column(
        String(10), doc="An exact decimal, as text: SQLite has no other"
    )
    valid_from: Mapped[date]
    valid_to: Mapped[date | None] = mapped_column(doc="The last day; null: until further notice")

    @property
    def percent(self) -> Decimal:
        """The rate in percent, exactly."""
        return Decimal(self.percent_text)

    @property
    def place(self) -> str:
        """The place as ISO 3166 writes it: ``US-NY`` or ``DE``."""
        return f"{self.country}-{self.region}" if self.region else self.country

    def is_valid_on(self, day: date) -> bool:
        """Return whether it applies on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class TaxExemption(Timestamped, Base):
    """An exemption certificate, and what staff decided about it.

    It belongs to an institution, or to one order until staff attach it to an institution.
    """

    __tablename__ = "tax_exemptions"
    __table_args__ = (
        CheckConstraint(
            "institution_id IS NOT NULL OR order_number IS NOT NULL", name="belongs_to_one"
        ),
        Index("ix_tax_exemptions_state_valid_to", "state", "valid_to"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True)
    institution_id: Mapped[int | None] = mapped_column(
        ForeignKey("institutions.id", ondelete="RESTRICT"), index=True
    )
    order_number: Mapped[str | None] = mapped_column(String(20), index=True)
    holder: Mapped[str] = mapped_column(String(200), doc="The institution's name, as sent")
    email: Mapped[str] = mapped_column(String(254), doc="Who reads the decision")
    state: Mapped[ExemptionState] = mapped_column(default=ExemptionState.PENDING)
    form: Mapped[ExemptionForm]
    places: Mapped[list[str]] = mapped_column(JSON, doc='The states that it covers: ["US-NY"]')
    number: Mapped[str] = mapped_column(String(60), default="", doc="As printed on it")
    reason_code: Mapped[str] = mapped_column(String(60), default="", doc="As printed on it")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None] = mapped_column(doc="The last day; null: no end is printed")
    file: Mapped[dict[str, Any]] = mapped_column(
        JSON, doc="sha256, media_type, name and size of the stored certificate"
    )
    sent_by: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    decision_reason: Mapped[str] = mapped_column(
        String(1000), default="", doc="Why it was rejected or revoked; the buyer reads it"
    )
    warn_on: Mapped[date | None] = mapped_column(
        index=True, doc="When staff and the institution are warned of its end; null: done"
    )
    institution: Mapped[Institution | None] = relationship()

    def covers(self, place: str, day: date) -> bool:
        """Return whether it frees an order shipped to ``place`` on ``day`` from tax."""
        return (
            self.state is ExemptionState.APPROVED
            and place in self.places
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )
