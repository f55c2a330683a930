"""The links to everything that an email address holds, sent to it and shown to nobody else."""

from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.addresses import Address
from app.billing.invoice_emails import invoice_url
from app.billing.models import Invoice
from app.core.config import Settings
from app.core.email_content import (
    EmailContent,
    EmailFacts,
    EmailLink,
    EmailSection,
    Facts,
    SenderFacts,
)
from app.core.email_outbox import queue_email
from app.core.numbers import new_token
from app.licenses.time_zones import time_zone_of
from app.offers.window_rules import format_day
from app.orders import links
from app.orders.models import Order
from app.quotes.links import quote_url
from app.quotes.models import Quote
from app.storefront.order_view import ORDER_STATE_LABELS, PAYMENT_LABELS
from app.web.formats import join_words, plural

# The newest of each kind; an email of hundreds of links is refused by mail servers.
MAX_LINKS = 50
MAX_FILMS_NAMED = 3


class HeldLink(Facts):
    """One thing that the address holds: what it is, and where it opens."""

    label: str
    url: str


class HeldLinks(Facts):
    """Things of one kind: ``Orders``, newest first. ``more`` were left out."""

    title: str
    links: tuple[HeldLink, ...]
    more: int = 0


class LostLinks(EmailFacts):
    """The links that someone asked for, to the address that holds them."""

    kind: ClassVar[str] = "lost-links"
    store: SenderFacts
    groups: tuple[HeldLinks, ...]

    @property
    def subject(self) -> str:
        """The subject."""
        return "Links to your orders"

    def build_content(self) -> EmailContent:
        """Return what the email says."""
        closing = [
            f"{group.title}: {plural(group.more, 'older one is', 'older ones are')} not listed. "
            f"Write to {self.store.email} for their links."
            for group in self.groups
            if group.more
        ]
        closing.append(
            "Anyone with one of these links can open it, so share them with care. If you did not "
            "ask for them, ignore this email. The links were sent only to you."
        )
        return EmailContent(
            headline="Your orders",
            paragraphs=[
                (
                    "You asked for the links to everything under this email address. They open "
                    "without a password."
                ),
            ],
            sections=[
                EmailSection(group.title, [EmailLink(link.label, link.url) for link in group.links])
                for group in self.groups
            ],
            closing=closing,
            signature=self.store.signature,
        )

    @classmethod
    def specimen(cls) -> Self:
        """Return an example."""
        return cls.model_validate(
            {
                "store": {"name": "Example Films", "address": "1 Street", "email": "a@example.org"},
                "groups": [
                    {
                        "title": "Orders",
                        "links": [
                            {
                                "label": "RR-SPECIMEN, January 31, 2026: Specimen. Accepted, paid",
                                "url": "https://example.org/orders/RR-SPECIMEN",
                            }
                        ],
                        "more": 2,
                    }
                ],
            }
        )


def send_lost_links(session: Session, settings: Settings, *, email: str) -> bool:
    """Email the links of everything under ``email`` to it. Return whether there is anything.

    The caller must not show the result: it says whether the address is a customer's.
    """
    groups = tuple(
        group
        for group in (
            _find_orders(session, email),
            _find_quotes(session, email),
            _find_invoices(session, email),
        )
        if group.links
    )
    if not groups:
        return False
    facts = LostLinks(store=SenderFacts.of(settings), groups=groups)
    queue_email(session, facts, once=new_token(), reference="lost links", to=email)
    return True


def _find_orders(session: Session, email: str) -> HeldLinks:
    held = func.lower(Order.email) == email.lower()
    count = session.scalar(select(func.count()).select_from(Order).where(held)) or 0
    orders = session.scalars(
        select(Order)
        .options(selectinload(Order.lines))
        .where(held)
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(MAX_LINKS)
    ).all()
    return HeldLinks(
        title="Orders",
        links=tuple(
            HeldLink(label=describe_order(o), url=links.mailed_order_url(o)) for o in orders
        ),
        more=count - len(orders),
    )


def _find_quotes(session: Session, email: str) -> HeldLinks:
    held = func.lower(Quote.email) == email.lower()
    count = session.scalar(select(func.count()).select_from(Quote).where(held)) or 0
    quotes = session.scalars(
        select(Quote).where(held).order_by(Quote.id.desc()).limit(MAX_LINKS)
    ).all()
    return HeldLinks(
        title="Quotes",
        links=tuple(
            HeldLink(label=describe_quote(quote), url=quote_url(quote)) for quote in quotes
        ),
        more=count - len(quotes),
    )


def _find_invoices(session: Session, email: str) -> HeldLinks:
    """Return the invoices that were sent to the address: those of accounts payable too."""
    held = func.lower(Invoice.email) == email.lower()
    count = session.scalar(select(func.count()).select_from(Invoice).where(held)) or 0
    invoices = session.scalars(
        select(Invoice).where(held).order_by(Invoice.id.desc()).limit(MAX_LINKS)
    ).all()
    return HeldLinks(
        title="Invoices",
        links=tuple(
            HeldLink(label=describe_invoice(invoice), url=invoice_url(invoice))
            for invoice in invoices
        ),
        more=count - len(invoices),
    )


def describe_quote(quote: Quote) -> str:
    """Return a quote on one line: number, films, and until when it is valid."""
    films = _name_films([line.film_title for line in quote.lines])
    if quote.is_open:
        return f"{quote.number}: {films}. Valid through {format_day(quote.valid_through)}"
    return f"{quote.number}: {films}. {quote.current_state.capitalize()}"


def describe_invoice(invoice: Invoice) -> str:
    """Return an invoice on one line: number, date, amount, and order."""
    issued_on, total = format_day(invoice.issued_on), invoice.total.words()
    return f"{invoice.number}, {issued_on}: {total} for order {invoice.order_number}"


def describe_order(order: Order) -> str:
    """Return an order on one line: number, date, films, and where it stands."""
    zone = time_zone_of(Address.model_validate(order.billing))
    placed_on = format_day(order.created_at.astimezone(ZoneInfo(zone)).date())
    films = _name_films([line.film_title for line in order.lines])
    state, payment = ORDER_STATE_LABELS[order.state][0], PAYMENT_LABELS[order.payment_state][0]
    return f"{order.number}, {placed_on}: {films}. {state}, {payment.lower()}"


def _name_films(titles: list[str]) -> str:
    films = list(dict.fromkeys(titles))
    named = films[:MAX_FILMS_NAMED]
    if len(films) > len(named):
        named.append(f"{len(films) - len(named)} more")
    return join_words(named)
