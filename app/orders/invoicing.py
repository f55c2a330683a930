"""The invoice of an order: issued when it is accepted or paid, and in step with its money since.

``sync_invoice`` is called at the end of each change of an order's money or state, in the same
transaction. It works out from the order alone what its invoice and credit notes must be, so it is
safe to repeat.
"""

from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.addresses import Address
from app.billing.credit_notes import (
    BALANCE,
    CreditPart,
    issue_credit_note,
    sum_credits,
    void_credit_note,
)
from app.billing.invoice_content import (
    InvoiceCharge,
    InvoiceFacts,
    InvoiceLine,
    InvoicePayment,
    InvoiceTax,
    sum_taxes,
)
from app.billing.invoice_emails import queue_credit_note_issued, queue_invoice_issued
from app.billing.invoices import find_live_invoice, issue_invoice, sync_amounts
from app.billing.models import CreditNote, Invoice
from app.billing.sellers import LegalSeller
from app.billing.states import TaxState
from app.core import clock
from app.orders.allocations import PART_LABELS
from app.orders.models import Order, Refund, printed_number
from app.orders.states import OrderState, RefundStatus
from app.orders.taxes import part_taxes

_BILLED = frozenset({OrderState.ACCEPTED, OrderState.COMPLETED})


def sync_invoice(session: Session, order: Order, *, actor: Actor, reason: str) -> Invoice | None:
    """Issue the order's invoice if it is time, and bring it in step with the order.

    It is issued when the order is accepted on terms or paid in full. Refunds that succeeded, and
    the cancellation of what is still owed, make credit notes. Those of a refund that failed later,
    or of an order that was restored, are void.
    """
    session.flush()
    invoice = find_live_invoice(session, order.number)
    if invoice is None:
        if not _is_billed(order):
            return None
        invoice = issue_invoice(session, build_facts(order), actor=actor)
        queue_invoice_issued(session, invoice)
    _sync_refunds(session, order, invoice, actor=actor)
    _sync_cancellation(session, order, invoice, actor=actor, reason=reason)
    sync_amounts(session, invoice, paid=_net_paid(order), actor=actor, why=reason)
    return invoice


def build_facts(order: Order, *, seller: LegalSeller | None = None) -> InvoiceFacts:
    """Return what the order says for its invoice; the seller is that of the day of the order."""
    billing = Address.model_validate(order.billing)
    shipping = Address.model_validate(order.shipping) if order.shipping else None
    seller = seller or seller_of(order)
    taxes = part_taxes(order)
    return InvoiceFacts(
        seller=seller,
        order_number=order.number,
        institution_id=order.institution_id,
        institution_key=order.institution_key,
        currency=order.currency,
        country=order.country,
        licensee=order.institution,
        bill_to=(order.institution, *billing.lines()),
        ship_to=(order.institution, *shipping.lines()) if shipping else (),
        contact=order.contact_name,
        ap_name=order.ap_name,
        email=order.ap_email or order.email,
        is_ap_email=bool(order.ap_email),
        po_number=order.po_number,
        quote_number=order.quote_number,
        due_on=order.due_on or clock.today(seller.time_zone),
        on_terms=order.on_terms,
        lines=tuple(
            InvoiceLine(
                number=line.number,
                film=line.film_title,
                offer=line.title,
                sku=line.sku,
                term=line.snapshot["term"]["words"],
                license_number=line.license.number if line.license else "",
                starts_on=line.license.starts_on if line.license else None,
                ends_on=line.license.ends_on if line.license else None,
                quantity=line.quantity,
                list_unit_amount=line.list_unit_amount,
                unit_amount=line.unit_amount,
                amount=line.total_amount,
                tax_amount=line.tax_amount,
            )
            for line in order.lines
        ),
        charges=tuple(
            InvoiceCharge(description=charge["description"], amount=charge["amount"])
            for charge in order.charges
        ),
        charges_tax_amount=taxes.get("charges", 0),
        shipping_amount=order.shipping_amount,
        shipping_tax_amount=taxes.get("shipping", 0),
        ships=order.ships,
        tax_state=order.tax_state,
        tax_words=order.tax_note if order.tax_state is not TaxState.CHARGED else "",
        taxes=_taxes(order),
        tax_amount=order.tax_amount,
        payments=tuple(
            InvoicePayment(
                method=payment.method,
                number=printed_number(payment) or "",
                received_on=payment.received_at.astimezone(ZoneInfo(seller.time_zone)).date(),
                amount=payment.amount,
            )
            for payment in order.payments
            if payment.currency == order.currency
        ),
        paid_amount=_net_paid(order),
    )


def seller_of(order: Order) -> LegalSeller:
    """Return the seller of the day of the order."""
    known = order.seller
    if "legal" in known:
        return LegalSeller.model_validate(known["legal"])
    return LegalSeller(
        legal_name=known["name"],
        name=known["name"],
        address=known["address"],
        email=known["email"],
        base_url=known["base_url"],
    )


def _is_billed(order: Order) -> bool:
    """Return whether the order has an invoice; not before its tax is known."""
    if order.tax_state is TaxState.UNRESOLVED or order.state not in _BILLED:
        return False
    return order.on_terms or order.paid_amount >= order.total_amount


def _net_paid(order: Order) -> int:
    return order.paid_amount - order.refunded_amount


def _taxes(order: Order) -> tuple[InvoiceTax, ...]:
    taxes = sum_taxes(order.tax_lines)
    if sum(tax.amount for tax in taxes) == order.tax_amount:
        return taxes
    return (InvoiceTax(label="Tax", amount=order.tax_amount),)


def _sync_refunds(session: Session, order: Order, invoice: Invoice, *, actor: Actor) -> None:
    """Give each refund that succeeded its credit note, and void those of refunds that failed."""
    notes = {note.issued_for: note for note in invoice.credit_notes}
    made = [refund for refund in order.refunds if refund.currency == order.currency]
    for refund in made:
        failed = notes.get(_key_of(refund))
        if failed is not None and refund.status is RefundStatus.FAILED:
            void_credit_note(session, failed, actor=actor, reason="its refund failed")
    # Money beyond the total is no part of the invoice, so its refund is none of a credit note.
    excess = order.paid_amount - invoice.total_amount
    for refund in made:
        if refund.status is not RefundStatus.SUCCEEDED:
            continue
        known = notes.get(_key_of(refund))
        if known is not None:
            excess += known.total_amount - refund.amount
            continue
        parts = _parts_of(order, refund, excess=max(excess, 0))
        reason = refund.reason or "Refund"
        note = issue_credit_note(
            session,
            invoice,
            parts,
            issued_for=_key_of(refund),
            reason=reason,
            is_refund=True,
            actor=actor,
        )
        _send(session, order, invoice, note)
        excess += (note.total_amount if note else 0) - refund.amount


def _key_of(refund: Refund) -> str:
    return f"refund:{refund.id}"


def _parts_of(order: Order, refund: Refund, *, excess: int) -> list[CreditPart]:
    """Return what the refund takes back of the invoice."""
    if not refund.allocations:
        amount = refund.amount - min(refund.amount, excess)
        return [CreditPart(BALANCE, "Part of the invoice", amount)]
    titles: dict[int | str, str] = {line.number: line.full_title for line in order.lines}
    titles.update({part: label for part, label in PART_LABELS.items() if part != "overpayment"})
    return [
        CreditPart(entry["line"], titles[entry["line"]], entry["amount"], entry.get("tax", 0))
        for entry in refund.allocations
        if entry["line"] in titles
    ]


def _sync_cancellation(
    session: Session, order: Order, invoice: Invoice, *, actor: Actor, reason: str
) -> None:
    """Credit what a canceled order still owes; void that credit when the order is restored."""
    prefix = f"cancel:{invoice.number}:"
    earlier = [note for note in invoice.credit_notes if note.issued_for.startswith(prefix)]
    if order.state is not OrderState.CANCELED:
        for note in earlier:
            void_credit_note(session, note, actor=actor, reason=f"the order was restored: {reason}")
        return
    rest = invoice.total_amount - _net_paid(order) - sum_credits(invoice)
    if rest > 0:
        issued = issue_credit_note(
            session,
            invoice,
            [CreditPart(BALANCE, f"Cancellation of order {order.number}", rest)],
            issued_for=f"{prefix}{len(earlier) + 1}",
            reason=f"Order canceled: {reason}",
            is_refund=False,
            actor=actor,
        )
        _send(session, order, invoice, issued)


def _send(session: Session, order: Order, invoice: Invoice, note: CreditNote | None) -> None:
    """Send a credit note to where its invoice went; buyers get the email about the refund."""
    if note is not None and (order.ap_email or order.on_terms):
        queue_credit_note_issued(session, invoice, note)


def find_refund_note(session: Session, refund: Refund) -> CreditNote | None:
    """Return the credit note of a refund; None if it takes nothing back of an invoice."""
    return session.scalar(select(CreditNote).where(CreditNote.issued_for == _key_of(refund)))
