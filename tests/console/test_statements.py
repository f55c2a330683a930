"""The statement of account of an institution, for staff."""

import io

import pikepdf
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.accounts.permissions import Role
from app.billing.models import Invoice
from app.core import clock
from app.core.money import Money
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.orders.acceptance import accept
from app.orders.states import PaymentMethod
from app.receivables.account_statements import build_statement
from app.receivables.receipts import MatchDraft, ReceiptDraft, record_receipt, void_receipt
from tests import factories
from tests.console.staff_browser import log_in
from tests.factories import SETTINGS, STAFF

NAME = "Example College"


def test_statement_balances_and_is_a_tagged_pdf(client: TestClient, session: Session) -> None:
    institution = Institution(
        ref="IN-1",
        name=NAME,
        name_key=normalize_key(NAME),
        customer_class=CustomerClass.COLLEGE,
        country="US",
    )
    session.add(institution)
    orders = [factories.order(session, po_number=f"PO-{n}") for n in range(2)]
    for order in orders:
        order.institution_id = None
        accept(session, order, actor=STAFF)
    today = clock.today(SETTINGS.seller_time_zone)
    drafts = [
        ReceiptDraft(NAME, PaymentMethod.CHECK, number, Money(amount, "USD"), today)
        for number, amount in (("1001", 50000), ("1002", 100))
    ]
    matches = [MatchDraft(orders[0].number)]
    made = [record_receipt(session, one, matches, today=today, actor=STAFF) for one in drafts]
    void_receipt(session, made[1].number, actor=STAFF, reason="mistake")
    session.flush()
    sums = build_statement(session, SETTINGS, institution, has_guests=True).sums.totals
    assert (sums.opening, sums.invoiced, sums.paid) == (0, 79600, 50000)
    invoices = session.scalars(select(Invoice)).all()
    unmatched = 50000 - 39800
    assert sums.closing == sum(one.balance.amount for one in invoices) - unmatched
    session.commit()

    biller = log_in(client, Role.FINANCE)
    page = biller.see("/console/statements/IN-1")
    assert "Closing balance $296.00" in page.words
    assert "Check 1002 voided" in page.words
    wrong = biller.see("/console/statements/IN-1?starts_on=2026-12-31&ends_on=2026-01-01")
    assert "Enter a last day that is not before the first day." in wrong.words
    assert biller.see("/console/statements/IN-NONE").status == 404
    answer = biller.client.get("/console/statements/IN-1.pdf")
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert "/StructTreeRoot" in pdf.Root
