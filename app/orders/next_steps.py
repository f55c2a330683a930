"""Next steps of an order, in sentences for the buyer. Days are in its time zone. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.accounts.addresses import Address
from app.billing.states import PurchaseOrderState
from app.licenses.time_zones import time_zone_of
from app.offers.window_rules import format_day
from app.orders.carriers import carrier_label
from app.orders.charges import is_too_small, min_charge
from app.orders.holds import find_holds
from app.orders.models import Order, Shipment
from app.orders.queries import films_of, open_shipments, sent_shipments
from app.orders.states import OrderState, PaymentState, ShipmentKind

TAX_STEP = (
    "We're checking whether tax is due. We'll email you the total, and you can pay then. You don't "
    "need to do anything now."
)
# What was written off is owed still, and opens again when it is paid.
PAYABLE = frozenset({PaymentState.UNPAID, PaymentState.PARTIALLY_PAID, PaymentState.WRITTEN_OFF})


def can_be_paid(order: Order) -> bool:
    """Whether the buyer can pay now: something is owed, and no bank debit is under way."""
    open_ = order.state in {OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.COMPLETED}
    is_chargeable = order.balance.amount > 0 and not is_too_small(order.balance)
    is_payable = order.payment_state in PAYABLE and not order.waits_for_tax
    return open_ and is_payable and is_chargeable


def awaits_first_payment(order: Order) -> bool:
    """Return whether the order is open, not accepted, and nothing of it is paid."""
    is_unpaid = order.payment_state is PaymentState.UNPAID and order.paid_amount == 0
    return order.state is OrderState.SUBMITTED and is_unpaid


def can_be_changed(order: Order) -> bool:
    """Return whether the buyer may still close the order and put its items back in the cart.

    Not an order from a quote or with charges: a cart has today's prices and no charges.
    """
    return awaits_first_payment(order) and not (order.quote_number or order.charges)


def other_ways(order: Order) -> str:
    """Return how to pay other than on the payment page."""
    return (
        f"To pay another way, by purchase order, check, or bank transfer, email "
        f"{order.seller['email']} and include {order.number}."
    )


def next_steps(order: Order) -> list[str]:
    """Return what the buyer may expect, or should do, most urgent first."""
    if order.state is OrderState.CANCELED:
        if order.refunded.amount:
            return [
                (
                    f"This order is canceled, and {order.refunded.words_in(order.country)} was "
                    f"refunded."
                )
            ]
        return ["This order is canceled. You don't need to pay."]
    if order.state is OrderState.EXPIRED:
        return ["This order expired before it was paid. To license the films, place a new order."]
    steps = [*_payment_steps(order), *_license_steps(order), *_shipment_steps(order)]
    return steps or ["Your order is complete. Keep your certificates with your records."]


def _payment_steps(order: Order) -> list[str]:
    if order.payment_state is PaymentState.PENDING:
        return [
            (
                "Your bank debit is processing. This can take up to five business days. We'll "
                "email you when we receive the payment."
            )
        ]
    if order.payment_state is PaymentState.PARTIALLY_PAID:
        owed = order.balance.words_in(order.country)
        return [f"{owed} is still due. We're looking into it and will email you."]
    if order.payment_state is PaymentState.DISPUTED:
        return ["The payment is disputed by your bank. We'll email you."]
    if order.payment_state is not PaymentState.UNPAID:
        return []
    return _on_terms(order) if order.on_terms else _before_payment(order)


def _on_terms(order: Order) -> list[str]:
    due = f" by {format_day(order.due_on)}" if order.due_on else ""
    please = f"Please pay {order.balance.words_in(order.country)}{due}"
    if is_too_small(order.balance):
        return [f"{please}. {_too_small(order)}"]
    email = order.seller["email"]
    others = f"To pay by check or bank transfer, see the invoice or email {email}."
    return [f"{please} by card or bank debit here. {others}"]


def _before_payment(order: Order) -> list[str]:
    if order.waits_for_tax:
        return [TAX_STEP, *_held_until(order)]
    owed = order.balance.words_in(order.country)
    if order.waits_for_stripe_tax:
        owed = f"{owed} plus tax"
    pay = f"Pay {owed} by card or bank debit. Your license is granted when payment is received."
    steps = [_too_small(order) if is_too_small(order.balance) else pay]
    if order.po_number:
        review = _purchase_order_step(order)
        online = f"You can also pay {owed} now, by card or bank debit."
        steps = [review, *([] if is_too_small(order.balance) else [online])]
    return [*steps, *_held_until(order)]


def _held_until(order: Order) -> list[str]:
    if order.expires_at is None:
        return []
    until = local_day(order, order.expires_at)
    return [f"We're holding this order and its prices through {until}."]


def _purchase_order_step(order: Order) -> str:
    state = order.purchase_order.state if order.purchase_order else PurchaseOrderState.RECEIVED
    if state is PurchaseOrderState.COUNTERED:
        return (
            f"Purchase order {order.po_number} needs a correction. Upload the corrected one on "
            f"this page."
        )
    if state is PurchaseOrderState.REJECTED:
        return (
            f"We can't accept purchase order {order.po_number}. You can upload another one on this "
            f"page."
        )
    return f"We're reviewing purchase order {order.po_number}. We'll email you when it is accepted."


def _too_small(order: Order) -> str:
    least = min_charge(order.currency).words_in(order.country)
    return f"Payment by card or bank debit starts at {least}. {other_ways(order)}"


def _license_steps(order: Order) -> list[str]:
    served = order.state in {OrderState.ACCEPTED, OrderState.COMPLETED}
    if served and any(line.license is None for line in order.lines):
        return ["We're reviewing one of your licenses and will email you."]
    return []


def _shipment_steps(order: Order) -> list[str]:
    sent = ((shipment, shipment.shipped_at) for shipment in sent_shipments(order))
    holds = find_holds(order)
    waiting = [shipment for shipment in open_shipments(order) if shipment.id not in holds]
    held = "Delivery is on hold. If you have questions, email us."
    return [
        *(_open_step(order, shipment) for shipment in waiting),
        *([held] if holds else []),
        *(_sent_step(order, shipment, at) for shipment, at in sent if at),
    ]


def _open_step(order: Order, shipment: Shipment) -> str:
    if shipment.kind is ShipmentKind.PARCEL:
        if sum(line["quantity"] for line in shipment.lines) == 1:
            return "We're packing your disc. We'll email you when it ships."
        return "We're packing your discs. We'll email you when they ship."
    if len(films_of(order, shipment)) == 1:
        return "We're preparing access to your film. We'll email you when it is ready."
    return "We're preparing access to your films. We'll email you when they are ready."


def _sent_step(order: Order, shipment: Shipment, at: datetime) -> str:
    when = local_day(order, at)
    if shipment.kind is ShipmentKind.PARCEL:
        return f"Your parcel shipped by {carrier_label(shipment.carrier)} on {when}."
    film = "film" if len(films_of(order, shipment)) == 1 else "films"
    return (
        f"We emailed you access to your {film} on {when}. If you didn't get the email, contact us."
    )


def local_date(order: Order, moment: datetime) -> date:
    """Return the day of ``moment`` where the institution is."""
    zone = ZoneInfo(time_zone_of(Address.model_validate(order.billing)))
    return moment.astimezone(zone).date()


def local_day(order: Order, moment: datetime) -> str:
    """Return the day of ``moment`` where the institution is, in words: ``November 30, 2026``."""
    return format_day(local_date(order, moment))
