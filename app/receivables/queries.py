"""Reading receipts, and what one could pay."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.billing.models import Invoice
from app.core.pagination import PageParams, id_of
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.orders.models import Order
from app.orders.queries import OrderFilters, build_conditions
from app.orders.states import OrderState, PaymentState
from app.receivables.models import Receipt, ReceiptMatch
from app.receivables.targets import OWING, Target, count_owed

MAX_SUGGESTIONS = 20
_OPEN_ORDERS = (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.COMPLETED)
_OWING_ORDERS = (PaymentState.UNPAID, PaymentState.PENDING, PaymentState.PARTIALLY_PAID)


def find_receipts(
    session: Session, page: PageParams, *, q: str | None, unmatched: bool | None
) -> Sequence[Receipt]:
    """Return up to ``limit + 1`` receipts, the newest recorded first."""
    statement = (
        select(Receipt)
        .options(
            joinedload(Receipt.institution).raiseload("*"),
            selectinload(Receipt.refunds),
            selectinload(Receipt.matches).joinedload(ReceiptMatch.order).raiseload("*"),
        )
        .where(*build_receipt_conditions(q, unmatched=unmatched))
        .order_by(Receipt.id.desc())
    )
    keys = page.keys(1)
    if keys is not None:
        statement = statement.where(Receipt.id < id_of(keys[0]))
    return session.scalars(statement.limit(page.limit + 1)).all()


def build_receipt_conditions(
    q: str | None, *, unmatched: bool | None = None
) -> list[ColumnElement[bool]]:
    """Return the conditions of a list of receipts; what is None does not matter."""
    conditions: list[ColumnElement[bool]] = []
    if unmatched is not None:
        rest = and_(
            Receipt.voided_at.is_(None),
            Receipt.amount > Receipt.matched_amount + Receipt.refunded_amount,
        )
        conditions.append(rest if unmatched else ~rest)
    if q and q.strip():
        conditions.append(_matches(q.strip().lower()))
    return conditions


def _matches(word: str) -> ColumnElement[bool]:
    columns = (Receipt.number, Receipt.reference, Receipt.payer, Receipt.deposit)
    key = normalize_key(word)
    paid = exists().where(
        ReceiptMatch.receipt_id == Receipt.id,
        ReceiptMatch.order_id == Order.id,
        or_(
            func.lower(Order.number).startswith(word, autoescape=True),
            func.lower(ReceiptMatch.invoice_number).startswith(word, autoescape=True),
        ),
    )
    return or_(
        *(func.lower(column).contains(word, autoescape=True) for column in columns),
        *([Receipt.institution_key.contains(key, autoescape=True)] if key else []),
        paid,
    )


def find_suggestions(
    session: Session, *, q: str, amount: int | None, institution: Institution | None = None
) -> list[tuple[Target, int]]:
    """Return what a check may pay, with what it owes: the best guess first.

    ``q`` is a number of an invoice, order, or purchase order, or a name; an equal amount counts
    too. All that ``institution`` owes is listed, the first due first.
    """
    statement = (
        select(Order, Invoice)
        .outerjoin(Invoice, and_(Invoice.order_number == Order.number, Invoice.state.in_(OWING)))
        .where(Order.state.in_(_OPEN_ORDERS), Order.payment_state.in_(_OWING_ORDERS))
    )
    hits: list[ColumnElement[bool]] = []
    if q.strip():
        hits += build_conditions(OrderFilters(q=q))
        hits.append(func.lower(Invoice.number).startswith(q.strip().lower(), autoescape=True))
        hits.append(func.lower(Invoice.bill_to).contains(q.strip().lower(), autoescape=True))
    if amount:
        hits.append(Order.total_amount - Order.paid_amount == amount)
    if institution is not None:
        hits.append(Order.institution_id == institution.id)
        hits.append(Order.institution_key == institution.name_key)
    if not hits:
        return []
    rows = session.execute(
        statement.where(or_(*hits))
        .order_by(Order.due_on.is_(None), Order.due_on, Order.id)
        .limit(MAX_SUGGESTIONS)
    ).all()
    found = [Target(order, invoice) for order, invoice in rows]
    owed = [(target, count_owed(target.order, target.invoice)) for target in found]
    wanted = q.strip().upper()

    def rank(entry: tuple[Target, int]) -> tuple[bool, bool]:
        target, rest = entry
        numbers = (target.number, target.order.number, (target.order.po_number or "").upper())
        return wanted not in numbers or not wanted, rest != amount

    return sorted((entry for entry in owed if entry[1] > 0), key=rank)
