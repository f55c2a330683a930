"""Invoices and credit notes as PDF: drawn once from the content, and the same bytes ever after."""

import hashlib
from typing import cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.billing.invoice_content import CreditNoteContent, InvoiceContent, InvoiceFacts
from app.billing.models import CreditNote, Invoice
from app.core.config import Settings
from app.core.documents import (
    Address,
    Addresses,
    Column,
    Document,
    Facts,
    Table,
    Text,
    Total,
    Totals,
    draw_document,
)
from app.core.text import isolate
from app.offers.window_rules import format_day

METHOD_LABELS = {
    "card": "Card",
    "bank_debit": "Bank debit",
    "bank_transfer": "Bank transfer",
    "check": "Check",
    "other": "Other payment",
}


def get_pdf(
    session: Session,
    sessions: sessionmaker[Session],
    row: Invoice | CreditNote,
    settings: Settings,
) -> bytes:
    """Return the PDF of an invoice or a credit note that ``session`` read.

    The first caller draws it. Of two at the same moment one is stored, and both return that one.
    """
    model = type(row)
    read = select(model.pdf).where(model.id == row.id)
    return session.scalar(read) or _store_pdf(sessions, row, settings)


def find_pdf(
    sessions: sessionmaker[Session],
    model: type[Invoice | CreditNote],
    number: str,
    settings: Settings,
) -> bytes | None:
    """Return the PDF of the document with this number; None if there is none."""
    with sessions() as session:
        row = cast(
            "Invoice | CreditNote | None",
            session.scalar(select(model).where(model.number == number)),
        )
        if row is None:
            return None
        stored: bytes | None = session.scalar(select(model.pdf).where(model.number == number))
    # Drawn outside the transaction, which locks SQLite.
    return stored or _store_pdf(sessions, row, settings)


def _store_pdf(
    sessions: sessionmaker[Session], row: Invoice | CreditNote, settings: Settings
) -> bytes:
    model = type(row)
    drawn = draw_pdf(row, settings)
    with sessions.begin() as session:
        session.execute(
            update(model)
            .where(model.id == row.id, model.pdf.is_(None))
            .values(pdf=drawn, pdf_sha256=hashlib.sha256(drawn).hexdigest())
            .execution_options(synchronize_session=False)
        )
        return cast("bytes", session.scalar(select(model.pdf).where(model.id == row.id)))


def draw_missing(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    settings: Settings,
    *,
    limit: int,
) -> int:
    """Draw the documents that nobody has opened yet, at most ``limit`` of each kind.

    So the fonts of a later day change none of them. Return how many were drawn.
    """
    with readers() as session:
        rows: list[Invoice | CreditNote] = [
            *session.scalars(select(Invoice).where(Invoice.pdf.is_(None)).limit(limit)),
            *session.scalars(select(CreditNote).where(CreditNote.pdf.is_(None)).limit(limit)),
        ]
    for row in rows:
        _store_pdf(sessions, row, settings)
    return len(rows)


def draw_pdf(row: Invoice | CreditNote, settings: Settings) -> bytes:
    """Return a new PDF of the content."""
    if isinstance(row, Invoice):
        content = InvoiceContent.model_validate(row.content)
        document = invoice_document(content)
        country = content.country
    else:
        note = CreditNoteContent.model_validate(row.content)
        document = credit_note_document(note)
        country = note.country
    return draw_document(
        document, made_on=row.issued_on, country=country, folder=settings.fonts_folder
    )


def invoice_document(content: InvoiceContent) -> Document:
    """Return the invoice as a document."""
    is_paid = not content.balance_amount
    contact = [f"Attn: {content.ap_name or content.contact}"]
    addresses = [Address("Bill to", [*content.bill_to, *contact])]
    if content.ship_to:
        addresses.append(Address("Ship to", content.ship_to))
    return Document(
        kind="Invoice",
        number=content.number,
        heading=content.number,
        seller=content.seller.lines(),
        facts=_filled(
            ("Issued", format_day(content.issued_on)),
            *([("Status", "Paid")] if is_paid else [("Due", format_day(content.due_on))]),
            ("Purchase order", content.po_number or ""),
            ("Quote", content.quote_number or ""),
            ("Order", content.order_number),
        ),
        notice=f"This invoice replaces {content.replaces}, which is void."
        if content.replaces
        else "",
        blocks=(
            Addresses(addresses=addresses),
            Facts(facts=[("Licensee", isolate(content.licensee))]),
            _lines_table(content),
            Totals(totals=_totals(content)),
            *_payment_blocks(content, is_paid=is_paid),
        ),
    )


def credit_note_document(content: CreditNoteContent) -> Document:
    """Return the credit note as a document."""
    has_tax = bool(content.tax_amount)
    columns = [Column("Credited", width="fill")]
    if has_tax:
        columns += [Column("Net", numeric=True), Column("Tax", numeric=True)]
    columns.append(Column("Amount", numeric=True))
    rows = []
    for line in content.lines:
        cells = [[line.description]]
        if has_tax:
            cells += [[content.money(line.net_amount)], [content.money(line.tax_amount)]]
        rows.append([*cells, [content.money(line.amount)]])
    effect = (
        "This credit note documents a refund. Nothing needs to be paid for it."
        if content.is_refund
        else "The credited amount is no longer owed."
    )
    totals = [Total("Subtotal", content.money(content.subtotal_amount))]
    if has_tax:
        totals.append(Total("Tax", content.money(content.tax_amount)))
    totals.append(Total("Total credited", content.money(content.total_amount), strong=True))
    return Document(
        kind="Credit note",
        number=content.number,
        heading=content.number,
        seller=content.seller.lines(),
        facts=_filled(
            ("Issued", format_day(content.issued_on)),
            ("Invoice", content.invoice_number),
            ("Invoice date", format_day(content.invoice_issued_on)),
            ("Purchase order", content.po_number or ""),
            ("Order", content.order_number),
        ),
        blocks=(
            Addresses(addresses=[Address("Credit to", content.bill_to)]),
            Facts(facts=[("Licensee", isolate(content.licensee)), ("Reason", content.reason)]),
            Table(columns=columns, rows=rows),
            Totals(totals=totals),
            Text(paragraphs=[effect]),
        ),
    )


def format_period(term: str, starts_on: object, ends_on: object) -> str:
    """Return how long a license lasts: its days, or its term in words."""
    return f"{starts_on} through {ends_on}" if ends_on else f"from {starts_on}, {term}"


def _lines_table(content: InvoiceFacts) -> Table:
    rows = []
    for line in content.lines:
        details = [line.offer]
        if line.license_number and line.starts_on:
            end = format_day(line.ends_on) if line.ends_on else None
            period = format_period(line.term, format_day(line.starts_on), end)
            details.append(f"License {line.license_number}, {period}")
        else:
            details.append(f"Term: {line.term}")
        unit = [content.money(line.unit_amount)]
        if line.list_unit_amount is not None and line.list_unit_amount != line.unit_amount:
            unit.append(f"list {content.money(line.list_unit_amount)}")
        rows.append(
            [
                [isolate(line.film), *details],
                [str(line.quantity)],
                unit,
                [content.money(line.amount)],
            ]
        )
    for charge in content.charges:
        amount = content.money(charge.amount)
        rows.append([[isolate(charge.description)], ["1"], [amount], [amount]])
    return Table(
        columns=(
            Column("Film and license", width="fill"),
            Column("Quantity", numeric=True),
            Column("Price", numeric=True),
            Column("Amount", numeric=True),
        ),
        rows=rows,
    )


def _totals(content: InvoiceContent) -> list[Total]:
    """Return the sums, from the lines to the balance."""
    money = content.money
    totals = []
    if content.ships:
        shipping = money(content.shipping_amount) if content.shipping_amount else "Free"
        before = content.subtotal_amount - content.shipping_amount
        totals = [Total("Items", money(before)), Total("Shipping", shipping)]
    totals.append(Total("Subtotal", money(content.subtotal_amount)))
    totals += [Total(tax.label, money(tax.amount)) for tax in content.taxes if tax.amount]
    totals.append(Total("Total", money(content.total_amount), strong=True))
    if content.paid_amount:
        totals.append(Total("Paid", money(content.paid_amount)))
    totals.append(Total("Balance due", money(content.balance_amount), strong=True))
    return totals


def _payment_blocks(content: InvoiceContent, *, is_paid: bool) -> list[Table | Text | Facts]:
    """Return what came before the invoice, what it says about tax, and how to pay the rest."""
    blocks: list[Table | Text | Facts] = []
    if content.tax_words:
        blocks.append(Text(heading="Tax", paragraphs=[content.tax_words]))
    if content.payments:
        blocks.append(
            Table(
                heading="Payments",
                columns=(Column("Received", width="fill"), Column("Amount", numeric=True)),
                rows=[
                    [
                        [
                            f"{format_day(payment.received_on)}, "
                            f"{METHOD_LABELS[payment.method]} {payment.number}".strip()
                        ],
                        [content.money(payment.amount)],
                    ]
                    for payment in content.payments
                ],
            )
        )
    remit = content.seller.remit_to.rows()
    if not is_paid:
        words = (
            f"Payment is due by {format_day(content.due_on)}. Write invoice {content.number} on "
            "your check or transfer."
        )
        blocks.append(Text(heading="How to pay", paragraphs=[words]))
        if remit:
            blocks.append(Facts(facts=remit))
        else:
            blocks.append(Text(paragraphs=[f"Ask {content.seller.email} for payment details."]))
    return blocks


def _filled(*facts: tuple[str, str]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in facts if value]
