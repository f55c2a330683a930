"""Starting a hosted checkout page, and finding out what became of it.

Each step is a transaction or a call to Stripe, never both at once. A crash between two steps leaves
an attempt from which the next call goes on.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_new
from app.core.errors import NotFoundError
from app.core.money import Money
from app.core.work_queue import WorkQueue
from app.orders.issues import reopen_issue, resolve_issues
from app.orders.models import Order
from app.orders.next_steps import other_ways
from app.orders.queries import get_order_by_number
from app.orders.states import IssueCode, OrderState
from app.payments.errors import (
    GatewayDeniedError,
    GatewayError,
    GatewayRefusedError,
    GatewayUnavailableError,
    GatewayUnreadableError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentsUnreadableError,
)
from app.payments.facts import CheckoutLine, CheckoutRequest, CheckoutSession, Gateway
from app.payments.models import CheckoutAttempt
from app.payments.payable import ensure_payable
from app.payments.states import AttemptStatus, CheckoutStatus, PaymentProgress, ReturnOutcome
from app.payments.stripe_sync import sync_checkout

log = logging.getLogger(__name__)

T = TypeVar("T")
SESSION_ID = re.compile(r"\w{1,255}", re.ASCII)

# A page that ended between two looks at it is looked at again, so often.
MAX_TRIES = 3
RETRY_AFTER = {"Retry-After": "10"}
# A page that closes before a buyer has typed a card number is no page to send one to.
MIN_TIME_TO_PAY = timedelta(minutes=5)
# Stripe counts its 30 minutes to 24 hours from when our request arrives.
EXPIRY_MARGIN = timedelta(minutes=2)
# An attempt that never got its page, and whose twin may still be asking for it.
OPENING_CHECK = timedelta(minutes=2)
RETRY = timedelta(minutes=2)


def start_checkout(
    sessions: sessionmaker[Session], gateway: Gateway, settings: Settings, *, number: str
) -> str:
    """Return the address of a page on which order ``number`` can be paid now.

    An open page is handed out again, so two clicks, or two people, get the same one. A page that
    has expired, whose payment failed, or that asks for more than is still owed is followed by a new
    one.

    Raises:
        NotFoundError: no such order.
        AlreadyPaidError: nothing is left to pay, or a bank debit is on its way.
        NotPayableError: the order is canceled, expired, refunded or in dispute.
        PaymentsUnavailableError: Stripe cannot be reached. Calling again goes on from here.
        PaymentsRefusedError: Stripe refused our request.
        PaymentsUnreadableError: Stripe's answer makes no sense. Calling again goes on from here.
    """
    for _ in range(MAX_TRIES):
        with sessions.begin() as session:
            attempt, owed, is_new = _prepare(session, settings, number=number)
        try:
            url = (
                _open(sessions, gateway, settings, attempt, is_new=is_new)
                if attempt.session_id is None
                else _reuse(sessions, gateway, number, attempt.session_id, owed=owed)
            )
        except GatewayError as error:
            raise _report_refusal(sessions, number, error) from error
        if url is not None:
            return url
    detail = "This payment page keeps closing. Try again in a minute."
    raise PaymentsUnavailableError(detail, headers=RETRY_AFTER)


def handle_return(
    sessions: sessionmaker[Session], gateway: Gateway, *, number: str, session_id: str
) -> ReturnOutcome:
    """Take in what became of a page whose buyer comes back, without waiting for the webhook.

    Never fails for Stripe's sake: if Stripe cannot be reached the outcome is ``UNKNOWN``, and the
    webhook or the sweep will bring it.

    Raises:
        NotFoundError: the page is not one of this order's.
    """
    known = None
    if SESSION_ID.fullmatch(session_id):  # PostgreSQL refuses some characters outright
        with sessions() as session:
            known = session.scalar(
                select(CheckoutAttempt.id)
                .join(CheckoutAttempt.order)
                .where(Order.number == number, CheckoutAttempt.session_id == session_id)
            )
    if known is None:
        detail = f"Order {number} has no such payment page."
        raise NotFoundError(detail)
    try:
        checkout = gateway.fetch_checkout(session_id)
    except GatewayError as error:
        log.warning("checkout.unknown", extra={"order": number, "error": str(error)})
        return ReturnOutcome.UNKNOWN
    if checkout.order_number != number:
        detail = f"Order {number} has no such payment page."
        raise NotFoundError(detail)
    with sessions.begin() as session:
        sync_checkout(session, checkout, actor=Actor.system("return page"))
    return _outcome(checkout)


def _to_look_at(at: datetime) -> ColumnElement[bool]:
    """Tell which attempts to look at now: their time has come, or their order has closed."""
    closed_orders = select(Order.id).where(
        Order.state.in_([OrderState.CANCELED, OrderState.EXPIRED])
    )
    return or_(
        CheckoutAttempt.next_check_at <= at,
        and_(
            CheckoutAttempt.status == AttemptStatus.OPEN,
            CheckoutAttempt.next_check_at > at + RETRY,
            CheckoutAttempt.order_id.in_(closed_orders),
        ),
    )


WORK_QUEUE = WorkQueue(
    CheckoutAttempt.id, CheckoutAttempt.next_check_at, _to_look_at, retry_after=RETRY
)


def check_attempt(sessions: sessionmaker[Session], gateway: Gateway, *, attempt_id: int) -> None:
    """Ask Stripe what became of one attempt, and take it in. The page of a closed order is closed.

    Raises:
        GatewayError: Stripe did not answer; the attempt is due again in two minutes.
    """
    with sessions.begin() as session:
        attempt = session.get_one(CheckoutAttempt, attempt_id)
        order_state = session.scalars(select(Order.state).where(Order.id == attempt.order_id)).one()
        # Counted before the call: if that fails, the next look is not at once.
        attempt.checks += 1
        attempt.next_check_at = clock.now() + RETRY
        if attempt.session_id is None:
            _give_up_opening(attempt)
            return
        is_open = attempt.status is AttemptStatus.OPEN
    is_closed_order = order_state in {OrderState.CANCELED, OrderState.EXPIRED}
    if is_open and is_closed_order:
        checkout = gateway.expire_checkout(attempt.session_id)
    else:
        checkout = gateway.fetch_checkout(attempt.session_id)
    with sessions.begin() as session:
        sync_checkout(session, checkout, actor=Actor.system("payment check"))


def _prepare(
    session: Session, settings: Settings, *, number: str
) -> tuple[CheckoutAttempt, Money, bool]:
    """Return the attempt to go on with, what is to be paid, and whether this call made it."""
    order = session.scalar(select(Order).where(Order.number == number))
    if order is None:
        detail = f"Order “{number}” not found."
        raise NotFoundError(detail)
    last = _last_attempt(session, order)
    ensure_payable(order, last)
    if last is not None and last.status in {AttemptStatus.OPENING, AttemptStatus.OPEN}:
        return last, order.balance, False
    attempt = last.attempt + 1 if last is not None else 1
    now = clock.now()
    expires_at = _expiry(settings, now)
    request = _request(order, settings, attempt=attempt, expires_at=expires_at)
    made = insert_new(
        session,
        CheckoutAttempt,
        {
            "order_id": order.id,
            "attempt": attempt,
            "request": _to_json(request),
            "expires_at": expires_at,
            "next_check_at": now + OPENING_CHECK,
        },
    )
    if made is not None:
        return made, order.balance, True
    twins = session.scalars(
        select(CheckoutAttempt).where(
            CheckoutAttempt.order_id == order.id, CheckoutAttempt.attempt == attempt
        )
    )
    return twins.one(), order.balance, False


def _last_attempt(session: Session, order: Order) -> CheckoutAttempt | None:
    return session.scalar(
        select(CheckoutAttempt)
        .where(CheckoutAttempt.order_id == order.id)
        .order_by(CheckoutAttempt.attempt.desc())
        .limit(1)
    )


def _open(
    sessions: sessionmaker[Session],
    gateway: Gateway,
    settings: Settings,
    attempt: CheckoutAttempt,
    *,
    is_new: bool,
) -> str | None:
    """Ask Stripe for the page of ``attempt``. None: it cannot be had any more; make a new attempt.

    The same attempt asks with the same words under the same key, so a twin, or a repetition after
    a crash, gets the page that the first call made.
    """
    request = _from_json(attempt.request)
    key = f"{settings.store_id}:checkout:{request.order_number}:{attempt.attempt}"
    try:
        checkout = _asking(lambda: _start_page(gateway, request, key))
        if not is_new:
            # A repetition gets the first answer again, which may be long out of date.
            session_id = checkout.id
            checkout = _asking(lambda: gateway.fetch_checkout(session_id))
        _refuse_other_order(checkout, request.order_number)
    except GatewayRefusedError as error:
        with sessions.begin() as session:
            session.execute(
                update(CheckoutAttempt)
                .where(
                    CheckoutAttempt.id == attempt.id,
                    CheckoutAttempt.status == AttemptStatus.OPENING,
                )
                .values(
                    status=AttemptStatus.FAILED, next_check_at=None, last_error=str(error)[:1000]
                )
            )
        if is_new:
            raise
        return None
    with sessions.begin() as session:
        # Locked: whoever closes the order meanwhile waits, and then sees this page.
        state = session.scalars(
            select(Order.state).where(Order.id == attempt.order_id).with_for_update()
        ).one()
        sync_checkout(session, checkout, actor=Actor.system("checkout"))
        if not is_new or attempt.attempt > 1:  # an earlier call may have been refused
            order = session.get_one(Order, attempt.order_id)
            resolve_issues(
                session, order, IssueCode.PAYMENT_REFUSED, actor=Actor.system("checkout")
            )
    is_closed = state in {OrderState.CANCELED, OrderState.EXPIRED}
    if is_closed:  # while Stripe was asked: nobody is sent to this page
        session_id = checkout.id
        checkout = _asking(lambda: gateway.expire_checkout(session_id))
        with sessions.begin() as session:
            sync_checkout(session, checkout, actor=Actor.system("checkout"))
        return None
    return checkout.url if checkout.status is CheckoutStatus.OPEN else None


def _reuse(
    sessions: sessionmaker[Session], gateway: Gateway, number: str, session_id: str, *, owed: Money
) -> str | None:
    """Return the address of a page that stays open for a while and asks for what is owed."""
    try:
        checkout = _asking(lambda: gateway.fetch_checkout(session_id))
    except GatewayRefusedError as error:
        if error.code != "resource_missing":
            raise
        # The key is of another account by now: nobody can be sent to that page any more.
        with sessions.begin() as session:
            session.execute(
                update(CheckoutAttempt)
                .where(
                    CheckoutAttempt.session_id == session_id,
                    CheckoutAttempt.status == AttemptStatus.OPEN,
                )
                .values(
                    status=AttemptStatus.FAILED, next_check_at=None, last_error=str(error)[:1000]
                )
            )
        return None
    _refuse_other_order(checkout, number)
    closes_soon = checkout.expires_at - clock.now() < MIN_TIME_TO_PAY
    # It asks for another amount when a check came since.
    if checkout.status is CheckoutStatus.OPEN and (closes_soon or checkout.total != owed):
        # Closed first, so that there are never two pages on which one order could be paid.
        checkout = _asking(lambda: gateway.expire_checkout(session_id))
    with sessions.begin() as session:
        sync_checkout(session, checkout, actor=Actor.system("checkout"))
    log.info("checkout.reused", extra={"order": number, "status": checkout.status})
    return checkout.url if checkout.status is CheckoutStatus.OPEN else None


def _refuse_other_order(checkout: CheckoutSession, number: str) -> None:
    if checkout.order_number != number:
        msg = f"Stripe's page {checkout.id} is not of order {number}"
        raise GatewayUnreadableError(msg)


def _asking(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except GatewayUnavailableError as error:
        detail = (
            "We can't reach our payment provider right now. Your order is saved, and you have not "
            "been charged. Try again in a moment."
        )
        raise PaymentsUnavailableError(detail, headers=RETRY_AFTER) from error


def _start_page(gateway: Gateway, request: CheckoutRequest, key: str) -> CheckoutSession:
    """Ask for a page; without the buyer's email if that is what Stripe refuses.

    The page then asks the buyer for one. Our own emails go to the order's as before.
    """
    try:
        return gateway.start_checkout(request, idempotency_key=key)
    except GatewayRefusedError as error:
        if error.param != "customer_email" and error.code != "email_invalid":
            raise
        log.warning("checkout.email_refused", extra={"order": request.order_number})
        # Another request needs another key.
        return gateway.start_checkout(
            replace(request, email=None), idempotency_key=f"{key}:no-email"
        )


def _report_refusal(
    sessions: sessionmaker[Session], number: str, error: GatewayError
) -> PaymentsRefusedError | PaymentsUnreadableError:
    """Put the order before staff with Stripe's words; return what the buyer is told."""
    is_refusal = isinstance(error, GatewayRefusedError | GatewayDeniedError)
    log.warning("checkout.refused", extra={"order": number, "error": str(error)})
    with sessions.begin() as session:
        order = get_order_by_number(session, number)
        detail = f"Stripe refuses the payment page: {error}" if is_refusal else str(error)
        reopen_issue(session, order, IssueCode.PAYMENT_REFUSED, detail)
        ways = other_ways(order)
    if not is_refusal:
        return PaymentsUnreadableError(
            "Our payment provider answered in a way that we do not understand. Your order is safe, "
            "you have not been charged, and our staff have been notified. Try again in a minute. "
            f"{ways}"
        )
    return PaymentsRefusedError(
        "Our payment provider does not take this payment. Your order is safe, you have not been "
        f"charged, and our staff have been notified. {ways}"
    )


def _give_up_opening(attempt: CheckoutAttempt) -> None:
    """End an attempt that never got its page, once no twin can be asking for it any more."""
    if attempt.expires_at <= clock.now():
        attempt.status = AttemptStatus.EXPIRED
        attempt.next_check_at = None
    else:
        attempt.next_check_at = attempt.expires_at


def _expiry(settings: Settings, now: datetime) -> datetime:
    ttl = timedelta(minutes=settings.checkout_ttl_minutes) + EXPIRY_MARGIN
    return now.replace(microsecond=0) + min(ttl, timedelta(hours=24) - EXPIRY_MARGIN)


def _request(
    order: Order, settings: Settings, *, attempt: int, expires_at: datetime
) -> CheckoutRequest:
    page, token = f"/orders/{order.number}", order.access_token
    return CheckoutRequest(
        order_number=order.number,
        attempt=attempt,
        email=order.email,
        lines=_lines(order),
        # Stripe puts the id in place of the braces.
        success_url=settings.url(f"{page}/return?token={token}&session_id={{CHECKOUT_SESSION_ID}}"),
        cancel_url=settings.url(f"{page}?token={token}"),
        expires_at=expires_at,
    )


def _lines(order: Order) -> tuple[CheckoutLine, ...]:
    """Return lines that add up to what is left to pay, to the cent."""
    if order.balance != order.total:
        return (
            CheckoutLine(
                name=f"Balance of order {order.number}",
                description=f"{order.balance.words()} of {order.total.words()}",
                unit=order.balance,
                quantity=1,
            ),
        )
    lines = [
        CheckoutLine(
            name=line.film_title or line.sku,
            description=f"{line.title or line.sku}, for {order.institution}",
            unit=Money(line.unit_amount, order.currency),
            quantity=line.quantity,
        )
        for line in order.lines
    ]
    if order.shipping_amount:
        lines.append(
            CheckoutLine(
                name="Shipping",
                description="One parcel, with tracking",
                unit=order.shipping_price,
                quantity=1,
            )
        )
    return tuple(lines)


def _to_json(request: CheckoutRequest) -> dict[str, Any]:
    return {**asdict(request), "expires_at": request.expires_at.isoformat()}


def _from_json(kept: dict[str, Any]) -> CheckoutRequest:
    return CheckoutRequest(
        **{
            **kept,
            "lines": tuple(
                CheckoutLine(**{**line, "unit": Money(**line["unit"])}) for line in kept["lines"]
            ),
            "expires_at": datetime.fromisoformat(kept["expires_at"]),
        }
    )


def _outcome(checkout: CheckoutSession) -> ReturnOutcome:
    if checkout.is_paid:
        return ReturnOutcome.PAID
    if checkout.status is CheckoutStatus.COMPLETE:
        failed = checkout.progress is PaymentProgress.FAILED
        return ReturnOutcome.FAILED if failed else ReturnOutcome.PENDING
    return ReturnOutcome.OPEN if checkout.status is CheckoutStatus.OPEN else ReturnOutcome.EXPIRED
