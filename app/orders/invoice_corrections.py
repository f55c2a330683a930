"""Corrections of invoices: the wrong one is void, and a new one replaces it. None is edited."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.addresses import AddressIn
from app.billing.errors import InvoiceNotReplaceableError
from app.billing.invoice_emails import queue_invoice_issued
from app.billing.invoice_queries import get_invoice_by_number
from app.billing.invoices import issue_invoice, sync_amounts, void_invoice
from app.billing.models import Invoice
from app.billing.sellers import LegalSeller
from app.billing.states import InvoiceState
from app.core.config import Settings
from app.core.email_address import Email
from app.core.errors import FieldProblem, InvalidInputError
from app.orders.drafts import Line
from app.orders.invoicing import build_facts
from app.orders.models import Order
from app.orders.purchase_order_intake import MAX_PO_NUMBER_LENGTH, po_key
from app.orders.queries import lock_order


class InvoiceCorrection(BaseModel):
    """What the new invoice says otherwise; what is None stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    po_number: Line | None = None
    ap_name: Line | None = None
    ap_email: Email | None = None
    billing_address: AddressIn | None = None


def replace_invoice(
    session: Session,
    number: str,
    correction: InvoiceCorrection,
    *,
    reason: str,
    settings: Settings,
    actor: Actor,
) -> Invoice:
    """Void the invoice, and issue a new one from its order with these corrections.

    The seller is the one of today. Accounts payable, or the buyer, get the new invoice by email.

    Raises:
        NotFoundError: no invoice has this number.
        InvalidInputError: the address is in another country, where nothing was licensed.
        InvoiceNotReplaceableError: it is void or written off, or it has credit notes.
    """
    order = lock_order(session, get_invoice_by_number(session, number).order_number)
    invoice = get_invoice_by_number(session, number)
    session.refresh(invoice)
    refuse_unreplaceable(invoice)
    _correct_order(session, order, correction, reason=reason, actor=actor)
    void_invoice(session, invoice, actor=actor, reason=reason)
    facts = build_facts(order, seller=LegalSeller.of(settings))
    # Its due date is that of the void one: a correction grants no more time.
    facts = facts.model_copy(update={"due_on": invoice.due_on})
    replacement = issue_invoice(session, facts, actor=actor, replaces=invoice)
    sync_amounts(session, replacement, paid=facts.paid_amount, actor=actor, why=reason)
    queue_invoice_issued(session, replacement)
    return replacement


def refuse_unreplaceable(invoice: Invoice) -> None:
    """Return if the invoice can be replaced.

    Raises:
        InvoiceNotReplaceableError: it is void or written off, or it has credit notes.
    """
    if invoice.state in {InvoiceState.VOID, InvoiceState.WRITTEN_OFF}:
        state = str(invoice.state).replace("_", " ")
        detail = f"Invoice {invoice.number} is {state}, so it can't be replaced."
        raise InvoiceNotReplaceableError(detail)
    if any(not note.is_void for note in invoice.credit_notes):
        detail = f"Invoice {invoice.number} has credit notes, so it can't be replaced."
        raise InvoiceNotReplaceableError(detail)


def _correct_order(
    session: Session, order: Order, correction: InvoiceCorrection, *, reason: str, actor: Actor
) -> None:
    changes: dict[str, Any] = {}
    address = correction.billing_address
    if address is not None:
        if address.place != order.country:
            detail = "Enter an address in the same place: the licenses and the tax depend on it."
            raise InvalidInputError.of(FieldProblem("#/billing_address/country", detail))
        changes["billing"] = address.model_dump()
    if correction.po_number is not None:
        if len(correction.po_number) > MAX_PO_NUMBER_LENGTH:
            detail = f"Enter up to {MAX_PO_NUMBER_LENGTH} characters."
            raise InvalidInputError.of(FieldProblem("#/po_number", detail))
        changes |= {"po_number": correction.po_number, "po_key": po_key(correction.po_number)}
    if correction.ap_name is not None:
        changes["ap_name"] = correction.ap_name
    if correction.ap_email is not None:
        changes["ap_email"] = correction.ap_email
    before = {name: getattr(order, name) for name in changes}
    if not changes or before == changes:
        return
    for name, value in changes.items():
        setattr(order, name, value)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="order.billing_corrected",
        object_type="order",
        object_ref=order.number,
        before=before,
        after=changes,
        reason=reason,
    )
