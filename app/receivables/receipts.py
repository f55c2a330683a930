"""Receipts: checks and transfers, recorded once and matched with what they pay.

A receipt is locked before the orders that it pays, and those in the order of their numbers, so that
two matches never wait for each other.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.core import clock
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.core.numbers import new_number
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.orders.models import Order
from app.orders.payment_recording import record_offline, void_payment
from app.orders.queries import lock_order
from app.orders.states import OFFLINE_METHODS, PaymentMethod
from app.receivables.errors import ReceiptRefundedError, ReceiptTakenError, ReceiptVoidError
from app.receivables.models import Receipt, ReceiptMatch, ReceiptRefund
from app.receivables.queries import lock_receipt
from app.receivables.targets import Target, count_owed, find_target

log = logging.getLogger(__name__)
# What a column of whole minor units holds.
MAX_AMOUNT = 2**31 - 1
NOON = time(12)


@dataclass(frozen=True, slots=True)
class ReceiptDraft:
    """What is printed on a check or transfer, and when it came."""

    payer: str
    method: PaymentMethod
    reference: str
    amount: Money
    received_on: date
    deposit: str = ""
    institution: Institution | None = None


@dataclass(frozen=True, slots=True)
class MatchDraft:
    """What a part of a receipt pays: an invoice or an order, by its number.

    Without an amount it is as much as is owed and left.
    """

    number: str
    amount: int | None = None


def record_receipt(
    session: Session,
    draft: ReceiptDraft,
    matches: Sequence[MatchDraft],
    *,
    today: date,
    actor: Actor,
) -> Receipt:
    """Record a check or transfer, once per payer and number, and match it. Safe to repeat.

    What is not matched stays as credit of the institution. ``today`` is the seller's day.

    Raises:
        InvalidInputError: it is nothing, or still to come, or a match is not possible.
        ReceiptTakenError: the same check is recorded with another amount or other matches.
    """
    _check_draft(draft, today)
    targets = _find_targets(session, matches)
    institution_id, key = _find_institution(draft, targets)
    values = {
        "number": new_number("RC"),
        "key": f"{draft.method} {normalize_key(draft.reference)} of {key}",
        "method": draft.method,
        "reference": draft.reference,
        "payer": draft.payer,
        "institution_id": institution_id,
        "institution_key": key,
        "currency": draft.amount.currency,
        "amount": draft.amount.amount,
        "received_on": draft.received_on,
        "deposit": draft.deposit,
        "recorded_by": actor.label[:200],
    }
    is_new = insert_ignore(session, Receipt, values, index_elements=["key"])
    receipt = session.scalars(
        select(Receipt).where(Receipt.key == values["key"]).with_for_update()
    ).one()
    if not is_new:
        _check_same(receipt, draft, targets)
        return receipt
    facts = {"amount": receipt.amount, "currency": receipt.currency, "payer": receipt.payer}
    reason = f"{draft.method.replace('_', ' ')} {draft.reference}"
    audit.record_action(
        session, "receipt", receipt.number, "recorded", actor, after=facts, reason=reason
    )
    _match(session, receipt, targets, matches, actor=actor)
    log.info("receipt.recorded", extra={"receipt": receipt.number, "amount": receipt.amount})
    return receipt


def record_for_order(
    session: Session,
    order: Order,
    *,
    amount: Money,
    method: PaymentMethod,
    reference: str,
    received_on: date | None,
    today: date,
    actor: Actor,
) -> Receipt:
    """Record a check or transfer of the order's own institution that pays this order.

    Raises:
        InvalidInputError: it is nothing, still to come, or in another currency.
        ReceiptTakenError: the check is recorded for another order, or with another amount.
    """
    if amount.currency != order.currency:
        detail = f"Enter an amount in {order.currency}."
        raise InvalidInputError.of(FieldProblem("#/amount/currency", detail))
    draft = ReceiptDraft(
        payer=order.institution,
        method=method,
        reference=reference,
        amount=amount,
        received_on=received_on or today,
    )
    return record_receipt(session, draft, [MatchDraft(order.number)], today=today, actor=actor)


def match_receipt(
    session: Session, number: str, matches: Sequence[MatchDraft], *, actor: Actor
) -> Receipt:
    """Match what is left of a receipt with more of what its institution owes.

    Raises:
        NotFoundError: no receipt has this number.
        ReceiptVoidError: it is void.
        InvalidInputError: a match is not possible.
    """
    targets = _find_targets(session, matches)
    if not targets:
        raise InvalidInputError.of(FieldProblem("#/matches", "Choose an invoice or an order."))
    receipt = lock_receipt(session, number)
    _check_not_void(receipt)
    _match(session, receipt, targets, matches, actor=actor)
    return receipt


def undo_match(
    session: Session, number: str, *, match_id: int, actor: Actor, reason: str
) -> Receipt:
    """Take a match back: the invoice is open again, and the amount is credit. Safe to repeat.

    Raises:
        NotFoundError: the receipt has no such match.
        PaymentNotVoidableError: some of the order's payment was refunded.
    """
    receipt = lock_receipt(session, number)
    match = next((match for match in receipt.matches if match.id == match_id), None)
    if match is None:
        detail = f"Payment {number} has no match {match_id}."
        raise NotFoundError(detail)
    if match.undone_at is None:
        _undo(session, receipt, match, actor=actor, reason=reason)
    return receipt


def refund_rest(
    session: Session,
    number: str,
    *,
    amount: Money,
    refunded_on: date,
    today: date,
    reference: str,
    reason: str,
    actor: Actor,
) -> Receipt:
    """Record that staff sent back what a receipt has left, by a check or transfer of ours.

    Raises:
        ReceiptVoidError: it is void.
        InvalidInputError: it is nothing, or more than is left, or still to come.
    """
    receipt = lock_receipt(session, number)
    _check_not_void(receipt)
    problems = []
    if amount.currency != receipt.currency:
        problems.append(FieldProblem("#/amount", f"Enter an amount in {receipt.currency}."))
    elif not 0 < amount.amount <= receipt.unmatched.amount:
        detail = f"Enter an amount up to {receipt.unmatched.words()}, which is not matched."
        problems.append(FieldProblem("#/amount", detail))
    if not receipt.received_on <= refunded_on <= today:
        detail = "Enter a day from the receipt of the money through today."
        problems.append(FieldProblem("#/refunded_on", detail))
    if problems:
        raise InvalidInputError.of(*problems)
    session.add(
        ReceiptRefund(
            receipt_id=receipt.id,
            amount=amount.amount,
            refunded_on=refunded_on,
            reference=reference,
            reason=reason,
            refunded_by=actor.label[:200],
        )
    )
    receipt.refunded_amount += amount.amount
    session.flush()
    session.expire(receipt, ["refunds"])
    facts = {"amount": amount.amount, "currency": amount.currency, "reference": reference}
    audit.record_action(session, "receipt", number, "refunded", actor, after=facts, reason=reason)
    return receipt


def void_receipt(session: Session, number: str, *, actor: Actor, reason: str) -> Receipt:
    """Void a receipt that was recorded by mistake, and undo its matches. Safe to repeat.

    Its invoices are open again, and its number is free.

    Raises:
        ReceiptRefundedError: some of its rest was sent back.
        PaymentNotVoidableError: some of an order's payment was refunded.
    """
    receipt = lock_receipt(session, number)
    if receipt.voided_at:
        return receipt
    if receipt.refunded_amount:
        detail = f"Some of payment {number} was refunded, so it can't be voided."
        raise ReceiptRefundedError(detail)
    for match in sorted(receipt.active_matches, key=lambda match: match.order.number):
        _undo(session, receipt, match, actor=actor, reason=reason)
    receipt.key = None
    receipt.voided_at, receipt.voided_by = clock.now(), actor.label[:200]
    receipt.void_reason = reason
    session.flush()
    audit.record_action(session, "receipt", number, "voided", actor, reason=reason)
    log.warning("receipt.voided", extra={"receipt": number})
    return receipt


def void_order_payment(
    session: Session, order: Order, *, payment_id: int, actor: Actor, reason: str
) -> None:
    """Void a payment of one order that was recorded by mistake.

    A check that pays nothing else is void; of one that pays other orders too, the part is credit.

    Raises:
        NotFoundError: the order has no such payment: it may be voided already.
        PaymentNotVoidableError: it came through Stripe, or some of it was refunded.
    """
    payment = next((item for item in order.payments if item.id == payment_id), None)
    match = payment and session.scalar(
        select(ReceiptMatch).where(ReceiptMatch.payment_reference == payment.reference)
    )
    if not match:
        void_payment(session, order, payment_id=payment_id, actor=actor, reason=reason)
    elif len(match.receipt.active_matches) == 1:
        void_receipt(session, match.receipt.number, actor=actor, reason=reason)
    else:
        undo_match(session, match.receipt.number, match_id=match.id, actor=actor, reason=reason)


def _check_not_void(receipt: Receipt) -> None:
    if receipt.voided_at:
        detail = f"Payment {receipt.number} was voided. Record it again."
        raise ReceiptVoidError(detail)


def _check_draft(draft: ReceiptDraft, today: date) -> None:
    problems = []
    if draft.method not in OFFLINE_METHODS:
        detail = "Choose check or transfer. Card and debit payments are recorded automatically."
        problems.append(FieldProblem("#/method", detail))
    if not normalize_key(draft.reference):
        problems.append(FieldProblem("#/number", "Enter the check or transfer number."))
    if draft.amount.amount <= 0:
        problems.append(FieldProblem("#/amount/amount", "Enter an amount greater than 0."))
    elif draft.amount.amount > MAX_AMOUNT:
        detail = f"Enter an amount up to {Money(MAX_AMOUNT, draft.amount.currency).words()}."
        problems.append(FieldProblem("#/amount/amount", detail))
    if draft.received_on > today:
        problems.append(FieldProblem("#/received_on", "Enter today or an earlier date."))
    if problems:
        raise InvalidInputError.of(*problems)


def _check_same(receipt: Receipt, draft: ReceiptDraft, targets: Iterable[Target]) -> None:
    matched = {match.order_id for match in receipt.active_matches}
    is_same = (receipt.amount, receipt.currency) == (draft.amount.amount, draft.amount.currency)
    if is_same and all(
        target.order.id in matched or not count_owed(target.order, target.invoice)
        for target in targets
    ):
        return
    detail = (
        f"{_describe(receipt)} is already recorded as {receipt.number}. Match what is left of it, "
        "or void it."
    )
    raise ReceiptTakenError(detail)


def _describe(receipt: Receipt) -> str:
    method = "Check" if receipt.method is PaymentMethod.CHECK else "Transfer"
    return f"{method} {receipt.reference} of {receipt.payer}, {receipt.total.words()},"


def _find_targets(session: Session, matches: Sequence[MatchDraft]) -> list[Target]:
    """Return what each match pays.

    Raises:
        InvalidInputError: some number is unknown, or named twice.
    """
    targets: list[Target] = []
    problems = []
    for index, match in enumerate(matches):
        pointer = f"#/matches/{index}/number"
        target = find_target(session, match.number)
        if isinstance(target, str):
            problems.append(FieldProblem(pointer, target))
        elif any(known.order.id == target.order.id for known in targets):
            problems.append(FieldProblem(pointer, "Enter each invoice once."))
        else:
            targets.append(target)
    if problems:
        raise InvalidInputError.of(*problems)
    return targets


def _find_institution(draft: ReceiptDraft, targets: Sequence[Target]) -> tuple[int | None, str]:
    """Return the institution whose money it is: as chosen, else of what it pays, else the payer."""
    if draft.institution is not None:
        return draft.institution.id, draft.institution.name_key
    if targets:
        order = targets[0].order
        return order.institution_id, order.institution_key
    return None, normalize_key(draft.payer)


def _match(
    session: Session,
    receipt: Receipt,
    targets: Sequence[Target],
    matches: Sequence[MatchDraft],
    *,
    actor: Actor,
) -> None:
    """Match in the order of the orders' numbers, each against what it owes under its lock."""
    if targets and not receipt.active_matches and receipt.institution_id is None:
        order = targets[0].order  # the payer's name says less than what it pays
        receipt.institution_id = order.institution_id
        receipt.institution_key = order.institution_key
    drafts = sorted(
        zip(range(len(matches)), targets, matches, strict=True),
        key=lambda entry: entry[1].order.number,
    )
    for index, target, match in drafts:
        order = lock_order(session, target.order.number)
        pointer = f"#/matches/{index}"
        _check_institution(receipt, order, pointer)
        owed = count_owed(order, target.invoice)
        amount = match.amount
        if amount is None:
            amount = min(owed, receipt.unmatched.amount)
            if amount <= 0:
                continue
        _check_amount(receipt, amount, owed, target, pointer)
        _add_match(session, receipt, order, target, amount, actor=actor)


def _check_institution(receipt: Receipt, order: Order, pointer: str) -> None:
    is_same = order.institution_key == receipt.institution_key or (
        order.institution_id is not None and order.institution_id == receipt.institution_id
    )
    problem = ""
    if not is_same:
        problem = f"Order {order.number} is of {order.institution}. Match one institution only."
    elif order.currency != receipt.currency:
        problem = f"Order {order.number} is in {order.currency}, not in {receipt.currency}."
    if problem:
        raise InvalidInputError.of(FieldProblem(f"{pointer}/number", problem))


def _check_amount(receipt: Receipt, amount: int, owed: int, target: Target, pointer: str) -> None:
    problem = ""
    if amount <= 0:
        problem = "Enter an amount greater than 0."
    elif amount > owed:
        money = Money(owed, receipt.currency).words()
        problem = f"{target.number} owes {money}. What is left of the payment stays as credit."
    elif amount > receipt.unmatched.amount:
        problem = f"{receipt.unmatched.words()} of the payment is left."
    if problem:
        raise InvalidInputError.of(FieldProblem(f"{pointer}/amount", problem))


def _add_match(
    session: Session,
    receipt: Receipt,
    order: Order,
    target: Target,
    amount: int,
    *,
    actor: Actor,
) -> None:
    match = ReceiptMatch(
        receipt_id=receipt.id,
        order_id=order.id,
        invoice_number=target.invoice.number if target.invoice else None,
        amount=amount,
        matched_by=actor.label[:200],
    )
    session.add(match)
    receipt.matched_amount += amount
    session.flush()
    record_offline(
        session,
        order,
        paid=Money(amount, receipt.currency),
        method=receipt.method,
        reference=receipt.reference,
        actor=actor,
        received_at=datetime.combine(receipt.received_on, NOON, clock.now().tzinfo),
        part=f"{receipt.number}/{match.id}",
    )
    match.payment_reference = order.payments[-1].reference
    session.flush()
    session.expire(receipt, ["matches"])
    facts = {
        "amount": amount,
        "currency": receipt.currency,
        "order": order.number,
        "invoice": match.invoice_number,
    }
    audit.record_action(session, "receipt", receipt.number, "matched", actor, after=facts)


def _undo(
    session: Session, receipt: Receipt, match: ReceiptMatch, *, actor: Actor, reason: str
) -> None:
    order = lock_order(session, match.order.number)
    reference = match.payment_reference
    payment = next((item for item in order.payments if item.reference == reference), None)
    if payment is None:
        detail = f"Order {order.number} has no payment {reference}."
        raise NotFoundError(detail)
    match.payment_reference = None
    match.undone_at, match.undone_by = clock.now(), actor.label[:200]
    match.undo_reason = reason
    receipt.matched_amount -= match.amount
    session.flush()
    void_payment(session, order, payment_id=payment.id, actor=actor, reason=reason)
    facts = {"amount": match.amount, "currency": receipt.currency, "order": order.number}
    audit.record_action(
        session, "receipt", receipt.number, "match_undone", actor, before=facts, reason=reason
    )
