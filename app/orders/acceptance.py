"""Acceptance of an order on terms, before it is paid, and what staff should know first."""

import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.billing.states import PurchaseOrderSource
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.offers.bundles import RightsBundle
from app.offers.licensing import find_grant_refusals
from app.offers.models import Offer
from app.offers.states import Delivery, OfferStatus
from app.offers.terms import Term
from app.offers.territories import Territory
from app.orders.credit_checks import check_credit
from app.orders.errors import OrderClosedError
from app.orders.fulfillment import fulfill, sync_fulfillment_state, transition_order
from app.orders.invoicing import seller_of, sync_invoice
from app.orders.issues import resolve_issues
from app.orders.models import Order, OrderLine
from app.orders.order_emails import queue_order_accepted
from app.orders.purchase_order_intake import po_key, set_po_number
from app.orders.purchase_order_review import accept_purchase_order
from app.orders.queries import lock_order
from app.orders.states import IssueCode, OrderState
from app.orders.taxes import refuse_unresolved_tax

log = logging.getLogger(__name__)


def accept(
    session: Session,
    order: Order,
    *,
    actor: Actor,
    po_number: str | None = None,
    terms_days: int | None = None,
    reason: str = "",
) -> Order:
    """Accept the order on terms: license and ship now, payment is due in ``terms_days``.

    The institution's terms, or else the seller's, are the default. Safe to repeat: a line that
    could not be licensed is tried again, and an accepted order takes a purchase order number if
    it has none.

    Raises:
        InvalidInputError: the order has no purchase order number, and none is given here, or one
            that is too long; or it was accepted before with another number, or other terms.
        OrderClosedError: it is canceled or has expired.
        PurchaseOrderLimitError: the order is more than what is left of its purchase order.
        PurchaseOrderExpiredError: its purchase order has expired.
        PurchaseOrderClosedError: its purchase order was rejected or closed.
        CreditHoldError: the institution owes too much, or staff hold its orders.
        TaxUnresolvedError: nobody has said yet what tax it owes.
    """
    order = lock_order(session, order.number)
    if order.state in {OrderState.ACCEPTED, OrderState.COMPLETED}:
        _refuse_other_terms(session, order, po_number, terms_days)
        if po_number and not order.po_number:
            _set_po_number(session, order, po_number, actor=actor, reason=reason)
        _license_the_rest(session, order, actor=actor)
        return order
    if order.state is not OrderState.SUBMITTED:
        detail = f"Order {order.number} is {order.state}. Ask the buyer to order again."
        raise OrderClosedError(detail)
    refuse_unresolved_tax(order)
    if po_number:
        _set_po_number(session, order, po_number, actor=actor, reason=reason)
    if not order.po_number:
        detail = "Enter a purchase order number to accept the order on terms."
        raise InvalidInputError.of(FieldProblem("#/po_number", detail))
    check_credit(session, order)
    accept_purchase_order(session, order, actor=actor, reason=reason)
    days = terms_days if terms_days is not None else usual_terms(order)
    order.on_terms = True
    # From the day that its invoice bears.
    order.due_on = clock.today(seller_of(order).time_zone) + timedelta(days=days)
    order.expires_at = None
    session.flush()
    why = reason or f"purchase order {order.po_number}, net {days} days"
    transition_order(session, order, OrderState.ACCEPTED, actor=actor, reason=why)
    resolve_issues(session, order, IssueCode.PO_REVIEW, IssueCode.DUPLICATE_PO, actor=actor)
    fulfill(session, order, actor=actor, reason=why, notify_buyer=False)
    sync_invoice(session, order, actor=actor, reason=why)
    queue_order_accepted(session, order)
    sync_fulfillment_state(session, order, actor=actor, reason=why)
    return order


def usual_terms(order: Order) -> int:
    """Return the days of the institution, else of the seller; unconfirmed, the fewer of both."""
    sellers = int(order.seller["terms_days"])
    own = order.customer.terms_days if order.customer is not None else None
    if own is None:
        return sellers
    return min(own, sellers) if order.is_unconfirmed else own


def _set_po_number(
    session: Session, order: Order, po_number: str, *, actor: Actor, reason: str
) -> None:
    set_po_number(
        session, order, po_number, source=PurchaseOrderSource.STAFF, actor=actor, reason=reason
    )


def _refuse_other_terms(
    session: Session, order: Order, po_number: str | None, terms_days: int | None
) -> None:
    """Refuse what an order that was accepted before cannot take over."""
    problems = []
    if po_number and order.po_number and po_key(po_number) != order.po_key:
        detail = f"Order {order.number} already has purchase order {order.po_number}."
        problems.append(FieldProblem("#/po_number", detail))
    if terms_days is not None and not order.on_terms:
        detail = f"Order {order.number} was accepted without payment terms."
        problems.append(FieldProblem("#/terms_days", detail))
    elif terms_days is not None and order.due_on is not None:
        accepted_at = session.scalars(
            select(AuditEntry.at)
            .where(
                AuditEntry.object_type == "order",
                AuditEntry.object_ref == order.number,
                AuditEntry.action == f"order.state.{OrderState.ACCEPTED}",
            )
            .order_by(AuditEntry.id.desc())
            .limit(1)
        ).first()
        zone = ZoneInfo(seller_of(order).time_zone)
        agreed = timedelta(days=terms_days)
        if accepted_at and order.due_on != accepted_at.astimezone(zone).date() + agreed:
            detail = f"Order {order.number} is already accepted. Payment is due by {order.due_on}."
            problems.append(FieldProblem("#/terms_days", detail))
    if problems:
        raise InvalidInputError.of(*problems)


def _license_the_rest(session: Session, order: Order, *, actor: Actor) -> None:
    """Try again what failed when the rights were not held: by now they may be."""
    if all(line.license is not None for line in order.lines):
        return
    fulfill(session, order, actor=actor, reason="tried again")
    if all(line.license is not None for line in order.lines):
        resolve_issues(session, order, IssueCode.LICENSE_NOT_GRANTED, actor=actor)


def find_warnings(session: Session, order: Order) -> list[str]:
    """Return what has changed since the order was placed, for one that waits to be accepted."""
    if order.state is not OrderState.SUBMITTED:
        return []
    films = session.execute(
        select(Film.id, Film.status).where(Film.id.in_([line.film_id for line in order.lines]))
    )
    offers = session.execute(
        select(Offer.id, Offer.status).where(Offer.id.in_([line.offer_id for line in order.lines]))
    )
    film_status = {row.id: row.status for row in films}
    offer_status = {row.id: row.status for row in offers}
    warnings = []
    for line in order.lines:
        if film_status[line.film_id] is not FilmStatus.PUBLISHED:
            warnings.append(f"{line.film_title} is no longer in the catalog (line {line.number}).")
        if offer_status[line.offer_id] is not OfferStatus.PUBLISHED:
            warnings.append(f"{line.full_title} is no longer available (line {line.number}).")
        warnings += [
            f"No license can be granted for line {line.number}. {refusal}"
            for refusal in _refusals(session, order, line)
        ]
    return warnings


def _refusals(session: Session, order: Order, line: OrderLine) -> list[str]:
    shot = line.snapshot
    refusals = find_grant_refusals(
        session,
        film_id=line.film_id,
        needed=RightsBundle.model_validate(shot["rights"]).rights_needed(
            Delivery(shot["delivery"])
        ),
        territory=Territory(frozenset({order.country})),
        term=Term(kind=shot["term"]["kind"], months=shot["term"]["months"]),
        starts_on=clock.today(),
    )
    return [refusal.words for refusal in refusals]
