"""What a receipt can pay: open invoices, and orders that are paid before they have one."""

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.orders.models import Order
from app.orders.queries import NUMBER

_INVOICE_NUMBER = re.compile(r"[A-Z0-9-]{1,30}")
OWING = (InvoiceState.OPEN, InvoiceState.WRITTEN_OFF)


@dataclass(frozen=True, slots=True)
class Target:
    """An order that can be paid, and its invoice if it has one."""

    order: Order
    invoice: Invoice | None

    @property
    def number(self) -> str:
        """What people call it by."""
        return self.invoice.number if self.invoice else self.order.number

    @property
    def due_on(self) -> date | None:
        """When it is to be paid; None for an order that is paid in advance."""
        return self.invoice.due_on if self.invoice else self.order.due_on


def find_target(session: Session, number: str) -> Target | str:
    """Return the invoice or order with this number, or a sentence that says why there is none."""
    wanted = number.strip().upper()
    if NUMBER.fullmatch(wanted):
        order = session.scalar(select(Order).where(Order.number == wanted))
        if order is None:
            return f"No order has the number {wanted}."
        return Target(order, find_owing_invoice(session, wanted))
    invoice = None
    if _INVOICE_NUMBER.fullmatch(wanted):  # PostgreSQL refuses some characters
        invoice = session.scalar(select(Invoice).where(Invoice.number == wanted))
    if invoice is None:
        return "Enter the number of an invoice or an order."
    if invoice.state is InvoiceState.VOID:
        return f"Invoice {wanted} is void. Match the invoice that replaced it."
    order = session.scalars(select(Order).where(Order.number == invoice.order_number)).one()
    return Target(order, invoice)


def find_owing_invoice(session: Session, order_number: str) -> Invoice | None:
    """Return the invoice of the order that is open or written off."""
    return session.scalar(
        select(Invoice)
        .where(Invoice.order_number == order_number, Invoice.state.in_(OWING))
        .order_by(Invoice.id.desc())
        .limit(1)
    )


def count_owed(order: Order, invoice: Invoice | None) -> int:
    """Return what is owed in minor units. A write-off forgives nothing: it can still be paid."""
    owed = order.balance.amount
    if invoice is not None:
        rest = invoice.total_amount - invoice.paid_amount - invoice.credited_amount
        owed = min(owed, max(rest, 0))
    return owed
