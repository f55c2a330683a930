"""Quotes: made from priced lines, extended, shared, declined, withdrawn, and expired."""

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.billing.tax import NO_TAX
from app.core import clock, throttle
from app.core.config import Settings
from app.core.email_address import Email
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.numbers import new_number, new_token
from app.institutions.attachment import find_institution, is_class_verified, is_confirmed_by
from app.institutions.models import Institution
from app.licenses.time_zones import latest_time_zone_of
from app.offers.licensing import Buyer
from app.offers.window_rules import format_day
from app.orders.charges import MAX_CHARGE, price_shipping
from app.orders.drafts import Charge
from app.orders.placement import seller_facts
from app.orders.priced_lines import PricedLine, find_line_problems, price_draft
from app.quotes import emails
from app.quotes.approvals import approver_url
from app.quotes.drafts import QuoteBuyer, QuoteDraft
from app.quotes.errors import QuoteNotOpenError
from app.quotes.models import Quote, QuoteLine
from app.quotes.queries import (
    find_successor,
    get_priced_lines,
    get_quote_for_buyer,
    lock_quote,
)
from app.quotes.states import QUOTE_TRANSITIONS, QuoteState

log = logging.getLogger(__name__)
EXPIRY_NOTICE = timedelta(days=7)
MAX_VALID_DAYS = 365
SHARES_PER_DAY = 10
TAX_NOTE = "Tax is not included. It is added at acceptance, unless your institution is exempt."
DAY_SECONDS = 24 * 60 * 60


def create_quote(
    session: Session,
    draft: QuoteDraft,
    *,
    settings: Settings,
    actor: Actor,
    institution: Institution | None = None,
) -> Quote:
    """Make a quote at today's prices and email it to the buyer.

    Raises:
        InvalidInputError: one field problem for each rule that the draft breaks.
        NotFoundError: the quote to supersede does not exist, or its token is another.
        QuoteNotOpenError: that quote was accepted, withdrawn, or superseded before.
    """
    supersedes = None
    if draft.supersedes is not None:
        supersedes = get_quote_for_buyer(session, draft.supersedes.number, draft.supersedes.token)
    country = draft.buyer.country or settings.shipping_country
    buyer = Buyer(draft.buyer.customer_class, draft.buyer.size, country)
    lines, problems = price_draft(
        session, draft.lines, buyer, on=clock.today(), currency=settings.currency
    )
    if problems:
        raise InvalidInputError.of(*problems)
    return issue_quote(
        session,
        draft.buyer,
        lines,
        settings=settings,
        actor=actor,
        po_number=draft.po_number or None,
        note=draft.note,
        supersedes=supersedes,
        institution=institution,
    )


def issue_quote(
    session: Session,
    buyer: QuoteBuyer,
    lines: Sequence[PricedLine],
    *,
    settings: Settings,
    actor: Actor,
    charges: Sequence[Charge] = (),
    shipping: Money | None = None,
    valid_through: date | None = None,
    po_number: str | None = None,
    note: str = "",
    supersedes: Quote | None = None,
    institution: Institution | None = None,
    is_confirmed: bool = False,
) -> Quote:
    """Make a quote of priced lines and email it to the buyer.

    It ends with the day on which the first of its lines can no longer be licensed, if that is
    sooner than ``valid_through`` or the usual length. ``shipping`` is a price that was agreed.
    ``is_confirmed`` says that the buyer is known to be of the institution, by any ``actor``.

    Raises:
        InvalidInputError: a line cannot be licensed today, or the total is too high.
        QuoteNotOpenError: ``supersedes`` was accepted, withdrawn, or superseded before.
    """
    country = buyer.country or settings.shipping_country
    today = clock.today()
    problems = find_line_problems(
        session, lines, country=country, on=today, currency=settings.currency
    )
    ships = any(line.ships for line in lines)
    if shipping is None:
        shipping = price_shipping(settings, country=country, ships=ships)
    subtotal = sum(line.total_amount for line in lines)
    charged = sum(charge.amount for charge in charges)
    total = Money(subtotal + charged + shipping.amount, settings.currency)
    if total.amount > MAX_CHARGE:
        limit = Money(MAX_CHARGE, settings.currency).words()
        problems.append(FieldProblem("#/lines", f"A quote can be at most {limit}. Make two."))
    if problems:
        raise InvalidInputError.of(*problems)
    institution = institution or find_institution(session, buyer.email)
    is_confirmed = is_confirmed or is_confirmed_by(session, institution, buyer.email, actor)
    zone = _zone(institution, country)
    asked = valid_through or clock.today(zone) + timedelta(days=settings.quote_days)
    last_day = _last_order_day(session, lines, country=country, on=today)
    valid_through = min(asked, last_day) if last_day else asked
    quote = Quote(
        number=_free_number(session),
        access_token=new_token(),
        revision=supersedes.revision + 1 if supersedes else 1,
        supersedes_id=supersedes.id if supersedes else None,
        valid_through=valid_through,
        expires_at=_end_of_day(valid_through, zone),
        currency=settings.currency,
        subtotal_amount=subtotal,
        charges_amount=charged,
        charges=[charge.model_dump() for charge in charges],
        shipping_amount=shipping.amount,
        total_amount=total.amount,
        tax_note=NO_TAX if settings.tax == "none" else TAX_NOTE,
        adds_tax=settings.tax != "none",
        institution_id=institution.id if institution else None,
        institution=buyer.institution,
        customer_class=buyer.customer_class,
        size=buyer.size,
        is_confirmed=is_confirmed,
        class_verified=is_confirmed
        and is_class_verified(institution, buyer.customer_class, buyer.size),
        country=country,
        contact_name=buyer.contact_name,
        email=buyer.email,
        phone=buyer.phone,
        po_number=po_number,
        note=note,
        seller=seller_facts(settings),
        created_by=actor.label[:200],
        lines=[_line(number, line) for number, line in enumerate(lines, 1)],
    )
    if supersedes is not None:
        _supersede(session, supersedes, quote, actor=actor)
    session.add(quote)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="quote.created",
        object_type="quote",
        object_ref=quote.number,
        after={"total": quote.total_amount, "currency": quote.currency},
        reason=f"in place of {supersedes.number}" if supersedes else "",
    )
    emails.queue_quote_sent(session, quote, superseded=supersedes.number if supersedes else "")
    log.info("quote.created", extra={"quote": quote.number, "total": str(quote.total)})
    return quote


def extend_quote(
    session: Session, number: str, *, valid_through: date, actor: Actor, reason: str
) -> Quote:
    """Move the last day of an open or expired quote, and tell the buyer.

    Raises:
        InvalidInputError: the day is not later, too late, or outside the rights of a line.
        InvalidTransitionError: the quote was accepted, declined, superseded, or withdrawn.
    """
    quote = lock_quote(session, number)
    if quote.state not in {QuoteState.OPEN, QuoteState.EXPIRED}:
        raise not_open(session, quote)
    today = clock.today()
    first = max(today, quote.valid_through + timedelta(days=1))
    last = today + timedelta(days=MAX_VALID_DAYS)
    lines = get_priced_lines(session, quote)
    problems = find_line_problems(
        session, lines, country=quote.country, on=today, currency=quote.currency
    )
    rights_last = _last_order_day(session, lines, country=quote.country, on=today)
    detail = ""
    if problems:
        detail = " ".join(problem.detail for problem in problems)
    elif not first <= valid_through <= last:
        detail = f"Enter a day from {format_day(first)} through {format_day(last)}."
    elif rights_last is not None and valid_through > rights_last:
        detail = f"A license of this quote can be granted through {format_day(rights_last)} only."
    if detail:
        raise InvalidInputError.of(FieldProblem("#/valid_through", detail))
    before = quote.valid_through
    quote.valid_through = valid_through
    quote.expires_at = _end_of_day(valid_through, _zone(quote.customer, quote.country))
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="quote.extended",
        object_type="quote",
        object_ref=quote.number,
        before={"valid_through": before.isoformat()},
        after={"valid_through": valid_through.isoformat()},
        reason=reason,
    )
    transition_quote(session, quote, QuoteState.OPEN, actor=actor, reason=reason)
    emails.queue_quote_extended(session, quote)
    return quote


def withdraw_quote(session: Session, number: str, *, actor: Actor, reason: str) -> Quote:
    """Withdraw an open quote. The buyer reads the reason. Safe to repeat.

    Raises:
        InvalidTransitionError: the quote is not open.
    """
    quote = lock_quote(session, number)
    if transition_quote(session, quote, QuoteState.WITHDRAWN, actor=actor, reason=reason):
        quote.close_reason = reason
        session.flush()
        emails.queue_quote_withdrawn(session, quote)
    return quote


def decline_quote(session: Session, number: str, *, actor: Actor, reason: str) -> Quote:
    """Decline an open quote for its buyer, and tell staff why. Safe to repeat.

    Raises:
        QuoteNotOpenError: the quote is not open.
    """
    quote = lock_quote(session, number)
    if quote.state is QuoteState.DECLINED:
        return quote
    if not quote.is_open:
        raise not_open(session, quote)
    transition_quote(session, quote, QuoteState.DECLINED, actor=actor, reason=reason)
    quote.close_reason = reason
    session.flush()
    emails.queue_quote_declined(session, quote)
    return quote


def share_quote(
    session: Session,
    quote: Quote,
    *,
    to: Email,
    sender: str,
    message: str,
    settings: Settings,
    actor: Actor,
) -> None:
    """Email the link of an open quote to somewhere else, such as an approver, who can approve it.

    Raises:
        QuoteNotOpenError: the quote is not open.
        TooManyRequestsError: it was shared too often today.
    """
    if not quote.is_open:
        raise not_open(session, quote)
    left = throttle.hit(
        session, "quote shares", quote.number, limit=SHARES_PER_DAY, seconds=DAY_SECONDS
    )
    audit.record(
        session,
        actor=actor,
        action="quote.shared",
        object_type="quote",
        object_ref=quote.number,
        after={"to": to},
    )
    once = f"{quote.number}:{clock.today()}:{left}"
    url = approver_url(session, quote, to, settings)
    emails.queue_quote_shared(
        session, quote, to=to, url=url, sender=sender, message=message, once=once
    )


def expire_quotes(session: Session, *, limit: int = 100) -> list[str]:
    """Expire open quotes whose last day is over, at most ``limit``; return their numbers."""
    now = clock.now()
    due = session.scalars(
        select(Quote.number)
        .where(Quote.state == QuoteState.OPEN, Quote.expires_at <= now)
        .order_by(Quote.expires_at, Quote.id)
        .limit(limit)
    ).all()
    actor = Actor.system("expire quotes")
    expired = []
    for number in due:
        quote = lock_quote(session, number)
        if quote.state is QuoteState.OPEN and quote.expires_at <= now:
            reason = f"valid through {quote.valid_through}"
            transition_quote(session, quote, QuoteState.EXPIRED, actor=actor, reason=reason)
            expired.append(number)
    return expired


def send_expiry_notices(session: Session, *, limit: int = 100) -> list[str]:
    """Remind buyers of quotes that end within a week, once for each last day; return the numbers.

    A quote that was made for a week or less needs no reminder.
    """
    now = clock.now()
    due = session.scalars(
        select(Quote.number)
        .where(
            Quote.state == QuoteState.OPEN,
            Quote.expires_at > now,
            Quote.expires_at <= now + EXPIRY_NOTICE,
            Quote.notified_day.is_distinct_from(Quote.valid_through),
        )
        .order_by(Quote.expires_at, Quote.id)
        .limit(limit)
    ).all()
    reminded = []
    for number in due:
        quote = lock_quote(session, number)
        if not quote.is_open or quote.notified_day == quote.valid_through:
            continue
        quote.notified_day = quote.valid_through
        session.flush()
        if quote.expires_at - quote.created_at > EXPIRY_NOTICE + timedelta(days=1):
            emails.queue_quote_expiring(session, quote)
        reminded.append(number)
    return reminded


def not_open(session: Session, quote: Quote) -> QuoteNotOpenError:
    """Return the error that says why ``quote`` is not open, and what to do."""
    return QuoteNotOpenError(closed_sentence(session, quote))


def closed_sentence(session: Session, quote: Quote) -> str:
    """Return why ``quote`` is not open, as a sentence; empty if it is open."""
    why = f" Reason: {quote.close_reason.rstrip('.')}." if quote.close_reason else ""
    successor = None
    if quote.state is QuoteState.SUPERSEDED:
        successor = find_successor(session, quote)
    return {
        QuoteState.OPEN: "",
        QuoteState.ACCEPTED: (
            f"Quote {quote.number} was accepted. Its order is {quote.order_number}."
        ),
        QuoteState.DECLINED: f"Quote {quote.number} was declined.{why}",
        QuoteState.EXPIRED: (
            f"Quote {quote.number} was valid through {format_day(quote.valid_through)}. "
            "Ask for a new one."
        ),
        QuoteState.SUPERSEDED: (
            f"Quote {quote.number} was replaced by {successor.number if successor else 'another'}."
        ),
        QuoteState.WITHDRAWN: f"Quote {quote.number} was withdrawn.{why}",
    }[quote.current_state]


def transition_quote(
    session: Session, quote: Quote, target: QuoteState, *, actor: Actor, reason: str
) -> bool:
    """Bring the quote to ``target``; see ``accounts.transitions.transition``."""
    return transition(
        session,
        quote,
        "state",
        target,
        table=QUOTE_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="quote",
        object_ref=quote.number,
    )


def _supersede(session: Session, old: Quote, new: Quote, *, actor: Actor) -> None:
    """Close ``old`` for ``new``; each quote is superseded once."""
    old = lock_quote(session, old.number)
    if QuoteState.SUPERSEDED not in QUOTE_TRANSITIONS[old.state]:
        raise not_open(session, old)
    reason = f"replaced by {new.number}"
    transition_quote(session, old, QuoteState.SUPERSEDED, actor=actor, reason=reason)


def _last_order_day(
    session: Session, lines: Sequence[PricedLine], *, country: str, on: date
) -> date | None:
    """Return the last day on which all ``lines`` can be licensed; None: no day is the last.

    A line with days of its own ends with the last of them; its first may be after the order.
    """
    days = [
        line.ends_on or line.starts_on or line.last_order_day(session, country=country, on=on)
        for line in lines
    ]
    return min((day for day in days if day is not None), default=None)


def _zone(institution: Institution | None, country: str) -> str:
    """Return the zone in which the last day ends: the buyer's, or the country's latest."""
    if institution is not None and institution.time_zone:
        return institution.time_zone
    return latest_time_zone_of(country, at=clock.now())


def _end_of_day(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def _line(number: int, line: PricedLine) -> QuoteLine:
    return QuoteLine(
        number=number,
        offer_id=line.offer.id,
        sku=line.offer.sku,
        film_id=line.offer.film_id,
        snapshot=line.snapshot,
        quantity=line.quantity,
        currency=line.currency,
        unit_amount=line.unit_amount,
        total_amount=line.total_amount,
        list_unit_amount=line.list_unit_amount,
        price_reason=line.price_reason,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        renews=line.renews,
        ships=line.ships,
    )


def _free_number(session: Session) -> str:
    while True:
        number = new_number("RQ")
        if session.scalar(select(Quote.id).where(Quote.number == number)) is None:
            return number
