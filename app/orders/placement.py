"""Placement: turn a draft into an order, or report a problem for each field."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.regions import home_country
from app.core import clock, throttle
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError
from app.core.money import Money
from app.core.networks import network_of
from app.core.numbers import new_number, new_token
from app.offers.licensing import Buyer, NotOffered, OfferAnswer, build_offer_answer
from app.offers.states import Refusal
from app.orders.charges import MAX_CHARGE, is_too_small, min_charge, price_shipping
from app.orders.drafts import AcceptedText, DraftBuyer, DraftLine, OrderDraft
from app.orders.issues import raise_issue
from app.orders.models import Order, OrderLine, normalize_key
from app.orders.order_emails import queue_order_received
from app.orders.payment_recording import complete_free_order
from app.orders.states import IssueCode, OrderState

__all__ = ["AcceptedText", "DraftBuyer", "DraftLine", "OrderDraft", "buyer_of", "place"]

log = logging.getLogger(__name__)
MAX_PO_NUMBER_LENGTH = 60


def buyer_of(draft: OrderDraft) -> Buyer:
    """Return for whom the draft is priced: its country is that of the billing address."""
    return Buyer(
        customer_class=draft.buyer.customer_class,
        size=draft.buyer.size,
        country=draft.billing_address.place,
    )


def place(session: Session, draft: OrderDraft, *, settings: Settings, actor: Actor) -> Order:
    """Place the order: price and check every line, and store snapshots of what was agreed.

    No price comes from the caller. The order awaits payment, or acceptance of its purchase order.

    Raises:
        InvalidInputError: one field problem for each rule that the draft breaks.
    """
    # By UTC, as pages and carts price it; a license's own days are by the licensee's calendar.
    answers, problems = _price_lines(session, draft, on=clock.today(), currency=settings.currency)
    problems += _text_problems(draft, answers)
    problems += _address_problems(draft, answers)
    shipping = _shipping(draft, answers, settings)
    problems += _total_problems(draft, answers, shipping)
    if problems:
        raise InvalidInputError.of(*problems)
    order = _order(session, draft, answers, shipping, settings)
    session.add(order)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="order.placed",
        object_type="order",
        object_ref=order.number,
        after={"total": order.total_amount, "currency": order.currency},
    )
    _flag_purchase_order(session, order)
    queue_order_received(session, order)
    if order.total_amount == 0:
        complete_free_order(session, order, actor=actor)
    log.info("order.placed", extra={"order": order.number, "total": str(order.total)})
    return order


def _price_lines(
    session: Session, draft: OrderDraft, *, on: date, currency: str
) -> tuple[list[OfferAnswer], list[FieldProblem]]:
    answers: list[OfferAnswer] = []
    problems: list[FieldProblem] = []
    buyer = buyer_of(draft)
    seen: set[str] = set()
    for index, line in enumerate(draft.lines):
        pointer = f"#/lines/{index}"
        if line.offer in seen:
            detail = f"{line.offer} is already in the order. Increase its quantity instead."
            problems.append(FieldProblem(f"{pointer}/offer", detail))
            continue
        seen.add(line.offer)
        answer = build_offer_answer(session, line.offer, buyer, quantity=line.quantity, on=on)
        if isinstance(answer, NotOffered):
            problems += _refusal_problems(answer, pointer)
            continue
        if other := answer.refusal_in(currency):
            problems.append(FieldProblem(f"{pointer}/offer", other))
            continue
        answers.append(answer)
        total = answer.price.total
        if line.expected_amount is not None and line.expected_amount != total.amount:
            before = Money(line.expected_amount, total.currency)
            detail = f"The price changed from {before.words()} to {total.words()}."
            problems.append(FieldProblem(f"{pointer}/expected_amount", detail))
    # A problem with the buyer's size is the same for each line.
    return answers, list(dict.fromkeys(problems))


def _refusal_problems(answer: NotOffered, pointer: str) -> list[FieldProblem]:
    """Point each reason at the field that the buyer would change."""
    fields = {
        Refusal.SIZE_NEEDED: "#/buyer/size",
        Refusal.SIZE_NOT_PRICED: "#/buyer/size",
        Refusal.QUANTITY: f"{pointer}/quantity",
    }
    return [
        FieldProblem(fields.get(reason.code, f"{pointer}/offer"), reason.words)
        for reason in answer.refusals
    ]


def _text_problems(draft: OrderDraft, answers: Sequence[OfferAnswer]) -> list[FieldProblem]:
    """Compare the accepted license texts with those of the offers, by version and hash."""
    needed = {text.code: text for text in (answer.license_text for answer in answers)}
    accepted: set[str] = set()
    problems: list[FieldProblem] = []
    for index, accepted_text in enumerate(draft.accepted_texts):
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
    wrong = {draft.accepted_texts[int(p.pointer.split("/")[2])].code for p in problems}
    for code, text in needed.items():
        if code not in accepted and code not in wrong:
            detail = f"Accept the license text “{text.title}” ({code}, version {text.version})."
            problems.append(FieldProblem("#/accepted_texts", detail))
    return problems


def _address_problems(draft: OrderDraft, answers: Sequence[OfferAnswer]) -> list[FieldProblem]:
    if not any(answer.ships for answer in answers):
        return []
    if draft.shipping_address is None:
        detail = "Enter a shipping address for the disc."
        return [FieldProblem("#/shipping_address", detail)]
    to, billed = draft.shipping_address.place, draft.billing_address.place
    sold_there = all(answer.offer.sale_territory.contains(to) for answer in answers if answer.ships)
    if home_country(to) != home_country(billed) or not sold_there:
        detail = (
            "Enter a shipping address in the billing country, where the disc is licensed. To ship "
            "elsewhere, email us."
        )
        return [FieldProblem("#/shipping_address/country", detail)]
    return []


def _shipping(draft: OrderDraft, answers: Sequence[OfferAnswer], settings: Settings) -> Money:
    ships = any(answer.ships for answer in answers)
    to = draft.shipping_address if ships else None
    return price_shipping(settings, country=(to or draft.billing_address).place, ships=ships)


def _total_problems(
    draft: OrderDraft, answers: Sequence[OfferAnswer], shipping: Money
) -> list[FieldProblem]:
    amount = sum(answer.price.total.amount for answer in answers) + shipping.amount
    with_shipping = ", shipping included" if shipping.amount else ""
    if amount > MAX_CHARGE:
        most = Money(MAX_CHARGE, shipping.currency).words()
        detail = f"An order can be at most {most}{with_shipping}. Place two orders."
        return [FieldProblem("#/lines", detail)]
    total = Money(amount, shipping.currency)
    if is_too_small(total) and not draft.po_number:
        least = min_charge(total.currency).words()
        detail = (
            f"This order is {total.words()}{with_shipping}, but card and bank debit payments "
            f"start at {least}. Add a license, or enter a purchase order number."
        )
        return [FieldProblem("#/lines", detail)]
    return []


def _order(
    session: Session,
    draft: OrderDraft,
    answers: Sequence[OfferAnswer],
    shipping: Money,
    settings: Settings,
) -> Order:
    address = draft.shipping_address if any(answer.ships for answer in answers) else None
    subtotal = sum((answer.price.total.amount for answer in answers), 0)
    now = clock.now()
    return Order(
        number=_free_number(session),
        access_token=new_token(),
        currency=settings.currency,
        subtotal_amount=subtotal,
        shipping_amount=shipping.amount,
        total_amount=subtotal + shipping.amount,
        institution=draft.buyer.institution,
        institution_key=normalize_key(draft.buyer.institution),
        customer_class=draft.buyer.customer_class,
        size=draft.buyer.size,
        country=draft.billing_address.place,
        contact_name=draft.buyer.contact_name,
        email=draft.buyer.email,
        phone=draft.buyer.phone,
        billing=draft.billing_address.model_dump(),
        shipping=address.model_dump() if address else None,
        po_number=draft.po_number or None,
        # One character may fold into many.
        po_key=normalize_key(draft.po_number)[:MAX_PO_NUMBER_LENGTH] if draft.po_number else None,
        note=draft.note,
        accepted_texts=_accepted_texts(answers, accepted_at=now.isoformat()),
        seller=_seller(settings),
        expires_at=now + timedelta(days=settings.unpaid_order_days),
        lines=[
            _line(number, answer, line.quantity)
            for number, (answer, line) in enumerate(zip(answers, draft.lines, strict=True), 1)
        ],
        payments=[],
        refunds=[],
        shipments=[],
        notes=[],
        issues=[],
    )


def _line(number: int, answer: OfferAnswer, quantity: int) -> OrderLine:
    return OrderLine(
        number=number,
        offer_id=answer.offer.id,
        sku=answer.sku,
        film_id=answer.offer.film_id,
        snapshot=answer.snapshot(),
        quantity=quantity,
        currency=answer.price.total.currency,
        unit_amount=answer.price.unit.amount,
        total_amount=answer.price.total.amount,
        ships=answer.ships,
        license=None,
    )


def _accepted_texts(answers: Sequence[OfferAnswer], *, accepted_at: str) -> list[dict[str, Any]]:
    texts = {(t.code, t.version): t for t in (answer.license_text for answer in answers)}
    return [
        {
            "code": text.code,
            "version": text.version,
            "title": text.title,
            "sha256": text.sha256,
            "accepted_at": accepted_at,
        }
        for text in texts.values()
    ]


def _seller(settings: Settings) -> dict[str, Any]:
    return {
        "name": settings.seller_name,
        "address": settings.seller_address,
        "email": settings.seller_email,
        "staff_email": settings.email_staff_to,
        "base_url": str(settings.base_url).rstrip("/"),
        "terms_days": settings.payment_terms_days,
    }


def _free_number(session: Session) -> str:
    while True:
        number = new_number("RR")
        if session.scalar(select(Order.id).where(Order.number == number)) is None:
            return number


def _flag_purchase_order(session: Session, order: Order) -> None:
    """Put an order with a PO before staff, with a warning if its number came before."""
    if order.po_number is None:
        return
    detail = f"Check purchase order {order.po_number} and accept it, or wait for payment."
    raise_issue(session, order, IssueCode.PO_REVIEW, detail)
    raise_duplicate_po(session, order)


def raise_duplicate_po(session: Session, order: Order) -> None:
    """Put an order before staff if its institution used the same PO number for another."""
    earlier = session.scalar(
        select(Order.number)
        .where(
            Order.institution_key == order.institution_key,
            Order.po_key == order.po_key,
            Order.id != order.id,
            Order.state.not_in([OrderState.CANCELED, OrderState.EXPIRED]),
        )
        .order_by(Order.id)
        .limit(1)
    )
    if earlier is not None:
        detail = f"{order.institution} also used purchase order {order.po_number} for {earlier}."
        raise_issue(session, order, IssueCode.DUPLICATE_PO, detail, about=earlier)


HOUR = 60 * 60


def count_order_request(session: Session, request: Request, *, email: str, limit: int) -> None:
    """Count an order for where it comes from and for the address that its emails go to.

    Raises:
        TooManyRequestsError: more than ``limit`` of either within an hour.
    """
    address = network_of(request)
    throttle.hit(session, "orders from", address, limit=limit, seconds=HOUR)
    throttle.hit(session, "orders of", email.lower(), limit=limit, seconds=HOUR)
