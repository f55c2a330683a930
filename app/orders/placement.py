"""Placement: turn a draft or priced lines into an order, or report a problem for each field."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.addresses import AddressIn
from app.accounts.regions import home_country
from app.billing.sellers import LegalSeller
from app.billing.states import PurchaseOrderSource, TaxState
from app.core import clock, throttle
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.networks import network_of
from app.core.numbers import new_number, new_token
from app.core.text import normalize_key
from app.institutions.attachment import find_institution, is_class_verified, is_confirmed_by
from app.institutions.models import Institution
from app.offers.licensing import Buyer
from app.orders.charges import MAX_CHARGE, is_too_small, min_charge, price_shipping
from app.orders.drafts import (
    AcceptedText,
    Charge,
    DraftBuyer,
    DraftLine,
    DraftPurchaseOrder,
    OrderDetails,
    OrderDraft,
)
from app.orders.models import Order, OrderLine
from app.orders.order_emails import queue_order_received
from app.orders.payment_recording import complete_free_order
from app.orders.priced_lines import PricedLine, find_line_problems, price_draft
from app.orders.purchase_order_intake import (
    details_of,
    find_purchase_order_problems,
    po_key,
    receive_purchase_order,
)
from app.orders.taxes import assess_order_tax, raise_unresolved_tax

__all__ = [
    "AcceptedText",
    "Charge",
    "DraftBuyer",
    "DraftLine",
    "OrderDetails",
    "OrderDraft",
    "StaffEntry",
    "buyer_of",
    "place",
    "place_lines",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """What staff add to an order that they enter for a buyer."""

    entered_by: str
    texts_accepted_by: str
    on_terms: bool
    """Whether they accept it at once."""
    institution: Institution | None = None


def buyer_of(details: OrderDetails) -> Buyer:
    """Return for whom the order is priced: its country is that of the billing address."""
    return Buyer(
        customer_class=details.buyer.customer_class,
        size=details.buyer.size,
        country=details.billing_address.place,
    )


def place(
    session: Session,
    draft: OrderDraft,
    *,
    settings: Settings,
    actor: Actor,
    source: PurchaseOrderSource = PurchaseOrderSource.CHECKOUT,
) -> Order:
    """Place the order at today's prices: price and check every line, and store snapshots.

    No price comes from the caller. The order awaits payment, or acceptance of its purchase order.

    Raises:
        InvalidInputError: one field problem for each rule that the draft breaks.
    """
    # By UTC, as pages and carts price it; a license's own days are by the licensee's calendar.
    lines, problems = price_draft(
        session, draft.lines, buyer_of(draft), on=clock.today(), currency=settings.currency
    )
    return _place_checked(
        session, draft, lines, problems, settings=settings, actor=actor, source=source
    )


def place_lines(
    session: Session,
    details: OrderDetails,
    lines: Sequence[PricedLine],
    *,
    settings: Settings,
    actor: Actor,
    charges: Sequence[Charge] = (),
    shipping: Money | None = None,
    quote_number: str | None = None,
    entry: StaffEntry | None = None,
    held_until: datetime | None = None,
    institution: Institution | None = None,
    is_confirmed: bool = False,
) -> Order:
    """Place an order of lines that are priced already, with the checks of any other order.

    Each line needs its rights today, in the billing country. ``shipping`` is a price that was
    agreed; None asks the settings. The unpaid order is held at least until ``held_until``.
    Without an ``institution``, the buyer's email tells it. ``is_confirmed`` says that it is known
    to be the institution's own, by any ``actor``. ``entry`` is for an order that staff
    enter.

    Raises:
        InvalidInputError: one field problem for each rule that is broken.
    """
    country = details.billing_address.place
    problems = find_line_problems(
        session, lines, country=country, on=clock.today(), currency=settings.currency
    )
    return _place_checked(
        session,
        details,
        lines,
        problems,
        settings=settings,
        actor=actor,
        charges=charges,
        shipping=shipping,
        quote_number=quote_number,
        source=PurchaseOrderSource.QUOTE if quote_number else PurchaseOrderSource.STAFF,
        entry=entry,
        held_until=held_until,
        institution=institution,
        is_confirmed=is_confirmed,
    )


def _place_checked(
    session: Session,
    details: OrderDetails,
    lines: Sequence[PricedLine],
    problems: list[FieldProblem],
    *,
    settings: Settings,
    actor: Actor,
    charges: Sequence[Charge] = (),
    shipping: Money | None = None,
    quote_number: str | None = None,
    source: PurchaseOrderSource,
    entry: StaffEntry | None = None,
    held_until: datetime | None = None,
    institution: Institution | None = None,
    is_confirmed: bool = False,
) -> Order:
    """Store the order unless the lines have ``problems``, or the rest of it has."""
    problems = [*problems, *_text_problems(details, lines)]
    problems += find_address_problems(
        lines, to=details.shipping_address, billed=details.billing_address.place
    )
    shipping = _shipping(details, lines, settings) if shipping is None else shipping
    problems += find_total_problems(
        lines, charges, shipping, po_number=details.po_number, draft=details.purchase_order
    )
    if problems:
        raise InvalidInputError.of(*problems)
    customer = institution or find_institution(session, details.buyer.email)
    order = _order(
        session,
        details,
        lines,
        charges=charges,
        shipping=shipping,
        settings=settings,
        customer=customer,
    )
    order.quote_number = quote_number
    if is_confirmed or is_confirmed_by(session, customer, order.email, actor):
        order.confirmed_at, order.confirmed_by = clock.now(), actor.label[:200]
        order.class_verified = is_class_verified(customer, order.customer_class, order.size)
    if held_until is not None and order.expires_at is not None:
        order.expires_at = max(order.expires_at, held_until)
    if entry is not None:
        _add_entry(order, entry)
    assess_order_tax(session, order, settings=settings)
    # Again, because the tax is part of the total.
    problems = find_purchase_order_problems(details.po_number, details.purchase_order, order.total)
    if problems:
        raise InvalidInputError.of(*problems)
    session.add(order)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="order.placed",
        object_type="order",
        object_ref=order.number,
        after={"total": order.total_amount, "currency": order.currency},
        reason=f"quote {quote_number}" if quote_number else "",
    )
    stated = details_of(details.purchase_order) if details.purchase_order else None
    receive_purchase_order(session, order, source=source, details=stated, actor=actor)
    raise_unresolved_tax(session, order)
    # The email about an acceptance on terms says the same and more.
    if entry is None or not entry.on_terms or order.tax_state is TaxState.UNRESOLVED:
        queue_order_received(session, order, is_entered_by_staff=entry is not None)
    if order.total_amount == 0:
        complete_free_order(session, order, actor=actor)
    log.info("order.placed", extra={"order": order.number, "total": str(order.total)})
    return order


def _text_problems(details: OrderDetails, lines: Sequence[PricedLine]) -> list[FieldProblem]:
    """Compare the accepted license texts with those of the lines, by version and hash."""
    needed = {text.code: text for text in (line.license_text for line in lines)}
    accepted: set[str] = set()
    problems: list[FieldProblem] = []
    for index, accepted_text in enumerate(details.accepted_texts):
        text = needed.get(accepted_text.code)
        if text is None:
            continue  # accepted, but not needed
        if accepted_text.version != text.version:
            detail = (
                f"The offer now uses version {text.version} of {text.code}. Read and accept that "
                f"version."
            )
            problems.append(FieldProblem(f"#/accepted_texts/{index}/version", detail))
        elif accepted_text.sha256 is not None and accepted_text.sha256 != text.sha256:
            detail = f"Version {text.version} of {text.code} has the hash {text.sha256}."
            problems.append(FieldProblem(f"#/accepted_texts/{index}/sha256", detail))
        else:
            accepted.add(accepted_text.code)
    wrong = {details.accepted_texts[int(p.pointer.split("/")[2])].code for p in problems}
    for code, text in needed.items():
        if code not in accepted and code not in wrong:
            detail = f"Accept the license text “{text.title}” ({code}, version {text.version})."
            problems.append(FieldProblem("#/accepted_texts", detail))
    return problems


def find_address_problems(
    lines: Sequence[PricedLine], *, to: AddressIn | None, billed: str
) -> list[FieldProblem]:
    """Return what is wrong with the shipping address of discs that are billed to a country."""
    if not any(line.ships for line in lines):
        return []
    if to is None:
        detail = "Enter a shipping address for the disc."
        return [FieldProblem("#/shipping_address", detail)]
    sold_there = all(line.territory.contains(to.place) for line in lines if line.ships)
    if home_country(to.place) != home_country(billed) or not sold_there:
        detail = (
            "Enter a shipping address in the billing country, where the disc is licensed. To ship "
            "elsewhere, email us."
        )
        return [FieldProblem("#/shipping_address/country", detail)]
    return []


def _shipping(details: OrderDetails, lines: Sequence[PricedLine], settings: Settings) -> Money:
    ships = any(line.ships for line in lines)
    to = details.shipping_address if ships else None
    return price_shipping(settings, country=(to or details.billing_address).place, ships=ships)


def find_total_problems(
    lines: Sequence[PricedLine],
    charges: Sequence[Charge],
    shipping: Money,
    *,
    po_number: str | None,
    draft: DraftPurchaseOrder | None,
) -> list[FieldProblem]:
    """Return what is wrong with the total of an order, before tax."""
    amount = _sum(lines) + _sum_charges(charges) + shipping.amount
    with_shipping = ", shipping included" if shipping.amount else ""
    if amount > MAX_CHARGE:
        most = Money(MAX_CHARGE, shipping.currency).words()
        detail = f"An order can be at most {most}{with_shipping}. Place two orders."
        return [FieldProblem("#/lines", detail)]
    total = Money(amount, shipping.currency)
    problems = find_purchase_order_problems(po_number, draft, total)
    if problems:
        return problems
    if is_too_small(total) and not po_number:
        least = min_charge(total.currency).words()
        detail = (
            f"This order is {total.words()}{with_shipping}, but card and bank debit payments "
            f"start at {least}. Add a license, or enter a purchase order number."
        )
        return [FieldProblem("#/lines", detail)]
    return []


def _order(
    session: Session,
    details: OrderDetails,
    lines: Sequence[PricedLine],
    *,
    charges: Sequence[Charge],
    shipping: Money,
    settings: Settings,
    customer: Institution | None,
) -> Order:
    address = details.shipping_address if any(line.ships for line in lines) else None
    subtotal, charged = _sum(lines), _sum_charges(charges)
    now = clock.now()
    buyer = details.buyer
    return Order(
        number=_free_number(session),
        access_token=new_token(),
        confirmation_token=new_token(),
        currency=settings.currency,
        subtotal_amount=subtotal,
        charges_amount=charged,
        charges=[charge.model_dump() for charge in charges],
        shipping_amount=shipping.amount,
        total_amount=subtotal + charged + shipping.amount,
        institution_id=customer.id if customer is not None else None,
        customer=customer,
        institution=buyer.institution,
        institution_key=normalize_key(buyer.institution),
        customer_class=buyer.customer_class,
        size=buyer.size,
        country=details.billing_address.place,
        contact_name=details.buyer.contact_name,
        email=details.buyer.email,
        phone=details.buyer.phone,
        billing=details.billing_address.model_dump(),
        shipping=address.model_dump() if address else None,
        po_number=details.po_number or None,
        po_key=po_key(details.po_number) if details.po_number else None,
        ap_name=details.purchase_order.ap_name if details.purchase_order else "",
        ap_email=(details.purchase_order.ap_email or "") if details.purchase_order else "",
        note=details.note,
        accepted_texts=_accepted_texts(lines, accepted_at=now.isoformat()),
        seller=seller_facts(settings),
        expires_at=now + timedelta(days=settings.unpaid_order_days),
        lines=[build_line(number, line) for number, line in enumerate(lines, 1)],
        payments=[],
        refunds=[],
        shipments=[],
        notes=[],
        issues=[],
    )


def _add_entry(order: Order, entry: StaffEntry) -> None:
    """Add what staff know of an order. Texts are never said to be accepted on the store's pages."""
    order.accepted_texts = [
        text | {"accepted_by": entry.texts_accepted_by, "recorded_by": entry.entered_by}
        for text in order.accepted_texts
    ]
    if entry.institution is not None:
        order.customer, order.institution_id = entry.institution, entry.institution.id
        order.class_verified = is_class_verified(
            entry.institution, order.customer_class, order.size
        )


def build_line(number: int, line: PricedLine) -> OrderLine:
    """Return a new line of an order."""
    return OrderLine(
        number=number,
        offer_id=line.offer.id,
        sku=line.offer.sku,
        film_id=line.offer.film_id,
        snapshot=line.snapshot,
        quantity=line.quantity,
        currency=line.currency,
        unit_amount=line.unit_amount,
        total_amount=line.total_amount,
        list_unit_amount=line.list_unit_amount,
        price_reason=line.price_reason,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        renews=line.renews,
        ships=line.ships,
        license=None,
    )


def _sum(lines: Sequence[PricedLine]) -> int:
    return sum(line.total_amount for line in lines)


def _sum_charges(charges: Sequence[Charge]) -> int:
    return sum(charge.amount for charge in charges)


def _accepted_texts(lines: Sequence[PricedLine], *, accepted_at: str) -> list[dict[str, Any]]:
    texts = dict.fromkeys(line.license_text for line in lines)
    return [{**asdict(text), "accepted_at": accepted_at} for text in texts]


def seller_facts(settings: Settings) -> dict[str, Any]:
    """Return the seller as documents of today name it."""
    return {
        "name": settings.seller_name,
        "address": settings.seller_address,
        "email": settings.seller_email,
        "staff_email": settings.email_staff_to,
        "base_url": str(settings.base_url).rstrip("/"),
        "terms_days": settings.payment_terms_days,
        "legal": LegalSeller.of(settings).model_dump(mode="json"),
        "credit_hold_days": settings.credit_hold_days,
    }


def _free_number(session: Session) -> str:
    while True:
        number = new_number("RR")
        if session.scalar(select(Order.id).where(Order.number == number)) is None:
            return number


HOUR = 60 * 60


def count_order_request(session: Session, request: Request, *, email: str, limit: int) -> None:
    """Count an order for where it comes from and for the address that its emails go to.

    Raises:
        TooManyRequestsError: more than ``limit`` of either within an hour.
    """
    address = network_of(request)
    throttle.hit(session, "orders from", address, limit=limit, seconds=HOUR)
    throttle.hit(session, "orders of", email.lower(), limit=limit, seconds=HOUR)
