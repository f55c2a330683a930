"""New payment methods, payment intents, and charges, as the API returns them."""

from typing import Any

from stripe_sandbox.cards import BANK_NAME, ROUTING_NUMBER, Bank, Card
from stripe_sandbox.context import Context
from stripe_sandbox.ids import new_id
from stripe_sandbox.objects.customers import full_address, full_shipping
from stripe_sandbox.storage import Document


def billing_details(*, email: str, name: str, country: str) -> dict[str, Any]:
    """Return the billing details that the payer entered."""
    return {
        "address": full_address({"country": country}),
        "email": email,
        "name": name,
        "phone": None,
        "tax_id": None,
    }


def card_method(
    context: Context, card: Card, *, number: str, expires: tuple[int, int], billing: Document
) -> Document:
    """Return a payment method for a card, with the last four digits of its number."""
    month, year = expires
    return _method(
        context,
        "card",
        billing,
        {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "fail" if card.code == "incorrect_cvc" else "pass",
            },
            "country": "US",
            "display_brand": card.brand.replace("amex", "american_express"),
            "exp_month": month,
            "exp_year": year,
            "fingerprint": f"sandbox{number[-8:]}"[:16],
            "funding": "credit",
            "generated_from": None,
            "last4": number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
    )


def bank_method(context: Context, bank: Bank, *, billing: Document) -> Document:
    """Return a payment method for a test bank account."""
    return _method(
        context,
        "us_bank_account",
        billing,
        {
            "account_holder_type": "company",
            "account_type": "checking",
            "bank_name": BANK_NAME,
            "financial_connections_account": None,
            "fingerprint": f"sandbox{bank.last4}bank",
            "last4": bank.last4,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": ROUTING_NUMBER,
            "status_details": {},
        },
    )


def _method(context: Context, type_: str, billing: Document, details: Document) -> Document:
    return {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing,
        "created": context.second,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        type_: details,
        "type": type_,
    }


def intent(context: Context, session: Document, intent_data: dict[str, Any]) -> Document:
    """Return the payment intent of a session; ``intent_data`` is its ``payment_intent_data``."""
    id_ = new_id("pi_")
    shipping = intent_data.get("shipping")
    return {
        "id": id_,
        "object": "payment_intent",
        "allowed_payment_method_types": session["allowed_payment_method_types"],
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": intent_data.get("capture_method", "automatic_async"),
        "client_secret": f"{id_}_secret_{new_id('')}",
        "confirmation_method": "automatic",
        "created": context.second,
        "currency": session["currency"],
        "customer": session["customer"],
        "customer_account": None,
        "description": intent_data.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": intent_data.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": session["payment_method_types"],
        "processing": None,
        "receipt_email": intent_data.get("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": full_shipping(shipping) if shipping else None,
        "statement_descriptor": intent_data.get("statement_descriptor"),
        "statement_descriptor_suffix": intent_data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": intent_data.get("transfer_group"),
    }


def charge(context: Context, payment: Document, method: Document, *, status: str) -> Document:
    """Return a charge of a payment intent: succeeded, pending, or failed.

    The charge of a bank debit has Stripe's prefix ``py_``.
    """
    is_card = method["type"] == "card"
    id_ = new_id("ch_" if is_card else "py_")
    return {
        "id": id_,
        "object": "charge",
        "amount": payment["amount"],
        "amount_captured": 0 if status == "failed" else payment["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "STRIPE SANDBOX" if is_card else None,
        "captured": status != "failed",
        "created": context.second,
        "currency": payment["currency"],
        "customer": payment["customer"],
        "description": payment["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": payment["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": status == "succeeded",
        "payment_intent": payment["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method),
        "radar_options": {},
        "receipt_email": payment["receipt_email"],
        "receipt_number": None,
        "receipt_url": context.config.url(f"/receipts/{id_}"),
        "refunded": False,
        "review": None,
        "shipping": payment["shipping"],
        "source_transfer": None,
        "statement_descriptor": payment["statement_descriptor"],
        "statement_descriptor_suffix": payment["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": payment["transfer_group"],
    }


_CARD_DETAILS = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
_BANK_DETAILS = (
    "account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number"
)  # fmt: skip


def _details(method: Document) -> Document:
    type_ = method["type"]
    source = method[type_]
    if type_ == "us_bank_account":
        details = {name: source[name] for name in _BANK_DETAILS}
        details["payment_reference"] = None
    else:
        details = {name: source[name] for name in _CARD_DETAILS}
        details |= {
            "installments": None,
            "last4": source["last4"],
            "mandate": None,
            "network": source["brand"],
            "three_d_secure": None,
            "wallet": None,
        }
    return {type_: details, "type": type_}
