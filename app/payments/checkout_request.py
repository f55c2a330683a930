"""What a payment page asks for: lines that add up to what the order owes."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.billing.models import Invoice
from app.billing.states import TaxKind
from app.billing.tax import kind_of_delivery
from app.core.config import Settings
from app.core.money import Money
from app.orders.models import Order
from app.payments.facts import CheckoutLine, CheckoutRequest, TaxCustomer


def build_request(
    order: Order,
    invoice: Invoice | None,
    settings: Settings,
    *,
    attempt: int,
    expires_at: datetime,
) -> CheckoutRequest:
    """Return the request for a page on which ``order`` can be paid.

    It leads back to the order, or to its ``invoice``: accounts payable may have the link of the
    invoice only, and holders of the order's link may see both.
    """
    page = find_page(order, invoice)
    token = invoice.access_token if invoice else order.access_token
    return CheckoutRequest(
        order_number=order.number,
        attempt=attempt,
        email=order.email,
        lines=_lines(order),
        tax_customer=_tax_customer(order) if order.waits_for_stripe_tax else None,
        # Stripe puts the id in place of the braces.
        success_url=settings.url(f"{page}/return?token={token}&session_id={{CHECKOUT_SESSION_ID}}"),
        cancel_url=settings.url(f"{page}?token={token}"),
        expires_at=expires_at,
    )


def find_page(order: Order, invoice: Invoice | None) -> str:
    """Return the path to which the payment page leads back, without its secret."""
    return f"/invoices/{invoice.number}" if invoice else f"/orders/{order.number}"


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
            key=str(line.number),
            tax_kind=kind_of_delivery(line.snapshot.get("delivery")),
        )
        for line in order.lines
    ]
    lines += [
        CheckoutLine(text, f"Order {order.number}", amount, 1, "charges", TaxKind.CHARGE)
        for text, amount in order.priced_charges
    ]
    if order.shipping_amount:
        about = "One parcel, with tracking"
        lines.append(
            CheckoutLine("Shipping", about, order.shipping_price, 1, "shipping", TaxKind.SHIPPING)
        )
    if order.tax_amount:
        lines.append(CheckoutLine("Tax", order.tax_note or f"Order {order.number}", order.tax, 1))
    return tuple(lines)


def _tax_customer(order: Order) -> TaxCustomer:
    """Return the addresses by which Stripe computes the tax."""
    return TaxCustomer(
        name=order.institution,
        billing=_stripe_address(order.billing),
        shipping=_stripe_address(order.shipping) if order.shipping else None,
    )


def _stripe_address(address: dict[str, Any]) -> dict[str, str]:
    names = {"region": "state"}
    return {names.get(name, name): value for name, value in address.items() if value}


def to_json(request: CheckoutRequest) -> dict[str, Any]:
    """Return the request as an attempt stores it."""
    return {**asdict(request), "expires_at": request.expires_at.isoformat()}


def from_json(stored: dict[str, Any]) -> CheckoutRequest:
    """Return what ``to_json`` wrote."""
    customer = stored.get("tax_customer")
    return CheckoutRequest(
        **{
            **stored,
            "lines": tuple(
                CheckoutLine(**{**line, "unit": Money(**line["unit"])}) for line in stored["lines"]
            ),
            "expires_at": datetime.fromisoformat(stored["expires_at"]),
            "tax_customer": TaxCustomer(**customer) if customer else None,
        }
    )
