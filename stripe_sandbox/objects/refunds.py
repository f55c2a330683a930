"""Refunds: full or partial; immediate, slow, or failing later."""

from http import HTTPStatus
from typing import Any

from stripe_sandbox import cards, faults
from stripe_sandbox.cards import After
from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.ids import new_id
from stripe_sandbox.objects import balance, events
from stripe_sandbox.objects.customers import merge_metadata
from stripe_sandbox.storage import Document

_FAILURE_DELAY_SECONDS = 1.0


def create(context: Context, params: dict[str, Any]) -> Document:
    """Refund some or all of a charge.

    Raises:
        StripeError: there is no such charge, nothing is left of it, or it is disputed.
    """
    charge = _charge(context, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount: int = params.get("amount", left)
    _check_refundable(charge, amount=amount, left=left)
    method = context.tx.get(charge["payment_method"])
    is_card = method["type"] == "card"
    after = _after(context, method)
    pending = not is_card or after is After.REFUND_IS_SLOW
    id_ = new_id("re_" if is_card else "pyr_")
    refund: Document = {
        "id": id_,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": context.second,
        "currency": charge["currency"],
        "destination_details": _destination(is_card=is_card),
        "metadata": merge_metadata({}, params.get("metadata", {})),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }
    transaction = balance.add_transaction(
        context,
        kind="refund" if is_card else "payment_refund",
        category="refund",
        amount=-amount,
        fee=0,
        source=id_,
        currency=charge["currency"],
        description=f"REFUND FOR {charge['id']}",
    )
    refund["balance_transaction"] = transaction["id"]
    context.tx.add(refund)
    _set_refunded(context, charge, charge["amount_refunded"] + amount)
    if after is After.REFUND_FAILS or faults.use_one(context.tx, "refuse_refunds"):
        context.tx.schedule("refund_fails", id_, at=context.now + _FAILURE_DELAY_SECONDS)
    elif pending:
        context.tx.schedule("refund_succeeds", id_, at=context.now + context.config.settle_seconds)
    events.record(
        context,
        "charge.refunded",
        charge,
        previous={"amount_refunded": charge["amount_refunded"] - amount},
    )
    events.record(context, "refund.created", refund)
    return refund


def update(context: Context, refund: Document, params: dict[str, Any]) -> Document:
    """Change the metadata."""
    refund["metadata"] = merge_metadata(refund["metadata"], params.get("metadata", {}))
    context.tx.save(refund)
    events.record(context, "refund.updated", refund)
    return refund


def succeed(context: Context, refund: Document) -> Document:
    """Complete a pending refund."""
    if refund["status"] == "pending":
        refund["status"] = "succeeded"
        context.tx.save(refund)
        events.record(context, "refund.updated", refund, previous={"status": "pending"})
    return refund


def fail(context: Context, refund: Document) -> Document:
    """Fail a refund: its money returns to the charge.

    Raises:
        StripeError: it has failed or been canceled already.
    """
    if refund["status"] not in {"pending", "succeeded"}:
        message = f"The refund is {refund['status']}; it cannot fail anymore."
        raise invalid(message)
    context.tx.unschedule("refund_fails", refund["id"])
    context.tx.unschedule("refund_succeeds", refund["id"])
    before = refund["status"]
    transaction = balance.add_transaction(
        context,
        kind="refund_failure",
        category="refund_failure",
        amount=refund["amount"],
        fee=0,
        source=refund["id"],
        currency=refund["currency"],
        description=f"REFUND FAILURE FOR {refund['charge']}",
    )
    refund |= {
        "status": "failed",
        "failure_reason": "lost_or_stolen_card",
        "failure_balance_transaction": transaction["id"],
    }
    context.tx.save(refund)
    charge = context.tx.get(refund["charge"])
    _set_refunded(context, charge, charge["amount_refunded"] - refund["amount"])
    events.record(context, "refund.updated", refund, previous={"status": before})
    events.record(context, "refund.failed", refund)
    return refund


def _charge(context: Context, params: dict[str, Any]) -> Document:
    if ("charge" in params) is ("payment_intent" in params):
        message = (
            "One of the following params should be provided for this request: payment_intent or "
            "charge."
        )
        raise invalid(message, code="parameter_missing", param="payment_intent")
    if "charge" in params:
        return context.get(
            "charge", params["charge"], param="charge", status=HTTPStatus.BAD_REQUEST
        )
    intent = context.get(
        "payment_intent",
        params["payment_intent"],
        param="payment_intent",
        status=HTTPStatus.BAD_REQUEST,
    )
    if intent["status"] != "succeeded":
        message = (
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
        raise invalid(message, param="payment_intent")
    return context.tx.get(intent["latest_charge"])


def _check_refundable(charge: Document, *, amount: int, left: int) -> None:
    if charge["status"] != "succeeded":
        message = f"Charge {charge['id']} is {charge['status']} and cannot be refunded."
        raise invalid(message, param="charge")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(message, code="charge_disputed")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise invalid(message, code="charge_already_refunded")
    if amount > left:
        major = f"{amount / 100:.2f}", f"{left / 100:.2f}"
        message = (
            f"Refund amount (${major[0]}) is greater than unrefunded amount on charge (${major[1]})"
        )
        raise invalid(message, param="amount")


def _after(context: Context, method: Document) -> After:
    number = context.tx.private(method["id"]).get("card")
    return next((card.after for card in cards.CARDS if card.number == number), After.NOTHING)


def _destination(*, is_card: bool) -> Document:
    if not is_card:
        return {
            "type": "us_bank_transfer",
            "us_bank_transfer": {"reference": None, "reference_status": None},
        }
    return {
        "type": "card",
        "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number",
                 "type": "refund"},
    }  # fmt: skip


def _set_refunded(context: Context, charge: Document, refunded: int) -> None:
    charge["amount_refunded"] = refunded
    charge["refunded"] = refunded == charge["amount"]
    context.tx.save(charge)
