"""The inbox of Stripe's events: stored first, processed after, and retried.

Events arrive late, twice, and out of order. So an event only says that something happened, and its
subject is fetched again, outside any transaction.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import and_, select, true, update
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.states import TaxSource, TaxState
from app.core import clock
from app.core.db import insert_ignore
from app.core.errors import NotFoundError
from app.core.work_queue import WorkQueue
from app.orders.disputes import record_dispute
from app.orders.models import Order
from app.payments import stripe_refunds
from app.payments.errors import EventHandledError, NotReadyError
from app.payments.facts import (
    CheckoutSession,
    DisputeFacts,
    EventFacts,
    PaymentFacts,
    RefundFacts,
)
from app.payments.gateway import StripeGateway
from app.payments.models import CheckoutAttempt, StripeEvent
from app.payments.states import (
    CHARGE_EVENTS,
    CHECKOUT_EVENTS,
    DISPUTE_EVENTS,
    EVENT_TYPES,
    PAYMENT_EVENTS,
    REFUND_EVENTS,
    EventOutcome,
    PaymentProgress,
)
from app.payments.stripe_sync import sync_checkout, sync_payment

log = logging.getLogger(__name__)

# How long to wait after each failure. Stripe's own retries in test mode end after three.
BACKOFF = (
    tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600, 3600, 4 * 3600))
    + (timedelta(hours=12),) * 4
)
# After a crash between storing and processing, the worker takes over.
FIRST_CHECK = timedelta(seconds=30)
WORK_QUEUE = WorkQueue(
    key=StripeEvent.id,
    due_at=StripeEvent.next_attempt_at,
    is_due=lambda at: and_(StripeEvent.handled_at.is_(None), StripeEvent.next_attempt_at <= at),
    retry_after=timedelta(minutes=2),
)


@dataclass(frozen=True, slots=True)
class EventSubject:
    """The subject of one event, as it is at Stripe now; empty if it is not ours."""

    note: str = ""
    order_number: str | None = None
    checkout: CheckoutSession | None = None
    payment: PaymentFacts | None = None
    refunds: Sequence[RefundFacts] = field(default=())
    dispute: DisputeFacts | None = None

    @property
    def is_ours(self) -> bool:
        """Return whether there is anything to process."""
        return bool(self.checkout or self.payment)


def store_event(session: Session, event: EventFacts) -> bool:
    """Store ``event`` unless it is stored already; return whether it was new."""
    return insert_ignore(
        session,
        StripeEvent,
        {
            "id": event.id,
            "type": event.type,
            "payload": dict(event.payload),
            "api_version": event.api_version,
            "livemode": event.livemode,
            "happened_at": event.happened_at,
            "next_attempt_at": clock.now() + FIRST_CHECK,
        },
        index_elements=["id"],
    )


def is_handled(session: Session, event_id: str) -> bool:
    """Return whether this event was processed or ignored."""
    handled = StripeEvent.id == event_id, StripeEvent.outcome.is_not(None)
    return session.scalar(select(StripeEvent.id).where(*handled)) is not None


def handle_event(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, store_id: str, event_id: str
) -> EventOutcome:
    """Process a stored event, unless that was done before.

    Raises:
        NotFoundError: no such event is stored.
        As ``process_event`` does.
    """
    with sessions() as session:
        event = session.get(StripeEvent, event_id)
    if event is None:
        detail = f"Event “{event_id}” not found."
        raise NotFoundError(detail)
    if event.outcome is not None:
        return event.outcome
    return process_event(sessions, gateway, store_id=store_id, event=event)


def process_event(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
    *,
    store_id: str,
    event: StripeEvent | EventFacts,
) -> EventOutcome:
    """Process a stored event once. If that fails, store the error with the event and raise it.

    Raises:
        GatewayError: Stripe did not say what is true now.
        NotReadyError: it is about something that is not recorded yet.
    """
    try:
        facts = _fetch_subject(sessions, gateway, store_id, event)
        with sessions.begin() as session:
            return _apply(session, event, facts)
    except Exception as error:
        with sessions.begin() as session:
            _record_failure(session, event.id, error)
        raise


def find_unhandled(session: Session) -> Sequence[str]:
    """Return the ids of every unhandled event, due or given up, oldest first.

    Those that staff dismissed are left out.
    """
    return session.scalars(
        select(StripeEvent.id)
        .where(StripeEvent.handled_at.is_(None), StripeEvent.dismissed_at.is_(None))
        .order_by(StripeEvent.happened_at, StripeEvent.id)
    ).all()


def dismiss(session: Session, event_id: str, *, reason: str, actor: Actor) -> StripeEvent:
    """Dismiss an event about which nothing can be done.

    The worker stops retrying it. Staff may retry it, and another delivery by Stripe is processed.

    Raises:
        NotFoundError: no such event is stored.
        EventHandledError: it was processed or ignored already.
    """
    event = session.get(StripeEvent, event_id, with_for_update=True)
    if event is None:
        detail = f"Event “{event_id}” not found."
        raise NotFoundError(detail)
    if event.handled_at is not None:
        detail = f"Event {event_id} was processed at {event.handled_at:%Y-%m-%d %H:%M} UTC."
        raise EventHandledError(detail)
    event.dismissed_at = clock.now()
    event.next_attempt_at = None
    event.note = reason
    audit.record(
        session,
        actor=actor,
        action="event.dismissed",
        object_type="event",
        object_ref=event_id,
        reason=reason,
    )
    session.flush()
    return event


def retry_events(
    sessions: sessionmaker[Session], gateway: StripeGateway, *, store_id: str
) -> tuple[int, int]:
    """Try every event that is not handled yet. Return how many worked, and how many did not."""
    with sessions() as session:
        waiting = find_unhandled(session)
    worked = 0
    for event_id in waiting:
        try:
            handle_event(sessions, gateway, store_id=store_id, event_id=event_id)
        except Exception:  # noqa: BLE001 - stored with the event; the others continue
            log.warning("stripe.retry_failed", extra={"event": event_id})
        else:
            worked += 1
    return worked, len(waiting) - worked


def _fetch_subject(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
    store_id: str,
    event: StripeEvent | EventFacts,
) -> EventSubject:
    """Fetch the event's subject, if it is ours."""
    subject = event.payload["data"]["object"]
    if event.type not in EVENT_TYPES:
        return EventSubject(note="nothing to do for this type")  # some of their objects have no id
    reference = str(subject["id"])
    if belongs_to_other_store(subject, store_id):
        return EventSubject(note="of another store")
    if event.type in CHECKOUT_EVENTS:
        checkout = gateway.fetch_checkout(reference)
        if checkout.store_id == store_id:
            return EventSubject(order_number=checkout.order_number, checkout=checkout)
        return EventSubject(note="not made by this store")
    if event.type in PAYMENT_EVENTS:
        return _fetch_payment_subject(sessions, gateway, store_id, reference)
    return _fetch_refund_or_dispute(gateway, store_id, event.type, subject)


def _fetch_payment_subject(
    sessions: sessionmaker[Session], gateway: StripeGateway, store_id: str, reference: str
) -> EventSubject:
    payment = gateway.fetch_payment(reference)
    if payment.store_id != store_id:
        return EventSubject(note="not made by this store")
    # A refused card leaves the page open; a failed debit does not. Only the page knows. It knows
    # the tax as well, if Stripe computes it.
    with sessions() as session:
        session_id = session.scalar(
            select(CheckoutAttempt.session_id)
            .join(CheckoutAttempt.order)
            .where(
                CheckoutAttempt.attempt == payment.attempt,
                Order.number == payment.order_number,
                true()
                if payment.progress is not PaymentProgress.PAID
                else and_(
                    Order.tax_source == TaxSource.STRIPE, Order.tax_state == TaxState.UNRESOLVED
                ),
            )
        )
    if session_id is not None:
        checkout = gateway.fetch_checkout(session_id)
        return EventSubject(order_number=checkout.order_number, checkout=checkout)
    return EventSubject(order_number=payment.order_number, payment=payment)


def _fetch_refund_or_dispute(
    gateway: StripeGateway, store_id: str, event_type: str, subject: dict[str, object]
) -> EventSubject:
    reference = str(subject["id"])
    dispute = gateway.fetch_dispute(reference) if event_type in DISPUTE_EVENTS else None
    refund = gateway.fetch_refund(reference) if event_type in REFUND_EVENTS else None
    paid_by = subject.get("payment_intent")
    if dispute is not None:
        paid_by = dispute.payment_reference
    if refund is not None:
        paid_by = refund.payment_reference
    if not isinstance(paid_by, str):
        return EventSubject(note="of a payment that this store did not make")
    # The payment too: a refund may be heard of before the payment that it gives back.
    payment = gateway.fetch_payment(paid_by)
    if payment.store_id != store_id:
        return EventSubject(note="of another store's payment")
    given_back = [refund] if refund is not None else []
    if event_type in CHARGE_EVENTS:
        given_back = gateway.list_refunds(paid_by)
    return EventSubject(
        order_number=payment.order_number, payment=payment, refunds=given_back, dispute=dispute
    )


def belongs_to_other_store(subject: dict[str, object], store_id: str) -> bool:
    """Whether a Stripe object carries another store's tag: several may share one account."""
    metadata = subject.get("metadata")
    if not isinstance(metadata, dict):
        return False
    return bool(metadata.get("store_id", store_id) != store_id)


def _apply(session: Session, event: StripeEvent | EventFacts, facts: EventSubject) -> EventOutcome:
    outcome = EventOutcome.PROCESSED if facts.is_ours else EventOutcome.IGNORED
    # First, because it locks the row: a concurrent call waits here and then finds the outcome.
    claimed = session.scalar(
        update(StripeEvent)
        .where(StripeEvent.id == event.id, StripeEvent.outcome.is_(None))
        .values(
            outcome=outcome,
            order_number=facts.order_number,
            note=facts.note,
            attempts=StripeEvent.attempts + 1,
            handled_at=clock.now(),
            next_attempt_at=None,
            last_error=None,
        )
        .returning(StripeEvent.id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        first = session.scalar(select(StripeEvent.outcome).where(StripeEvent.id == event.id))
        return first or outcome
    actor = Actor.stripe(event.id)
    if facts.checkout is not None:
        sync_checkout(session, facts.checkout, actor=actor)
    if facts.payment is not None:
        sync_payment(session, facts.payment, actor=actor)
    for refund in facts.refunds:
        stripe_refunds.sync_refund(session, refund, actor=actor)
    if facts.dispute is not None and facts.order_number is not None:
        _record_dispute(session, facts.dispute, actor=actor)
    log.info(
        "stripe.handled", extra={"event": event.id, "type": event.type, "outcome": outcome.value}
    )
    return outcome


def _record_dispute(session: Session, dispute: DisputeFacts, *, actor: Actor) -> None:
    record_dispute(
        session,
        reference=dispute.reference,
        payment_reference=str(dispute.payment_reference),
        amount=dispute.amount,
        status=dispute.status,
        reason=dispute.reason,
        due_by=dispute.due_by,
        actor=actor,
    )


def _record_failure(session: Session, event_id: str, error: Exception) -> None:
    event = session.get_one(StripeEvent, event_id, with_for_update=True)
    if event.outcome is not None:  # a concurrent call succeeded
        return
    is_tried_again = event.attempts < len(BACKOFF) and event.dismissed_at is None
    wait = BACKOFF[event.attempts] if is_tried_again else None
    event.attempts += 1
    event.next_attempt_at = clock.now() + wait if wait else None
    event.last_error = f"{type(error).__name__}: {error}"[:2000]
    known = isinstance(error, NotReadyError)
    log.log(
        logging.INFO if known else logging.WARNING,
        "stripe.not_handled",
        extra={"event": event_id, "type": event.type, "error": event.last_error},
    )
