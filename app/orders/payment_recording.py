"""Payments: recorded once per reference, online or by staff, and voided if that was a mistake."""

import logging
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.billing.purchase_orders import release_uses, retake_use
from app.core import clock
from app.core.db import insert_ignore
from app.core.email_outbox import drop_email
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.licenses.lifecycle import reinstate, suspend
from app.orders import payment_emails
from app.orders.errors import PaymentNotVoidableError, PaymentReferenceTakenError
from app.orders.expiry import FAILED_EXTENSION, PENDING_EXTENSION, extend_expiry
from app.orders.fulfillment import fulfill, restore_lines, sync_fulfillment_state, transition_order
from app.orders.holds import suspended_licenses
from app.orders.invoicing import sync_invoice
from app.orders.issues import (
    raise_issue,
    reopen_issue,
    resolve_issue_about,
    resolve_issues,
    sync_amount_issues,
)
from app.orders.models import Order, Payment
from app.orders.order_emails import OrderReceived
from app.orders.payment_emails import queue_payment_voided
from app.orders.queries import lock_order
from app.orders.states import (
    OFFLINE_METHODS,
    IssueCode,
    OrderState,
    PaymentMethod,
    PaymentState,
    derive_payment_state,
)
from app.orders.taxes import refuse_unresolved_tax

log = logging.getLogger(__name__)
# Issues that a payment in full resolves.
UNPAID_ISSUES = (IssueCode.PO_REVIEW, IssueCode.PAYMENT_REFUSED, IssueCode.TAX_UNRESOLVED)


def record_payment(
    session: Session,
    *,
    number: str,
    paid: Money,
    method: PaymentMethod,
    reference: str,
    actor: Actor,
    received_at: datetime | None = None,
    receipt_url: str | None = None,
) -> Order:
    """Record one payment, once per ``reference``, and its effects. Safe to repeat.

    An order that is paid in full is accepted, licensed, and prepared for shipping. A wrong amount
    or currency, or a payment of a closed order, is recorded and raises an issue.

    Raises:
        NotFoundError: no order has this number.
        PaymentReferenceTakenError: the reference is a payment of another order.
    """
    order = lock_order(session, number)
    values = {
        "order_id": order.id,
        "method": PaymentMethod(method),
        "reference": reference,
        "amount": paid.amount,
        "currency": paid.currency,
        "received_at": received_at or clock.now(),
        "recorded_by": actor.label[:200],
        "receipt_url": receipt_url,
    }
    if not insert_ignore(session, Payment, values, index_elements=["reference"]):
        _check_same_order(session, order, reference)
        _add_receipt_url(session, reference, receipt_url)
        return order
    session.expire(order, ["payments"])
    audit.record(
        session,
        actor=actor,
        action="order.payment_recorded",
        object_type="order",
        object_ref=order.number,
        after={"amount": paid.amount, "currency": paid.currency, "method": str(method)},
        reason=reference,
    )
    log.info("order.paid", extra={"order": number, "paid": str(paid), "reference": reference})
    if paid.currency != order.currency:
        detail = f"{paid} was paid, but the order is in {order.currency}."
        raise_issue(session, order, IssueCode.AMOUNT_MISMATCH, detail, about=reference)
        return order
    _apply(session, order, paid, reference=reference, actor=actor)
    return order


def is_recorded(
    session: Session, *, order_id: int, reference: str, receipt_url: str | None
) -> bool:
    """Return whether ``record_payment`` has nothing left to do for this payment.

    It is checked before the order is locked, because Stripe reports each payment several times.
    """
    known = select(Payment.id).where(Payment.order_id == order_id, Payment.reference == reference)
    if receipt_url is not None:
        known = known.where(Payment.receipt_url.is_not(None))
    return session.scalar(known) is not None


def record_payment_pending(
    session: Session, *, number: str, actor: Actor, reference: str = ""
) -> Order:
    """Record that a bank debit is under way, which settles or fails days later. Safe to repeat.

    It may be for all of the order, or for what is left of it. Does nothing once that has arrived.

    Raises:
        NotFoundError: no order has this number.
    """
    order = lock_order(session, number)
    if order.payment_state not in {
        PaymentState.UNPAID,
        PaymentState.PARTIALLY_PAID,
        PaymentState.WRITTEN_OFF,
    }:
        return order
    transition_order(session, order, PaymentState.PENDING, actor=actor, reason=reference)
    extend_expiry(order, PENDING_EXTENSION)
    session.flush()
    payment_emails.queue_payment_pending(session, order, reference=reference or actor.ref)
    return order


def record_payment_failure(
    session: Session, *, number: str, actor: Actor, reason: str, reference: str = ""
) -> Order:
    """Record that a bank debit failed, so the order awaits payment again. Safe to repeat.

    Does nothing unless a payment was pending: a declined card never leaves the payment page.

    Raises:
        NotFoundError: no order has this number.
    """
    order = lock_order(session, number)
    if order.payment_state is not PaymentState.PENDING:
        return order
    sync_payment_state(session, order, actor=actor, reason=reason)
    extend_expiry(order, FAILED_EXTENSION)
    session.flush()
    payment_emails.queue_payment_failed(
        session, order, reason=reason, reference=reference or actor.ref
    )
    return order


def complete_free_order(session: Session, order: Order, *, actor: Actor) -> None:
    """Accept and fulfill an order that costs nothing."""
    sync_payment_state(session, order, actor=actor, reason="nothing to pay")
    transition_order(session, order, OrderState.ACCEPTED, actor=actor, reason="nothing to pay")
    resolve_issues(session, order, *UNPAID_ISSUES, actor=actor)
    drop_email(session, OrderReceived, once=order.number)  # that of the license says all of it
    fulfill(session, order, actor=actor, reason="nothing to pay")
    sync_invoice(session, order, actor=actor, reason="nothing to pay")


def sync_payment_state(
    session: Session, order: Order, *, actor: Actor, reason: str, disputed: bool | None = None
) -> bool:
    """Sync the payment state with the order's sums; return whether it changed.

    ``disputed`` says whether a dispute is open now; by default that is as it was.
    """
    session.flush()
    if disputed is None:
        disputed = order.payment_state is PaymentState.DISPUTED
    target = derive_payment_state(
        total=order.total_amount,
        paid=order.paid_amount,
        refunded=order.refunded_amount,
        disputed=disputed,
    )
    if target is PaymentState.REFUNDED:
        # All money is back, so the purchase order may be used for it again.
        release_uses(session, order.number, actor=actor, reason="order refunded")
        resolve_issues(session, order, IssueCode.PO_LIMIT, actor=actor)
    elif order.payment_state is PaymentState.REFUNDED:
        _retake_purchase_order(session, order, actor=actor, reason=reason)
    return transition_order(session, order, target, actor=actor, reason=reason)


def _retake_purchase_order(session: Session, order: Order, *, actor: Actor, reason: str) -> None:
    """Take what an accepted order uses of its purchase order again, as its refund failed."""
    purchase_order = order.purchase_order
    if purchase_order is None or order.state not in {OrderState.ACCEPTED, OrderState.COMPLETED}:
        return
    if retake_use(session, purchase_order, order_number=order.number, actor=actor, reason=reason):
        return
    balance = purchase_order.balance
    left = f"only {balance.words()} is left" if balance is not None else "nothing is left"
    detail = (
        f"A refund failed, so the order uses purchase order {purchase_order.number} again, but "
        f"{left} of it. Ask the buyer for another purchase order."
    )
    reopen_issue(session, order, IssueCode.PO_LIMIT, detail)


def _apply(session: Session, order: Order, paid: Money, *, reference: str, actor: Actor) -> None:
    was_paid = order.paid_amount >= order.total_amount
    order.paid_amount += paid.amount
    over = order.paid_amount - order.total_amount
    # A debit for the rest is under way until the bank says how it ended.
    if over >= 0 or order.payment_state is not PaymentState.PENDING:
        sync_payment_state(session, order, actor=actor, reason=reference)
    session.flush()
    if was_paid:
        detail = f"Paid twice: {paid.words()} was received after the order was paid. Refund it."
        raise_issue(session, order, IssueCode.PAID_TWICE, detail, about=reference)
        sync_invoice(session, order, actor=actor, reason=f"paid: {reference}")
        return
    sync_amount_issues(session, order, about=reference, actor=actor)
    if over < 0:
        sync_invoice(session, order, actor=actor, reason=f"paid: {reference}")
        payment_emails.queue_payment_in_part(session, order, paid, reference=reference)
        return
    closed, why = order.state in {OrderState.CANCELED, OrderState.EXPIRED}, f"paid: {reference}"
    _accept(session, order, reference=reference, actor=actor)
    resolve_issues(session, order, *UNPAID_ISSUES, actor=actor)
    if closed:
        restore_lines(session, order, order.lines, actor=actor, reason=why, notify_buyer=False)
    else:
        fulfill(session, order, actor=actor, reason=why, notify_buyer=False)
    on_hold = suspended_licenses(order)
    if on_hold and not order.has_lost_dispute:
        # A payment was voided: now the order is paid.
        for license_ in on_hold:
            reinstate(session, license_, actor=actor, reason=f"paid: {reference}")
    invoice = sync_invoice(session, order, actor=actor, reason=why)
    payment_emails.queue_payment_received(
        session, order, paid, reference=reference, invoice=invoice
    )
    sync_fulfillment_state(session, order, actor=actor, reason=f"paid: {reference}")


def _accept(session: Session, order: Order, *, reference: str, actor: Actor) -> None:
    closed = order.state if order.state in {OrderState.CANCELED, OrderState.EXPIRED} else None
    if order.state not in {OrderState.ACCEPTED, OrderState.COMPLETED}:
        transition_order(
            session, order, OrderState.ACCEPTED, actor=actor, reason=f"paid: {reference}"
        )
    if closed is not None:
        detail = (
            f"Paid after it was {closed}. The order was accepted again. Check that this is right."
        )
        raise_issue(session, order, IssueCode.PAID_AFTER_CLOSE, detail, about=reference)


def _add_receipt_url(session: Session, reference: str, receipt_url: str | None) -> None:
    """Add the receipt to a payment that was recorded without one."""
    if receipt_url is not None:
        session.execute(
            update(Payment)
            .where(Payment.reference == reference, Payment.receipt_url.is_(None))
            .values(receipt_url=receipt_url)
        )


def _check_same_order(session: Session, order: Order, reference: str) -> None:
    owner = session.scalar(select(Payment.order_id).where(Payment.reference == reference))
    if owner != order.id:
        detail = f"Payment {reference} is recorded for another order, not {order.number}."
        raise PaymentReferenceTakenError(detail)


def record_offline(
    session: Session,
    order: Order,
    *,
    paid: Money,
    method: PaymentMethod,
    reference: str,
    actor: Actor,
    received_at: datetime | None = None,
    part: str = "",
) -> Order:
    """Record money that came by check or transfer; ``reference`` is the number printed on it.

    The same number of the same institution is one payment, however often it is recorded; unless
    it is a named ``part`` of a check that pays several orders.

    Raises:
        InvalidInputError: it is a card or a debit, in another currency, or nothing.
        PaymentReferenceTakenError: the check is recorded for another order.
        TaxUnresolvedError: nobody has said yet what tax the order owes.
    """
    if method not in OFFLINE_METHODS:
        detail = "Choose check or transfer. Card and debit payments are recorded automatically."
        raise InvalidInputError.of(FieldProblem("#/method", detail))
    if paid.currency != order.currency:
        detail = f"Enter an amount in {order.currency}."
        raise InvalidInputError.of(FieldProblem("#/amount/currency", detail))
    refuse_unresolved_tax(order)
    if paid.amount <= 0:
        raise InvalidInputError.of(
            FieldProblem("#/amount/amount", ("Enter an amount greater than 0."))
        )
    return record_payment(
        session,
        number=order.number,
        paid=paid,
        method=method,
        # Check 1234 of one institution is not another's.
        reference=f"{method} {reference} of {part or order.institution_key}"[:255],
        actor=actor,
        received_at=received_at,
    )


def void_payment(
    session: Session, order: Order, *, payment_id: int, actor: Actor, reason: str
) -> Order:
    """Take back a check or transfer that was recorded by mistake. Its number is free again.

    If the order is not paid without it, and was not accepted on terms, its licenses are suspended
    until it is paid, or a person reinstates them. The buyer gets an email.

    Raises:
        NotFoundError: the order has no such payment: it may be voided already.
        PaymentNotVoidableError: it came through Stripe, or some of it was refunded.
    """
    order = lock_order(session, order.number)
    payment = next((item for item in order.payments if item.id == payment_id), None)
    if payment is None:
        detail = f"Order {order.number} has no payment {payment_id}."
        raise NotFoundError(detail)
    if payment.method not in OFFLINE_METHODS:
        detail = "A payment made through Stripe can't be voided. Refund it instead."
        raise PaymentNotVoidableError(detail)
    if any(refund.payment_id == payment.id for refund in order.refunds):
        detail = "This payment was refunded, so it can't be voided."
        raise PaymentNotVoidableError(detail)
    audit.record(
        session,
        actor=actor,
        action="order.payment_voided",
        object_type="order",
        object_ref=order.number,
        before=_audit_facts(payment),
        reason=reason,
    )
    money, reference = payment.money, payment.reference
    session.delete(payment)
    session.flush()
    session.expire(order, ["payments"])
    resolve_issue_about(session, order, IssueCode.AMOUNT_MISMATCH, reference, actor=actor)
    if money.currency == order.currency:
        order.paid_amount -= money.amount
        sync_payment_state(session, order, actor=actor, reason=f"voided: {reason}")
        sync_amount_issues(session, order, about=f"void {payment_id}", actor=actor)
    if order.balance.amount and not order.on_terms:
        for line in order.lines:
            if line.license is not None:
                suspend(session, line.license, actor=actor, reason=f"payment voided: {reason}")
    sync_invoice(session, order, actor=actor, reason=f"payment voided: {reason}")
    log.warning("order.payment_voided", extra={"order": order.number, "payment": payment_id})
    queue_payment_voided(session, order, money, payment_id=payment_id)
    return order


def _audit_facts(payment: Payment) -> dict[str, object]:
    return {
        "amount": payment.amount,
        "currency": payment.currency,
        "method": str(payment.method),
        "reference": payment.reference,
        "received_at": payment.received_at.isoformat(),
        "recorded_by": payment.recorded_by,
    }
