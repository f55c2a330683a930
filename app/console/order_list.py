"""Orders as a table: found by words and states, sorted by a column."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.console.lists import AnyRow, Columns, ListPage, rows_page, sorted_by
from app.orders.models import Order, OrderIssue
from app.orders.queries import OrderFilters, build_conditions

SORTS: Columns = {
    "placed": Order.created_at,
    "number": Order.number,
    "institution": func.lower(Order.institution),
    "total": Order.total_amount,
}


def order_rows(
    session: Session, filters: OrderFilters, *, sort: str, page: int
) -> ListPage[AnyRow]:
    """Return one page of orders, as the columns that the table shows."""
    concerns = (
        select(func.count(OrderIssue.id))
        .where(OrderIssue.order_id == Order.id, OrderIssue.cleared_at.is_(None))
        .correlate(Order)
        .scalar_subquery()
    )
    statement = select(
        Order.number,
        Order.created_at,
        Order.institution,
        Order.customer_class,
        Order.country,
        Order.contact_name,
        Order.po_number,
        Order.total_amount,
        Order.currency,
        Order.state,
        Order.payment_state,
        Order.fulfillment_state,
        concerns.label("concerns"),
    ).where(*build_conditions(filters))
    return rows_page(session, sorted_by(statement, SORTS, sort, unique=Order.id), page=page)
