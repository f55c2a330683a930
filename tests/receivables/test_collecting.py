"""Unpaid invoices: reminded of once a step, written off, paid after all, and aged."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.core.email_models import OutboxEmail
from app.core.money import Money
from app.orders.acceptance import accept
from app.orders.models import Order
from app.orders.states import PaymentMethod, PaymentState
from app.receivables.account_queries import find_aging, sum_rows
from app.receivables.account_statements import build_statement
from app.receivables.aging import AgeBucket
from app.receivables.errors import InvoiceNotOpenError
from app.receivables.receipts import record_for_order
from app.receivables.reminder_job import pause_reminders, resume_reminders, send_reminders
from app.receivables.statements import EntryKind
from app.receivables.write_offs import undo_write_off, write_off
from tests import factories
from tests.emails import text_of
from tests.factories import SETTINGS, STAFF
from tests.institutions.people import add_institution


def billed(session: Session, institution: str = "Example College") -> tuple[Order, Invoice]:
    buyer = factories.draft_json(session)["buyer"] | {"institution": institution}
    order = factories.order(session, po_number="PO-1", buyer=buyer)
    accept(session, order, actor=STAFF)
    invoice = session.scalars(select(Invoice).where(Invoice.order_number == order.number)).one()
    return order, invoice


def states(order: Order, invoice: Invoice) -> tuple[InvoiceState, PaymentState, int]:
    return invoice.state, order.payment_state, invoice.balance.amount


def check(session: Session, order: Order, amount: int) -> None:
    today = clock.today()
    record_for_order(
        session,
        order,
        amount=Money(amount, "USD"),
        method=PaymentMethod.CHECK,
        reference=str(amount),
        received_on=None,
        today=today,
        actor=STAFF,
    )


def reminders(session: Session) -> list[OutboxEmail]:
    return list(
        session.scalars(
            select(OutboxEmail)
            .where(OutboxEmail.kind == "invoice-reminder")
            .order_by(OutboxEmail.id)
        )
    )


def test_write_off_is_undone_and_a_payment_opens_it(session: Session) -> None:
    order, invoice = billed(session)
    for _ in range(2):
        write_off(session, invoice.number, actor=STAFF, reason="closed in 2025")
    assert states(order, invoice) == (InvoiceState.WRITTEN_OFF, PaymentState.WRITTEN_OFF, 0)
    undo_write_off(session, invoice.number, actor=STAFF, reason="they pay")
    assert states(order, invoice) == (InvoiceState.OPEN, PaymentState.UNPAID, 39800)

    check(session, order, 10000)
    write_off(session, invoice.number, actor=STAFF, reason="no more")
    assert invoice.written_off_amount == 29800
    assert order.attention == []
    check(session, order, 800)
    assert states(order, invoice) == (InvoiceState.OPEN, PaymentState.PARTIALLY_PAID, 29000)
    write_off(session, invoice.number, actor=STAFF, reason="no more")
    factories.pay(session, order, amount=29000)
    assert states(order, invoice) == (InvoiceState.PAID, PaymentState.PAID, 0)
    with pytest.raises(InvoiceNotOpenError):
        write_off(session, invoice.number, actor=STAFF, reason="paid")


def test_each_step_reminds_once_until_it_is_paid(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    _, invoice = billed(session)
    paid, other = billed(session)
    factories.pay(session, paid)
    session.commit()
    start = clock.now()
    days = []
    for day in range(70):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            for _ in range(2):
                sent_now = send_reminders(sessions, sessions, SETTINGS)
                days += [(clock.today("America/New_York") - invoice.due_on).days] * sent_now
    assert days == [-7, 1, 15, 30]
    sent = reminders(session)
    assert other.number not in " ".join(email.key for email in sent)
    assert sent[0].subject.startswith(f"Invoice {invoice.number} for $398.00 is due ")
    assert sent[1].subject == f"Overdue: invoice {invoice.number} for $398.00, purchase order PO-1"
    words = " ".join(text_of(sent[2]).split())
    assert "is 15 days overdue. $398.00 is unpaid." in words


def test_paused_and_undecided_invoices_are_not_reminded_of(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    _, paused = billed(session)
    pause_reminders(session, paused.number, actor=STAFF, reason="the dean asked")
    gone, written_off = billed(session)
    write_off(session, written_off.number, actor=STAFF, reason="gone")
    session.commit()
    with time_machine.travel(clock.now() + timedelta(days=32), tick=False):
        assert send_reminders(sessions, sessions, SETTINGS) == 0
        resume_reminders(session, paused.number, actor=STAFF)
        session.commit()
        assert send_reminders(sessions, sessions, SETTINGS) == 1
    assert gone.payment_state is PaymentState.WRITTEN_OFF


def test_aging_adds_up_to_all_open_balances(session: Session) -> None:
    made = [billed(session, f"College {n % 2}") for n in range(4)]
    check(session, made[0][0], 10000)
    write_off(session, made[3][1].number, actor=STAFF, reason="gone")
    today = clock.today("America/New_York") + timedelta(days=75)
    rows = find_aging(session, today=today)
    assert [row.name for row in rows] == ["College 0", "College 1"]
    invoices = session.scalars(select(Invoice).where(Invoice.state == InvoiceState.OPEN))
    balances = sum(invoice.balance.amount for invoice in invoices)
    assert balances == 2 * 39800 + 29800
    assert sum_rows(rows)["USD"].total == Money(balances, "USD")
    assert rows[0].buckets[AgeBucket.DAYS_31_TO_60] == 39800 + 29800


def test_statement_keeps_the_days_of_write_offs_that_were_undone(session: Session) -> None:
    institution = add_institution(session, "Example College")
    start = clock.now()
    order, invoice = billed(session)
    for days, change in (
        (1, lambda: write_off(session, invoice.number, actor=STAFF, reason="closed")),
        (2, lambda: undo_write_off(session, invoice.number, actor=STAFF, reason="they pay")),
        (3, lambda: check(session, order, 10000)),
        (4, lambda: write_off(session, invoice.number, actor=STAFF, reason="no more")),
        (5, lambda: check(session, order, 800)),
    ):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            change()
    with time_machine.travel(start + timedelta(days=9), tick=False):
        invoice.reminders_paused = "the dean asked"
        session.flush()
        statement = build_statement(session, SETTINGS, institution, has_guests=True)
    changes = [
        (line.entry.on - invoice.issued_on, line.entry.change)
        for line in statement.sums.lines
        if line.entry.kind is EntryKind.WRITE_OFF
    ]
    assert changes == [
        (timedelta(days=1), -39800),
        (timedelta(days=2), 39800),
        (timedelta(days=4), -29800),
        (timedelta(days=5), 29800),
    ]
    assert statement.sums.totals.closing == invoice.balance.amount == 29000
    strangers = build_statement(session, SETTINGS, institution)
    assert strangers.sums.lines == ()
