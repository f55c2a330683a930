"""The columns that lines of orders and of quotes share: one offer on agreed terms."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.money import Money


class AgreedLine:
    """One offer, as it was when its price was agreed."""

    number: Mapped[int] = mapped_column(doc="1..n in the order or the quote")
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id", ondelete="RESTRICT"), index=True)
    sku: Mapped[str] = mapped_column(String(120))
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="RESTRICT"), index=True)
    snapshot: Mapped[dict[str, Any]] = mapped_column(
        JSON, doc="OfferAnswer.snapshot(): film, versions, rights, words, term, text, price"
    )
    quantity: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), doc="That of the whole")
    unit_amount: Mapped[int] = mapped_column(doc="Minor units of `currency`")
    total_amount: Mapped[int]
    list_unit_amount: Mapped[int | None] = mapped_column(doc="List price, if staff agreed another")
    price_reason: Mapped[str] = mapped_column(String(500), default="", doc="Why another was agreed")
    starts_on: Mapped[date | None] = mapped_column(
        doc="The license's first day that was agreed; null: the day of the grant"
    )
    ends_on: Mapped[date | None] = mapped_column(
        doc="The license's last day that was agreed; null: by its term"
    )
    renews: Mapped[str | None] = mapped_column(
        String(20), doc="The number of the license that this one follows"
    )
    ships: Mapped[bool]

    @property
    def film_title(self) -> str:
        """The film's title as it was ordered."""
        return str(self.snapshot["film"]["title"])

    @property
    def film_slug(self) -> str:
        """The film's public name as it was ordered."""
        return str(self.snapshot["film"]["slug"])

    @property
    def title(self) -> str:
        """What was ordered of the film: `DVD with public performance rights`."""
        return str(self.snapshot["title"])

    @property
    def full_title(self) -> str:
        """The film and what was ordered of it, for lists and emails."""
        return f"{self.film_title}: {self.title}"

    @property
    def unit(self) -> Money:
        """What one costs."""
        return Money(self.unit_amount, self.currency)

    @property
    def list_unit(self) -> Money | None:
        """The list price of one copy, if staff agreed another."""
        amount = self.list_unit_amount
        return None if amount is None else Money(amount, self.currency)

    @property
    def agreement(self) -> Mapping[str, str]:
        """Return who agreed and approved the price, if it is not the list price."""
        agreement: Mapping[str, str] = self.snapshot.get("agreement", {})
        return agreement

    @property
    def total(self) -> Money:
        """What all of them cost."""
        return Money(self.total_amount, self.currency)
