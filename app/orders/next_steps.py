"""What happens next with an order, in sentences to the buyer. Pure: the order's states decide."""

from datetime import datetime

from app.offers.windows import day
from app.orders.carriers import carrier_label
from app.orders.holds import holds_of
from app.orders.models import Order, Shipment
from app.orders.queries import films_of, open_shipments, shipped
from app.orders.states import OrderState, PaymentState, ShipmentKind

PAYABLE = frozenset({PaymentState.UNPAID, PaymentState.PARTIALLY_PAID})


def can_be_paid(order: Order) -> bool:
    """Whether the buyer can pay now: something is owed, and no bank debit is under way."""
    open_ = order.state in {OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.COMPLETED}
    return open_ and order.payment_state in PAYABLE and order.balance.amount > 0


def next_steps(order: Order) -> list[str]:
    """Return what the buyer may expect, or should do, most urgent first."""
    if order.state is OrderState.CANCELLED:
        if order.refunded.amount:
            return [f"This order is cancelled, and {order.refunded.words()} was refunded."]
        return ["This order is cancelled. There is nothing to pay."]
    if order.state is OrderState.EXPIRED:
        return ["This order expired before it was paid. If you still want it, order it again."]
    steps = [*_money(order), *_licenses(order), *_parcels(order)]
    return steps or ["Everything is done. Keep your certificates with your records."]


def _money(order: Order) -> list[str]:
    owed = order.balance.words()
    if order.payment_state is PaymentState.PENDING:
        return [
            (
                "Your bank has been asked for the payment, which takes up to five business days. "
                "There is nothing to do; we write to you when it arrives."
            )
        ]
    if order.payment_state is PaymentState.PARTIALLY_PAID:
        return [f"{owed} is still to be paid. We are looking into it and will write to you."]
    if order.payment_state is PaymentState.DISPUTED:
        return ["The payment is being disputed with your bank. We will write to you."]
    if order.payment_state is not PaymentState.UNPAID:
        return []
    if order.on_terms:
        due = f" by {day(order.due_on)}" if order.due_on else ""
        return [
            (
                f"Please pay {owed}{due}, by card or bank debit here. To pay by check or "
                f"transfer, write to {order.seller['email']}."
            )
        ]
    steps = [f"Pay {owed} by card or bank debit. Your license is granted as soon as it arrives."]
    if order.po_number:
        steps.append(f"Or wait: we are checking purchase order {order.po_number}.")
    if order.expires_at:
        steps.append(f"We hold this order and its prices until {day(order.expires_at.date())}.")
    return steps


def _licenses(order: Order) -> list[str]:
    served = order.state in {OrderState.ACCEPTED, OrderState.COMPLETED}
    if served and any(line.license is None for line in order.lines):
        return ["One of your licenses needs our attention. We will write to you about it."]
    return []


def _parcels(order: Order) -> list[str]:
    sent = ((shipment, shipment.shipped_at) for shipment in shipped(order))
    holds = holds_of(order)
    waiting = [each for each in open_shipments(order) if each.id not in holds]
    held = "Delivery is on hold for now. If you have questions, write to us."
    return [
        *(_waiting(order, shipment) for shipment in waiting),
        *([held] if holds else []),
        *(_sent(order, shipment, at) for shipment, at in sent if at),
    ]


def _waiting(order: Order, shipment: Shipment) -> str:
    if shipment.kind is ShipmentKind.PARCEL:
        if sum(line["quantity"] for line in shipment.lines) == 1:
            return "We are packing your disc, and write to you when it leaves."
        return "We are packing your discs, and write to you when they leave."
    if len(films_of(order, shipment)) == 1:
        return "We are preparing access to your film, and write to you when it is ready."
    return "We are preparing access to your films, and write to you when they are ready."


def _sent(order: Order, shipment: Shipment, at: datetime) -> str:
    when = day(at.date())
    if shipment.kind is ShipmentKind.PARCEL:
        return f"Your parcel left with {carrier_label(shipment.carrier)} on {when}."
    film = "film" if len(films_of(order, shipment)) == 1 else "films"
    return (
        f"We gave you access to your {film} on {when}, in a message of its own. "
        "If you have not seen that, please write to us."
    )
