"""The nightly reconciliation with Stripe: record what was missed, and report differences."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.core import clock
from app.core.job_steps import Steps, run_inline
from app.core.money import Money
from app.orders.errors import PaymentReferenceTakenError
from app.orders.models import Order, Payment, Refund
from app.orders.states import RefundOrigin, RefundStatus
from app.payments import events, stripe_refunds
from app.payments.errors import (
    GatewayRefusedError,
    GatewayUnreadableError,
    NotReadyError,
    UnknownCurrencyError,
)
from app.payments.facts import EventFacts, PaymentFacts, UnreadablePayment
from app.payments.gateway import StripeGateway
from app.payments.models import ReconciliationRun, StripeEvent
from app.payments.states import PaymentProgress
from app.payments.stripe_sync import sync_payment

log = logging.getLogger(__name__)

# Stripe lists events for so long, and no longer.
COMPARED_PERIOD = timedelta(days=30)
# What happened in the last minutes may still be on its way: taken in now, and not worth telling.
GRACE_PERIOD = timedelta(minutes=15)
RUN_AT = time(3)  # UTC: the night of most of our buyers
RETRY_AFTER_FAILURE = timedelta(hours=1)
BATCH_SIZE = 200
ACTOR = Actor.system("nightly reconciliation")


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between our records and Stripe's, described for staff."""

    check: str
    what: str
    reference: str
    order_number: str | None
    detail: str
    # Otherwise staff must check it.
    is_fixed: bool


def run_reconciliation(
    sessions: sessionmaker[Session],
    gateway: StripeGateway,
    *,
    store_id: str,
    step: Steps = run_inline,
) -> int:
    """Compare the last 30 days and return the id of the ``ReconciliationRun``.

    Safe to repeat, and safe while payments arrive. ``step`` makes each part durable when the job
    engine runs it.

    Raises:
        GatewayError: Stripe did not answer; the run keeps the error, and is due again in an hour.
    """
    run_id = step("begin", lambda: _begin(sessions))
    try:
        step("events", lambda: _compare_events(sessions, gateway, store_id, run_id))
        step("payments", lambda: _compare_payments(sessions, gateway, run_id))
    except Exception as error:
        _finish(sessions, run_id, error=f"{type(error).__name__}: {error}"[:2000])
        raise
    step("finish", lambda: _finish(sessions, run_id, error=None))
    return run_id


def is_due(session: Session, *, at: datetime) -> bool:
    """Whether a run should start: none succeeded since the last 03:00 UTC, nor began just now."""
    night = datetime.combine(at.date(), RUN_AT, at.tzinfo)
    if night > at:
        night -= timedelta(days=1)
    started, finished, error = session.execute(
        select(ReconciliationRun.started_at, ReconciliationRun.finished_at, ReconciliationRun.error)
        .order_by(ReconciliationRun.id.desc())
        .limit(1)
    ).one_or_none() or (None, None, None)
    if started is None:
        return True
    if finished is None or error is not None:
        return bool(started <= at - RETRY_AFTER_FAILURE)
    return bool(started < night)


def _begin(sessions: sessionmaker[Session]) -> int:
    with sessions.begin() as session:
        run = ReconciliationRun(since=clock.now() - COMPARED_PERIOD, findings=[])
        session.add(run)
        session.flush()
        return run.id


def _finish(sessions: sessionmaker[Session], run_id: int, *, error: str | None) -> None:
    with sessions.begin() as session:
        run = session.get_one(ReconciliationRun, run_id)
        run.finished_at = clock.now()
        run.error = error
        open_findings = [finding for finding in run.findings if not finding["is_fixed"]]
        log.log(
            logging.WARNING if open_findings or error else logging.INFO,
            "reconcile.finished",
            extra={
                "run": run_id,
                "findings": len(run.findings),
                "open": len(open_findings),
                "error": error,
            },
        )


def _save_findings(
    sessions: sessionmaker[Session], run_id: int, check: str, findings: list[Finding], **counts: int
) -> None:
    """Store the findings of one check, which replace its earlier ones."""
    with sessions.begin() as session:
        run = session.get_one(ReconciliationRun, run_id)
        others: list[dict[str, Any]] = [old for old in run.findings if old["check"] != check]
        run.findings = [*others, *(asdict(finding) for finding in findings)]
        for name, count in counts.items():
            setattr(run, name, count)


def _since(sessions: sessionmaker[Session], run_id: int) -> datetime:
    with sessions() as session:
        return session.get_one(ReconciliationRun, run_id).since


def _compare_events(
    sessions: sessionmaker[Session], gateway: StripeGateway, store_id: str, run_id: int
) -> None:
    """Fetch and handle every event of Stripe's list that never arrived here."""
    listed, missing = 0, 0
    findings: list[Finding] = []
    recent = clock.now() - GRACE_PERIOD
    stripe_events = gateway.list_events(since=_since(sessions, run_id))
    while batch := list(islice(stripe_events, BATCH_SIZE)):
        listed += len(batch)
        with sessions() as session:
            known = set(
                session.scalars(
                    select(StripeEvent.id).where(StripeEvent.id.in_([event.id for event in batch]))
                )
            )
        for event in reversed(batch):
            subject = event.payload["data"]["object"]
            if event.id in known or events.belongs_to_other_store(subject, store_id):
                continue
            missing += 1
            finding = _fetch_missing(sessions, gateway, store_id, event)
            if event.happened_at < recent or not finding.is_fixed:
                findings.append(finding)
    _save_findings(
        sessions, run_id, "events", findings, events_listed=listed, events_missing=missing
    )


def _fetch_missing(
    sessions: sessionmaker[Session], gateway: StripeGateway, store_id: str, event: EventFacts
) -> Finding:
    with sessions.begin() as session:
        events.store_event(session, event)
    label = f"{event.type} of {event.happened_at:%Y-%m-%d %H:%M} UTC never arrived"
    try:
        events.handle_event(sessions, gateway, store_id=store_id, event_id=event.id)
    except Exception as error:  # noqa: BLE001 - kept with the event, which is tried again
        detail = f"{label}. It was fetched but could not be processed yet: {error}"
        return Finding("events", "event_missing", event.id, None, detail, is_fixed=False)
    with sessions() as session:
        number = session.get_one(StripeEvent, event.id).order_number
    detail = f"{label}. It was fetched and processed."
    return Finding("events", "event_missing", event.id, number, detail, is_fixed=True)


def _compare_payments(sessions: sessionmaker[Session], gateway: StripeGateway, run_id: int) -> None:
    """Compare each payment and its refunds, to the cent."""
    since = _since(sessions, run_id)
    findings: list[Finding] = []
    seen: set[str] = set()
    for payment in gateway.list_payments(since=since):
        if payment.progress is not PaymentProgress.PAID:
            continue
        seen.add(payment.reference)
        if isinstance(payment, UnreadablePayment):
            findings.append(_unreadable(payment.reference, payment.order_number, payment.why))
            continue
        findings += _compare_payment(sessions, gateway, payment)
    for reference, number in _find_unlisted(sessions, since=since, seen=seen):
        try:
            known = gateway.fetch_payment(reference)
        except GatewayRefusedError:
            detail = "This payment is recorded here but does not exist at Stripe."
            findings.append(
                Finding("payments", "unknown", reference, number, detail, is_fixed=False)
            )
            continue
        except (UnknownCurrencyError, GatewayUnreadableError) as error:
            findings.append(_unreadable(reference, number, str(error)))
            continue
        seen.add(reference)
        findings += _compare_payment(sessions, gateway, known)
    _save_findings(sessions, run_id, "payments", findings, payments_compared=len(seen))


def _unreadable(reference: str, number: str | None, why: str) -> Finding:
    detail = f"{why}. It is not included in any order. Check it in the Stripe dashboard."
    return Finding("payments", "currency_unknown", reference, number, detail, is_fixed=False)


def _find_unlisted(
    sessions: sessionmaker[Session], *, since: datetime, seen: set[str]
) -> list[tuple[str, str]]:
    """Return recorded Stripe payments that its list does not have, with their orders."""
    with sessions() as session:
        rows = session.execute(
            select(Payment.reference, Order.number)
            .join(Order, Order.id == Payment.order_id)
            .where(Payment.received_at >= since, Payment.reference.startswith("pi_"))
        )
        return [(reference, number) for reference, number in rows if reference not in seen]


def _compare_payment(
    sessions: sessionmaker[Session], gateway: StripeGateway, payment: PaymentFacts
) -> Iterator[Finding]:
    ours = _recorded_sums(sessions, payment.reference)
    if ours is None:
        try:
            with sessions.begin() as session:
                sync_payment(session, payment, actor=ACTOR)
        except NotReadyError:
            detail = f"Stripe has {payment.received} for an order that is not in this store."
            yield _payment_finding(payment, "order_unknown", detail, is_fixed=False)
            return
        except PaymentReferenceTakenError as error:
            # The other payments are compared all the same.
            detail = f"Stripe has {payment.received}, which could not be recorded here: {error}"
            yield _payment_finding(payment, "not_booked", detail, is_fixed=False)
            return
        if payment.paid_at < clock.now() - GRACE_PERIOD:
            detail = f"Stripe has {payment.received} that was missing here. It is now recorded."
            yield _payment_finding(payment, "payment_missing", detail, is_fixed=True)
        ours = _recorded_sums(sessions, payment.reference) or (payment.received, payment.refunded)
    if ours[0] != payment.received:
        detail = f"Stripe shows {payment.received} paid; our records show {ours[0]}."
        yield _payment_finding(payment, "amount_differs", detail, is_fixed=False)
    if ours[1] != payment.refunded:
        yield _fix_refunds(sessions, gateway, payment, before=ours[1])


def _payment_finding(payment: PaymentFacts, what: str, detail: str, *, is_fixed: bool) -> Finding:
    return Finding(
        "payments", what, payment.reference, payment.order_number, detail, is_fixed=is_fixed
    )


def _fix_refunds(
    sessions: sessionmaker[Session], gateway: StripeGateway, payment: PaymentFacts, *, before: Money
) -> Finding:
    given_back = gateway.list_refunds(payment.reference)
    with sessions.begin() as session:
        for refund in reversed(given_back):
            stripe_refunds.sync_refund(session, refund, actor=ACTOR)
    ours = _recorded_sums(sessions, payment.reference)
    is_fixed = ours is not None and ours[1] == payment.refunded
    detail = f"Stripe shows {payment.refunded} refunded; our records showed {before}."
    if is_fixed:
        detail += " Our records are updated."
    return _payment_finding(payment, "refunds_differ", detail, is_fixed=is_fixed)


def _recorded_sums(sessions: sessionmaker[Session], reference: str) -> tuple[Money, Money] | None:
    """Return the recorded amounts paid and refunded; None if the payment is not recorded."""
    with sessions() as session:
        payment = session.scalar(select(Payment).where(Payment.reference == reference))
        if payment is None:
            return None
        refunded = session.scalar(
            select(func.coalesce(func.sum(Refund.amount), 0)).where(
                Refund.payment_id == payment.id,
                # Stripe counts a refund from its request until it fails.
                Refund.status.in_([RefundStatus.PENDING, RefundStatus.SUCCEEDED]),
                Refund.origin != RefundOrigin.DISPUTE,
            )
        )
        return payment.money, Money(int(refunded or 0), payment.currency)
