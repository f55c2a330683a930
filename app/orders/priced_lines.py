"""Priced lines: what an order is placed from, whether priced today, quoted, or agreed by staff."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.core.errors import FieldProblem
from app.core.money import Money
from app.offers.bundles import RightsBundle
from app.offers.licensing import Buyer, NotOffered, OfferAnswer, build_offer_answer
from app.offers.models import Offer
from app.offers.queries import find_windows_by_film
from app.offers.sale_rules import SaleTerms, find_refusals
from app.offers.states import Delivery, HeldRight, Refusal
from app.offers.terms import Term
from app.offers.territories import Territory
from app.offers.window_rules import Reason, format_day, last_grant_day
from app.orders.agreed_lines import AgreedLine
from app.orders.drafts import DraftLine

# How far ahead a buyer may let a license begin.
MAX_START_DAYS = 366


@dataclass(frozen=True, slots=True)
class TextReference:
    """A license text by its version and hash."""

    code: str
    version: str
    title: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One offer at an agreed price, with a snapshot of its terms (``OfferAnswer.snapshot()``).

    ``list_unit_amount`` and ``price_reason`` are those of a price that staff agreed on.
    ``starts_on`` is the license's first day; None is the day of the grant. ``ends_on`` is its last
    day; None is by its term. ``renews`` is the number of a license that it follows.
    """

    offer: Offer
    snapshot: dict[str, Any]
    quantity: int
    currency: str
    unit_amount: int
    list_unit_amount: int | None = None
    price_reason: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    renews: str | None = None

    @classmethod
    def of(cls, answer: OfferAnswer, quantity: int) -> "PricedLine":
        """Return the line at the price of ``answer``."""
        return cls(
            offer=answer.offer,
            snapshot=answer.snapshot(),
            quantity=quantity,
            currency=answer.price.total.currency,
            unit_amount=answer.price.unit.amount,
        )

    @classmethod
    def of_agreed(cls, line: AgreedLine, offer: Offer) -> "PricedLine":
        """Return the line as it was agreed before."""
        return cls(
            offer=offer,
            snapshot=line.snapshot,
            quantity=line.quantity,
            currency=line.currency,
            unit_amount=line.unit_amount,
            list_unit_amount=line.list_unit_amount,
            price_reason=line.price_reason,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            renews=line.renews,
        )

    @property
    def total_amount(self) -> int:
        """What all copies cost, in minor units."""
        return self.unit_amount * self.quantity

    @property
    def ships(self) -> bool:
        """Whether it goes into a parcel."""
        return bool(self.snapshot["ships"])

    @property
    def territory(self) -> Territory:
        """Where it is licensed."""
        return Territory.parse(self.snapshot["territory"])

    @property
    def term(self) -> Term:
        """How long the license runs."""
        term = self.snapshot["term"]
        return Term(kind=term["kind"], months=term["months"])

    @property
    def rights_needed(self) -> frozenset[HeldRight]:
        """The rights that the distributor must hold."""
        bundle = RightsBundle.model_validate(self.snapshot["rights"])
        return bundle.rights_needed(Delivery(self.snapshot["delivery"]))

    @property
    def license_text(self) -> TextReference:
        """The text that the buyer accepts."""
        return TextReference(**self.snapshot["license_text"])

    def find_refusals(self, session: Session, *, country: str, on: date) -> list[Reason]:
        """Return why its terms cannot be licensed to buyers in ``country``; empty if they can.

        The terms are those of the snapshot, whatever the offer says now. A film or an offer that
        staff have withdrawn since is refused.
        """
        terms = SaleTerms(
            territory=self.territory,
            needed=self.rights_needed,
            term=self.term,
            on_sale_from=None,
            status=self.offer.status,
            is_film_public=self.offer.film.status is FilmStatus.PUBLISHED,
        )
        windows = find_windows_by_film(session, [self.offer.film_id])[self.offer.film_id]
        first = max(on, self.starts_on or on)
        if self.ends_on is not None and self.ends_on < first:
            words = f"The license was agreed to end on {format_day(self.ends_on)}."
            return [Reason(Refusal.TERM_OUTLASTS_RIGHTS, words)]
        return find_refusals(terms, windows, country=country, on=first, ends_on=self.ends_on)

    def last_order_day(self, session: Session, *, country: str, on: date) -> date | None:
        """Return the last day on which it can be licensed; None: no day is the last."""
        windows = find_windows_by_film(session, [self.offer.film_id])[self.offer.film_id]
        return last_grant_day(
            windows,
            needed=self.rights_needed,
            territory=Territory(frozenset({country})),
            term=self.term,
            on=on,
        )


def price_draft(
    session: Session, draft_lines: Sequence[DraftLine], buyer: Buyer, *, on: date, currency: str
) -> tuple[list[PricedLine], list[FieldProblem]]:
    """Return the lines at the prices of that day, and the problems with them."""
    lines: list[PricedLine] = []
    problems: list[FieldProblem] = []
    seen: set[str] = set()
    for index, line in enumerate(draft_lines):
        pointer = f"#/lines/{index}"
        if line.offer in seen:
            detail = f"{line.offer} is already in the order. Increase its quantity instead."
            problems.append(FieldProblem(f"{pointer}/offer", detail))
            continue
        seen.add(line.offer)
        answer = build_offer_answer(session, line.offer, buyer, quantity=line.quantity, on=on)
        if isinstance(answer, NotOffered):
            problems += _refusal_problems(answer, pointer)
            continue
        if other := answer.refusal_in(currency):
            problems.append(FieldProblem(f"{pointer}/offer", other))
            continue
        priced = PricedLine.of(answer, line.quantity)
        if line.starts_on is not None:
            priced = replace(priced, starts_on=line.starts_on)
            reasons = _start_problems(session, priced, country=buyer.country, on=on)
            problems += [FieldProblem(f"{pointer}/starts_on", reason) for reason in reasons]
        lines.append(priced)
        total = answer.price.total
        if line.expected_amount is not None and line.expected_amount != total.amount:
            before = Money(line.expected_amount, total.currency)
            detail = f"The price changed from {before.words()} to {total.words()}."
            problems.append(FieldProblem(f"{pointer}/expected_amount", detail))
    # A problem with the buyer's size is the same for each line.
    return lines, list(dict.fromkeys(problems))


def _start_problems(session: Session, line: PricedLine, *, country: str, on: date) -> list[str]:
    """Return why a license may not begin on the day that the buyer asks for."""
    first = line.starts_on or on
    if line.term.is_open_ended:
        return ["This license has no last day. Leave out its first day."]
    # Where the buyer is, the day may be another than by UTC.
    if first < on - timedelta(days=1):
        return ["Enter today or a later day."]
    last = on + timedelta(days=MAX_START_DAYS)
    if first > last:
        return [f"Enter a day through {format_day(last)}."]
    return [reason.words for reason in line.find_refusals(session, country=country, on=on)]


def find_line_problems(
    session: Session, lines: Sequence[PricedLine], *, country: str, on: date, currency: str
) -> list[FieldProblem]:
    """Return the problems with lines that were priced before."""
    problems = []
    for index, line in enumerate(lines):
        pointer = f"#/lines/{index}/offer"
        if line.currency != currency:
            detail = f"This line is priced in {line.currency}, but the order is in {currency}."
            problems.append(FieldProblem(pointer, detail))
        problems += [
            FieldProblem(pointer, reason.words)
            for reason in line.find_refusals(session, country=country, on=on)
        ]
    return problems


def _refusal_problems(answer: NotOffered, pointer: str) -> list[FieldProblem]:
    """Point each reason at the field that the buyer would change."""
    fields = {
        Refusal.SIZE_NEEDED: "#/buyer/size",
        Refusal.SIZE_NOT_PRICED: "#/buyer/size",
        Refusal.QUANTITY: f"{pointer}/quantity",
    }
    return [
        FieldProblem(fields.get(reason.code, f"{pointer}/offer"), reason.words)
        for reason in answer.refusals
    ]
