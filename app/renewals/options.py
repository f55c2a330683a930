"""What can follow a license that ends: for how long, from when, and at what price."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.money import Money
from app.licenses.models import License
from app.licenses.queries import find_replacement
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.offers.licensing import Buyer, NotOffered, build_offer_answer
from app.orders.models import Order
from app.orders.priced_lines import PricedLine
from app.quotes.models import Quote, QuoteLine
from app.quotes.states import QuoteState
from app.renewals.schedule import CoTerm, find_co_term

RENEWABLE = frozenset({LicenseStatus.SCHEDULED, LicenseStatus.ACTIVE, LicenseStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class RenewalChoice:
    """One way to renew a license: its line for a quote, or why it is not possible."""

    line: PricedLine | None
    ends_on: date | None
    reasons: tuple[str, ...] = ()
    co_term: CoTerm | None = None

    @property
    def total(self) -> Money | None:
        """What it costs; None if it is not possible."""
        if self.line is None:
            return None
        return Money(self.line.total_amount, self.line.currency)


@dataclass(frozen=True, slots=True)
class RenewalOption:
    """A license, and the ways to renew it. ``quote`` is an open quote that renews it already."""

    license: License
    order: Order
    starts_on: date
    full: RenewalChoice
    fiscal: RenewalChoice | None
    quote: Quote | None

    @property
    def chosen(self) -> RenewalChoice:
        """The renewal that ends with the fiscal year, if there is one, or else the full term."""
        if self.fiscal is not None and (self.fiscal.line is not None or self.full.line is None):
            return self.fiscal
        return self.full


def find_options(
    session: Session, numbers: Sequence[str], *, currency: str, month: int | None
) -> list[RenewalOption]:
    """Return the ways to renew the licenses with these numbers, in their order.

    A corrected license is followed to its replacement. ``month`` is the last of the fiscal year.
    """
    found = {
        license_.number: license_
        for license_ in session.scalars(select(License).where(License.number.in_(numbers)))
    }
    options: list[RenewalOption] = []
    for number in dict.fromkeys(numbers):
        license_ = found.get(number)
        if license_ is None:
            continue
        newer = find_replacement(session, license_)
        if newer is not None:
            license_ = session.scalars(select(License).where(License.number == newer)).one()
        if all(option.license is not license_ for option in options):
            options.append(_find_option(session, license_, currency=currency, month=month))
    return options


def _find_option(
    session: Session, license_: License, *, currency: str, month: int | None
) -> RenewalOption:
    order = session.scalars(select(Order).where(Order.number == license_.order_number)).one()
    today = clock.today(license_.time_zone)
    starts_on = max(today, (license_.ends_on or today) + timedelta(days=1))
    reason = _refusal(session, license_)
    if reason:
        full, fiscal = RenewalChoice(None, None, (reason,)), None
    else:
        full, fiscal = _choices(
            session, license_, order, starts_on=starts_on, currency=currency, month=month
        )
    quote = session.scalars(
        select(Quote)
        .join(QuoteLine)
        .where(QuoteLine.renews == license_.number, Quote.state == QuoteState.OPEN)
        .order_by(Quote.id.desc())
    ).first()
    return RenewalOption(license_, order, starts_on, full, fiscal, quote)


def _refusal(session: Session, license_: License) -> str:
    if license_.ends_on is None:
        return "This license has no end date, so it does not need to be renewed."
    status = status_today(license_)
    if status not in RENEWABLE:
        return f"This license is {status}, so it can't be renewed. Email us if that is a mistake."
    renewal = session.scalar(
        select(License.number).where(
            License.renews == license_.number,
            License.status.not_in([LicenseStatus.REVOKED, LicenseStatus.REPLACED]),
        )
    )
    return f"License {renewal} renews it already." if renewal else ""


def _choices(
    session: Session,
    license_: License,
    order: Order,
    *,
    starts_on: date,
    currency: str,
    month: int | None,
) -> tuple[RenewalChoice, RenewalChoice | None]:
    """Return the renewal for the full term, and the one that ends with the fiscal year."""
    answer = build_offer_answer(
        session,
        license_.sku,
        buyer_of(order),
        quantity=license_.quantity,
        on=clock.today(),
    )
    if isinstance(answer, NotOffered):
        return RenewalChoice(None, None, tuple(answer.reasons)), None
    if other := answer.refusal_in(currency):
        return RenewalChoice(None, None, (other,)), None
    line = replace(
        PricedLine.of(answer, license_.quantity), starts_on=starts_on, renews=license_.number
    )
    full = _checked(session, line, country=order.country)
    if month is None:
        return full, None
    co_term = find_co_term(
        term=line.term,
        starts_on=starts_on,
        full=Money(line.unit_amount, line.currency),
        month=month,
    )
    if co_term is None:
        words = "No fiscal year ends within the term, so this license is renewed for the full term."
        return full, RenewalChoice(None, None, (words,))
    if co_term.ends_on == co_term.full_ends_on:
        return full, replace(full, co_term=co_term)
    shorter = replace(
        line,
        ends_on=co_term.ends_on,
        unit_amount=co_term.amount.amount,
        list_unit_amount=line.unit_amount,
        price_reason=co_term.words(),
    )
    return full, replace(_checked(session, shorter, country=order.country), co_term=co_term)


def _checked(session: Session, line: PricedLine, *, country: str) -> RenewalChoice:
    """Return the line as a choice if its rights cover all of its days."""
    ends_on = line.ends_on
    if ends_on is None and line.starts_on is not None:
        ends_on = line.term.end_date(line.starts_on)
    refusals = line.find_refusals(session, country=country, on=clock.today())
    if refusals:
        return RenewalChoice(None, ends_on, tuple(reason.words for reason in refusals))
    return RenewalChoice(line, ends_on)


def buyer_of(order: Order) -> Buyer:
    """Return for whom a renewal is priced: as the order was, unless staff verified another size."""
    customer = order.customer
    if customer is not None and customer.is_verified:
        return Buyer(customer.customer_class, customer.size, order.country)
    return Buyer(order.customer_class, order.size, order.country)


def sum_totals(options: Sequence[RenewalOption], currency: str) -> Money:
    """Return what the chosen renewals cost together."""
    amounts = [option.chosen.total.amount for option in options if option.chosen.total is not None]
    return Money(sum(amounts), currency)
