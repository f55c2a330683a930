"""Reading receipts, and what one could pay."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from app.billing.models import Invoice
from app.core.errors import NotFoundError
from app.core.pagination import PageParams, id_of
from app.core.text import normalize_key
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
    session: Session, *, q: str, amount: int | None, receipt: Receipt | None = None
) -> list[tuple[Target, int]]:
    """Return what a check may pay, with what it owes: the best guess first.

    ``q`` is a number of an invoice, order, or purchase order, or a name; an equal amount counts
    too, unless ``receipt`` has an institution: then only what that owes is listed.
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
    if receipt is not None and (receipt.institution_id or receipt.active_matches):
        own = [Order.institution_key == receipt.institution_key]
        if receipt.institution_id:
            own.append(Order.institution_id == receipt.institution_id)
        statement = statement.where(or_(*own))
        hits = [true()]
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


def get_receipt(session: Session, number: str) -> Receipt:
    """Return the receipt.

    Raises:
        NotFoundError: no receipt has this number.
    """
    receipt = session.scalar(select(Receipt).where(Receipt.number == number))
    if receipt is None:
        raise _no_receipt(number)
    return receipt


def lock_receipt(session: Session, number: str) -> Receipt:
    """Return the receipt locked for a change, as it is now.

    Raises:
        NotFoundError: no receipt has this number.
    """
    receipt = session.scalar(
        select(Receipt)
        .where(Receipt.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if receipt is None:
        raise _no_receipt(number)
    session.expire(receipt, ["matches", "refunds"])
    return receipt


def _no_receipt(number: str) -> NotFoundError:
    detail = f"Payment “{number[:40]}” not found."
    return NotFoundError(detail)
