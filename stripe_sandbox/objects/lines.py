"""Line items of a checkout session, with the prices and products that they make on the way."""

from typing import Any

from stripe_sandbox.context import Context
from stripe_sandbox.errors import invalid, missing
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Document


def make(context: Context, params: dict[str, Any]) -> list[Document]:
    """Return the line items that a session's parameters ask for.

    Raises:
        StripeError: a line without price or quantity, an unknown price, or lines in more than one
            currency.
    """
    items = [
        _line(context, given, f"line_items[{position}]")
        for position, given in enumerate(params["line_items"])
    ]
    currencies = {item["currency"] for item in items}
    if "currency" in params:
        currencies.add(params["currency"].lower())
    if len(currencies) > 1:
        message = "All prices on a Checkout Session must use the same currency"
        raise invalid(message, param="line_items")
    return items


def _line(context: Context, given: dict[str, Any], param: str) -> Document:
    if ("price" in given) is ("price_data" in given):
        message = "You must specify either `price` or `price_data` when creating a line item."
        raise invalid(message, param=param, code="parameter_missing")
    if "price" in given:
        price = context.tx.find(given["price"], "price")
        if price is None:
            error = missing("price", given["price"], param=f"{param}[price]")
            error.status = 400
            raise error
    else:
        price = _price(context, given["price_data"], f"{param}[price_data]")
    quantity = given.get("quantity")
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
        "metadata": given.get("metadata", {}),
        "price": price,
        "quantity": quantity,
    }


def _price(context: Context, given: dict[str, Any], param: str) -> Document:
    if "unit_amount" not in given:
        message = f"Missing required param: {param}[unit_amount]."
        raise invalid(message, param=f"{param}[unit_amount]", code="parameter_missing")
    if ("product" in given) is ("product_data" in given):
        message = "You must specify either `product` or `product_data` when creating a price."
        raise invalid(message, param=param, code="parameter_missing")
    if "product" in given:
        if context.tx.find(given["product"], "product") is None:
            error = missing("product", given["product"], param=f"{param}[product]")
            error.status = 400
            raise error
        product_id: str = given["product"]
    else:
        product_id = _product(context, given["product_data"])["id"]
    return context.tx.add(
        {
            "id": new_id("price_"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": context.second,
            "currency": given["currency"].lower(),
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": product_id,
            "recurring": None,
            "tax_behavior": given.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": given["unit_amount"],
            "unit_amount_decimal": str(given["unit_amount"]),
        }
    )


def _product(context: Context, given: dict[str, Any]) -> Document:
    return context.tx.add(
        {
            "id": new_id("prod_")[:19],
            "object": "product",
            "active": False,
            "created": context.second,
            "default_price": None,
            "description": given.get("description"),
            "images": given.get("images", []),
            "livemode": False,
            "marketing_features": [],
            "metadata": given.get("metadata", {}),
            "name": given["name"],
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": given.get("tax_code"),
            "unit_label": given.get("unit_label"),
            "updated": context.second,
            "url": None,
        }
    )
