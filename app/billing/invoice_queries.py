"""Reading invoices and credit notes."""

import hmac
import re
from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.billing.models import CreditNote, Invoice
from app.billing.states import InvoiceState
from app.core.errors import NotFoundError
from app.core.fields import Day, OrderNumber, SearchText
from app.core.pagination import PageParams, id_of
from app.institutions.models import Institution

NUMBER = re.compile(r"[A-Z0-9]{1,10}-\d{4}-\d{5,9}")


class InvoiceFilters(BaseModel, frozen=True):
    """The parameters of a list of invoices; what is None does not matter. Days are inclusive."""

    state: InvoiceState | None = None
    order_number: OrderNumber | None = None
    institution: SearchText | None = Field(
        default=None, description="The institution's record, `IN-...`"
    )
    overdue: bool | None = Field(
        default=None, description="Whether something is owed after the due date"
    )
    due_from: Day | None = Field(default=None, description="Due on or after this date")
    due_to: Day | None = Field(default=None, description="Due on or before this date")
    issued_from: Day | None = Field(default=None, description="Issued on or after this date")
    issued_to: Day | None = Field(default=None, description="Issued on or before this date")
    q: SearchText | None = Field(
        default=None, description="An invoice or order number, institution, or PO number"
    )


def get_invoice_by_number(session: Session, number: str) -> Invoice:
    """Return the invoice, for staff.

    Raises:
        NotFoundError: no invoice has this number.
    """
    wanted = number.strip().upper()
    found = None
    if NUMBER.fullmatch(wanted):
        found = session.scalar(select(Invoice).where(Invoice.number == wanted))
    if found is None:
        raise _no_invoice(number)
    return found


def get_invoice_for_holder(session: Session, number: str, token: str) -> Invoice:
    """Return the invoice if ``token`` is its own.

    Raises:
        NotFoundError: no such invoice, or not this token.
    """
    invoice = get_invoice_by_number(session, number)
    if not _opens(token, invoice.access_token):
        raise _no_invoice(number)
    return invoice


def get_credit_note_for_holder(session: Session, number: str, token: str) -> CreditNote:
    """Return the credit note if ``token`` is its own.

    Raises:
        NotFoundError: no such credit note, or not this token.
    """
    wanted = number.strip().upper()
    found = None
    if NUMBER.fullmatch(wanted):
        found = session.scalar(select(CreditNote).where(CreditNote.number == wanted))
    if found is None or not _opens(token, found.access_token):
        raise _no_credit_note(number)
    return found


def find_invoices_of_order(session: Session, order_number: str) -> Sequence[Invoice]:
    """Return all invoices of an order with their credit notes, void ones too, oldest first."""
    return session.scalars(
        select(Invoice)
        .options(selectinload(Invoice.credit_notes))
        .where(Invoice.order_number == order_number)
        .order_by(Invoice.id)
    ).all()


def find_invoices(
    session: Session, filters: InvoiceFilters, page: PageParams, *, today: date
) -> Sequence[Invoice]:
    """Return up to ``limit + 1`` invoices, newest first; the last says whether more follow."""
    statement = (
        select(Invoice)
        .options(selectinload(Invoice.credit_notes))
        .where(*_build_conditions(filters, today))
        .order_by(Invoice.id.desc())
    )
    keys = page.keys(1)
    if keys is not None:
        statement = statement.where(Invoice.id < id_of(keys[0]))
    return session.scalars(statement.limit(page.limit + 1)).all()


def is_of_institution(ref: str) -> ColumnElement[bool]:
    """Return the condition that an invoice is of this institution."""
    return Invoice.institution.has(Institution.ref == ref.strip().upper())


def is_overdue(today: date) -> ColumnElement[bool]:
    """Return the condition that something is owed on an invoice after its due date."""
    covered = Invoice.paid_amount + Invoice.credited_amount + Invoice.written_off_amount
    return and_(
        Invoice.state == InvoiceState.OPEN,
        Invoice.due_on < today,
        Invoice.total_amount > covered,
    )


def _build_conditions(filters: InvoiceFilters, today: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.state is not None:
        conditions.append(Invoice.state == filters.state)
    if filters.order_number is not None:
        conditions.append(Invoice.order_number == filters.order_number.upper())
    if filters.institution is not None:
        conditions.append(is_of_institution(filters.institution))
    if filters.overdue is not None:
        conditions.append(is_overdue(today) if filters.overdue else ~is_overdue(today))
    if filters.due_from is not None:
        conditions.append(Invoice.due_on >= filters.due_from)
    if filters.due_to is not None:
        conditions.append(Invoice.due_on <= filters.due_to)
    if filters.issued_from is not None:
        conditions.append(Invoice.issued_on >= filters.issued_from)
    if filters.issued_to is not None:
        conditions.append(Invoice.issued_on <= filters.issued_to)
    if filters.q:
        word = filters.q.strip().lower()
        conditions.append(
            or_(
                *(
                    func.lower(column).startswith(word, autoescape=True)
                    for column in (Invoice.number, Invoice.order_number, Invoice.po_number)
                ),
                func.lower(Invoice.bill_to).contains(word, autoescape=True),
            )
        )
    return conditions


def _opens(token: str, known: str) -> bool:
    return hmac.compare_digest(known.encode(), token.encode(errors="replace"))


def _no_invoice(number: str) -> NotFoundError:
    detail = f"Invoice “{number[:40]}” not found."
    return NotFoundError(detail)


def _no_credit_note(number: str) -> NotFoundError:
    detail = f"Credit note “{number[:40]}” not found."
    return NotFoundError(detail)
