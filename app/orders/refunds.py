"""Refunds: requested, allocated to parts of the order, and applied when Stripe reports the result.

A requested refund reserves its part of the order's money, so that concurrent requests never refund
too much. A refund that fails frees it.
"""

import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.core import clock
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.licenses.lifecycle import reinstate
from app.orders.allocations import (
    Allocation,
    Part,
    PartLeft,
    find_problems,
    sum_allocations,
    to_json,
)
from app.orders.disputes import resolve_lost_dispute
from app.orders.errors import OrderClosedError
from app.orders.fulfillment import restore_lines, sync_fulfillment_state, withdraw_lines
from app.orders.holds import suspended_licenses
from app.orders.invoicing import find_refund_note, sync_invoice
from app.orders.issues import raise_issue, resolve_issue_about, resolve_issues, sync_amount_issues
from app.orders.models import Order, OrderLine, Payment, Refund
from app.orders.payment_emails import queue_order_refunded
from app.orders.payment_recording import sync_payment_state
from app.orders.queries import get_number_of_payment, lock_order
from app.orders.states import (
    COUNTED_REFUNDS,
    REFUND_TRANSITIONS,
    IssueCode,
    LicenseEffect,
    PaymentState,
    RefundOrigin,
    RefundStatus,
)
from app.orders.taxes import part_taxes

log = logging.getLogger(__name__)


def refundable(order: Order) -> dict[Part, int]:
    """Return how much of each part can still be refunded, in minor units; parts at 0 included.

    Amounts include tax. ``overpayment`` is what came beyond the order's total. No part ever gives
    more than was paid: what all of them give together is bounded by ``refundable_total``.
    """
    return {part: left.gross for part, left in _parts_left(order).items()}


def _parts_left(order: Order) -> dict[Part, PartLeft]:
    used: Counter[Part] = Counter()
    used_tax: Counter[Part] = Counter()
    for refund in order.refunds:
        if refund.status in COUNTED_REFUNDS:
            for entry in refund.allocations:
                tax = entry.get("tax", 0)
                used[entry["line"]] += entry["amount"] - tax
                used_tax[entry["line"]] += tax
    parts: dict[Part, int] = {line.number: line.total_amount for line in order.lines}
    if order.charges_amount:
        parts["charges"] = order.charges_amount
    if order.shipping_amount:
        parts["shipping"] = order.shipping_amount
    if order.paid_amount > order.total_amount:
        parts["overpayment"] = order.paid_amount - order.total_amount
    taxes = part_taxes(order)
    return {
        part: PartLeft(max(amount - used[part], 0), max(taxes.get(part, 0) - used_tax[part], 0))
        for part, amount in parts.items()
    }


def refundable_total(order: Order) -> Money:
    """Return the refundable amount of all payments."""
    rest = sum(_refundable_of(order, payment) for payment in order.payments)
    return Money(rest, order.currency)


def request_refund(
    session: Session,
    order: Order,
    *,
    allocations: Sequence[Allocation],
    effect: LicenseEffect,
    reason: str,
    actor: Actor,
    payment_id: int | None = None,
) -> Refund:
    """Record a refund to be made; its result goes to ``apply_refund_result``.

    It is taken from one payment: the newest that can bear it, or the one named.

    Raises:
        InvalidInputError: an allocation is more than its part, or the payment, can still give.
        OrderClosedError: the payment is in dispute: the bank decides now.
    """
    order = lock_order(session, order.number)
    if order.payment_state is PaymentState.DISPUTED:
        detail = f"Order {order.number} is disputed. The bank decides the outcome."
        raise OrderClosedError(detail)
    problems = find_problems(allocations, refundable(order), order.currency)
    if problems:
        raise InvalidInputError.of(*problems)
    amount = sum_allocations(allocations)
    payment = _payment_for(order, amount, payment_id)
    refund = Refund(
        order_id=order.id,
        payment=payment,
        origin=RefundOrigin.STAFF,
        status=RefundStatus.REQUESTED,
        amount=amount,
        currency=order.currency,
        reason=reason,
        license_effect=effect,
        allocations=to_json(allocations, _parts_left(order)),
        requested_by=actor.label[:200],
    )
    session.add(refund)
    session.flush()
    session.expire(order, ["refunds"])
    audit.record(
        session,
        actor=actor,
        action="order.refund_requested",
        object_type="order",
        object_ref=order.number,
        after={"amount": amount, "currency": order.currency, "licenses": str(effect)},
        reason=reason,
    )
    log.info("refund.requested", extra={"order": order.number, "amount": amount})
    return refund


def apply_refund_result(
    session: Session,
    *,
    refund_id: int,
    status: RefundStatus,
    actor: Actor,
    reference: str | None = None,
    failure: str = "",
) -> Refund:
    """Apply the result of a refund: pending, succeeded or failed. Safe to repeat.

    On success the sums change, licenses end if requested, and the buyer gets an email. A refund
    that fails, even after it succeeded, is undone and raises an issue.

    Raises:
        NotFoundError: there is no such refund.
        InvalidTransitionError: it failed before; a new attempt is a new refund.
    """
    number = session.scalar(
        select(Order.number).join(Refund, Refund.order_id == Order.id).where(Refund.id == refund_id)
    )
    if number is None:
        detail = f"Refund {refund_id} not found."
        raise NotFoundError(detail)
    order = lock_order(session, number)
    refund = next(refund for refund in order.refunds if refund.id == refund_id)
    if reference is not None and refund.reference is None:
        refund.reference = reference
        session.flush()
    _apply_status(session, order, refund, status, actor=actor, failure=failure)
    return refund


def record_refund_delay(session: Session, *, refund_id: int, why: str) -> None:
    """Record why an open refund could not be advanced; it is tried again."""
    session.execute(
        update(Refund)
        .where(
            Refund.id == refund_id,
            Refund.status.in_([RefundStatus.REQUESTED, RefundStatus.PENDING]),
        )
        .values(failure=why[:500])
    )


def record_external_refund(
    session: Session,
    *,
    payment_reference: str,
    reference: str,
    amount: Money,
    status: RefundStatus,
    actor: Actor,
    reason: str = "Made outside the store",
    failure: str = "",
) -> Refund:
    """Record a refund that was made at Stripe directly, once per ``reference``. Safe to repeat.

    It is unallocated and raises an issue; licenses stay. A known reference, ours or not, is brought
    to ``status`` instead.

    Raises:
        NotFoundError: no payment has this reference (yet).
    """
    order = lock_order(session, get_number_of_payment(session, payment_reference))
    payment = next(p for p in order.payments if p.reference == payment_reference)
    values = {
        "order_id": order.id,
        "payment_id": payment.id,
        "origin": RefundOrigin.EXTERNAL,
        "status": RefundStatus.REQUESTED,
        "amount": amount.amount,
        "currency": amount.currency,
        "reference": reference,
        "reason": reason[:500],
        "license_effect": LicenseEffect.KEEP,
        "allocations": [],
        "requested_by": actor.label[:200],
    }
    new = insert_ignore(session, Refund, values, index_elements=["reference"])
    session.expire(order, ["refunds"])
    refund = next(refund for refund in order.refunds if refund.reference == reference)
    if new:
        detail = f"{amount.words()} was refunded outside the store. Allocate it to lines."
        raise_issue(session, order, IssueCode.EXTERNAL_REFUND, detail, about=reference)
    _apply_status(session, order, refund, status, actor=actor, failure=failure)
    return refund


def allocate_refund(
    session: Session,
    order: Order,
    *,
    refund_id: int,
    allocations: Sequence[Allocation],
    effect: LicenseEffect,
    actor: Actor,
) -> Refund:
    """Allocate a refund to parts of the order, and apply its effect on the licenses.

    Licenses that a lost dispute suspended are reinstated when they are kept.

    Raises:
        NotFoundError: the order has no such refund, or it is allocated.
        InvalidInputError: the allocations do not add up to it, or a part has less than that left.
    """
    order = lock_order(session, order.number)
    refund = next((r for r in order.refunds if r.id == refund_id and not r.allocations), None)
    if refund is None or refund.status is RefundStatus.FAILED:
        detail = f"Order {order.number} has no unallocated refund {refund_id}."
        raise NotFoundError(detail)
    problems = find_problems(allocations, refundable(order), order.currency)
    if not problems and sum_allocations(allocations) != refund.amount:
        detail = f"Enter amounts that add up to {refund.money.words()}."
        problems = [FieldProblem("#/allocations", detail)]
    if problems:
        raise InvalidInputError.of(*problems)
    refund.allocations = to_json(allocations, _parts_left(order))
    refund.license_effect = effect
    if refund.status is RefundStatus.SUCCEEDED:
        _apply_amounts(order, refund, sign=1, amount=0)
        _affect_licenses(session, order, refund, actor=actor)
        sync_fulfillment_state(session, order, actor=actor, reason="refunded")
    if refund.origin is RefundOrigin.DISPUTE:
        resolve_lost_dispute(session, order, actor=actor)
    sync_invoice(session, order, actor=actor, reason="refund allocated")
    audit.record(
        session,
        actor=actor,
        action="order.refund_allocated",
        object_type="order",
        object_ref=order.number,
        after={"allocations": refund.allocations, "licenses": str(effect)},
        reason=refund.reference or "",
    )
    if not any(r.status in COUNTED_REFUNDS and not r.allocations for r in order.refunds):
        resolve_issues(session, order, IssueCode.EXTERNAL_REFUND, actor=actor)
    return refund


def _apply_status(
    session: Session,
    order: Order,
    refund: Refund,
    status: RefundStatus,
    *,
    actor: Actor,
    failure: str,
) -> None:
    before = refund.status
    if before is not RefundStatus.FAILED:
        refund.failure = ""
    if status is RefundStatus.REQUESTED or (
        status is RefundStatus.PENDING and before is RefundStatus.SUCCEEDED
    ):
        return  # older than the stored status
    is_changed = transition(
        session,
        refund,
        "status",
        status,
        table=REFUND_TRANSITIONS,
        actor=actor,
        reason=failure or refund.reference or "",
        object_type="refund",
        object_ref=f"{order.number}/{refund.id}",
    )
    if not is_changed:
        return
    if status is RefundStatus.SUCCEEDED:
        _apply_success(session, order, refund, actor=actor)
    elif status is RefundStatus.FAILED:
        refund.failure = failure[:500]
        _apply_failure(session, order, refund, before, actor=actor)
    # Its result may have closed or reopened the order.
    sync_invoice(session, order, actor=actor, reason=f"refund {status}")


def _apply_success(session: Session, order: Order, refund: Refund, *, actor: Actor) -> None:
    refund.settled_at = clock.now()
    _apply_amounts(order, refund, sign=1, amount=refund.amount)
    sync_payment_state(session, order, actor=actor, reason=f"refund {refund.reference or ''}")
    _affect_licenses(session, order, refund, actor=actor)
    _resolve_refund_issues(session, order, refund, actor=actor)
    sync_invoice(session, order, actor=actor, reason="refunded")
    note = find_refund_note(session, refund)
    queue_order_refunded(session, order, refund, credit_note=note)
    sync_fulfillment_state(session, order, actor=actor, reason="refunded")


def _apply_failure(
    session: Session, order: Order, refund: Refund, before: RefundStatus, *, actor: Actor
) -> None:
    refund.settled_at = None
    if before is RefundStatus.SUCCEEDED:
        _apply_amounts(order, refund, sign=-1, amount=refund.amount)
        sync_payment_state(session, order, actor=actor, reason="the refund failed")
        about = f"refund {refund.id}"
        sync_amount_issues(session, order, about=about, actor=actor)
        if refund.license_effect is LicenseEffect.REVOKE:
            ended = {
                line.number
                for other in order.refunds
                if other.status is RefundStatus.SUCCEEDED
                and other.license_effect is LicenseEffect.REVOKE
                for line in _lines_of(order, other)
            }
            lines = [line for line in _lines_of(order, refund) if line.number not in ended]
            restore_lines(session, order, lines, actor=actor, reason="its refund failed")
    if refund.reference:
        resolve_issue_about(
            session, order, IssueCode.EXTERNAL_REFUND, refund.reference, actor=actor
        )
    why = f": {refund.failure.rstrip('.')}" if refund.failure else ""
    detail = f"The refund of {refund.money.words()} failed{why}."
    raise_issue(session, order, IssueCode.REFUND_FAILED, detail, about=str(refund.id))


def _resolve_refund_issues(session: Session, order: Order, refund: Refund, *, actor: Actor) -> None:
    """Resolve the issues that a refund settles."""
    sync_amount_issues(session, order, about=f"refund {refund.id}", actor=actor)
    for other in order.refunds:
        if other.status is RefundStatus.FAILED and other.amount == refund.amount:
            resolve_issue_about(session, order, IssueCode.REFUND_FAILED, str(other.id), actor=actor)
    for line in order.lines:
        if line.license is None and line.refunded_amount >= line.gross_amount:
            code = IssueCode.LICENSE_NOT_GRANTED
            resolve_issue_about(session, order, code, str(line.number), actor=actor)
    if order.refunded_amount >= order.paid_amount:
        resolve_issues(session, order, IssueCode.PAID_AFTER_CLOSE, actor=actor)


def _apply_amounts(order: Order, refund: Refund, *, sign: int, amount: int) -> None:
    """Change the order's sums, and those of the parts that the refund is allocated to.

    Money in another currency never entered the sums, so it does not leave them either.
    """
    if refund.currency == order.currency:
        order.refunded_amount += sign * amount
    lines = {line.number: line for line in order.lines}
    for entry in refund.allocations:
        if entry["line"] == "shipping":
            order.shipping_refunded_amount += sign * entry["amount"]
        elif entry["line"] == "charges":
            order.charges_refunded_amount += sign * entry["amount"]
        elif entry["line"] in lines:
            lines[entry["line"]].refunded_amount += sign * entry["amount"]


def _affect_licenses(session: Session, order: Order, refund: Refund, *, actor: Actor) -> None:
    lines = _lines_of(order, refund)
    if refund.license_effect is LicenseEffect.REVOKE:
        reason = f"refunded: {refund.reason}"
        withdraw_lines(session, order, lines, actor=actor, reason=reason)
    elif refund.origin is RefundOrigin.DISPUTE:
        held = suspended_licenses(order)
        for line in lines:
            if line.license is not None and line.license in held:
                reinstate(session, line.license, actor=actor, reason="kept after a lost dispute")


def _lines_of(order: Order, refund: Refund) -> list[OrderLine]:
    touched = {entry["line"] for entry in refund.allocations}
    return [line for line in order.lines if line.number in touched]


def _refundable_of(order: Order, payment: Payment) -> int:
    """Return the refundable amount of a payment; none if it is in another currency."""
    if payment.currency != order.currency:
        return 0
    taken = sum(
        refund.amount
        for refund in order.refunds
        if refund.payment_id == payment.id and refund.status in COUNTED_REFUNDS
    )
    return max(payment.amount - taken, 0)


def split_over_payments(
    order: Order, allocations: Sequence[Allocation]
) -> list[tuple[int | None, list[Allocation]]]:
    """Return the refunds that give ``allocations`` back: one, or one a payment if none bears all.

    Each comes with the payment that it is taken from; None leaves the choice to the refund.
    """
    rests = {payment.id: _refundable_of(order, payment) for payment in order.payments}
    if sum_allocations(allocations) <= max(rests.values(), default=0):
        return [(None, list(allocations))]
    refunds: dict[int, list[Allocation]] = {}
    left = [(item.line, item.amount) for item in allocations]
    for payment_id, rest in rests.items():
        room = rest
        while left and room > 0:
            line, amount = left[0]
            taken = min(amount, room)
            refunds.setdefault(payment_id, []).append(Allocation(line=line, amount=taken))
            room -= taken
            left[0] = (line, amount - taken)
            if taken == amount:
                left.pop(0)
    if left:  # more than is left of all: the refund says so
        return [(None, list(allocations))]
    return list(refunds.items())


def _payment_for(order: Order, amount: int, payment_id: int | None) -> Payment:
    rests = {payment.id: _refundable_of(order, payment) for payment in order.payments}
    able = [p for p in order.payments if rests[p.id] >= amount and payment_id in {None, p.id}]
    if able:
        return able[-1]
    best = max(rests.values(), default=0)
    limit = Money(best, order.currency).words()
    detail = f"Enter at most {limit}. A refund can't exceed what is left of a single payment."
    raise InvalidInputError.of(FieldProblem("#/allocations", detail))
