"""Purchase orders: recorded when they reach us, and used by orders up to their limit.

What an order uses is taken by one conditional UPDATE, so the balance of a blanket purchase order
never falls below zero, however many orders are accepted at the same moment.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.billing.models import PurchaseOrder, PurchaseOrderUse
from app.billing.purchase_order_errors import (
    PurchaseOrderClosedError,
    PurchaseOrderExpiredError,
    PurchaseOrderLimitError,
)
from app.billing.states import (
    PURCHASE_ORDER_TRANSITIONS,
    PurchaseOrderKind,
    PurchaseOrderSource,
    PurchaseOrderState,
)
from app.core import clock
from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money
from app.offers.window_rules import format_day

log = logging.getLogger(__name__)

# What may still be used, or may be once staff accept it.
OPEN_STATES = frozenset(
    {PurchaseOrderState.RECEIVED, PurchaseOrderState.COUNTERED, PurchaseOrderState.ACCEPTED}
)
OBJECT_TYPE = "purchase_order"


@dataclass(frozen=True, slots=True)
class PurchaseOrderDetails:
    """What a purchase order says besides its number."""

    kind: PurchaseOrderKind = PurchaseOrderKind.SINGLE
    issued_on: date | None = None
    expires_on: date | None = None
    limit_amount: int | None = None
    ap_name: str = ""
    ap_email: str = ""


@dataclass(frozen=True, slots=True)
class PurchaseOrderFacts:
    """A purchase order as it reaches us. ``key`` is its number, normalized."""

    institution_id: int | None
    institution_key: str
    number: str
    key: str
    currency: str
    source: PurchaseOrderSource
    details: PurchaseOrderDetails = PurchaseOrderDetails()


def record_purchase_order(
    session: Session, facts: PurchaseOrderFacts, *, actor: Actor
) -> PurchaseOrder:
    """Return the open blanket purchase order with this number, or record a new purchase order."""
    blanket = session.scalar(
        select(PurchaseOrder)
        .where(
            same_number(facts.institution_id, facts.institution_key, facts.key),
            PurchaseOrder.kind == PurchaseOrderKind.BLANKET,
            PurchaseOrder.state.in_(OPEN_STATES),
            PurchaseOrder.currency == facts.currency,
        )
        .order_by(PurchaseOrder.id)
        .limit(1)
    )
    if blanket is not None:
        return blanket
    details = facts.details
    purchase_order = PurchaseOrder(
        institution_id=facts.institution_id,
        institution_key=facts.institution_key,
        number=facts.number,
        key=facts.key,
        kind=details.kind,
        issued_on=details.issued_on,
        expires_on=details.expires_on,
        currency=facts.currency,
        limit_amount=details.limit_amount,
        ap_name=details.ap_name,
        ap_email=details.ap_email,
        source=facts.source,
        uses=[],
    )
    session.add(purchase_order)
    session.flush()
    after = {"number": facts.number, "kind": details.kind, "source": facts.source}
    _record(session, purchase_order, "recorded", actor, after=after)
    return purchase_order


def same_number(institution_id: int | None, institution_key: str, key: str) -> ColumnElement[bool]:
    """Return the condition for the purchase orders of an institution with one number."""
    of_institution: ColumnElement[bool] = PurchaseOrder.institution_key == institution_key
    if institution_id is not None:
        of_institution = or_(of_institution, PurchaseOrder.institution_id == institution_id)
    return and_(PurchaseOrder.key == key, of_institution)


def get_purchase_order(session: Session, ident: int) -> PurchaseOrder:
    """Return a purchase order, for staff.

    Raises:
        NotFoundError: there is none with this id.
    """
    purchase_order = session.get(PurchaseOrder, ident)
    if purchase_order is None:
        detail = f"Purchase order {ident} not found."
        raise NotFoundError(detail)
    return purchase_order


def find_use(
    session: Session, purchase_order_id: int, order_number: str
) -> PurchaseOrderUse | None:
    """Return what the order uses of the purchase order now; None if nothing."""
    return session.scalar(
        select(PurchaseOrderUse).where(
            PurchaseOrderUse.purchase_order_id == purchase_order_id,
            PurchaseOrderUse.order_number == order_number,
            PurchaseOrderUse.released_at.is_(None),
        )
    )


def take_use(
    session: Session,
    purchase_order: PurchaseOrder,
    *,
    order_number: str,
    amount: int,
    on: date,
    actor: Actor,
) -> bool:
    """Use ``amount`` of the purchase order for an order. Return whether this call took it.

    The transaction must end with the error, if there is one: it has claimed the use before.

    Raises:
        PurchaseOrderLimitError: less than ``amount`` is left.
        PurchaseOrderExpiredError: its last day was before ``on``.
        PurchaseOrderClosedError: it was rejected or closed, or is a single one in use.
    """
    ident = purchase_order.id
    # First, so that concurrent orders wait here, each before it holds anything of the other.
    session.refresh(purchase_order, with_for_update={"key_share": True})
    if not _claim_use(session, ident, order_number, amount):
        return False
    used = session.execute(
        update(PurchaseOrder)
        .where(
            PurchaseOrder.id == ident,
            PurchaseOrder.state.in_(OPEN_STATES),
            or_(
                PurchaseOrder.limit_amount.is_(None),
                PurchaseOrder.used_amount + amount <= PurchaseOrder.limit_amount,
            ),
            or_(PurchaseOrder.expires_on.is_(None), PurchaseOrder.expires_on >= on),
            # On the row itself: a subquery would not see what a concurrent order takes.
            or_(PurchaseOrder.kind == PurchaseOrderKind.BLANKET, PurchaseOrder.used_amount == 0),
        )
        .values(used_amount=PurchaseOrder.used_amount + amount, updated_at=clock.now())
        .returning(PurchaseOrder.id)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(purchase_order)
    if used is None:
        _refuse_use(purchase_order, amount, on)
    _record(
        session,
        purchase_order,
        "used",
        actor,
        after={"order": order_number, "amount": amount, "currency": purchase_order.currency},
    )
    return True


def release_uses(session: Session, order_number: str, *, actor: Actor, reason: str) -> None:
    """Give back what the order uses of its purchase order. Safe to repeat."""
    released = session.execute(
        update(PurchaseOrderUse)
        .where(
            PurchaseOrderUse.order_number == order_number, PurchaseOrderUse.released_at.is_(None)
        )
        .values(released_at=clock.now(), updated_at=clock.now())
        .returning(PurchaseOrderUse.purchase_order_id, PurchaseOrderUse.amount)
        .execution_options(synchronize_session=False)
    ).all()
    for ident, amount in released:
        session.execute(
            update(PurchaseOrder)
            .where(PurchaseOrder.id == ident)
            .values(used_amount=PurchaseOrder.used_amount - amount, updated_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        purchase_order = get_purchase_order(session, ident)
        session.refresh(purchase_order)
        after = {"order": order_number, "amount": amount, "currency": purchase_order.currency}
        _record(session, purchase_order, "released", actor, after=after, reason=reason)


def retake_use(
    session: Session, purchase_order: PurchaseOrder, *, order_number: str, actor: Actor, reason: str
) -> bool:
    """Use again what an order gave back. Return whether the purchase order covers it.

    Its last day and its state do not matter: it was accepted for this order before. The caller has
    locked the order. Safe to repeat.
    """
    ident, now = purchase_order.id, clock.now()
    session.refresh(purchase_order, with_for_update={"key_share": True})
    use = session.scalar(
        select(PurchaseOrderUse)
        .where(
            PurchaseOrderUse.purchase_order_id == ident,
            PurchaseOrderUse.order_number == order_number,
            PurchaseOrderUse.released_at.is_not(None),
        )
        .execution_options(populate_existing=True)
    )
    if use is None:
        return True
    amount = use.amount
    used = session.execute(
        update(PurchaseOrder)
        .where(
            PurchaseOrder.id == ident,
            or_(
                PurchaseOrder.limit_amount.is_(None),
                PurchaseOrder.used_amount + amount <= PurchaseOrder.limit_amount,
            ),
            or_(PurchaseOrder.kind == PurchaseOrderKind.BLANKET, PurchaseOrder.used_amount == 0),
        )
        .values(used_amount=PurchaseOrder.used_amount + amount, updated_at=now)
        .returning(PurchaseOrder.id)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(purchase_order)
    if used is None:
        return False
    use.released_at, use.updated_at = None, now
    session.flush()
    after = {"order": order_number, "amount": amount, "currency": purchase_order.currency}
    _record(session, purchase_order, "used", actor, after=after, reason=reason)
    return True


def transition_purchase_order(
    session: Session,
    purchase_order: PurchaseOrder,
    target: PurchaseOrderState,
    *,
    actor: Actor,
    reason: str,
) -> bool:
    """Move a purchase order to ``target``. Return whether this call moved it.

    Raises:
        InvalidTransitionError: its present state does not allow that.
    """
    return transition(
        session,
        purchase_order,
        "state",
        target,
        table=PURCHASE_ORDER_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type=OBJECT_TYPE,
        object_ref=str(purchase_order.id),
    )


def close_unused(
    session: Session, purchase_order: PurchaseOrder, *, actor: Actor, reason: str
) -> None:
    """Close a purchase order that another one replaces, unless it was rejected or is in use."""
    if purchase_order.state in OPEN_STATES and purchase_order.used_amount == 0:
        transition_purchase_order(
            session, purchase_order, PurchaseOrderState.CLOSED, actor=actor, reason=reason
        )


def change_purchase_order(
    session: Session,
    purchase_order: PurchaseOrder,
    *,
    number: str,
    key: str,
    details: PurchaseOrderDetails,
    actor: Actor,
    reason: str = "",
) -> bool:
    """Change what a purchase order says. Return whether anything changed.

    Raises:
        InvalidInputError: the limit is below what orders use, or several orders use it and it
            would become a single one.
        PurchaseOrderClosedError: it is closed.
    """
    if purchase_order.state is PurchaseOrderState.CLOSED:
        detail = f"Purchase order {purchase_order.number} is closed."
        raise PurchaseOrderClosedError(detail)
    new = {"number": number, "key": key, **{n: getattr(details, n) for n in details.__slots__}}
    old = {name: getattr(purchase_order, name) for name in new}
    changed = [name for name in new if new[name] != old[name]]
    if not changed:
        return False
    _refuse_details(session, purchase_order, details)
    limit = details.limit_amount
    row = session.execute(
        update(PurchaseOrder)
        .where(
            PurchaseOrder.id == purchase_order.id,
            *([] if limit is None else [PurchaseOrder.used_amount <= limit]),
        )
        .values(**new, updated_at=clock.now())
        .returning(PurchaseOrder.id)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(purchase_order)
    if row is None:
        detail = f"Orders use {purchase_order.used.words()} of it. Enter at least that."
        raise InvalidInputError.of(FieldProblem("#/limit", detail))
    shown = [name for name in changed if name != "key"]
    _record(
        session,
        purchase_order,
        "changed",
        actor,
        before={name: _plain(old[name]) for name in shown},
        after={name: _plain(new[name]) for name in shown},
        reason=reason,
    )
    return True


def find_with_number(session: Session, purchase_order: PurchaseOrder) -> Sequence[PurchaseOrder]:
    """Return the other purchase orders of the institution with the same number, newest first."""
    return session.scalars(
        select(PurchaseOrder)
        .where(
            same_number(
                purchase_order.institution_id, purchase_order.institution_key, purchase_order.key
            ),
            PurchaseOrder.id != purchase_order.id,
        )
        .order_by(PurchaseOrder.id.desc())
    ).all()


def _claim_use(session: Session, ident: int, order_number: str, amount: int) -> bool:
    """Insert the use, or take up one that was released. Return False if it is in use already."""
    values = {"purchase_order_id": ident, "order_number": order_number, "amount": amount}
    index = ["purchase_order_id", "order_number"]
    if insert_ignore(session, PurchaseOrderUse, values, index_elements=index):
        return True
    again = session.execute(
        update(PurchaseOrderUse)
        .where(
            PurchaseOrderUse.purchase_order_id == ident,
            PurchaseOrderUse.order_number == order_number,
            PurchaseOrderUse.released_at.is_not(None),
        )
        .values(released_at=None, amount=amount, updated_at=clock.now())
        .returning(PurchaseOrderUse.id)
        .execution_options(synchronize_session=False)
    ).first()
    return again is not None


def _refuse_use(purchase_order: PurchaseOrder, amount: int, on: date) -> None:
    number = purchase_order.number
    if purchase_order.state not in OPEN_STATES:
        detail = f"Purchase order {number} is {purchase_order.state}."
        raise PurchaseOrderClosedError(detail)
    if purchase_order.expires_on is not None and purchase_order.expires_on < on:
        detail = f"Purchase order {number} expired on {format_day(purchase_order.expires_on)}."
        raise PurchaseOrderExpiredError(detail)
    balance = purchase_order.balance
    if balance is not None and balance.amount < amount:
        needed = Money(amount, purchase_order.currency).words()
        detail = f"{balance.words()} is left of purchase order {number}, but the order is {needed}."
        raise PurchaseOrderLimitError(detail)
    detail = f"Purchase order {number} is for one order, and another order uses it."
    raise PurchaseOrderClosedError(detail)


def _refuse_details(
    session: Session, purchase_order: PurchaseOrder, details: PurchaseOrderDetails
) -> None:
    if details.kind is PurchaseOrderKind.SINGLE and purchase_order.is_blanket:
        uses = session.scalars(
            select(PurchaseOrderUse.id).where(
                PurchaseOrderUse.purchase_order_id == purchase_order.id,
                PurchaseOrderUse.released_at.is_(None),
            )
        ).all()
        if len(uses) > 1:
            detail = f"{len(uses)} orders use it, so it must stay a blanket purchase order."
            raise InvalidInputError.of(FieldProblem("#/kind", detail))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _record(
    session: Session,
    purchase_order: PurchaseOrder,
    verb: str,
    actor: Actor,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record_action(
        session,
        OBJECT_TYPE,
        str(purchase_order.id),
        verb,
        actor,
        before=before,
        after=after,
        reason=reason,
    )
