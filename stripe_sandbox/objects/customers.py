"""Customers."""

from typing import Any

from stripe_sandbox.context import Context
from stripe_sandbox.ids import new_id
from stripe_sandbox.objects import events
from stripe_sandbox.storage import Document

_FIELDS = (
    "address", "description", "email", "name", "phone", "preferred_locales", "shipping",
    "tax_exempt", "business_name", "individual_name",
)  # fmt: skip
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def merge_metadata(metadata: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """Return metadata with changes applied: a key is set, or removed by an empty value."""
    return {key: value for key, value in {**metadata, **changes}.items() if value}


def full_address(address: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an address with all of its fields; missing ones are None."""
    return {name: address.get(name) for name in _ADDRESS} if address else None


def create(context: Context, params: dict[str, Any]) -> Document:
    """Create a customer."""
    id_ = new_id("cus_")[:18]
    customer: Document = {
        "id": id_,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": context.second,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": id_[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _apply(customer, params)
    context.tx.add(customer)
    events.record(context, "customer.created", customer)
    return customer


def update(context: Context, customer: Document, params: dict[str, Any]) -> Document:
    """Change the fields in ``params``."""
    before = dict(customer)
    _apply(customer, params)
    context.tx.save(customer)
    changed = {name: before.get(name) for name in customer if customer[name] != before.get(name)}
    if changed:
        events.record(context, "customer.updated", customer, previous=changed)
    return customer


def delete(context: Context, customer: Document) -> Document:
    """Delete a customer. Its payments stay."""
    context.tx.delete(customer["id"])
    events.record(context, "customer.deleted", customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}


def _apply(customer: Document, params: dict[str, Any]) -> None:
    for name in _FIELDS:
        if name in params:
            customer[name] = params[name]
    if "address" in params:
        customer["address"] = full_address(params["address"])
    if params.get("shipping"):
        customer["shipping"] = full_shipping(params["shipping"])
    customer["metadata"] = merge_metadata(customer["metadata"], params.get("metadata", {}))


def full_shipping(shipping: dict[str, Any]) -> dict[str, Any]:
    """Return shipping details with all of their fields."""
    return {
        "name": shipping["name"],
        "phone": shipping.get("phone"),
        "address": full_address(shipping.get("address")) or dict.fromkeys(_ADDRESS),
        "carrier": shipping.get("carrier"),
        "tracking_number": shipping.get("tracking_number"),
    }
