"""docs/pricing.md is true: every row of its tables, put to the code."""

from decimal import Decimal

import pytest

from app.accounts.customers import CustomerClass, SizeMeasure
from app.offers.pricing import PriceAnswer, PricePoint, SizeBand, find_price
from app.offers.states import HeldRight
from app.offers.terms import Term, TermKind
from app.offers.territories import Territory
from app.offers.window_rules import Reason, Window, find_rights_refusals
from tests.offers.tables import day, money, number, numbers, sure_day, table

pytestmark = pytest.mark.once


def points() -> list[PricePoint]:
    """Return the price list of the worked example."""
    return [
        PricePoint(
            customer_class=CustomerClass(row["class"]),
            band=SizeBand(int(row["from"]), number(row["below"])),
            amount=money(row["amount"]),
            valid_from=sure_day(row["valid from"]),
            valid_to=day(row["valid to"]),
        )
        for row in table("price-list")
    ]


def windows() -> dict[str, Window]:
    """Return the windows of the worked example by their letters."""
    return {
        row["window"]: Window(
            right=HeldRight(row["right"]),
            territory=Territory.parse(row["territory"].split(", ")),
            starts_on=sure_day(row["starts on"]),
            ends_on=day(row["ends on"]),
            max_term_months=number(row["longest"]),
            may_sublicense_perpetual=row["perpetual"] == "yes",
        )
        for row in table("windows")
    }


@pytest.mark.parametrize("row", table("prices"), ids=lambda row: f"{row['class']}-{row['because']}")
def test_price_is_what_the_document_says(row: dict[str, str]) -> None:
    answer = find_price(
        points(),
        customer_class=CustomerClass(row["class"]),
        size=number(row["size"]),
        quantity=int(row["quantity"]),
        on=sure_day(row["on"]),
    )
    if row["refused"]:
        assert isinstance(answer, Reason)
        assert answer.code == row["refused"]
    else:
        assert isinstance(answer, PriceAnswer)
        assert (answer.unit, answer.total) == (money(row["unit"]), money(row["total"]))
        assert answer.lines[-1].amount == answer.total
        assert len(answer.lines) == (2 if answer.quantity > 1 else 1)


@pytest.mark.parametrize("row", table("rounding"), ids=lambda row: f"{row['amount']}")
def test_percentage_is_rounded_as_the_document_says(row: dict[str, str]) -> None:
    assert money(row["amount"]).percent(Decimal(row["percent"])) == money(row["result"])


@pytest.mark.parametrize("row", table("bands"), ids=lambda row: row["words"])
def test_band_holds_what_the_document_says(row: dict[str, str]) -> None:
    band = SizeBand(int(row["from"]), number(row["below"]))
    assert [size for size in numbers(row["inside"]) if not band.contains(size)] == []
    assert [size for size in numbers(row["outside"]) if band.contains(size)] == []
    assert band.label(SizeMeasure.FTE) == row["words"]


@pytest.mark.parametrize("row", table("terms"), ids=lambda row: f"{row['kind']}-{row['months']}")
def test_term_ends_when_the_document_says(row: dict[str, str]) -> None:
    term = Term(kind=TermKind(row["kind"]), months=number(row["months"]))
    assert term.end_date(sure_day(row["starts on"])) == day(row["ends on"])
    assert term.label() == row["words"]
    assert term.is_open_ended == (row["ends on"] == "-")


def test_document_has_every_kind_of_term() -> None:
    assert {row["kind"] for row in table("terms")} == set(TermKind)


@pytest.mark.parametrize(
    "row", table("grants"), ids=lambda row: f"{row['windows']}-{row['because']}"
)
def test_grant_is_refused_when_the_document_says(row: dict[str, str]) -> None:
    known = windows()
    refusals = find_rights_refusals(
        [known[letter] for letter in row["windows"].split()],
        needed=[HeldRight(right) for right in row["needed"].split(", ")],
        territory=Territory(frozenset({row["country"]})),
        term=Term(kind=TermKind(row["kind"]), months=number(row["months"])),
        starts_on=sure_day(row["starts on"]),
    )
    assert [refusal.code for refusal in refusals] == ([row["refused"]] if row["refused"] else [])


def test_the_example_s_price_list_has_no_overlap() -> None:
    listed = points()
    clashing = [
        (one, other)
        for one in listed
        for other in listed
        if one is not other and one.clashes(other)
    ]
    assert clashing == []
