"""Stripe Tax, with fixed rates: enough to see tax come, go, and differ by product."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from stripe_sandbox.errors import invalid
from stripe_sandbox.storage import Document

# Percent, by the state or province of the address that counts. Elsewhere no tax is due.
RATES: Final = {
    "CA": Decimal("9.5"),
    "NY": Decimal("8.875"),
    "ON": Decimal(13),
    "PA": Decimal(6),
    "TX": Decimal("8.25"),
}
# Where audiovisual works that are downloaded or streamed are taxed as well.
DIGITAL_STATES: Final = frozenset({"ON", "PA", "TX"})
_DIGITAL_CODES: Final = ("txcd_104",)


def add_taxes(items: list[Document], products: list[Document], customer: Document | None) -> int:
    """Add the tax of each line item to it; return the sum.

    Raises:
        StripeError: the customer has no address to tax by.
    """
    state = _state(customer)
    for item, product in zip(items, products, strict=True):
        tax = _tax(item["amount_subtotal"], str(product["tax_code"] or ""), state)
        item["amount_tax"] = tax
        item["amount_total"] = item["amount_subtotal"] + tax
    return sum(item["amount_tax"] for item in items)


def automatic_tax(*, is_enabled: bool) -> dict[str, Any]:
    """Return what a session says of its tax."""
    if not is_enabled:
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    return {
        "enabled": True,
        "liability": {"type": "self"},
        "provider": "stripe",
        "status": "complete",
    }


def _state(customer: Document | None) -> str:
    shipping = (customer or {}).get("shipping") or {}
    address = shipping.get("address") or (customer or {}).get("address") or {}
    if not address.get("country"):
        message = (
            "The local sandbox computes tax for a customer with an address only. Pass `customer`, "
            "and set its `address` or `shipping`."
        )
        raise invalid(message, param="customer", code="customer_tax_location_invalid")
    return str(address.get("state") or "")


def _tax(amount: int, tax_code: str, state: str) -> int:
    rate = RATES.get(state, Decimal(0))
    if tax_code.startswith(_DIGITAL_CODES) and state not in DIGITAL_STATES:
        rate = Decimal(0)
    exact = Decimal(amount) * rate / 100
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
