"""The parameters of a hosted checkout page, as Stripe's API takes them. Pure."""

from typing import Any

from app.payments.facts import CheckoutLine, CheckoutRequest

# Characters of a line's name and description that we send: enough for the longest title.
MAX_NAME_LENGTH = 250
# https://docs.stripe.com/tax/tax-codes
TAX_CODES = {
    "tangible": "txcd_99999999",  # tangible goods
    "digital": "txcd_10402100",  # audiovisual works: downloaded, permanent rights
    "license": "txcd_10402000",  # audiovisual works: streamed, limited rights
    "shipping": "txcd_92010001",
    "charge": "txcd_20030000",  # services
}


def build_session_params(request: CheckoutRequest, *, store_id: str) -> dict[str, Any]:
    """Return the parameters of the page, without the customer whose tax it computes."""
    adds_tax = request.tax_customer is not None
    tags = {
        "store_id": store_id,
        "order_number": request.order_number,
        "attempt": str(request.attempt),
    }
    params: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "client_reference_id": request.order_number,
        # The buyer pays our amount in our currency, to the cent.
        "adaptive_pricing": {"enabled": False},
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
        "metadata": tags,
        # The payment carries the tags too: some events know only the payment.
        "payment_intent_data": {
            "description": f"Order {request.order_number}",
            "metadata": tags,
        },
        "line_items": [_line_item(line, adds_tax=adds_tax) for line in request.lines],
        "expand": ["payment_intent.latest_charge"],
    }
    if adds_tax:
        params["automatic_tax"] = {"enabled": True}
    elif request.email:  # without it the page asks for it
        params["customer_email"] = request.email
    return params


def build_customer_params(request: CheckoutRequest, tags: dict[str, str]) -> dict[str, Any] | None:
    """Return the parameters of the customer by whose addresses Stripe computes the tax."""
    customer = request.tax_customer
    if customer is None:
        return None
    name = customer.name[:MAX_NAME_LENGTH]
    params: dict[str, Any] = {"name": name, "address": customer.billing, "metadata": tags}
    if request.email:
        params["email"] = request.email
    if customer.shipping:
        params["shipping"] = {"name": name, "address": customer.shipping}
    return params


def _line_item(line: CheckoutLine, *, adds_tax: bool) -> dict[str, Any]:
    product = {
        "name": line.name[:MAX_NAME_LENGTH],
        "description": line.description[:MAX_NAME_LENGTH],
    }
    price: dict[str, Any] = {
        "currency": line.unit.currency.lower(),
        "unit_amount": line.unit.amount,
        "product_data": product,
    }
    item: dict[str, Any] = {"quantity": line.quantity, "price_data": price}
    if adds_tax:
        product["tax_code"] = TAX_CODES[line.tax_kind]
        price["tax_behavior"] = "exclusive"
        # So that the tax of each line is found again.
        item["metadata"] = {"part": line.key}
    return item
