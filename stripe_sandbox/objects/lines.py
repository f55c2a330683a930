"""Line items of a checkout session, with the prices and products that they create."""

from http import HTTPStatus
from typing import Any

from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Document


def create(context: Context, params: dict[str, Any]) -> list[Document]:
    """Return the line items of a session, created from its parameters.

    Raises:
        StripeError: a line has no price or quantity, a price is unknown, or the currencies
            differ.
    """
    items = [
        _line(context, line, f"line_items[{position}]")
        for position, line in enumerate(params["line_items"])
    ]
    currencies = {item["currency"] for item in items}
    if "currency" in params:
        currencies.add(params["currency"].lower())
    if len(currencies) > 1:
        message = "All prices on a Checkout Session must use the same currency"
        raise invalid(message, param="line_items")
    return items


def _line(context: Context, params: dict[str, Any], param: str) -> Document:
    if ("price" in params) is ("price_data" in params):
        message = "You must specify either `price` or `price_data` when creating a line item."
        raise invalid(message, param=param, code="parameter_missing")
    if "price" in params:
        price = context.get(
            "price", params["price"], param=f"{param}[price]", status=HTTPStatus.BAD_REQUEST
        )
    else:
        price = _price(context, params["price_data"], f"{param}[price_data]")
    quantity = params.get("quantity")
    if not quantity:
        message = "Quantity is required. Add `quantity` to the line item, at least 1."
        raise invalid(message, param=f"{param}[quantity]", code="parameter_missing")
    amount = price["unit_amount"] * quantity
    product = context.tx.get(price["product"])
    return {
        "id": new_id("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": params.get("metadata", {}),
        "price": price,
        "quantity": quantity,
    }


def _price(context: Context, params: dict[str, Any], param: str) -> Document:
    if "unit_amount" not in params:
        message = f"Missing required param: {param}[unit_amount]."
        raise invalid(message, param=f"{param}[unit_amount]", code="parameter_missing")
    if ("product" in params) is ("product_data" in params):
        message = "You must specify either `product` or `product_data` when creating a price."
        raise invalid(message, param=param, code="parameter_missing")
    if "product" in params:
        product_id: str = context.get(
            "product", params["product"], param=f"{param}[product]", status=HTTPStatus.BAD_REQUEST
        )["id"]
    else:
        product_id = _product(context, params["product_data"])["id"]
    return context.tx.add(
        {
            "id": new_id("price_"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": context.second,
            "currency": params["currency"].lower(),
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": product_id,
            "recurring": None,
            "tax_behavior": params.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": params["unit_amount"],
            "unit_amount_decimal": str(params["unit_amount"]),
        }
    )


def _product(context: Context, params: dict[str, Any]) -> Document:
    return context.tx.add(
        {
            "id": new_id("prod_")[:19],
            "object": "product",
            "active": False,
            "created": context.second,
            "default_price": None,
            "description": params.get("description"),
            "images": params.get("images", []),
            "livemode": False,
            "marketing_features": [],
            "metadata": params.get("metadata", {}),
            "name": params["name"],
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": params.get("tax_code"),
            "unit_label": params.get("unit_label"),
            "updated": context.second,
            "url": None,
        }
    )
