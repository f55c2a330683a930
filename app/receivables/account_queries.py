"""What institutions owe: the aging report, and the entries of an account."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import AuditEntry
from app.billing.invoices import WRITE_OFF_ACTIONS
from app.billing.models import CreditNote, Invoice
from app.billing.states import InvoiceState
from app.core.money import Money
from app.institutions.models import Institution
from app.orders.models import Order, Payment, Refund
from app.orders.states import OFFLINE_METHODS, RefundStatus
from app.receivables.aging import AgeBucket, count_days_overdue, find_bucket
from app.receivables.models import Receipt
from app.receivables.statements import Entry, EntryKind


@dataclass(slots=True)
class AgingRow:
    """What one institution owes in one currency, by age."""

    name: str
    institution: Institution | None
    currency: str
    buckets: dict[AgeBucket, int] = field(default_factory=lambda: dict.fromkeys(AgeBucket, 0))
    unmatched_amount: int = 0
    invoices: list[Invoice] = field(default_factory=list)
    max_days_overdue: int = 0

    @property
    def total(self) -> Money:
        """The sum of its open balances."""
        return Money(sum(self.buckets.values()), self.currency)

    @property
    def unmatched(self) -> Money:
        """Its money that is not matched with an invoice."""
        return Money(self.unmatched_amount, self.currency)

    def money(self, bucket: AgeBucket) -> Money:
        """Return the sum of one bucket."""
        return Money(self.buckets[bucket], self.currency)


def find_aging(session: Session, *, today: date) -> list[AgingRow]:
    """Return a row for each institution that owes something, the longest overdue first."""
    rows: dict[tuple[object, str], AgingRow] = {}
    invoices = session.scalars(
        select(Invoice)
        .options(selectinload(Invoice.institution))
        .where(Invoice.state == InvoiceState.OPEN)
        .order_by(Invoice.due_on, Invoice.id)
    )
    for invoice in invoices:
        key = (invoice.institution_id or invoice.institution_key, invoice.currency)
        row = rows.setdefault(key, AgingRow(_name(invoice), invoice.institution, invoice.currency))
        row.buckets[find_bucket(invoice.due_on, today=today)] += invoice.balance.amount
        days = count_days_overdue(invoice.due_on, today=today)
        row.max_days_overdue = max(row.max_days_overdue, days)
        row.invoices.append(invoice)
    for receipt in session.scalars(
        select(Receipt).where(
            Receipt.voided_at.is_(None),
            Receipt.amount > Receipt.matched_amount + Receipt.refunded_amount,
        )
    ):
        own = rows.get((receipt.institution_id or receipt.institution_key, receipt.currency))
        if own is not None:
            own.unmatched_amount += receipt.unmatched.amount
    return sorted(rows.values(), key=lambda row: (-row.max_days_overdue, row.name.casefold()))


def sum_rows(rows: Iterable[AgingRow]) -> dict[str, AgingRow]:
    """Return the total row of each currency."""
    totals: dict[str, AgingRow] = {}
    for row in rows:
        total = totals.setdefault(row.currency, AgingRow("Total", None, row.currency))
        total.unmatched_amount += row.unmatched_amount
        for bucket, amount in row.buckets.items():
            total.buckets[bucket] += amount
    return totals


def _name(invoice: Invoice) -> str:
    return invoice.institution.name if invoice.institution else invoice.bill_to


def find_entries(
    session: Session,
    institution: Institution,
    *,
    currency: str,
    zone: str,
    has_guests: bool = False,
) -> list[Entry]:
    """Return every change of what the institution owes, on the seller's days.

    With ``has_guests`` also those of guests who gave its name: for staff only, since anyone can.
    """
    tz = ZoneInfo(zone)
    of_invoices = _is_of(Invoice, institution, has_guests=has_guests)
    invoices = session.scalars(
        select(Invoice)
        .options(selectinload(Invoice.credit_notes))
        .where(of_invoices, Invoice.currency == currency)
    ).all()
    write_offs = _find_write_offs(session, of_invoices, tz)
    entries = [
        entry
        for invoice in invoices
        for entry in _invoice_entries(invoice, write_offs.get(invoice.number, []), tz)
    ]
    orders = session.scalars(
        select(Order)
        .options(selectinload(Order.payments), selectinload(Order.refunds))
        .where(
            Order.number.in_({invoice.order_number for invoice in invoices}),
            Order.currency == currency,
        )
    )
    entries += [entry for order in orders for entry in _order_entries(order, tz)]
    receipts = session.scalars(
        select(Receipt)
        .options(selectinload(Receipt.refunds))
        .where(_is_of(Receipt, institution, has_guests=has_guests), Receipt.currency == currency)
    )
    return entries + [entry for receipt in receipts for entry in _receipt_entries(receipt, tz)]


def _is_of(
    model: type[Invoice] | type[Receipt], institution: Institution, *, has_guests: bool
) -> ColumnElement[bool]:
    """Match rows of the institution; of guests, those with its name."""
    own = model.institution_id == institution.id
    if not has_guests:
        return own
    return or_(
        own,
        (model.institution_id.is_(None)) & (model.institution_key == institution.name_key),
    )


def _find_write_offs(
    session: Session, of_invoices: ColumnElement[bool], tz: ZoneInfo
) -> dict[str, list[Entry]]:
    """Return every change of a write-off by invoice, from the audit log: the row has the latest."""
    made: dict[str, list[Entry]] = {}
    for change in session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.object_type == "invoice",
            AuditEntry.object_ref.in_(select(Invoice.number).where(of_invoices)),
            AuditEntry.action.in_(WRITE_OFF_ACTIONS),
        )
        .order_by(AuditEntry.id)
    ):
        before, after = ((facts or {}).get("amount", 0) for facts in (change.before, change.after))
        day = change.at.astimezone(tz).date()
        words = "Written off" if after > before else "Write-off undone"
        entry = Entry(day, EntryKind.WRITE_OFF, change.object_ref, words, after - before)
        made.setdefault(change.object_ref, []).append(entry)
    return made


def _invoice_entries(invoice: Invoice, write_offs: list[Entry], tz: ZoneInfo) -> list[Entry]:
    entries = [
        Entry(
            invoice.issued_on,
            EntryKind.INVOICE,
            invoice.number,
            f"Invoice, order {invoice.order_number}"
            + (f", purchase order {invoice.po_number}" if invoice.po_number else ""),
            invoice.total_amount,
        )
    ]
    credited = 0
    for note in invoice.credit_notes:
        entries += _note_entries(invoice, note, tz)
        credited += 0 if note.voided_at else note.total_amount
    entries += write_offs
    if invoice.voided_at:
        day = invoice.voided_at.astimezone(tz).date()
        rest = invoice.total_amount - credited - sum(entry.amount for entry in write_offs)
        entries.append(Entry(day, EntryKind.VOID, invoice.number, "Invoice voided", rest))
    return entries


def _note_entries(invoice: Invoice, note: CreditNote, tz: ZoneInfo) -> list[Entry]:
    words = f"Credit note for invoice {invoice.number}"
    entries = [Entry(note.issued_on, EntryKind.CREDIT, note.number, words, note.total_amount)]
    if note.voided_at:
        day = note.voided_at.astimezone(tz).date()
        words = "Credit note voided"
        entries.append(Entry(day, EntryKind.CREDIT, note.number, words, -note.total_amount))
    return entries


def _order_entries(order: Order, tz: ZoneInfo) -> list[Entry]:
    """Return payments through Stripe, and refunds. Checks and transfers are on their receipts."""
    entries = []
    for payment in order.payments:
        if payment.currency == order.currency and not _is_on_receipt(payment):
            day = payment.received_at.astimezone(tz).date()
            words = f"Payment by {payment.method.replace('_', ' ')}"
            entries.append(Entry(day, EntryKind.PAYMENT, order.number, words, payment.amount))
    for refund in _made(order.refunds):
        day = (refund.settled_at or refund.created_at).astimezone(tz).date()
        words = f"Refund of order {order.number}"
        entries.append(Entry(day, EntryKind.REFUND, order.number, words, refund.amount))
    return entries


def _is_on_receipt(payment: Payment) -> bool:
    return payment.method in OFFLINE_METHODS and " of RC-" in payment.reference


def _made(refunds: Sequence[Refund]) -> list[Refund]:
    return [refund for refund in refunds if refund.status is RefundStatus.SUCCEEDED]


def _receipt_entries(receipt: Receipt, tz: ZoneInfo) -> list[Entry]:
    name = f"{receipt.method.replace('_', ' ').capitalize()} {receipt.reference}"
    entries = [Entry(receipt.received_on, EntryKind.PAYMENT, receipt.number, name, receipt.amount)]
    if receipt.voided_at:
        day = receipt.voided_at.astimezone(tz).date()
        words = f"{name} voided"
        entries.append(Entry(day, EntryKind.PAYMENT, receipt.number, words, -receipt.amount))
    for refund in receipt.refunds:
        words = f"Sent back by {refund.reference}"
        day = refund.refunded_on
        entries.append(Entry(day, EntryKind.REFUND, receipt.number, words, refund.amount))
    return entries
