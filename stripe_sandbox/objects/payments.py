"""Paying a session by card, at once or after 3-D Secure, or by bank debit, which settles later.

Each function takes a session or intent from the current transaction, and updates all objects, the
balance, and the events together.
"""

from dataclasses import dataclass
from enum import StrEnum

from stripe_sandbox import cards
from stripe_sandbox.cards import After, Bank, Card
from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.objects import balance, customers, events, shapes
from stripe_sandbox.storage import Document


class Outcome(StrEnum):
    """How an attempt to pay ended."""

    PAID = "paid"
    PROCESSING = "processing"
    AUTHENTICATE = "authenticate"
    DECLINED = "declined"
    CLOSED = "closed"
    """The session was paid or expired already."""


@dataclass(frozen=True, slots=True)
class Payer:
    """The person who pays, as entered on the hosted page."""

    email: str
    name: str
    country: str = "US"


def pay_by_card(
    context: Context,
    session: Document,
    card: Card,
    *,
    number: str,
    expires: tuple[int, int],
    payer: Payer,
) -> tuple[Outcome, str]:
    """Pay an open session by card. Return the outcome, and the message of a decline."""
    if session["status"] != "open":
        return Outcome.CLOSED, ""
    billing = shapes.billing_details(email=payer.email, name=payer.name, country=payer.country)
    method = context.tx.add(
        shapes.card_method(context, card, number=number, expires=expires, billing=billing),
        private={"card": card.number},
    )
    intent = _intent(context, session, method)
    if card.decline is not None:
        return Outcome.DECLINED, _decline(context, intent, method, card)
    if card.authenticates:
        intent["status"] = "requires_action"
        page = context.config.url(f"/c/pay/{session['id']}/authenticate")
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": session["url"], "url": page},
        }
        context.tx.save(intent)
        _store_payer(context, session, payer)
        events.record(context, "payment_intent.requires_action", intent)
        return Outcome.AUTHENTICATE, ""
    _succeed(context, session, intent, method, payer)
    return Outcome.PAID, ""


def authenticate(context: Context, session: Document, *, passed: bool) -> tuple[Outcome, str]:
    """Complete or fail the 3-D Secure step of a session."""
    if session["status"] != "open":
        return Outcome.CLOSED, ""
    intent = context.tx.find(session["payment_intent"] or "")
    if intent is None or intent["status"] != "requires_action":
        return Outcome.DECLINED, "There is nothing to authenticate. Enter the card again."
    method = context.tx.get(intent["payment_method"])
    if passed:
        payer = Payer(**context.tx.private(session["id"])["payer"])
        _succeed(context, session, intent, method, payer, authenticated=True)
        return Outcome.PAID, ""
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment "
        "method and try again."
    )
    intent["status"] = "requires_payment_method"
    intent["next_action"] = None
    intent["payment_method"] = None
    intent["last_payment_error"] = {
        "code": "payment_intent_authentication_failure",
        "message": message,
        "payment_method": method,
        "type": "invalid_request_error",
    }
    context.tx.save(intent)
    events.record(context, "payment_intent.payment_failed", intent)
    return Outcome.DECLINED, message


def pay_by_bank(
    context: Context, session: Document, bank: Bank, *, payer: Payer
) -> tuple[Outcome, str]:
    """Start a bank debit: the session completes unpaid; the debit settles or fails later."""
    if session["status"] != "open":
        return Outcome.CLOSED, ""
    billing = shapes.billing_details(email=payer.email, name=payer.name, country=payer.country)
    method = context.tx.add(
        shapes.bank_method(context, bank, billing=billing), private={"bank": bank.account}
    )
    intent = _intent(context, session, method)
    _set_customer(context, session, intent, method, payer)
    charge = shapes.charge(context, intent, method, status="pending")
    context.tx.add(charge)
    intent |= {"status": "processing", "latest_charge": charge["id"], "processing": None}
    context.tx.save(intent)
    context.tx.schedule("settle", intent["id"], at=context.now + context.config.settle_seconds)
    events.record(context, "charge.pending", charge)
    events.record(context, "payment_intent.processing", intent)
    _complete(context, session, payer, payment_status="unpaid")
    return Outcome.PROCESSING, ""


def settle(context: Context, intent: Document, *, failure: Bank | None = None) -> Document:
    """Settle a bank debit that is processing, or fail it.

    Raises:
        StripeError: the intent is not processing.
    """
    if intent["status"] != "processing":
        message = f"The payment is {intent['status']}; only one that is processing can settle."
        raise invalid(message, code="payment_intent_unexpected_state")
    context.tx.unschedule("settle", intent["id"])
    charge = context.tx.get(intent["latest_charge"])
    session = context.tx.select("checkout.session", payment_intent=intent["id"])[0]
    if failure is not None:
        _fail_debit(context, intent, charge, session, failure)
        return intent
    charge |= {"status": "succeeded", "paid": True}
    _record_payment(context, charge, kind="payment", fee=balance.bank_debit_fee(charge["amount"]))
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    context.tx.save(intent)
    session["payment_status"] = "paid"
    context.tx.save(session)
    events.record(context, "charge.succeeded", charge)
    events.record(context, "payment_intent.succeeded", intent)
    events.record(context, "checkout.session.async_payment_succeeded", session)
    return intent


def settle_as_planned(context: Context, intent: Document) -> Document:
    """Settle or fail a bank debit, as its test account says."""
    account = context.tx.private(intent["payment_method"])["bank"]
    bank = cards.bank_for(account)
    return settle(context, intent, failure=bank if bank and bank.failure else None)


def cancel(context: Context, intent: Document, reason: str | None) -> Document:
    """Cancel an unpaid intent. One of an open session is canceled by expiring the session."""
    if intent["status"] in {"succeeded", "processing", "canceled"}:
        message = (
            "You cannot cancel this PaymentIntent because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "canceled: requires_payment_method, requires_capture, requires_confirmation, "
            "requires_action."
        )
        raise invalid(message, code="payment_intent_unexpected_state")
    for session in context.tx.select("checkout.session", payment_intent=intent["id"]):
        if session["status"] == "open":
            message = (
                "You cannot cancel this PaymentIntent because it belongs to an open Checkout "
                "Session: expire the session instead."
            )
            raise invalid(message, code="payment_intent_unexpected_state")
    intent |= {
        "status": "canceled",
        "canceled_at": context.second,
        "cancellation_reason": reason,
        "next_action": None,
    }
    context.tx.save(intent)
    events.record(context, "payment_intent.canceled", intent)
    return intent


def _intent(context: Context, session: Document, method: Document) -> Document:
    """Return the session's intent with this attempt's method. The first attempt creates it."""
    if session["payment_intent"] is None:
        intent_data = context.tx.private(session["id"])["intent_data"]
        intent = shapes.intent(context, session, intent_data)
        context.tx.add(intent)
        events.record(context, "payment_intent.created", intent)
        session["payment_intent"] = intent["id"]
        context.tx.save(session)
    else:
        intent = context.tx.get(session["payment_intent"])
    intent |= {"payment_method": method["id"], "next_action": None}
    return intent


def _decline(context: Context, intent: Document, method: Document, card: Card) -> str:
    charge = shapes.charge(context, intent, method, status="failed")
    charge |= {
        "failure_code": card.code,
        "failure_message": card.message,
        "outcome": {
            "advice_code": "try_again_later",
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "declined_by_network",
            "reason": card.decline,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": f"The bank returned the decline code `{card.decline}`.",
            "type": "issuer_declined",
        },
        "receipt_url": None,
    }
    context.tx.add(charge)
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "latest_charge": charge["id"],
        "last_payment_error": {
            "charge": charge["id"],
            "code": card.code,
            "decline_code": card.decline,
            "message": card.message,
            "payment_method": method,
            "type": "card_error",
        },
    }
    context.tx.save(intent)
    events.record(context, "charge.failed", charge)
    events.record(context, "payment_intent.payment_failed", intent)
    return card.message


def _succeed(
    context: Context,
    session: Document,
    intent: Document,
    method: Document,
    payer: Payer,
    *,
    authenticated: bool = False,
) -> None:
    _set_customer(context, session, intent, method, payer)
    charge = shapes.charge(context, intent, method, status="succeeded")
    charge["outcome"] = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if authenticated:
        charge["payment_method_details"]["card"]["three_d_secure"] = {
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": None,
            "result": "authenticated",
            "result_reason": None,
            "transaction_id": charge["id"][3:],
            "version": "2.2.0",
        }
    context.tx.add(charge)
    _record_payment(context, charge, kind="charge", fee=balance.card_fee(charge["amount"]))
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
        "next_action": None,
    }
    context.tx.save(intent)
    events.record(context, "charge.succeeded", charge)
    events.record(context, "payment_intent.succeeded", intent)
    _complete(context, session, payer, payment_status="paid")
    if context.tx.private(method["id"]).get("card") == _disputed_card():
        # Soon after, as at Stripe: the client should see the payment first.
        context.tx.schedule("dispute", charge["id"], at=context.now + 1)


def _set_customer(
    context: Context, session: Document, intent: Document, method: Document, payer: Payer
) -> None:
    """Create the customer if the session asks for one, and set it on the intent and the method."""
    if session["customer_creation"] == "always" and session["customer"] is None:
        customer = customers.create(context, {"email": payer.email, "name": payer.name})
        session["customer"] = customer["id"]
    intent["customer"] = session["customer"]
    if session["customer_creation"] == "always":
        method["customer"] = session["customer"]
        context.tx.save(method)


def _disputed_card() -> str:
    return next(card.number for card in cards.CARDS if card.after is After.DISPUTE)


def _record_payment(context: Context, charge: Document, *, kind: str, fee: int) -> None:
    transaction = balance.add_transaction(
        context,
        kind=kind,
        category="charge",
        amount=charge["amount"],
        fee=fee,
        source=charge["id"],
        currency=charge["currency"],
        description=charge["description"] or "Checkout payment",
    )
    charge["balance_transaction"] = transaction["id"]
    context.tx.save(charge)


def _complete(context: Context, session: Document, payer: Payer, *, payment_status: str) -> None:
    session |= {
        "status": "complete",
        "payment_status": payment_status,
        "url": None,
        "customer_details": {
            "address": customers.full_address({"country": payer.country}),
            "business_name": None,
            "email": payer.email,
            "individual_name": None,
            "name": payer.name,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    context.tx.save(session)
    context.tx.unschedule("expire", session["id"])
    events.record(context, "checkout.session.completed", session)


def _fail_debit(
    context: Context, intent: Document, charge: Document, session: Document, bank: Bank
) -> None:
    charge |= {
        "status": "failed",
        "paid": False,
        "failure_code": bank.failure,
        "failure_message": bank.message,
    }
    context.tx.save(charge)
    method = context.tx.get(intent["payment_method"])
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": {
            "charge": charge["id"],
            "code": bank.failure,
            "message": bank.message,
            "payment_method": method,
            "type": "invalid_request_error",
        },
    }
    context.tx.save(intent)
    events.record(context, "charge.failed", charge)
    events.record(context, "payment_intent.payment_failed", intent)
    events.record(context, "checkout.session.async_payment_failed", session)


def _store_payer(context: Context, session: Document, payer: Payer) -> None:
    private = context.tx.private(session["id"])
    private["payer"] = {"email": payer.email, "name": payer.name, "country": payer.country}
    context.tx.save_private(session["id"], private)
