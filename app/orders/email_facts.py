"""Facts that emails about orders share, and how they are worded."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar, Self

from sqlalchemy.orm import Session

from app.billing.states import TaxState
from app.core.email_content import EmailFacts, EmailLink, EmailRow, Facts, SenderFacts
from app.core.email_outbox import queue_email
from app.core.money import Money
from app.core.text import isolate
from app.licenses.models import License
from app.offers.terms import duration_phrase
from app.offers.window_rules import format_day
from app.orders import links
from app.orders.agreed_lines import AgreedLine
from app.orders.models import Order

LINK_ADVICE = (
    "Keep this email. Its link opens your order without a password, so share it with care."
)


class LineFacts(Facts):
    """One line of an order."""

    title: str
    term: str
    quantity: int
    unit: Money
    ships: bool

    @classmethod
    def of(cls, line: AgreedLine) -> Self:
        """Return the facts of ``line``."""
        return cls(
            title=line.full_title,
            term=line.snapshot["term"]["words"],
            quantity=line.quantity,
            unit=line.unit,
            ships=line.ships,
        )


class ChargeFacts(Facts):
    """A free-text line of an order."""

    description: str
    amount: Money


class TaxFacts(Facts):
    """The tax of an order. Its amount is null while nobody knows it."""

    state: TaxState = TaxState.NONE
    amount: Money | None = None
    note: str = ""
    is_on_payment_page: bool = False

    @classmethod
    def of(cls, order: Order) -> Self:
        """Return the facts of the order's tax."""
        is_known = order.tax_state is not TaxState.UNRESOLVED
        return cls(
            state=order.tax_state,
            amount=order.tax if is_known else None,
            note=order.tax_note,
            is_on_payment_page=order.waits_for_stripe_tax,
        )


class OrderFacts(Facts):
    """An order as it was when the email was queued. ``url`` is where the reader opens it."""

    number: str
    url: str
    institution: str
    country: str
    seller: SenderFacts
    lines: tuple[LineFacts, ...]
    charges: tuple[ChargeFacts, ...] = ()
    shipping: Money
    tax: TaxFacts = TaxFacts()
    total: Money
    needs_confirmation: bool = False

    @classmethod
    def of(cls, order: Order, *, url: str | None = None) -> Self:
        """Return the facts of ``order``, with the buyer's secret link unless there is another."""
        return cls(
            number=order.number,
            url=url or links.mailed_order_url(order),
            needs_confirmation=order.is_unconfirmed,
            institution=order.institution,
            country=order.country,
            seller=SenderFacts.model_validate(order.seller),
            lines=tuple(LineFacts.of(line) for line in order.lines),
            charges=tuple(
                ChargeFacts(description=text, amount=amount)
                for text, amount in order.priced_charges
            ),
            shipping=order.shipping_price,
            tax=TaxFacts.of(order),
            total=order.total,
        )

    @property
    def action(self) -> EmailLink:
        """The link to the order."""
        label = "View and confirm your order" if self.needs_confirmation else "View your order"
        return EmailLink(label, self.url)

    @property
    def ships(self) -> bool:
        """Whether any line is a thing that goes into a parcel."""
        return any(line.ships for line in self.lines)

    def format_money(self, money: Money) -> str:
        """Return an amount as the buyer reads it."""
        return money.words_in(self.country)

    def rows(self) -> list[EmailRow]:
        """Return the lines as an email lists them."""
        rows = []
        for line in self.lines:
            copies = ""
            if line.quantity > 1:
                copies = f"{line.quantity} copies at {line.unit.words()}. "
            amount = self.format_money(line.unit * line.quantity)
            rows.append(EmailRow(line.title, f"{copies}Term: {line.term}", amount))
        rows += [
            EmailRow(isolate(charge.description), "", self.format_money(charge.amount))
            for charge in self.charges
        ]
        return rows

    def totals(self) -> list[tuple[str, str]]:
        """Return the sums; shipping only when something ships."""
        tax = self.tax.amount or self.total * 0
        sums = []
        if self.ships or tax.amount:
            subtotal = self.total - self.shipping - tax
            sums.append(("Subtotal", self.format_money(subtotal)))
        if self.ships:
            is_free = not self.shipping.amount
            sums.append(("Shipping", "Free" if is_free else self.format_money(self.shipping)))
        is_open = self.tax.state is TaxState.UNRESOLVED
        total = ("Total before tax" if is_open else "Total", self.format_money(self.total))
        return [*sums, ("Tax", self._tax_text()), total]

    def _tax_text(self) -> str:
        if self.tax.amount is not None and self.tax.amount.amount:
            return self.format_money(self.tax.amount)
        if self.tax.state is TaxState.UNRESOLVED:
            return "On the payment page" if self.tax.is_on_payment_page else "Not known yet"
        return "Exempt" if self.tax.state is TaxState.EXEMPT else "No tax is charged"


class LicenseFacts(Facts):
    """A license, and where its certificate is."""

    number: str
    film_title: str
    offer_title: str
    starts_on: date
    ends_on: date | None
    term: str
    certificate_url: str

    @classmethod
    def of(cls, order: Order, licenses: Sequence[License]) -> tuple[Self, ...]:
        """Return the facts of these licenses of ``order``."""
        return tuple(
            cls(
                number=license_.number,
                film_title=license_.film_title,
                offer_title=license_.offer_title,
                starts_on=license_.starts_on,
                ends_on=license_.ends_on,
                term=license_.term_words,
                certificate_url=links.certificate_url(order, license_),
            )
            for license_ in licenses
        )

    @property
    def row(self) -> tuple[str, str]:
        """The license as an email lists it: its number, and what it is for how long."""
        return self.number, f"{isolate(self.film_title)}, {self.offer_title}; {self._period}"

    @property
    def certificate(self) -> EmailLink:
        """The link to its certificate."""
        label = f"Certificate {self.number}: {self.film_title} (PDF)"
        return EmailLink(label, self.certificate_url)

    @property
    def _period(self) -> str:
        if self.ends_on is None:
            return f"from {format_day(self.starts_on)}, {duration_phrase(self.term)}"
        return f"{format_day(self.starts_on)} through {format_day(self.ends_on)}"


class DocumentFacts(Facts):
    """An invoice or a credit note, and where its PDF is."""

    label: str
    url: str

    @property
    def link(self) -> EmailLink:
        """The link to the document."""
        return EmailLink(self.label, self.url)


class OrderEmail(EmailFacts):
    """An email about an order."""

    # Its ``{number}`` is the order's; a subject with other facts overrides ``subject``.
    subject_text: ClassVar[str] = ""
    order: OrderFacts

    @property
    def subject(self) -> str:
        """The subject."""
        return self.subject_text.format(number=self.order.number)

    @classmethod
    def specimen(cls) -> Self:
        """Return an example that is never sent."""
        return cls.model_validate({name: SPECIMEN_FACTS[name] for name in cls.model_fields})


def queue_order_email(
    session: Session,
    order: Order,
    facts: OrderEmail,
    *,
    once: str,
    delay: timedelta = timedelta(0),
) -> None:
    """Queue an email to the buyer, which is listed with the order."""
    queue_email(session, facts, once=once, reference=order.number, to=order.email, delay=delay)


def granted_licenses(order: Order) -> list[License]:
    """Return the licenses of the order's lines."""
    return [line.license for line in order.lines if line.license is not None]


_EXAMPLE_DAY = date(2026, 1, 31)
_EXAMPLE_TOTAL = Money(79600, "USD")
# An example of every fact that emails about orders have, by its name.
SPECIMEN_FACTS: dict[str, object] = {
    "order": OrderFacts(
        number="RR-SPECIMEN",
        url="https://example.org/orders/RR-SPECIMEN",
        institution="Example College",
        country="US",
        seller=SenderFacts(
            name="Example Films", address="1 Example Street", email="films@example.org"
        ),
        lines=(
            LineFacts(
                title="Specimen: DVD",
                term="3 years",
                quantity=2,
                unit=Money(39800, "USD"),
                ships=True,
            ),
        ),
        shipping=Money(0, "USD"),
        total=_EXAMPLE_TOTAL,
    ),
    "licenses": tuple(
        LicenseFacts(
            number=f"RL-SPECIMEN-{number}",
            film_title="Specimen",
            offer_title="DVD",
            starts_on=_EXAMPLE_DAY,
            ends_on=ends_on,
            term="3 years",
            certificate_url="https://example.org/licenses/RL-SPECIMEN/certificate.pdf",
        )
        for number, ends_on in ((1, _EXAMPLE_DAY.replace(year=2029)), (2, None))
    ),
    "license": LicenseFacts(
        number="RL-SPECIMEN-3",
        film_title="Specimen",
        offer_title="DVD",
        starts_on=_EXAMPLE_DAY,
        ends_on=None,
        term="in perpetuity",
        certificate_url="https://example.org/licenses/RL-SPECIMEN/certificate.pdf",
    ),
    "old_number": "RL-SPECIMEN-1",
    "title": "Specimen: DVD",
    "quantity": 2,
    "items": [{"title": "Specimen", "quantity": 2, "amount": _EXAMPLE_TOTAL}],
    "invoice": DocumentFacts(
        label="Invoice INV-SPECIMEN (PDF)", url="https://example.org/invoices/INV-SPECIMEN.pdf"
    ),
    "credit_note": None,
    "po_number": "PO-1",
    "held_until": _EXAMPLE_DAY,
    "is_entered_by_staff": False,
    "due_on": _EXAMPLE_DAY,
    "contact_name": "A. Buyer",
    "email": "buyer@example.org",
    "note": "A note",
    "shipment_kind": "parcel",
    "carrier": "usps",
    "tracking": "9400",
    "film_count": 1,
    "downloads": (
        DocumentFacts(label="Download Specimen", url="https://example.org/downloads/specimen"),
    ),
    "store_url": "https://example.org/",
    "amount": _EXAMPLE_TOTAL,
    "tax": Money(3532, "USD"),
    "paid": _EXAMPLE_TOTAL,
    "balance": _EXAMPLE_TOTAL,
    "other_ways": "",
    "reason": "Insufficient funds",
    "is_payable": True,
    "is_correction": True,
    "differences": (
        {
            "line": 1,
            "item": "Specimen",
            "field": "Unit price",
            "ordered": "$398.00",
            "stated": "$298.00",
        },
    ),
    "is_pending": False,
    "is_on_hold": True,
    "ends_licenses": True,
    "is_paid_by_hand": False,
}
