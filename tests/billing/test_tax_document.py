"""docs/tax.md is true: every row of its tables, put to the code."""

from decimal import Decimal

import pytest

from app.billing.states import ExemptionState, TaxKind, TaxState
from app.billing.tax import (
    TaxableLine,
    compute_tax,
    kind_of_delivery,
    select_rates,
    split_refund,
    spread_tax,
)
from app.billing.tax_models import TaxExemption, TaxRate
from app.billing.tax_places import split_place
from tests.offers.tables import day, sure_day, table

pytestmark = pytest.mark.once
DOCUMENT = "tax.md"


def cents(cell: str) -> int:
    """Read ``35.32``."""
    return int(Decimal(cell).scaleb(2))


def amounts(cell: str) -> list[int]:
    """Read ``35.32, 0.00``."""
    return [cents(part) for part in cell.split(",") if part.strip()]


def rates() -> list[TaxRate]:
    rows = []
    for row in table("rates", document=DOCUMENT):
        country, region = split_place(row["place"])
        rows.append(
            TaxRate(
                country=country,
                region=region,
                kind=TaxKind(row["kind"]),
                name=row["name"],
                percent_text=row["percent"],
                valid_from=sure_day(row["valid from"]),
                valid_to=day(row["valid to"]),
            )
        )
    return rows


@pytest.mark.parametrize("row", table("taxes", document=DOCUMENT), ids=lambda row: row["because"])
def test_tax_of_a_row_is_as_documented(row: dict[str, str]) -> None:
    lines = []
    for number, part in enumerate(row["lines"].split(","), 1):
        kind, amount = part.split()
        lines.append(TaxableLine(number, TaxKind(kind), cents(amount)))
    known = select_rates(rates(), row["place"], sure_day(row["on"]))
    tax = compute_tax(known, lines, place=row["place"], currency="USD")
    assert tax.state is TaxState(row["state"])
    assert tax.amount == cents(row["total"])
    assert list(tax.line_amounts.values()) == amounts(row["taxes"])
    assert sum(tax.line_amounts.values()) == tax.amount
    assert tax.note


@pytest.mark.parametrize("row", table("kinds", document=DOCUMENT), ids=lambda row: row["amount"])
def test_kind_of_a_row_is_as_documented(row: dict[str, str]) -> None:
    delivery = None if row["amount"] == "no delivery" else row["amount"]
    assert kind_of_delivery(delivery) is TaxKind(row["kind"])


@pytest.mark.parametrize("row", table("exemptions", document=DOCUMENT), ids=str)
def test_exemption_of_a_row_is_as_documented(row: dict[str, str]) -> None:
    certificate = TaxExemption(
        state=ExemptionState(row["certificate"]),
        places=row["states"].split(", "),
        valid_to=day(row["valid through"]),
    )
    assert certificate.covers(row["shipped to"], sure_day(row["on"])) is (row["exempt"] == "yes")


@pytest.mark.parametrize("row", table("spread", document=DOCUMENT), ids=lambda row: row["lines"])
def test_spread_of_a_row_is_as_documented(row: dict[str, str]) -> None:
    lines = [
        TaxableLine(number, TaxKind.DIGITAL, amount)
        for number, amount in enumerate(amounts(row["lines"]), 1)
    ]
    assert list(spread_tax(cents(row["amount"]), lines).values()) == amounts(row["parts"])


@pytest.mark.parametrize("row", table("refunds", document=DOCUMENT), ids=lambda row: row["refunds"])
def test_refund_of_a_row_is_as_documented(row: dict[str, str]) -> None:
    net, tax, shares = cents(row["line"]), cents(row["tax"]), []
    for gross in amounts(row["refunds"]):
        share = split_refund(gross, net_left=net, tax_left=tax)
        shares.append(share)
        net, tax = net - (gross - share), tax - share
    assert shares == amounts(row["tax in each"])
