"""Aging at the console: the report, its CSV, and what staff do about one invoice."""

import csv
from decimal import Decimal

from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.billing.models import Invoice
from app.orders.acceptance import accept
from tests import factories
from tests.console.staff_browser import log_in
from tests.factories import STAFF


def test_report_adds_up_and_an_invoice_is_written_off(client: TestClient, session: Session) -> None:
    for n in range(3):
        accept(session, factories.order(session, po_number=f"=PO-{n}"), actor=STAFF)
    session.commit()
    first, *_ = session.scalars(select(Invoice.number).order_by(Invoice.id)).all()
    session.rollback()
    biller = log_in(client, Role.FINANCE)
    page = biller.see("/console/aging")
    assert "Total $1,194.00" in page.words
    rows = list(csv.DictReader(biller.see("/console/aging.csv").text.splitlines()))
    assert sum(Decimal(row["balance"]) for row in rows) == Decimal("1194.00")
    assert {row["bucket"] for row in rows} == {"current"}
    assert not any(row["purchase_order"].startswith("=") for row in rows)

    one = f"/console/aging/{first}"
    without = biller.fill(biller.see(one), f"{one}/write-off", reason="")
    assert "Enter a reason." in without.words
    paused = biller.fill(without, f"{one}/pause", reason="the dean asked")
    assert "Paused: the dean asked" in paused.words
    assert "Reminders resumed." in biller.fill(paused, f"{one}/resume").words
    gone = biller.fill(biller.see(one), f"{one}/write-off", reason="closed")
    assert "Invoice written off." in gone.words
    assert "Total $796.00" in biller.see("/console/aging").words
    back = biller.fill(gone, f"{one}/undo-write-off", reason="they pay")
    assert "The invoice is open again." in back.words
