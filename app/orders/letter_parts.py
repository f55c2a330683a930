"""What letters about orders have in common, and how one is sent to the buyer."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from app.core import mail
from app.core.text import isolate
from app.licenses.models import License
from app.offers.terms import lasting
from app.offers.windows import day
from app.orders import links
from app.orders.letters import Letter, Link, Row
from app.orders.models import Order
from app.orders.states import ShipmentKind


def send(
    session: Session,
    order: Order,
    *,
    key: str,
    letter: Letter,
    delay: timedelta = timedelta(0),
) -> None:
    """Queue ``letter`` to the buyer, once per ``key``; it is kept with the order."""
    mail.queue(
        session,
        key=key,
        about=order.number,
        to=order.email,
        subject=letter.subject,
        text=letter.text(),
        html=letter.html(),
        delay=delay,
    )


def rows_of(order: Order) -> list[Row]:
    """Return the order's lines as a letter lists them."""
    rows = []
    for line in order.lines:
        term = f"Term: {line.snapshot['term']['words']}"
        copies = f"{line.quantity} copies at {line.unit.words()}. " if line.quantity > 1 else ""
        rows.append(Row(line.full_title, f"{copies}{term}", line.total.words_in(order.country)))
    return rows


def totals_of(order: Order) -> list[tuple[str, str]]:
    """Return the order's sums; shipping only when something ships."""
    if not order.ships:
        return [("Total", order.total.words_in(order.country))]
    return [
        ("Subtotal", order.subtotal.words_in(order.country)),
        (
            "Shipping",
            order.shipping_price.words_in(order.country) if order.shipping_amount else "free",
        ),
        ("Total", order.total.words_in(order.country)),
    ]


def licenses_of(granted: Sequence[License]) -> list[tuple[str, str]]:
    """Return licenses as a letter lists them: number, and what it is for how long."""
    return [
        (
            license_.number,
            f"{isolate(license_.film_title)}, {license_.offer_title}; {runs(license_)}",
        )
        for license_ in granted
    ]


def certificates(order: Order, granted: Sequence[License]) -> list[Link]:
    """Return links to these certificates."""
    return [
        Link(f"Certificate {x.number}: {x.film_title} (PDF)", links.certificate(order, x))
        for x in granted
    ]


def runs(license_: License) -> str:
    """Return from when to when a license runs, in words."""
    if license_.ends_on is None:
        return f"from {day(license_.starts_on)}, {lasting(license_.term_words)}"
    return f"{day(license_.starts_on)} to {day(license_.ends_on)}"


def keep_the_link() -> str:
    """Return the advice that belongs to a secret link."""
    return "Keep this mail: its link opens the order without a password, so share it with care."


def signature(order: Order) -> list[str]:
    """Return who writes, with the address."""
    seller = order.seller
    return [str(seller["name"]), str(seller["address"]), str(seller["email"])]


def how_many(count: int, kind: ShipmentKind) -> str:
    """Return how many discs of a parcel, or licenses of files and streams, in words."""
    one, many = ("copy", "copies") if kind is ShipmentKind.PARCEL else ("license", "licenses")
    return f"{count} {one if count == 1 else many}"
