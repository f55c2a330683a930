"""Checks and transfers at the console."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.orders.acceptance import accept
from tests import factories
from tests.console.staff_browser import StaffBrowser, log_in
from tests.factories import STAFF

NEW = "/console/receipts/new"


@pytest.fixture
def biller(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.FINANCE)


@pytest.fixture
def numbers(session: Session) -> list[str]:
    orders = [factories.order(session, po_number=f"PO-77{n}") for n in range(2)]
    made = [accept(session, order, actor=STAFF).number for order in orders]
    session.commit()
    return made


def test_check_is_matched_with_what_the_form_suggests(
    biller: StaffBrowser, numbers: list[str]
) -> None:
    first, second = numbers
    check = {
        "payer": "State of New York",
        "method": "check",
        "number": "1001",
        "amount/amount": "600.00",
        "received_on": "2026-11-30",
        "deposit": "DEP-114",
    }
    found = biller.fill(biller.see(NEW), NEW, step="find", find="po-770", **check)
    (row,) = found.rows()
    assert first in row
    named = biller.see(f"{NEW}?q={first}")
    assert named.tree.xpath("//input[@type='checkbox'][@checked]")

    chosen = {"matches/0/number": first, "matches/1/number": second, "matches/1/amount": "500"}
    refused = biller.fill(found, NEW, step="record", **check, **chosen)
    assert refused.status == 422
    assert "What is left of the payment stays as credit." in refused.words
    assert len(refused.rows()) == 2

    chosen["matches/1/amount"] = "100"
    done = biller.fill(refused, NEW, step="record", **check, **chosen)
    assert "Payment recorded." in done.words
    assert "$102.00 is not matched. It is credit of the institution." in done.words
    again = biller.fill(refused, NEW, step="record", **check, **chosen)
    assert "This form was already submitted." in again.words
    assert len(again.rows()) == 1

    matched = biller.fill(done, f"{done.path}/match", **{"matches/0/number": second})
    assert "Payment matched." in matched.words
    voided = biller.fill(matched, f"{done.path}/void", reason="Another store's")
    assert "Another store's" in voided.words
    assert biller.see("/console/receipts?show=unmatched").rows() == []


def test_missing_input_is_named(biller: StaffBrowser) -> None:
    page = biller.fill(biller.see(NEW), NEW, step="record", method="check")
    assert page.status == 422
    for detail in ("Enter the payer.", "Enter the check or transfer number."):
        assert detail in page.words
