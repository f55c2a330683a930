"""Pages, emails, documents and docs promise only what the store does."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.orders.acceptance import accept
from app.orders.models import Order
from app.orders.next_steps import next_steps
from tests import factories
from tests.factories import STAFF

ROOT = Path(__file__).parents[1]
# What the store does not have: to name it to a reader is a promise, but for these sentences.
MISSING = re.compile(
    r"\b(?:for a quotes?|quotes? and|quotes? or|the quote\b|invoices?|tax(?:es)?|tax-exempt|vat|"
    r"discounts?|coupons?|net 30|credit notes?|within two working days)\b",
    re.IGNORECASE,
)
TRUE = (
    "Prices, taxes and shipping",
    "The store adds no tax",
    "asks you to declare a tax",
    "charges no tax",
    "no discount, no agreement",
    "for tax and licensing purposes",
    "(for a discount or a replaced disc)",
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
    promised = [
        (path, line.strip())
        for path, line in lines
        if MISSING.search(line) and not any(true in line for true in TRUE)
    ]
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
    assert f"email {order.seller['email']}" in first
    assert "invoice" not in first
