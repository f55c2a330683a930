"""Every mail about an order, made from what the order keeps, queued with what it tells of.

Each has a key of its own, so that it is written once however often its cause is heard of.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core import mail
from app.core.money import Money
from app.licenses.models import License
from app.offers.windows import day
from app.orders import links
from app.orders.carriers import carrier_label, tracking_url
from app.orders.letters import Letter, Link, Row
from app.orders.models import Order, Refund, Shipment
from app.orders.states import LicenseEffect, ShipmentKind


def order_received(session: Session, order: Order) -> None:
    """Tell the buyer that we have the order, and staff that there is one."""
    paragraphs = [
        (
            f"Thank you. We have your order {order.number} for {order.institution}, and we are "
            "holding it for you."
        ),
        (
            "It is not paid yet. You can pay by card or bank debit on the order's page now or later; "
            "your license is granted the moment the payment arrives."
        ),
    ]
    if order.po_number:
        paragraphs[1] = (
            f"You gave us purchase order {order.po_number}. We check it and write to you again. "
            "If you would rather pay now by card or bank debit, the order's page lets you."
        )
    closing = []
    if order.expires_at:
        closing.append(f"We hold the order and its prices until {day(order.expires_at.date())}.")
    closing.append(_keep_the_link())
    _to_buyer(
        session,
        order,
        key=f"order-received:{order.number}",
        letter=Letter(
            subject=f"We have your order {order.number}",
            headline="We have your order",
            paragraphs=paragraphs,
            action=Link("Open your order", links.order_page(order)),
            rows=_rows(order),
            totals=_totals(order),
            closing=closing,
            signature=_signature(order),
        ),
    )
    _to_staff(session, order)


def order_accepted(session: Session, order: Order) -> None:
    """Tell the buyer that the purchase order was accepted, and when payment is due."""
    due = f"Payment is due by {day(order.due_on)}. " if order.due_on else ""
    _to_buyer(
        session,
        order,
        key=f"order-accepted:{order.number}",
        letter=Letter(
            subject=f"Purchase order {order.po_number} is accepted ({order.number})",
            headline="Your purchase order is accepted",
            paragraphs=[
                (
                    f"We have accepted purchase order {order.po_number} for order {order.number}. "
                    "You need not wait for the payment: your licenses are granted today."
                ),
                (
                    f"{due}The order's page shows what is still to be paid, and takes card and bank "
                    "debit."
                ),
            ],
            action=Link("Open your order", links.order_page(order)),
            rows=_rows(order),
            totals=_totals(order),
            closing=[_keep_the_link()],
            signature=_signature(order),
        ),
    )


def payment_received(session: Session, order: Order, *, reference: str) -> None:
    """Tell the buyer that the order is paid, and where the documents are."""
    following = "Your documents are on the order's page."
    if order.ships:
        following = (
            "We pack the disc now and write to you when it leaves. Your documents are on the "
            "order's page."
        )
    _to_buyer(
        session,
        order,
        key=f"payment-received:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"Payment received for order {order.number}",
            headline="Thank you for your payment",
            paragraphs=[
                (
                    f"We received {_paid_by(order, reference).words()} for order {order.number}. "
                    f"{following}"
                )
            ],
            action=Link("Open your order", links.order_page(order)),
            rows=_rows(order),
            totals=[*_totals(order), ("Paid", order.paid.words())],
            documents=_certificates(order, [x.license for x in order.lines if x.license]),
            closing=[_keep_the_link()],
            signature=_signature(order),
        ),
    )


def payment_pending(session: Session, order: Order, *, reference: str) -> None:
    """Tell the buyer that the bank debit is under way."""
    _to_buyer(
        session,
        order,
        key=f"payment-pending:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"Your bank debit for order {order.number} is under way",
            headline="Your bank debit is under way",
            paragraphs=[
                (
                    f"Your bank has been asked for {order.balance.words()} for order {order.number}. "
                    "Banks take up to five business days."
                ),
                (
                    "There is nothing to do meanwhile. We write to you as soon as the money is here, "
                    "and your license is granted at that moment."
                ),
            ],
            action=Link("Open your order", links.order_page(order)),
            signature=_signature(order),
        ),
    )


def payment_failed(session: Session, order: Order, *, reason: str, reference: str) -> None:
    """Tell the buyer that the bank debit failed, and how to pay otherwise."""
    why = f" The bank said: {reason.rstrip('.')}." if reason else ""
    held = f" We hold the order until {day(order.expires_at.date())}." if order.expires_at else ""
    _to_buyer(
        session,
        order,
        key=f"payment-failed:{order.number}:{reference}"[:200],
        letter=Letter(
            subject=f"The payment for order {order.number} did not go through",
            headline="Your payment did not go through",
            paragraphs=[
                f"Your bank did not pay {order.balance.words()} for order {order.number}.{why}",
                (
                    f"Nothing was charged, and nothing is lost.{held} You can try again, or pay "
                    "another way, on the order's page."
                ),
            ],
            action=Link("Pay again", links.order_page(order)),
            signature=_signature(order),
        ),
    )


def licenses_issued(session: Session, order: Order, granted: Sequence[License]) -> None:
    """Send the certificates of licenses that were granted together."""
    if not granted:
        return
    one = len(granted) == 1
    numbers = ", ".join(license_.number for license_ in granted)
    headline = "Your license is granted" if one else f"Your {len(granted)} licenses are granted"
    _to_buyer(
        session,
        order,
        key=f"license-issued:{order.number}:{granted[0].number}",
        letter=Letter(
            subject=f"{'License' if one else 'Licenses'} granted: {numbers}"[:200],
            headline=headline,
            paragraphs=[
                (
                    f"{order.institution} now holds {'this license' if one else 'these licenses'} "
                    f"under order {order.number}. The certificate says what you may do with the film, "
                    "in plain words, and anyone can check it by its number."
                ),
            ],
            facts=[
                (
                    license_.number,
                    f"{license_.film_title}, {license_.offer_title}; {_runs(license_)}",
                )
                for license_ in granted
            ],
            documents=_certificates(order, granted),
            closing=["Please keep the certificate with your records; it is your proof."],
            signature=_signature(order),
        ),
    )


def shipped(session: Session, order: Order, shipment: Shipment) -> None:
    """Tell the buyer that a parcel has left, or that files are ready."""
    titles = {line.number: line.full_title for line in order.lines}
    rows = [
        (f"{entry['quantity']} ×", titles.get(entry["line"], f"line {entry['line']}"))
        for entry in shipment.lines
    ]
    if shipment.kind is ShipmentKind.ELECTRONIC:
        headline = "Your film is ready"
        said = "We have sent you access to your film separately, or put it at your disposal."
        facts = rows
        action = Link("Open your order", links.order_page(order))
    else:
        headline = "Your order is on its way"
        said = f"We handed a parcel of order {order.number} to {carrier_label(shipment.carrier)}."
        facts = [*rows, ("Carrier", carrier_label(shipment.carrier))]
        if shipment.tracking:
            facts.append(("Tracking number", shipment.tracking))
        url = tracking_url(shipment.carrier, shipment.tracking)
        action = (
            Link("Follow the parcel", url)
            if url
            else Link("Open your order", links.order_page(order))
        )
    _to_buyer(
        session,
        order,
        key=f"shipped:{order.number}:{shipment.id}",
        letter=Letter(
            subject=f"{headline} ({order.number})",
            headline=headline,
            paragraphs=[said],
            facts=facts,
            action=action,
            documents=[Link("Your order", links.order_page(order))],
            signature=_signature(order),
        ),
    )


def refunded(session: Session, order: Order, refund: Refund) -> None:
    """Tell the buyer that money went back, and what that means for the licenses."""
    effect = "Your licenses stay as they are."
    if refund.license_effect is LicenseEffect.REVOKE:
        effect = "The licenses of the refunded lines have ended with it."
    titles: dict[object, str] = {line.number: line.full_title for line in order.lines}
    titles |= {"shipping": "Shipping", "overpayment": "Paid too much"}
    _to_buyer(
        session,
        order,
        key=f"refunded:{order.number}:{refund.id}",
        letter=Letter(
            subject=f"Refund for order {order.number}",
            headline=f"We refunded {refund.money.words()}",
            paragraphs=[
                (
                    f"{refund.money.words()} of order {order.number} went back the way it came. Cards "
                    f"and banks show it within five to ten business days. {effect}"
                )
            ],
            rows=[
                Row(
                    titles.get(entry["line"], str(entry["line"])),
                    "",
                    Money(entry["amount"], refund.currency).words(),
                )
                for entry in refund.allocations
            ],
            totals=[("Refunded", refund.money.words())] if refund.allocations else [],
            action=Link("Open your order", links.order_page(order)),
            signature=_signature(order),
        ),
    )


def order_cancelled(session: Session, order: Order, *, reason: str) -> None:
    """Tell the buyer that the order is cancelled."""
    why = f" The reason: {reason.rstrip('.')}." if reason else ""
    _to_buyer(
        session,
        order,
        key=f"order-cancelled:{order.number}",
        letter=Letter(
            subject=f"Order {order.number} is cancelled",
            headline="Your order is cancelled",
            paragraphs=[
                f"Order {order.number} is cancelled, and nothing is to be paid for it.{why}",
                f"If that is a surprise, write to us at {order.seller['email']}.",
            ],
            action=Link("Open the order", links.order_page(order)),
            rows=_rows(order),
            totals=_totals(order),
            signature=_signature(order),
        ),
    )


def order_expired(session: Session, order: Order) -> None:
    """Tell the buyer that we no longer hold the order."""
    _to_buyer(
        session,
        order,
        key=f"order-expired:{order.number}",
        letter=Letter(
            subject=f"Order {order.number} has expired",
            headline="We no longer hold your order",
            paragraphs=[
                (
                    f"Order {order.number} was not paid in time, so we no longer hold it or its "
                    "prices. Nothing is to be paid."
                ),
                (
                    "If you still want the license, order it again. A payment that is already on its "
                    "way is not lost: it brings the order back."
                ),
            ],
            action=Link("Open the store", links.store(order)),
            rows=_rows(order),
            totals=_totals(order),
            signature=_signature(order),
        ),
    )


def _to_staff(session: Session, order: Order) -> None:
    facts = [
        ("Institution", f"{order.institution} ({order.country})"),
        ("Contact", f"{order.contact_name}, {order.email}"),
    ]
    if order.po_number:
        facts.append(("Purchase order", order.po_number))
    if order.note:
        facts.append(("Note", order.note))
    letter = Letter(
        subject=f"New order {order.number}: {order.institution}, {order.total.words()}"[:200],
        headline=f"New order {order.number}",
        paragraphs=["It waits for payment."]
        if not order.po_number
        else ["It waits for someone to check its purchase order, or for payment."],
        facts=facts,
        rows=_rows(order),
        totals=_totals(order),
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


def _to_buyer(session: Session, order: Order, *, key: str, letter: Letter) -> None:
    mail.queue(
        session,
        key=key,
        about=order.number,
        to=order.email,
        subject=letter.subject,
        text=letter.text(),
        html=letter.html(),
    )


def _rows(order: Order) -> list[Row]:
    rows = []
    for line in order.lines:
        term = f"Term: {line.snapshot['term']['words']}"
        copies = f"{line.quantity} copies at {line.unit.words()}. " if line.quantity > 1 else ""
        rows.append(Row(line.full_title, f"{copies}{term}", line.total.words()))
    return rows


def _totals(order: Order) -> list[tuple[str, str]]:
    if not order.ships:
        return [("Total", order.total.words())]
    return [
        ("Subtotal", order.subtotal.words()),
        ("Shipping", order.shipping_price.words() if order.shipping_amount else "included"),
        ("Total", order.total.words()),
    ]


def _certificates(order: Order, granted: Sequence[License]) -> list[Link]:
    return [
        Link(f"Certificate {x.number}: {x.film_title} (PDF)", links.certificate(order, x))
        for x in granted
    ]


def _runs(license_: License) -> str:
    if license_.ends_on is None:
        return f"from {day(license_.starts_on)}, {license_.term_words}"
    return f"{day(license_.starts_on)} to {day(license_.ends_on)}"


def _paid_by(order: Order, reference: str) -> Money:
    for payment in order.payments:
        if payment.reference == reference:
            return payment.money
    return order.paid


def _keep_the_link() -> str:
    return "Keep this mail: its link opens the order without a password, so share it with care."


def _signature(order: Order) -> list[str]:
    seller = order.seller
    return [str(seller["name"]), str(seller["address"]), str(seller["email"])]
