"""Attaching an order to the record of its institution, with all that belongs to the order."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.audit import record_action
from app.billing.models import Invoice, PurchaseOrder
from app.billing.tax_models import TaxExemption
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError
from app.institutions.attachment import lock_live
from app.institutions.models import Institution
from app.orders.models import Order

MAX_ATTACHED = 500


def attach_order(
    session: Session,
    order: Order,
    institution: Institution | None,
    *,
    actor: Actor,
    reason: str = "",
    confirms: bool = True,
) -> bool:
    """Attach a locked order to an institution, or detach it. Return False if it was there already.

    Its invoices, its single purchase order, and its exemption certificates follow. Staff who attach
    one order say with it that it is the institution's own, so it ``confirms`` the order. Whether
    class and size were verified stays as it was.

    Raises:
        InvalidInputError: to move or detach an order, staff give a reason.
    """
    if institution is not None:
        institution = lock_live(session, institution.id)
    new_id = institution.id if institution is not None else None
    if order.institution_id == new_id:
        return False
    if order.institution_id is not None and not reason:
        detail = "Enter a reason to move the order to another institution."
        raise InvalidInputError.of(FieldProblem("#/reason", detail))
    before = order.customer.ref if order.customer is not None else None
    order.institution_id = new_id
    order.customer = institution
    if confirms and institution is not None and order.confirmed_at is None:
        order.confirmed_at, order.confirmed_by = clock.now(), actor.label[:200]
    session.execute(
        update(Invoice).where(Invoice.order_number == order.number).values(institution_id=new_id)
    )
    if order.purchase_order_id is not None:
        others = select(Order.id).where(
            Order.purchase_order_id == order.purchase_order_id, Order.id != order.id
        )
        session.execute(
            update(PurchaseOrder)
            .where(PurchaseOrder.id == order.purchase_order_id, ~others.exists())
            .values(institution_id=new_id)
        )
    session.execute(
        update(TaxExemption)
        .where(TaxExemption.order_number == order.number)
        .values(institution_id=order.own_institution_id)
    )
    session.flush()
    record_action(
        session,
        "order",
        order.number,
        "attached",
        actor,
        before={"institution": before},
        after={"institution": institution.ref if institution is not None else None},
        reason=reason,
    )
    return True


def find_unattached(session: Session, institution: Institution) -> Sequence[Order]:
    """Return orders of no institution whose addresses are at its domains, newest first."""
    at_domain = [
        func.lower(Order.email).endswith(f"@{each.domain}", autoescape=True)
        for each in institution.domains
    ]
    if not at_domain:
        return []
    return session.scalars(
        select(Order)
        .where(Order.institution_id.is_(None), or_(*at_domain))
        .order_by(Order.id.desc())
        .limit(MAX_ATTACHED)
    ).all()


def attach_unattached(session: Session, institution: Institution, *, actor: Actor) -> int:
    """Attach the orders that ``find_unattached`` returns; return how many.

    Their addresses say where they belong, and confirm nothing.
    """
    return sum(
        attach_order(session, order, institution, actor=actor, confirms=False)
        for order in find_unattached(session, institution)
    )
