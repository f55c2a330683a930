"""Emails about an order: received, accepted, licensed, shipped, canceled, expired."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar

from sqlalchemy.orm import Session

from app.billing.states import TaxState
from app.core.email_content import EmailContent, EmailLink, Facts
from app.core.email_outbox import queue_email
from app.core.text import isolate
from app.licenses.models import License
from app.offers.window_rules import format_day
from app.orders import links
from app.orders.carriers import carrier_label, tracking_url
from app.orders.deliveries import find_deliveries
from app.orders.email_facts import (
    LINK_ADVICE,
    DocumentFacts,
    LicenseFacts,
    OrderEmail,
    OrderFacts,
    granted_licenses,
    queue_order_email,
)
from app.orders.models import Order, Shipment
from app.orders.next_steps import can_be_paid, local_date
from app.orders.queries import films_of
from app.orders.states import ShipmentKind

CONFIRMATION_ADVICE = (
    "Please open the order with the button below, and confirm that you placed it. Your "
    "institution's tax exemption and payment terms apply once you have."
)
# The email about an order waits this long for the payment, whose email would say it again.
RECEIVED_DELAY = timedelta(minutes=5)
MAX_STAFF_SUBJECT_LENGTH = 200


class OrderReceived(OrderEmail):
    """We have the order."""

    kind: ClassVar[str] = "order-received"
    subject_text: ClassVar[str] = "We received your order {number}"
    po_number: str | None
    is_payable: bool
    held_until: date | None
    is_entered_by_staff: bool = False

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        number, institution = self.order.number, isolate(self.order.institution)
        closing = [LINK_ADVICE]
        if self.held_until:
            closing.insert(
                0,
                (f"We're holding the order and its prices through {format_day(self.held_until)}."),
            )
        return EmailContent(
            headline="We received your order",
            paragraphs=[
                f"We entered order {number} for {institution}, as you asked us to. We are "
                "holding it for you."
                if self.is_entered_by_staff
                else f"Thank you for order {number} for {institution}. We are holding it for you.",
                self._next_step(),
                *([CONFIRMATION_ADVICE] if self.order.needs_confirmation else []),
            ],
            action=self.order.action,
            rows=self.order.rows(),
            totals=self.order.totals(),
            closing=closing,
            signature=self.order.seller.signature,
        )

    def _next_step(self) -> str:
        if self.order.tax.state is TaxState.UNRESOLVED and not self.order.tax.is_on_payment_page:
            return (
                "We are checking whether tax is due on it. We will email you the total, and you "
                "can pay then. You do not need to do anything now."
            )
        if self.po_number:
            online = " You can also pay now by card or bank debit, on the order page."
            return (
                f"We are reviewing purchase order {self.po_number} and will email you about it."
                f"{online if self.is_payable else ''}"
            )
        if self.order.total.amount == 0:
            return "You don't need to pay. We'll send your license in our next email."
        return (
            "You can pay by card or bank debit on the order page. We grant your license as soon as "
            "the payment arrives. If you have just paid, our next email confirms it."
        )


class NewOrderForStaff(OrderEmail):
    """There is a new order: to staff, whose link opens the console."""

    kind: ClassVar[str] = "staff-new-order"
    contact_name: str
    email: str
    po_number: str | None
    note: str

    @property
    def subject(self) -> str:
        """The subject."""
        order = self.order
        subject = f"New order {order.number}: {isolate(order.institution)}, {order.total.words()}"
        return subject[:MAX_STAFF_SUBJECT_LENGTH]

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        facts = [
            ("Institution", f"{isolate(order.institution)} ({order.country})"),
            ("Contact", f"{isolate(self.contact_name)}, {self.email}"),
        ]
        if self.po_number:
            facts.append(("Purchase order", self.po_number))
        if self.note:
            facts.append(("Note", self.note))
        return EmailContent(
            headline=f"New order {order.number}",
            paragraphs=["It is awaiting payment."]
            if not self.po_number
            else ["Its purchase order needs review, unless it is paid first."],
            facts=facts,
            rows=order.rows(),
            totals=order.totals(),
            action=EmailLink("Open in the console", order.url),
            signature=[order.seller.name],
        )


class OrderAccepted(OrderEmail):
    """The purchase order is accepted: what is licensed, and what is due."""

    kind: ClassVar[str] = "order-accepted"
    po_number: str | None
    due_on: date | None
    is_payable: bool
    licenses: tuple[LicenseFacts, ...]

    @property
    def subject(self) -> str:
        """The subject."""
        return f"Purchase order {self.po_number} accepted ({self.order.number})"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        due = f"Payment is due by {format_day(self.due_on)}. " if self.due_on else ""
        subject = "license is" if len(self.order.lines) == 1 else "licenses are"
        return EmailContent(
            headline="Your purchase order is accepted",
            paragraphs=[
                (
                    f"We accepted purchase order {self.po_number} for order {self.order.number}. "
                    f"Your {subject} granted now, before payment."
                ),
                (
                    f"{due}The order page shows the balance"
                    f"{', and you can pay there by card or bank debit' if self.is_payable else ''}."
                ),
            ],
            action=self.order.action,
            rows=self.order.rows(),
            totals=self.order.totals(),
            facts=[license_.row for license_ in self.licenses],
            documents=[license_.certificate for license_ in self.licenses],
            closing=[LINK_ADVICE],
            signature=self.order.seller.signature,
        )


class LicensesGranted(OrderEmail):
    """Licenses that were granted together, with their certificates."""

    kind: ClassVar[str] = "licenses-granted"
    licenses: tuple[LicenseFacts, ...]

    @property
    def subject(self) -> str:
        """The subject."""
        if len(self.licenses) == 1:
            return f"License granted: {self.licenses[0].number}"
        return f"{len(self.licenses)} licenses granted: {self.order.number}"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        is_one = len(self.licenses) == 1
        return EmailContent(
            headline="Your license is granted"
            if is_one
            else f"Your {len(self.licenses)} licenses are granted",
            paragraphs=[
                (
                    f"{isolate(self.order.institution)} now holds "
                    f"{'this license' if is_one else 'these licenses'} under order "
                    f"{self.order.number}. {'The certificate' if is_one else 'Each certificate'} "
                    "says in plain words what you may do with the film. Anyone can verify it by "
                    "its number."
                ),
            ],
            facts=[license_.row for license_ in self.licenses],
            action=self.order.action,
            documents=[license_.certificate for license_ in self.licenses],
            closing=[
                "Keep the certificate with your records: it is your proof."
                if is_one
                else "Keep the certificates with your records: they are your proof."
            ],
            signature=self.order.seller.signature,
        )


class ShippedItem(Facts):
    """How many of a line were sent."""

    title: str
    quantity: int


class OrderShipped(OrderEmail):
    """A parcel has left, or files are ready."""

    kind: ClassVar[str] = "shipped"
    shipment_kind: ShipmentKind
    carrier: str
    tracking: str
    items: tuple[ShippedItem, ...]
    film_count: int
    downloads: tuple[DocumentFacts, ...] = ()

    @property
    def subject(self) -> str:
        """The subject."""
        return f"{self._headline} ({self.order.number})"

    @property
    def _headline(self) -> str:
        if self.shipment_kind is ShipmentKind.PARCEL:
            return "Your order has shipped"
        return "Your film is ready" if self.film_count == 1 else "Your films are ready"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order, carrier = self.order, carrier_label(self.carrier)
        facts = [(self._quantity_text(item.quantity), item.title) for item in self.items]
        action, documents = order.action, [download.link for download in self.downloads]
        if documents:
            action = documents[0]
            paragraph = (
                "You can download the files now, as often as the page of the download says. Each "
                "link opens without a password, so share it with care. The page of your order has "
                "the links too."
            )
        elif self.shipment_kind is ShipmentKind.ELECTRONIC:
            paragraph = (
                "We sent the download link or your access details in a separate message. If you "
                f"have not received it, write to {order.seller.email}."
            )
        else:
            paragraph = f"We shipped a parcel of order {order.number} with {carrier}."
            facts.append(("Carrier", carrier))
            if self.tracking:
                facts.append(("Tracking number", self.tracking))
            if url := tracking_url(self.carrier, self.tracking):
                action, documents = EmailLink("Track the parcel", url), [action]
        return EmailContent(
            headline=self._headline,
            paragraphs=[paragraph],
            facts=facts,
            action=action,
            documents=documents,
            signature=order.seller.signature,
        )

    def _quantity_text(self, count: int) -> str:
        if self.shipment_kind is ShipmentKind.PARCEL:
            return f"{count} {'copy' if count == 1 else 'copies'}"
        return f"{count} {'license' if count == 1 else 'licenses'}"


class OrderCanceled(OrderEmail):
    """The order is canceled."""

    kind: ClassVar[str] = "order-canceled"
    subject_text: ClassVar[str] = "Order {number} is canceled"
    reason: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        order = self.order
        why = f" Reason: {self.reason.rstrip('.')}." if self.reason else ""
        return EmailContent(
            headline="Your order is canceled",
            paragraphs=[
                f"Order {order.number} is canceled. There is nothing to pay.{why}",
                f"If you did not expect this, write to {order.seller.email}.",
            ],
            action=EmailLink("View your order", order.url),
            rows=order.rows(),
            totals=order.totals(),
            signature=order.seller.signature,
        )


class OrderExpired(OrderEmail):
    """We no longer hold the order."""

    kind: ClassVar[str] = "order-expired"
    subject_text: ClassVar[str] = "Order {number} has expired"
    store_url: str

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        return EmailContent(
            headline="Your order has expired",
            paragraphs=[
                (
                    f"Order {self.order.number} was not paid in time, so it has expired. You "
                    f"don't need to pay."
                ),
                (
                    "If you still want the license, place a new order. If your payment is already "
                    "on its way, we restore this order when it arrives."
                ),
            ],
            action=EmailLink("Visit the store", self.store_url),
            rows=self.order.rows(),
            totals=self.order.totals(),
            signature=self.order.seller.signature,
        )


ORDER_EMAILS = (
    OrderReceived,
    NewOrderForStaff,
    OrderAccepted,
    LicensesGranted,
    OrderShipped,
    OrderCanceled,
    OrderExpired,
)


def queue_order_received(
    session: Session, order: Order, *, is_entered_by_staff: bool = False
) -> None:
    """Queue the confirmation of an order for the buyer, and its notice for staff.

    Most buyers pay at once, and the payment's email then says all of it. So this one has a delay,
    unless staff must accept the order. A buyer whose order staff enter waits for the email, and
    staff need no notice of it.
    """
    facts = OrderFacts.of(order)
    received = OrderReceived(
        order=facts,
        po_number=order.po_number,
        is_payable=can_be_paid(order),
        held_until=local_date(order, order.expires_at) if order.expires_at else None,
        is_entered_by_staff=is_entered_by_staff,
    )
    is_awaited = order.po_number or is_entered_by_staff
    delay = timedelta(0) if is_awaited else RECEIVED_DELAY
    queue_order_email(session, order, received, once=order.number, delay=delay)
    if is_entered_by_staff:
        return
    for_staff = NewOrderForStaff(
        order=facts.model_copy(update={"url": links.console_order_url(order)}),
        contact_name=order.contact_name,
        email=order.email,
        po_number=order.po_number,
        note=order.note,
    )
    to = str(order.seller["staff_email"])
    queue_email(session, for_staff, once=order.number, reference=order.number, to=to)


def queue_order_accepted(session: Session, order: Order) -> None:
    """Tell the buyer that the purchase order was accepted, what is licensed, and what is due."""
    accepted = OrderAccepted(
        order=OrderFacts.of(order),
        po_number=order.po_number,
        due_on=order.due_on,
        is_payable=can_be_paid(order),
        licenses=LicenseFacts.of(order, granted_licenses(order)),
    )
    queue_order_email(session, order, accepted, once=order.number)


def queue_licenses_granted(session: Session, order: Order, granted: Sequence[License]) -> None:
    """Send the certificates of licenses that were granted together."""
    if granted:
        facts = LicensesGranted(
            order=OrderFacts.of(order), licenses=LicenseFacts.of(order, granted)
        )
        queue_order_email(session, order, facts, once=f"{order.number}:{granted[0].number}")


def queue_order_shipped(session: Session, order: Order, shipment: Shipment) -> None:
    """Tell the buyer that a parcel has left, or that files are ready."""
    titles = {line.number: line.full_title for line in order.lines}
    items = tuple(
        ShippedItem(
            title=titles.get(entry["line"], f"line {entry['line']}"), quantity=entry["quantity"]
        )
        for entry in shipment.lines
    )
    facts = OrderShipped(
        order=OrderFacts.of(order),
        shipment_kind=shipment.kind,
        carrier=shipment.carrier,
        tracking=shipment.tracking,
        items=items,
        film_count=len(films_of(order, shipment)),
        downloads=_find_downloads(session, order, shipment),
    )
    queue_order_email(session, order, facts, once=f"{order.number}:{shipment.id}")


def _find_downloads(
    session: Session, order: Order, shipment: Shipment
) -> tuple[DocumentFacts, ...]:
    sent = {entry["line"] for entry in shipment.lines}
    licenses = {line.license.number for line in order.lines if line.license and line.number in sent}
    return tuple(
        DocumentFacts(label=f"Download {delivery.film_title}", url=delivery.url)
        for delivery in find_deliveries(session, order)
        if delivery.license in licenses
        and delivery.kind == "download"
        and delivery.state in {"ready", "not_started"}
        and delivery.files
    )


def queue_order_canceled(session: Session, order: Order, *, reason: str) -> None:
    """Tell the buyer that the order is canceled."""
    facts = OrderCanceled(order=OrderFacts.of(order), reason=reason)
    queue_order_email(session, order, facts, once=order.number)


def queue_order_expired(session: Session, order: Order) -> None:
    """Tell the buyer that we no longer hold the order."""
    facts = OrderExpired(order=OrderFacts.of(order), store_url=links.store_url(order))
    queue_order_email(session, order, facts, once=order.number)
