"""Pages, emails, documents and docs promise only what the store does."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.billing.models import Invoice
from app.billing.sellers import RemitTo
from app.orders.acceptance import accept
from app.orders.models import Order
from app.orders.next_steps import next_steps
from tests import factories
from tests.factories import SETTINGS, STAFF

ROOT = Path(__file__).parents[1]
# What the store does not have: to name it to a reader is a promise, but for these sentences.
MISSING = re.compile(
    r"\b(?:coupons?|gift cards?|volume discounts?|within two working days|renews automatically)\b",
    re.IGNORECASE,
)


def told() -> list[tuple[str, str]]:
    """Return each line that a buyer, a librarian or an operator may read, with its file."""
    files = [
        *(ROOT / "app").rglob("*.html"),
        *(ROOT / "app").rglob("*.typ"),
        *(ROOT / "app").rglob("*.py"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "seeds" / "license_texts").glob("*-1.1.md"),
        ROOT / "README.md",
        ROOT / ".env.example",
    ]
    return [
        (str(path.relative_to(ROOT)), line)
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


@pytest.mark.once
def test_nobody_reads_of_what_the_store_does_not_have() -> None:
    lines = told()
    assert len(lines) > 10_000
    promised = [(path, line.strip()) for path, line in lines if MISSING.search(line)]
    assert promised == []


def accepted(session: Session) -> Order:
    """Return an order whose purchase order was accepted, and which is not paid."""
    order = factories.order(session, factories.offer(session), po_number="PO-1")
    accept(session, order, actor=STAFF, terms_days=30)
    return order


def test_who_owes_is_told_ways_to_pay_that_exist(session: Session) -> None:
    order = accepted(session)
    first = next_steps(order)[0]
    assert "by card or bank debit here" in first
    assert f"see the invoice or email {order.seller['email']}" in first
    [invoice] = session.scalars(select(Invoice).where(Invoice.order_number == order.number))
    assert RemitTo.of(SETTINGS).rows()
    assert invoice.content["seller"]["remit_to"]["check_to"]
