"""Acceptance: a quote becomes an order, once, at the quoted prices."""

import logging

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.regions import home_country
from app.core import clock
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError
from app.institutions.attachment import lock_live
from app.offers.territories import country_name_in_sentence
from app.orders.drafts import Charge
from app.orders.models import Order
from app.orders.placement import DraftBuyer, OrderDetails, place_lines
from app.quotes.approvals import check_authority
from app.quotes.drafts import QuoteAcceptance
from app.quotes.models import Quote
from app.quotes.queries import get_priced_lines, lock_quote
from app.quotes.service import not_open, transition_quote
from app.quotes.states import QuoteState

log = logging.getLogger(__name__)


def accept_quote(
    session: Session,
    number: str,
    acceptance: QuoteAcceptance,
    *,
    settings: Settings,
    actor: Actor,
) -> Order:
    """Place the order of an open quote. Rights, texts, and addresses are checked again.

    The order is held at least as long as the quote.

    Raises:
        QuoteNotOpenError: it was accepted before, or its time is over.
        InvalidInputError: one field problem for each rule that is broken; the quote stays open.
        ApproverNeededError: the person may not commit the institution to the total.
    """
    quote = lock_quote(session, number)
    if not quote.is_open:
        raise not_open(session, quote)
    by_link = check_authority(session, quote, acceptance, settings=settings, actor=actor)
    details = _details(quote, acceptance)
    order = place_lines(
        session,
        details,
        get_priced_lines(session, quote),
        settings=settings,
        actor=actor,
        charges=[Charge.model_validate(charge) for charge in quote.charges],
        shipping=quote.shipping,
        quote_number=quote.number,
        held_until=quote.expires_at,
        institution=lock_live(session, quote.institution_id) if quote.institution_id else None,
        is_confirmed=quote.is_confirmed or by_link,
    )
    approver = acceptance.accepted_by
    # What the quote lacked; what it said stays.
    quote.institution = quote.institution or order.institution
    quote.contact_name = quote.contact_name or order.contact_name
    quote.order_number = order.number
    quote.accepted_at = clock.now()
    quote.accepted_by = approver.model_dump() if approver else None
    session.flush()
    reason = f"order {order.number}"
    if approver is not None:
        title = f", {approver.title}" if approver.title else ""
        reason = f"{reason}, approved by {approver.name}{title} ({approver.email})"
    transition_quote(session, quote, QuoteState.ACCEPTED, actor=actor, reason=reason)
    log.info("quote.accepted", extra={"quote": quote.number, "order": order.number})
    return order


def _details(quote: Quote, acceptance: QuoteAcceptance) -> OrderDetails:
    """Return the order's details from the quote, and from the acceptance what it lacks."""
    approver = acceptance.accepted_by
    institution = quote.institution or acceptance.institution
    contact_name = (
        quote.contact_name or acceptance.contact_name or (approver.name if approver else "")
    )
    problems = []
    if not institution:
        detail = "Enter the name of your institution as it should appear on the license."
        problems.append(FieldProblem("#/institution", detail))
    if not contact_name:
        problems.append(FieldProblem("#/contact_name", "Enter your name."))
    if home_country(acceptance.billing_address.place) != home_country(quote.country):
        detail = (
            f"This quote is for a buyer in {country_name_in_sentence(quote.country)}. "
            "Ask for a new quote for another country."
        )
        problems.append(FieldProblem("#/billing_address/country", detail))
    if problems:
        raise InvalidInputError.of(*problems)
    return OrderDetails(
        buyer=DraftBuyer(
            institution=institution,
            customer_class=quote.customer_class,
            size=quote.size,
            contact_name=contact_name,
            email=quote.email,
            phone=quote.phone,
        ),
        billing_address=acceptance.billing_address,
        shipping_address=acceptance.shipping_address,
        po_number=acceptance.po_number or quote.po_number,
        purchase_order=acceptance.purchase_order,
        note=acceptance.note or quote.note,
        accepted_texts=acceptance.accepted_texts,
    )
