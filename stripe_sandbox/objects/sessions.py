"""Checkout sessions."""

from http import HTTPStatus
from typing import Any, Final

from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.ids import new_id
from stripe_sandbox.names import MAX_CHARGE, MIN_CHARGE
from stripe_sandbox.objects import events, lines, taxes
from stripe_sandbox.objects.customers import merge_metadata
from stripe_sandbox.params import PAYMENT_METHODS
from stripe_sandbox.storage import Document

MIN_OPEN_SECONDS: Final = 30 * 60
MAX_OPEN_SECONDS: Final = 24 * 60 * 60
# Allows for clock differences: a client may ask for exactly 30 minutes.
_CLOCK_TOLERANCE_SECONDS: Final = 60
_TEXTS: Final = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


def create(context: Context, params: dict[str, Any]) -> Document:
    """Create a session with its hosted page."""
    _check_mode(params)
    customer = None
    if "customer" in params:
        if "customer_email" in params:
            message = "You may only specify one of these parameters: customer, customer_email."
            raise invalid(message, param="customer_email")
        if "customer_creation" in params:
            message = "You may only specify one of these parameters: customer, customer_creation."
            raise invalid(message, param="customer_creation")
        customer = context.get(
            "customer", params["customer"], param="customer", status=HTTPStatus.BAD_REQUEST
        )
    items = lines.create(context, params)
    subtotal = sum(item["amount_total"] for item in items)
    adds_tax = params.get("automatic_tax", {}).get("enabled", False)
    if adds_tax:
        products = [context.tx.get(item["price"]["product"]) for item in items]
        taxes.add_taxes(items, products, customer)
    total = sum(item["amount_total"] for item in items)
    _check_total(total, items[0]["currency"])
    session = _session(
        context, params, items=items, total=total, email=customer["email"] if customer else None
    )
    session |= {"automatic_tax": taxes.automatic_tax(is_enabled=adds_tax)}
    session["amount_subtotal"] = subtotal
    session["total_details"]["amount_tax"] = total - subtotal
    context.tx.add(
        session, private={"lines": items, "intent_data": params.get("payment_intent_data", {})}
    )
    context.tx.schedule("expire", session["id"], at=session["expires_at"])
    return session


def _check_total(total: int, currency: str) -> None:
    # For other currencies Stripe requires the equivalent of half a dollar on that day.
    minimum = MIN_CHARGE.get(currency, 1)
    if total < minimum:
        message = (
            "The Checkout Session's total amount due must add up to at least "
            f"{minimum} {currency}, in its smallest unit"
        )
        raise invalid(message, param="line_items", code="amount_too_small")
    if total > MAX_CHARGE:
        message = (
            "The Checkout Session's total amount due must be no more than "
            f"{MAX_CHARGE} {currency}, in its smallest unit"
        )
        raise invalid(message, param="line_items", code="amount_too_large")


def update(context: Context, session: Document, params: dict[str, Any]) -> Document:
    """Change the metadata."""
    session["metadata"] = merge_metadata(session["metadata"], params.get("metadata", {}))
    return context.tx.save(session)


def expire(context: Context, session: Document, *, by_request: bool) -> Document:
    """Expire an open session and cancel its payment intent.

    Raises:
        StripeError: ``by_request``, and the session is not open.
    """
    if session["status"] != "open":
        if by_request:
            message = (
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
                f"Session has a status of `{session['status']}`."
            )
            raise invalid(message)
        return session
    session["status"] = "expired"
    session["url"] = None
    context.tx.save(session)
    context.tx.unschedule("expire", session["id"])
    if session["payment_intent"]:
        intent = context.tx.get(session["payment_intent"])
        intent |= {
            "status": "canceled",
            "canceled_at": context.second,
            "cancellation_reason": "automatic",
            "next_action": None,
        }
        context.tx.save(intent)
        events.record(context, "payment_intent.canceled", intent)
    events.record(context, "checkout.session.expired", session)
    return session


def _check_mode(params: dict[str, Any]) -> None:
    if params.get("mode", "payment") != "payment":
        message = f"The local sandbox does not simulate mode={params['mode']}."
        raise invalid(message, param="mode")
    if "mode" not in params:
        message = "Missing required param: mode."
        raise invalid(message, param="mode", code="parameter_missing")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        message = f"The local sandbox does not simulate ui_mode={params['ui_mode']}."
        raise invalid(message, param="ui_mode")
    for required in ("line_items", "success_url"):
        if not params.get(required):
            message = f"Missing required param: {required}."
            raise invalid(message, param=required, code="parameter_missing")


def _expires_at(context: Context, params: dict[str, Any]) -> int:
    expires_at: int = params.get("expires_at", context.second + MAX_OPEN_SECONDS)
    if expires_at < context.now + MIN_OPEN_SECONDS - _CLOCK_TOLERANCE_SECONDS:
        message = (
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        )
        raise invalid(message, param="expires_at")
    if expires_at > context.now + MAX_OPEN_SECONDS + _CLOCK_TOLERANCE_SECONDS:
        message = (
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        )
        raise invalid(message, param="expires_at")
    return expires_at


def _methods(params: dict[str, Any], currency: str) -> list[str]:
    allowed = params.get("allowed_payment_method_types") or PAYMENT_METHODS
    excluded = params.get("excluded_payment_method_types", [])
    methods = [
        method
        for method in PAYMENT_METHODS
        if method in allowed
        and method not in excluded
        and (method == "card" or currency == "usd")  # bank debits are in dollars only
    ]
    if not methods:
        message = "No valid payment method types for this Checkout Session."
        raise invalid(message, param="allowed_payment_method_types")
    return methods


def _session(
    context: Context,
    params: dict[str, Any],
    *,
    items: list[Document],
    total: int,
    email: str | None,
) -> Document:
    id_ = new_id("cs_test_a1")
    currency = items[0]["currency"]
    texts = params.get("custom_text", {})
    return {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": taxes.automatic_tax(is_enabled=False),
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": context.second,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {name: texts.get(name) for name in _TEXTS},
        "customer": params.get("customer"),
        "customer_account": None,
        "customer_creation": None
        if "customer" in params
        else params.get("customer_creation", "if_required"),
        "customer_details": _details(params.get("customer_email") or email),
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": _expires_at(context, params),
        "invoice": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None, "custom_fields": None, "description": None,
                "footer": None, "issuer": None, "metadata": {}, "rendering_options": None,
            },
        },
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": merge_metadata({}, params.get("metadata", {})),
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": _methods(params, currency),
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": context.config.url(f"/c/pay/{id_}"),
        "wallet_options": None,
    }  # fmt: skip


def _details(email: str | None) -> Document | None:
    if email is None:
        return None
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }
