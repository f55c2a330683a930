"""Mails about an order: made from what it keeps, queued in the transaction that they tell of.

Each has a key of its own, so that it is written once however often its cause is heard of.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from app.core import mail
from app.core.text import isolate
from app.licenses.models import License
from app.offers.windows import day
from app.orders import links
from app.orders.carriers import carrier_label, tracking_url
from app.orders.letter_parts import (
    certificates,
    how_many,
    keep_the_link,
    licenses_of,
    rows_of,
    send,
    signature,
    totals_of,
)
from app.orders.letters import Letter, Link
from app.orders.local_days import local_day
from app.orders.models import Order, Shipment
from app.orders.next_steps import can_be_paid
from app.orders.queries import films_of
from app.orders.states import ShipmentKind

# So long the mail about an order waits for the payment, whose mail would say it again.
RECEIVED_DELAY = timedelta(minutes=5)


def received_key(order: Order) -> str:
    """Return the key of the mail that says that we have the order."""
    return f"order-received:{order.number}"


def order_received(session: Session, order: Order) -> None:
    """Tell the buyer that we have the order, and staff that there is one.

    Most buyers pay at once, and the mail about the payment then says all of it: so this one waits
    a little, unless the order is for staff to accept.
    """
    paragraphs = [
        (
            f"Thank you. We have your order {order.number} for {isolate(order.institution)}, "
            "and we are holding it for you."
        ),
        (
            "You can pay by card or bank debit on the order's page, now or later; your license is "
            "granted the moment the payment arrives. If you have just paid, our next mail says so."
        ),
    ]
    if order.po_number:
        paragraphs[1] = (
            f"You gave us purchase order {order.po_number}. We check it and write to you again."
        )
        if can_be_paid(order):
            paragraphs[1] += (
                " If you would rather pay now by card or bank debit, the order's page lets you."
            )
    elif order.total_amount == 0:
        paragraphs[1] = "There is nothing to pay. Our next email has your license."
    closing = []
    if order.expires_at:
        until = local_day(order, order.expires_at)
        closing.append(f"We hold the order and its prices until {until}.")
    closing.append(keep_the_link())
    send(
        session,
        order,
        key=received_key(order),
        delay=timedelta(0) if order.po_number else RECEIVED_DELAY,
        letter=Letter(
            subject=f"We have your order {order.number}",
            headline="We have your order",
            paragraphs=paragraphs,
            action=Link("Open your order", links.order_page(order)),
            rows=rows_of(order),
            totals=totals_of(order),
            closing=closing,
            signature=signature(order),
        ),
    )
    _to_staff(session, order)


def order_accepted(session: Session, order: Order) -> None:
    """Tell the buyer that the purchase order was accepted, what is licensed, and what is due."""
    granted = [line.license for line in order.lines if line.license is not None]
    due = f"Payment is due by {day(order.due_on)}. " if order.due_on else ""
    whose = "license is" if len(order.lines) == 1 else "licenses are"
    send(
        session,
        order,
        key=f"order-accepted:{order.number}",
        letter=Letter(
            subject=f"Purchase order {order.po_number} is accepted ({order.number})",
            headline="Your purchase order is accepted",
            paragraphs=[
                (
                    f"We have accepted purchase order {order.po_number} for order {order.number}. "
                    f"You need not wait for the payment: your {whose} granted now."
                ),
                (
                    f"{due}The order's page shows what is still to be paid"
                    f"{', and takes card and bank debit' if can_be_paid(order) else ''}."
                ),
            ],
            action=Link("Open your order", links.order_page(order)),
            rows=rows_of(order),
            totals=totals_of(order),
            facts=licenses_of(granted),
            documents=certificates(order, granted),
            closing=[keep_the_link()],
            signature=signature(order),
        ),
    )


def licenses_issued(session: Session, order: Order, granted: Sequence[License]) -> None:
    """Send the certificates of licenses that were granted together."""
    if not granted:
        return
    one = len(granted) == 1
    many = f"{len(granted)} licenses"
    subject = f"License granted: {granted[0].number}" if one else f"{many} granted: {order.number}"
    headline = "Your license is granted" if one else f"Your {many} are granted"
    send(
        session,
        order,
        key=f"license-issued:{order.number}:{granted[0].number}",
        letter=Letter(
            subject=subject,
            headline=headline,
            paragraphs=[
                (
                    f"{isolate(order.institution)} now holds "
                    f"{'this license' if one else 'these licenses'} under order {order.number}. "
                    f"{'The certificate' if one else 'Each certificate'} says what you may do with "
                    "the film, in plain words, and anyone can check it by its number."
                ),
            ],
            facts=licenses_of(granted),
            action=Link("Open your order", links.order_page(order)),
            documents=certificates(order, granted),
            closing=[
                "Please keep the certificate with your records; it is your proof."
                if one
                else "Please keep the certificates with your records; they are your proof."
            ],
            signature=signature(order),
        ),
    )


def shipped(session: Session, order: Order, shipment: Shipment) -> None:
    """Tell the buyer that a parcel has left, or that files are ready."""
    titles = {line.number: line.full_title for line in order.lines}
    sent = ((entry["line"], entry["quantity"]) for entry in shipment.lines)
    rows = [
        (how_many(quantity, shipment.kind), titles.get(line, f"line {line}"))
        for line, quantity in sent
    ]
    action, documents = Link("Open your order", links.order_page(order)), []
    if shipment.kind is ShipmentKind.ELECTRONIC:
        alone = len(films_of(order, shipment)) == 1
        headline = "Your film is ready" if alone else "Your films are ready"
        said = (
            "We have sent the download, or opened your access, in a message of its own. If you "
            f"have not seen that, write to {order.seller['email']}."
        )
        facts = rows
    else:
        headline = "Your order is on its way"
        said = f"We handed a parcel of order {order.number} to {carrier_label(shipment.carrier)}."
        facts = [*rows, ("Carrier", carrier_label(shipment.carrier))]
        if shipment.tracking:
            facts.append(("Tracking number", shipment.tracking))
        if url := tracking_url(shipment.carrier, shipment.tracking):
            documents = [action]
            action = Link("Follow the parcel", url)
    send(
        session,
        order,
        key=f"shipped:{order.number}:{shipment.id}",
        letter=Letter(
            subject=f"{headline} ({order.number})",
            headline=headline,
            paragraphs=[said],
            facts=facts,
            action=action,
            documents=documents,
            signature=signature(order),
        ),
    )


def order_canceled(session: Session, order: Order, *, reason: str) -> None:
    """Tell the buyer that the order is canceled."""
    why = f" The reason: {reason.rstrip('.')}." if reason else ""
    send(
        session,
        order,
        key=f"order-canceled:{order.number}",
        letter=Letter(
            subject=f"Order {order.number} is canceled",
            headline="Your order is canceled",
            paragraphs=[
                f"Order {order.number} is canceled, and nothing is to be paid for it.{why}",
                f"If that is a surprise, write to us at {order.seller['email']}.",
            ],
            action=Link("Open the order", links.order_page(order)),
            rows=rows_of(order),
            totals=totals_of(order),
            signature=signature(order),
        ),
    )


def order_expired(session: Session, order: Order) -> None:
    """Tell the buyer that we no longer hold the order."""
    send(
        session,
        order,
        key=f"order-expired:{order.number}",
        letter=Letter(
            subject=f"Order {order.number} has expired",
            headline="We no longer hold your order",
            paragraphs=[
                (
                    f"Order {order.number} was not paid in time, so we no longer hold it or its "
                    "prices. There is nothing to pay."
                ),
                (
                    "If you still want the license, order it again. A payment that is already on "
                    "its way is not lost: it brings the order back."
                ),
            ],
            action=Link("Open the store", links.store(order)),
            rows=rows_of(order),
            totals=totals_of(order),
            signature=signature(order),
        ),
    )


def _to_staff(session: Session, order: Order) -> None:
    facts = [
        ("Institution", f"{isolate(order.institution)} ({order.country})"),
        ("Contact", f"{isolate(order.contact_name)}, {order.email}"),
    ]
    if order.po_number:
        facts.append(("Purchase order", order.po_number))
    if order.note:
        facts.append(("Note", order.note))
    letter = Letter(
        subject=f"New order {order.number}: {isolate(order.institution)}, {order.total.words()}"[
            :200
        ],
        headline=f"New order {order.number}",
        paragraphs=["It waits for payment."]
        if not order.po_number
        else ["It waits for someone to check its purchase order, or for payment."],
        facts=facts,
        rows=rows_of(order),
        totals=totals_of(order),
        action=Link("Open it in the console", links.console_page(order)),
        signature=[str(order.seller["name"])],
    )
    mail.queue(
        session,
        key=f"staff-new-order:{order.number}",
        about=order.number,
        to=str(order.seller["staff_email"]),
        subject=letter.subject,
        text=letter.text(),
        html=letter.html(),
    )
