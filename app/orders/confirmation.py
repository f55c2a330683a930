"""Confirmation that an order is the institution's own, which a typed address does not prove.

docs/institutions.md says what a confirmed order gets, and what an unconfirmed one gets.
"""

import logging

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor, ActorKind
from app.billing.states import TaxSource
from app.billing.tax_models import TaxExemption
from app.core import clock
from app.core.config import Settings
from app.institutions.attachment import is_class_verified
from app.institutions.member_models import Member
from app.orders.errors import ApproverNeededError
from app.orders.models import Order
from app.orders.queries import lock_order
from app.orders.taxes import can_enter_tax, reassess_tax

log = logging.getLogger(__name__)


def confirm_order(
    session: Session, order: Order, *, settings: Settings, actor: Actor, reason: str
) -> bool:
    """Record that the order is its institution's own. Return False if that was known before.

    Whether its class is verified follows, its exemption certificates go to the institution, and
    its tax is assessed again unless the order is paid, accepted, or closed, or staff entered it.

    Raises:
        ApproverNeededError: the buyer's account may not spend as much.
    """
    order = lock_order(session, order.number)
    if order.confirmed_at is not None:
        return False
    if actor.kind is ActorKind.GUEST:
        _refuse_over_limit(session, order)
    session.flush()
    now = clock.now()
    confirmed = session.execute(
        update(Order)
        .where(Order.id == order.id, Order.confirmed_at.is_(None))
        .values(
            confirmed_at=now,
            confirmed_by=actor.label[:200],
            class_verified=is_class_verified(order.customer, order.customer_class, order.size),
        )
        .returning(Order.id)
    ).first()
    if confirmed is None:
        return False
    session.refresh(order, ["confirmed_at", "confirmed_by", "class_verified"])
    session.execute(
        update(TaxExemption)
        .where(TaxExemption.order_number == order.number, TaxExemption.institution_id.is_(None))
        .values(institution_id=order.institution_id)
    )
    audit.record_action(
        session,
        "order",
        order.number,
        "confirmed",
        actor,
        after={"class_verified": order.class_verified},
        reason=reason,
    )
    log.info("order.confirmed", extra={"order": order.number})
    if can_enter_tax(order) and order.tax_source is not TaxSource.STAFF:
        reassess_tax(session, order, settings=settings, reason="confirmed", actor=actor)
    return True


def _refuse_over_limit(session: Session, order: Order) -> None:
    buyer = session.scalar(select(Member).where(Member.email == order.email.lower()))
    is_of_order = buyer is not None and buyer.institution_id == order.institution_id
    if buyer is not None and is_of_order and buyer.is_over_limit(order.total_amount):
        detail = (
            "The order is above your spending limit. Ask an approver at your institution to order, "
            "or email us."
        )
        raise ApproverNeededError(detail)
