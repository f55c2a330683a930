"""What a payment page asks for: lines that add up to what the order owes."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.core.config import Settings
from app.core.money import Money
from app.orders.models import Order
from app.payments.facts import CheckoutLine, CheckoutRequest


def build_request(
    order: Order, settings: Settings, *, attempt: int, expires_at: datetime
) -> CheckoutRequest:
    """Return the request for a page on which ``order`` can be paid."""
    page, token = f"/orders/{order.number}", order.access_token
    return CheckoutRequest(
        order_number=order.number,
        attempt=attempt,
        email=order.email,
        lines=_lines(order),
        # Stripe puts the id in place of the braces.
        success_url=settings.url(f"{page}/return?token={token}&session_id={{CHECKOUT_SESSION_ID}}"),
        cancel_url=settings.url(f"{page}?token={token}"),
        expires_at=expires_at,
    )


def _lines(order: Order) -> tuple[CheckoutLine, ...]:
    """Return lines that add up to what is left to pay, to the cent."""
    if order.balance != order.total:
        return (
            CheckoutLine(
                name=f"Balance of order {order.number}",
                description=f"{order.balance.words()} of {order.total.words()}",
                unit=order.balance,
                quantity=1,
            ),
        )
    lines = [
        CheckoutLine(
            name=line.film_title or line.sku,
            description=f"{line.title or line.sku}, for {order.institution}",
            unit=Money(line.unit_amount, order.currency),
            quantity=line.quantity,
        )
        for line in order.lines
    ]
    lines += [
        CheckoutLine(name=text, description=f"Order {order.number}", unit=amount, quantity=1)
        for text, amount in order.priced_charges
    ]
    others = (
        ("Shipping", "One parcel, with tracking", order.shipping_price),
        ("Tax", order.tax_note or f"Order {order.number}", order.tax),
    )
    lines += [
        CheckoutLine(name, description, amount, quantity=1)
        for name, description, amount in others
        if amount.amount
    ]
    return tuple(lines)


def to_json(request: CheckoutRequest) -> dict[str, Any]:
    """Return the request as an attempt stores it."""
    return {**asdict(request), "expires_at": request.expires_at.isoformat()}


def from_json(stored: dict[str, Any]) -> CheckoutRequest:
    """Return what ``to_json`` wrote."""
    return CheckoutRequest(
        **{
            **stored,
            "lines": tuple(
                CheckoutLine(**{**line, "unit": Money(**line["unit"])}) for line in stored["lines"]
            ),
            "expires_at": datetime.fromisoformat(stored["expires_at"]),
        }
    )
