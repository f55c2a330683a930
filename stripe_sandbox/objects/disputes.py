"""Disputes: a cardholder asks the bank for the money back; the merchant wins or loses."""

from typing import Any, Final

from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.ids import new_id
from stripe_sandbox.objects import balance, events
from stripe_sandbox.objects.customers import merge_metadata
from stripe_sandbox.params import EVIDENCE
from stripe_sandbox.storage import Document

REASONS: Final = (
    "fraudulent", "product_not_received", "product_unacceptable", "duplicate",
    "credit_not_processed", "unrecognized", "general",
)  # fmt: skip
_CLOSED_STATUSES: Final = frozenset({"won", "lost"})
_FILES: Final = (
    "cancellation_policy", "customer_communication", "customer_signature",
    "duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation",
    "shipping_documentation", "uncategorized_file",
)  # fmt: skip
_RESPONSE_TIME_SECONDS: Final = 9 * 86_400
_NETWORK_CODES: Final = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6"}


def create(context: Context, charge: Document, *, reason: str = "fraudulent") -> Document:
    """Open a dispute over the rest of a charge, and withdraw its money and a fee at once.

    Raises:
        StripeError: the charge was not paid by card, is disputed already, or nothing is left of it.
    """
    left = charge["amount"] - charge["amount_refunded"]
    card = charge["payment_method_details"].get("card")
    if charge["status"] != "succeeded" or charge["disputed"] or left == 0 or card is None:
        message = f"Charge {charge['id']} cannot be disputed (again)."
        raise invalid(message, param="charge")
    if reason not in REASONS:
        message = f"Invalid reason: must be one of {', '.join(REASONS)}"
        raise invalid(message, param="reason")
    dispute = context.tx.add(
        {
            "id": new_id("du_"),
            "object": "dispute",
            "amount": left,
            "balance_transactions": [],
            "charge": charge["id"],
            "created": context.second,
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": dict.fromkeys((*EVIDENCE, *_FILES)) | {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": context.second + _RESPONSE_TIME_SECONDS,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "intended_submission_method": None,
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "payment_method_details": {
                "card": {
                    "brand": card["brand"],
                    "case_type": "chargeback",
                    "network_reason_code": _NETWORK_CODES.get(reason, "13.3"),
                },
                "type": "card",
            },
            "reason": reason,
            "status": "needs_response",
        }
    )
    charge["disputed"] = True
    context.tx.save(charge)
    _move_funds(context, dispute, amount=-left, fee=balance.DISPUTE_FEE, category="dispute")
    events.record(context, "charge.dispute.created", dispute)
    events.record(context, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def update(context: Context, dispute: Document, params: dict[str, Any]) -> Document:
    """Add evidence, and submit it to the bank unless ``submit`` is false.

    As at Stripe in test mode, the text ``winning_evidence`` wins and ``losing_evidence`` loses.

    Raises:
        StripeError: the dispute is closed.
    """
    if dispute["status"] in _CLOSED_STATUSES:
        message = "This dispute is already closed"
        raise invalid(message)
    dispute["metadata"] = merge_metadata(dispute["metadata"], params.get("metadata", {}))
    evidence = params.get("evidence", {})
    dispute["evidence"] |= evidence
    details = dispute["evidence_details"]
    details["has_evidence"] = details["has_evidence"] or bool(evidence)
    if evidence and params.get("submit", True):
        details["submission_count"] += 1
        dispute["status"] = "under_review"
    context.tx.save(dispute)
    events.record(context, "charge.dispute.updated", dispute)
    text = dispute["evidence"]["uncategorized_text"]
    if dispute["status"] == "under_review" and text in {"winning_evidence", "losing_evidence"}:
        decide(context, dispute, won=text == "winning_evidence")
    return dispute


def decide(context: Context, dispute: Document, *, won: bool) -> Document:
    """Close a dispute. If it is won, its money comes back; the fee does not.

    Raises:
        StripeError: the dispute is closed already.
    """
    if dispute["status"] in _CLOSED_STATUSES:
        message = "This dispute is already closed"
        raise invalid(message)
    dispute["status"] = "won" if won else "lost"
    context.tx.save(dispute)
    if won:
        _move_funds(context, dispute, amount=dispute["amount"], fee=0, category="dispute_reversal")
        events.record(context, "charge.dispute.funds_reinstated", dispute)
    events.record(context, "charge.dispute.closed", dispute)
    return dispute


def _move_funds(
    context: Context, dispute: Document, *, amount: int, fee: int, category: str
) -> None:
    direction = "withdrawal" if amount < 0 else "reversal"
    transaction = balance.add_transaction(
        context,
        kind="adjustment",
        category=category,
        amount=amount,
        fee=fee,
        source=dispute["id"],
        currency=dispute["currency"],
        description=f"Chargeback {direction} for {dispute['charge']}",
    )
    dispute["balance_transactions"].append(transaction)
    context.tx.save(dispute)
