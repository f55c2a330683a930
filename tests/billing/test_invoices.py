"""Every path that changes an order's money leaves its invoice and credit notes in step with it."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pdfua import validate
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.billing.invoice_content import CreditNoteContent, InvoiceContent, hash_content
from app.billing.invoice_documents import draw_missing, draw_pdf, get_pdf
from app.billing.invoices import find_live_invoice, issue_invoice, sync_amounts
from app.billing.models import CreditNote, Invoice
from app.billing.numbering import take_number
from app.billing.sellers import LegalSeller
from app.billing.states import InvoiceState, TaxState
from app.core.config import Settings
from app.core.email_outbox import emails_for
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.core.money import Money
from app.orders.acceptance import accept
from app.orders.allocations import Allocation
from app.orders.cancellation import cancel
from app.orders.disputes import record_dispute
from app.orders.drafts import Charge
from app.orders.invoicing import build_facts, sync_invoice
from app.orders.models import Order
from app.orders.payment_recording import record_payment, void_payment
from app.orders.refunds import (
    apply_refund_result,
    record_external_refund,
    refundable_total,
    request_refund,
)
from app.orders.states import (
    DisputeStatus,
    LicenseEffect,
    OrderState,
    PaymentMethod,
    RefundStatus,
)
from app.orders.taxes import enter_tax
from tests import factories
from tests.factories import SETTINGS, STAFF
from tests.names import EVERY_NAME

STRIPE = Actor.stripe("evt_1")
REFUSALS = (ConflictError, InvalidInputError, NotFoundError)
PARTS = st.sampled_from([1, 2, "charges", "shipping", "overpayment"])
AMOUNTS = st.integers(1, 40_000)
STEPS = st.one_of(
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("pay"), st.tuples(st.integers(0, 3), AMOUNTS)),
    st.tuples(st.just("pay the rest"), st.integers(0, 3)),
    st.tuples(st.just("void payment"), st.integers(0, 3)),
    st.tuples(st.just("refund"), st.lists(st.tuples(PARTS, AMOUNTS), min_size=1, max_size=3)),
    st.tuples(st.just("settle"), st.tuples(st.integers(0, 3), st.sampled_from(RefundStatus))),
    st.tuples(st.just("external"), st.tuples(st.integers(0, 2), AMOUNTS)),
    st.tuples(st.just("dispute"), st.sampled_from(DisputeStatus)),
    st.tuples(st.just("write off"), st.none()),
)


def check(session: Session, order: Order) -> None:
    """What must hold after every step."""
    invoices = session.scalars(select(Invoice).where(Invoice.order_number == order.number)).all()
    is_billable = order.state in {OrderState.ACCEPTED, OrderState.COMPLETED}
    assert len(invoices) <= 1
    if not invoices:
        assert not is_billable
        return
    invoice = invoices[0]
    content = InvoiceContent.model_validate(invoice.content)
    assert content.subtotal_amount == invoice.subtotal_amount
    assert invoice.total_amount == order.total_amount == content.total_amount
    assert invoice.sha256 == hash_content(invoice.content)
    assert invoice.paid_amount == order.paid_amount - order.refunded_amount
    notes = [note for note in invoice.credit_notes if not note.is_void]
    assert invoice.credited_amount == sum(note.total_amount for note in notes)
    assert sum(note.subtotal_amount for note in notes) <= invoice.subtotal_amount
    assert sum(note.tax_amount for note in notes) <= invoice.tax_amount
    for note in notes:
        printed = CreditNoteContent.model_validate(note.content)
        assert sum(line.net_amount for line in printed.lines) == note.subtotal_amount
        assert sum(line.tax_amount for line in printed.lines) == note.tax_amount
        assert all(line.net_amount >= 0 <= line.tax_amount for line in printed.lines)
    if invoice.credited_amount == invoice.total_amount:
        assert sum(note.tax_amount for note in notes) == invoice.tax_amount
    owed = invoice.total_amount - invoice.paid_amount - invoice.credited_amount
    assert invoice.balance.amount == max(owed - invoice.written_off_amount, 0)
    if order.state is OrderState.CANCELED:
        assert invoice.balance.amount == 0
    elif not invoice.written_off_amount:
        assert invoice.balance == order.balance
    assert (invoice.state is InvoiceState.OPEN) == (invoice.balance.amount > 0)
    assert (invoice.state is InvoiceState.WRITTEN_OFF) == (invoice.written_off_amount > 0)


def take(session: Session, order: Order, step: str, told: Any) -> None:  # noqa: ANN401, C901
    if step == "accept":
        accept(session, order, actor=STAFF)
    elif step == "cancel":
        cancel(session, order, actor=STAFF, reason="The buyer asked")
    elif step in {"pay", "pay the rest"}:
        index, amount = told if step == "pay" else (told, order.balance.amount or 1)
        record_payment(
            session,
            number=order.number,
            paid=Money(amount, "USD"),
            method=PaymentMethod.CHECK if index % 2 else PaymentMethod.CARD,
            reference=f"pi_{order.number}_{index}_{amount}",
            actor=STRIPE,
        )
    elif step == "void payment" and order.payments:
        payment = order.payments[told % len(order.payments)]
        void_payment(session, order, payment_id=payment.id, actor=STAFF, reason="Mistake")
    elif step == "refund":
        request_refund(
            session,
            order,
            allocations=[Allocation(line=part, amount=amount) for part, amount in told],
            effect=LicenseEffect.REVOKE,
            reason="Returned",
            actor=STAFF,
        )
    elif step == "settle" and order.refunds:
        index, status = told
        refund = order.refunds[index % len(order.refunds)]
        apply_refund_result(session, refund_id=refund.id, status=status, actor=STRIPE)
    elif step == "external" and order.payments:
        index, amount = told
        left = min(amount, refundable_total(order).amount)
        if left and len(order.payments) == 1:
            record_external_refund(
                session,
                payment_reference=order.payments[0].reference,
                reference=f"re_{order.number}_{index}",
                amount=Money(left, "USD"),
                status=RefundStatus.SUCCEEDED,
                actor=STRIPE,
            )
    elif step == "dispute" and order.payments:
        record_dispute(
            session,
            payment_reference=order.payments[0].reference,
            reference=f"du_{order.number}",
            amount=order.payments[0].money,
            status=told,
            actor=STRIPE,
        )
    elif step == "write off":
        invoice = find_live_invoice(session, order.number)
        if invoice is not None and invoice.state is InvoiceState.OPEN:
            invoice.written_off_amount = invoice.balance.amount
            sync_amounts(session, invoice, paid=invoice.paid_amount, actor=STAFF, why="Gone")


def taxed_order(session: Session) -> Order:
    """Place an order with a purchase order, charges, shipping, and tax on lines and shipping."""
    disc = factories.offer(session, amount=9900)
    site = factories.offer(session, amount=15001, delivery="file")
    priced = SETTINGS.model_copy(update={"shipping_domestic_amount": 700})
    order = factories.priced_order(
        session,
        disc,
        site,
        charges=[Charge(description="Captioning", amount=5000)],
        settings=priced,
        po_number="PO-1",
    )
    enter_tax(session, order, amount=2717, reason="By hand", actor=STAFF)
    session.flush()
    return order


@pytest.mark.once(on="postgresql")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=14))
def test_invoice_stays_in_step_with_order(
    sessions: sessionmaker[Session], steps: list[tuple[str, object]]
) -> None:
    with sessions() as session:
        order = taxed_order(session)
        for step, told in steps:
            with session.begin_nested() as savepoint:
                try:
                    take(session, order, step, told)
                except REFUSALS:
                    savepoint.rollback()
            session.expire_all()
            check(session, order)
        session.rollback()


def test_numbers_have_no_gaps_under_concurrency(sessions: sessionmaker[Session]) -> None:
    workers, each = 8, 6
    barrier = Barrier(workers)

    def issue(worker: int) -> list[int]:
        barrier.wait()
        taken = []
        for turn in range(each):
            with sessions() as session:
                _, sequence = take_number(session, "invoice", prefix="T", year=2026)
                if (worker + turn) % 3:
                    session.commit()
                    taken.append(sequence)
                else:
                    session.rollback()
        return taken

    with ThreadPoolExecutor(workers) as pool:
        taken = sorted(number for numbers in pool.map(issue, range(workers)) for number in numbers)

    assert taken == list(range(1, workers * each * 2 // 3 + 1))
    with sessions.begin() as session:
        assert take_number(session, "invoice", prefix="T", year=2027)[0] == "T-2027-00001"
        assert take_number(session, "credit_note", prefix="T", year=2026)[1] == 1


def test_accepted_order_has_open_invoice_sent_to_accounts_payable(session: Session) -> None:
    order = factories.order(session, factories.offer(session), po_number="PO-7")
    order.ap_name, order.ap_email = "Ann Payable", "ap@example.edu"

    accept(session, order, actor=STAFF, terms_days=45)

    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    assert (invoice.state, invoice.due_on) == (InvoiceState.OPEN, order.due_on)
    assert (invoice.balance, invoice.po_number) == (order.total, "PO-7")
    line = InvoiceContent.model_validate(invoice.content).lines[0]
    license_ = order.lines[0].license
    assert license_ is not None
    assert (line.license_number, line.starts_on) == (license_.number, license_.starts_on)
    sent = [email for email in emails_for(session, order.number) if email.kind == "invoice-issued"]
    assert [email.to_address for email in sent] == ["ap@example.edu"]
    assert f"/invoices/{invoice.number}?token={invoice.access_token}" in json.dumps(sent[0].facts)


def test_card_payment_brings_paid_invoice_with_confirmation(session: Session) -> None:
    order = factories.paid_order(session, factories.offer(session))

    invoice = find_live_invoice(session, order.number)

    assert invoice is not None
    assert (invoice.state, invoice.balance.amount) == (InvoiceState.PAID, 0)
    assert invoice.content["payments"][0]["amount"] == order.total_amount
    kinds = {email.kind: email for email in emails_for(session, order.number)}
    assert "invoice-issued" not in kinds
    assert invoice.number in json.dumps(kinds["payment-received"].facts)


def test_free_order_has_paid_invoice_of_zero(session: Session) -> None:
    order = factories.priced_order(session, factories.offer(session), unit_amount=0)

    invoice = find_live_invoice(session, order.number)

    assert invoice is not None
    assert (invoice.state, invoice.total.amount) == (InvoiceState.PAID, 0)


def test_order_of_unresolved_tax_has_no_invoice_yet(session: Session) -> None:
    order = factories.order(session, factories.offer(session), po_number="PO-8")
    order.tax_state = TaxState.UNRESOLVED

    assert sync_invoice(session, order, actor=STAFF, reason="test") is None
    with pytest.raises(ValueError, match="not resolved"):
        issue_invoice(session, build_facts(order), actor=STAFF)


def test_pdf_is_drawn_once_and_never_again(
    sessions: sessionmaker[Session], settings: Settings
) -> None:
    with sessions.begin() as session:
        order = factories.paid_order(session, factories.offer(session))
        invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    assert draw_missing(sessions, sessions, settings, limit=10) == 1
    with sessions() as session:
        first = get_pdf(session, sessions, invoice, settings)

    # Whatever changes later, the bytes do not.
    with sessions.begin() as session:
        invoice = session.get_one(Invoice, invoice.id)
        invoice.content = {**invoice.content, "licensee": "Else"}

    with sessions() as session:
        assert get_pdf(session, sessions, invoice, settings) == first
    assert draw_missing(sessions, sessions, settings, limit=10) == 0
    assert invoice.pdf_sha256 == sha256(first).hexdigest()


def assert_accessible(pdf: bytes, path: Path, *, title: str, pages: int) -> None:
    path.write_bytes(pdf)
    report = validate(str(path))
    assert [(f.rule_id, f.message) for f in report.findings if f.confidence.name == "CERTAIN"] == []
    with pikepdf.open(path) as opened:
        assert len(opened.pages) == pages
        assert str(opened.docinfo["/Title"]) == title


def test_invoice_and_credit_note_are_accessible_pdfs(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    order = taxed_order(session)
    accept(session, order, actor=STAFF)
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    cancel(session, order, actor=STAFF, reason="The buyer asked")
    note = session.scalars(select(CreditNote)).one()
    assert (note.total_amount, note.tax_amount) == (order.total_amount, order.tax_amount)

    path = tmp_path / "document.pdf"
    title = f"Invoice {invoice.number}"
    assert_accessible(draw_pdf(invoice, settings), path, title=title, pages=1)
    title = f"Credit note {note.number}"
    assert_accessible(draw_pdf(note, settings), path, title=title, pages=1)


def test_invoice_with_fifty_lines_goes_over_pages(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    order = factories.paid_order(session, factories.offer(session))
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None
    line = invoice.content["lines"][0] | {"film": "A Very Long Title of a Film " * 6}
    invoice.content = invoice.content | {
        "lines": [line | {"number": number} for number in range(1, 51)],
        "replaces": "INV-2026-00001",
    }

    title = f"Invoice {invoice.number}"
    assert_accessible(draw_pdf(invoice, settings), tmp_path / "i.pdf", title=title, pages=4)


@pytest.mark.parametrize("name", EVERY_NAME.values(), ids=EVERY_NAME)
def test_invoice_prints_any_name(session: Session, settings: Settings, name: str) -> None:
    offer = factories.offer(session, of=factories.film(session, title=name))
    buyer = factories.draft_json(session)["buyer"] | {"institution": name}
    order = factories.paid_order(session, offer, buyer=buyer)
    invoice = find_live_invoice(session, order.number)
    assert invoice is not None

    with pikepdf.open(io.BytesIO(draw_pdf(invoice, settings))) as pdf:
        assert len(pdf.pages) >= 1
    assert invoice.content["bill_to"][0] == name


@pytest.mark.once
def test_production_prints_no_sample_values(settings: Settings) -> None:
    made = LegalSeller.of(settings)
    assert [label for label, _ in made.remit_to.rows()] == ["Check", "ACH", "Wire"]
    real = settings.model_copy(
        update={"environment": "production", "remit_account": "123", "remit_ach_routing": "456"}
    )

    seller = LegalSeller.of(real)

    assert seller.lines() == [real.seller_name, real.seller_address, real.seller_email]
    assert seller.remit_to.rows() == [("ACH", "account 123, routing 456")]
