"""Hosted checkout pages: open one, and sync what came of it.

Each step is a transaction or a call to Stripe, never both at once. A crash between two steps leaves
an attempt from which the next call goes on.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.billing.invoices import find_live_invoice
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_new
from app.core.errors import NotFoundError
from app.core.money import Money
from app.core.work_queue import WorkQueue
from app.orders.charges import is_too_small, min_charge
from app.orders.issues import reopen_issue, resolve_issues
from app.orders.models import Order
from app.orders.next_steps import other_ways
from app.orders.queries import get_order_by_number
from app.orders.states import IssueCode, OrderState, PaymentState
from app.orders.taxes import refuse_unresolved_tax
from app.payments.checkout_request import build_request, find_page, from_json, to_json
from app.payments.errors import (
    AlreadyPaidError,
    GatewayDeniedError,
    GatewayError,
    GatewayRefusedError,
    GatewayUnavailableError,
    GatewayUnreadableError,
    NotPayableError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentsUnreadableError,
)
from app.payments.facts import CheckoutRequest, CheckoutSession
from app.payments.gateway import StripeGateway
from app.payments.models import CheckoutAttempt
from app.payments.states import AttemptStatus, CheckoutStatus, PaymentProgress, ReturnOutcome
from app.payments.stripe_sync import sync_checkout

log = logging.getLogger(__name__)

T = TypeVar("T")
SESSION_ID = re.compile(r"\w{1,255}", re.ASCII)

# A page may end between two checks of it.
MAX_TRIES = 3
RETRY_AFTER = {"Retry-After": "10"}
# A buyer needs time to type a card number before the page closes.
MIN_TIME_TO_PAY = timedelta(minutes=5)
# Stripe counts its 30 minutes to 24 hours from when our request arrives.
EXPIRY_MARGIN = timedelta(minutes=2)
# An attempt without a page: a concurrent request may still be opening it.
OPENING_CHECK = timedelta(minutes=2)
RETRY = timedelta(minutes=2)
CLOSED_STATES = frozenset({OrderState.CANCELED, OrderState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Owed:
    """What an order still owes, and whether the payment page adds tax to it."""

    amount: Money
    adds_tax: bool
    page: str = ""
    """The path of the page that the payment page leads back to."""


def start_checkout(
    sessions: sessionmaker[Session], gateway: StripeGateway, settings: Settings, *, number: str
) -> str:
    """Return the address of a page on which order ``number`` can be paid now.

    An open page is handed out again, so two clicks, or two people, get the same one. A page that
    has expired, whose payment failed, or that asks for more than is still owed is followed by a new
    one.

    Raises:
        NotFoundError: no such order.
        AlreadyPaidError: nothing is left to pay, or a bank debit is on its way.
        NotPayableError: the order is canceled, expired, refunded or in dispute.
        TaxUnresolvedError: staff have not entered its tax yet.
        PaymentsUnavailableError: Stripe cannot be reached. Calling again goes on from here.
        PaymentsRefusedError: Stripe refused our request.
        PaymentsUnreadableError: Stripe's answer makes no sense. Calling again goes on from here.
    """
    for _ in range(MAX_TRIES):
        with sessions.begin() as session:
            attempt, owed, is_new = _prepare_attempt(session, settings, number=number)
        try:
            url = (
                _open(sessions, gateway, settings, attempt, is_new=is_new)
                if attempt.session_id is None
                else _reuse(
                    sessions,
                    gateway,
                    number,
                    attempt.session_id,
                    owed=owed,
                    leads_back=f"{owed.page}/return?" in attempt.request["success_url"],
                )
            )
        except GatewayError as error:
            raise _report_refusal(sessions, number, error) from error
        if url is not None:
            return url
    detail = "This payment page keeps closing. Try again in a minute."
    raise PaymentsUnavailableError(detail, headers=RETRY_AFTER)


def handle_return(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, number: str, session_id: str
) -> ReturnOutcome:
    """Sync the page of a buyer who comes back from it, without waiting for the webhook.

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


def _is_due(at: datetime) -> ColumnElement[bool]:
    """Return the condition of attempts to check now: they are due, or outdated by their order."""
    outdated = exists().where(
        Order.id == CheckoutAttempt.order_id,
        or_(Order.state.in_(CLOSED_STATES), Order.repriced_at > CheckoutAttempt.created_at),
    )
    return or_(
        CheckoutAttempt.next_check_at <= at,
        and_(
            CheckoutAttempt.status == AttemptStatus.OPEN,
            CheckoutAttempt.next_check_at > at + RETRY,
            outdated,
        ),
    )


def _is_outdated(attempt: CheckoutAttempt, order: Order) -> bool:
    """Return whether the payment page must close: the order is closed, or has another total."""
    is_repriced = order.repriced_at is not None and order.repriced_at > attempt.created_at
    return order.state in CLOSED_STATES or is_repriced


WORK_QUEUE = WorkQueue(
    CheckoutAttempt.id, CheckoutAttempt.next_check_at, _is_due, retry_after=RETRY
)


def check_attempt(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, attempt_id: int
) -> None:
    """Sync one attempt with Stripe, and close the page of a closed or corrected order.

    Raises:
        GatewayError: Stripe did not answer; the attempt is due again in two minutes.
    """
    with sessions.begin() as session:
        attempt = session.get_one(CheckoutAttempt, attempt_id)
        is_outdated = _is_outdated(attempt, session.get_one(Order, attempt.order_id))
        # Counted before the call: if that fails, the next check waits.
        attempt.checks += 1
        attempt.next_check_at = clock.now() + RETRY
        if attempt.session_id is None:
            _give_up_opening(attempt)
            return
        is_open = attempt.status is AttemptStatus.OPEN
    if is_open and is_outdated:
        checkout = gateway.expire_checkout(attempt.session_id)
    else:
        checkout = gateway.fetch_checkout(attempt.session_id)
    with sessions.begin() as session:
        sync_checkout(session, checkout, actor=Actor.system("payment check"))


def _prepare_attempt(
    session: Session, settings: Settings, *, number: str
) -> tuple[CheckoutAttempt, Owed, bool]:
    """Return the attempt to continue, what is owed, and whether the attempt is new."""
    order = session.scalar(select(Order).where(Order.number == number))
    if order is None:
        detail = f"Order “{number}” not found."
        raise NotFoundError(detail)
    last = _last_attempt(session, order)
    _check_payable(order, last)
    invoice = find_live_invoice(session, order.number)
    owed = Owed(order.balance, adds_tax=order.waits_for_stripe_tax, page=find_page(order, invoice))
    if last is not None and last.status in {AttemptStatus.OPENING, AttemptStatus.OPEN}:
        return last, owed, False
    attempt = last.attempt + 1 if last is not None else 1
    now = clock.now()
    expires_at = _expiry(settings, now)
    request = build_request(order, invoice, settings, attempt=attempt, expires_at=expires_at)
    created = insert_new(
        session,
        CheckoutAttempt,
        {
            "order_id": order.id,
            "attempt": attempt,
            "request": to_json(request),
            "expires_at": expires_at,
            "next_check_at": now + OPENING_CHECK,
        },
    )
    if created is not None:
        return created, owed, True
    concurrent = session.scalars(
        select(CheckoutAttempt).where(
            CheckoutAttempt.order_id == order.id, CheckoutAttempt.attempt == attempt
        )
    )
    return concurrent.one(), owed, False


def _check_payable(order: Order, last: CheckoutAttempt | None) -> None:
    """Return if a payment page may be opened for ``order`` after its ``last`` one.

    Raises:
        AlreadyPaidError: nothing is left to pay, or a bank debit is on its way.
        NotPayableError: the order is canceled, expired, refunded or in dispute.
        TaxUnresolvedError: staff have not entered its tax yet.
    """
    # The order's own state may differ for a while, if another payment arrived.
    if order.payment_state is PaymentState.PENDING or (last is not None and last.waits_for_debit):
        detail = "A bank debit is processing. It can take up to five business days to settle."
        raise AlreadyPaidError(detail)
    if order.payment_state in {PaymentState.REFUNDED, PaymentState.PARTIALLY_REFUNDED}:
        detail = f"Order {order.number} was paid and refunded. Place a new order."
        raise NotPayableError(detail)
    if order.payment_state is PaymentState.DISPUTED:
        detail = f"The payment for order {order.number} is disputed. Email us."
        raise NotPayableError(detail)
    if order.balance.amount == 0:
        detail = f"Order {order.number} is already paid."
        raise AlreadyPaidError(detail)
    if order.waits_for_tax or (order.waits_for_stripe_tax and order.paid_amount):
        refuse_unresolved_tax(order)
    if is_too_small(order.balance):
        detail = (
            f"{order.balance.words()} is below the card payment minimum of "
            f"{min_charge(order.currency).words()}. {other_ways(order)}"
        )
        raise NotPayableError(detail)
    if order.state is OrderState.CANCELED:
        detail = f"Order {order.number} was canceled. Place a new order."
        raise NotPayableError(detail)
    if order.state is OrderState.EXPIRED:
        detail = f"Order {order.number} expired before it was paid. Place a new order."
        raise NotPayableError(detail)


def _last_attempt(session: Session, order: Order) -> CheckoutAttempt | None:
    return session.scalar(
        select(CheckoutAttempt)
        .where(CheckoutAttempt.order_id == order.id)
        .order_by(CheckoutAttempt.attempt.desc())
        .limit(1)
    )


def _open(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
    settings: Settings,
    attempt: CheckoutAttempt,
    *,
    is_new: bool,
) -> str | None:
    """Ask Stripe for the page of ``attempt``. None: it cannot be had any more; make a new attempt.

    The same attempt sends the same request under the same key, so a concurrent or repeated call
    gets the page that the first call made.
    """
    request = from_json(attempt.request)
    key = f"{settings.store_id}:checkout:{request.order_number}:{attempt.attempt}"
    try:
        checkout = _call_stripe(lambda: _start_page(gateway, request, key))
        if not is_new:
            # A repetition gets the first answer again, which may be long out of date.
            session_id = checkout.id
            checkout = _call_stripe(lambda: gateway.fetch_checkout(session_id))
        _check_same_order(checkout, request.order_number)
    except GatewayRefusedError as error:
        _fail_attempt(sessions, CheckoutAttempt.id == attempt.id, AttemptStatus.OPENING, error)
        if is_new:
            raise
        return None
    with sessions.begin() as session:
        # Locked: a request that closes the order waits, and then sees this page.
        order = session.scalars(
            select(Order).where(Order.id == attempt.order_id).with_for_update()
        ).one()
        asks_otherwise = not checkout.asks_for(order.balance, adds_tax=order.waits_for_stripe_tax)
        is_outdated = _is_outdated(attempt, order) or (
            checkout.status is CheckoutStatus.OPEN and asks_otherwise
        )
        sync_checkout(session, checkout, actor=Actor.system("checkout"))
        if not is_new or attempt.attempt > 1:  # an earlier call may have been refused
            resolve_issues(
                session, order, IssueCode.PAYMENT_REFUSED, actor=Actor.system("checkout")
            )
    if is_outdated:  # during the call to Stripe
        session_id = checkout.id
        checkout = _call_stripe(lambda: gateway.expire_checkout(session_id))
        with sessions.begin() as session:
            sync_checkout(session, checkout, actor=Actor.system("checkout"))
        return None
    return checkout.url if checkout.status is CheckoutStatus.OPEN else None


def _reuse(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
    number: str,
    session_id: str,
    *,
    owed: Owed,
    leads_back: bool,
) -> str | None:
    """Return the address of a page that stays open for a while and asks for what is owed.

    One that was opened before the order had an invoice, and so leads back to the order, is closed.
    """
    try:
        checkout = _call_stripe(lambda: gateway.fetch_checkout(session_id))
    except GatewayRefusedError as error:
        if error.code != "resource_missing":
            raise
        # The key now belongs to another account, which cannot open that page.
        _fail_attempt(sessions, CheckoutAttempt.session_id == session_id, AttemptStatus.OPEN, error)
        return None
    _check_same_order(checkout, number)
    closes_soon = checkout.expires_at - clock.now() < MIN_TIME_TO_PAY
    # A check that came since changes the amount.
    if checkout.status is CheckoutStatus.OPEN and (
        closes_soon or not leads_back or not checkout.asks_for(owed.amount, adds_tax=owed.adds_tax)
    ):
        # Closed first, so that there are never two pages on which one order could be paid.
        checkout = _call_stripe(lambda: gateway.expire_checkout(session_id))
    with sessions.begin() as session:
        sync_checkout(session, checkout, actor=Actor.system("checkout"))
    log.info("checkout.reused", extra={"order": number, "status": checkout.status})
    return checkout.url if checkout.status is CheckoutStatus.OPEN else None


def _fail_attempt(
    sessions: sessionmaker[Session],
    attempt: ColumnElement[bool],
    status: AttemptStatus,
    error: GatewayRefusedError,
) -> None:
    """Mark ``attempt`` as failed for ``error``, unless it has left ``status``."""
    with sessions.begin() as session:
        session.execute(
            update(CheckoutAttempt)
            .where(attempt, CheckoutAttempt.status == status)
            .values(status=AttemptStatus.FAILED, next_check_at=None, last_error=str(error)[:1000])
        )


def _check_same_order(checkout: CheckoutSession, number: str) -> None:
    if checkout.order_number != number:
        msg = f"Stripe's page {checkout.id} is not of order {number}"
        raise GatewayUnreadableError(msg)


def _call_stripe(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except GatewayUnavailableError as error:
        detail = (
            "We can't reach our payment provider right now. Your order is saved, and you have not "
            "been charged. Try again in a moment."
        )
        raise PaymentsUnavailableError(detail, headers=RETRY_AFTER) from error


def _start_page(gateway: StripeGateway, request: CheckoutRequest, key: str) -> CheckoutSession:
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
    """Raise an issue with Stripe's message; return the error for the buyer."""
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
    """End an attempt without a page, once no concurrent request can be opening it."""
    if attempt.expires_at <= clock.now():
        attempt.status = AttemptStatus.EXPIRED
        attempt.next_check_at = None
    else:
        attempt.next_check_at = attempt.expires_at


def _expiry(settings: Settings, now: datetime) -> datetime:
    ttl = timedelta(minutes=settings.checkout_ttl_minutes) + EXPIRY_MARGIN
    return now.replace(microsecond=0) + min(ttl, timedelta(hours=24) - EXPIRY_MARGIN)


def _outcome(checkout: CheckoutSession) -> ReturnOutcome:
    if checkout.is_paid:
        return ReturnOutcome.PAID
    if checkout.status is CheckoutStatus.COMPLETE:
        failed = checkout.progress is PaymentProgress.FAILED
        return ReturnOutcome.FAILED if failed else ReturnOutcome.PENDING
    return ReturnOutcome.OPEN if checkout.status is CheckoutStatus.OPEN else ReturnOutcome.EXPIRED
