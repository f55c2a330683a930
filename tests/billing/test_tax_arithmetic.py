"""The arithmetic of tax, beyond the worked tables: no minor unit appears or is lost."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.billing.states import TaxKind, TaxState
from app.billing.tax import TaxableLine, compute_tax, split_refund, spread_tax
from app.billing.tax_models import TaxRate

pytestmark = pytest.mark.once
AMOUNTS = st.integers(0, 10**8)
LINES = st.lists(st.tuples(st.sampled_from(TaxKind), AMOUNTS), min_size=1, max_size=8).map(
    lambda parts: [TaxableLine(n, kind, amount) for n, (kind, amount) in enumerate(parts, 1)]
)
PERCENTS = st.integers(0, 10**6).map(lambda number: f"{number // 10**4}.{number % 10**4:04}")


@given(lines=LINES, percents=st.dictionaries(st.sampled_from(TaxKind), PERCENTS))
def test_tax_is_the_sum_of_its_lines_or_not_known(
    lines: list[TaxableLine], percents: dict[TaxKind, str]
) -> None:
    rates = {
        kind: TaxRate(
            country="US", region="NY", kind=kind, name="Tax", percent_text=percent,
            valid_from=date(2026, 1, 1),
        )
        for kind, percent in percents.items()
    }  # fmt: skip
    tax = compute_tax(rates, lines, place="US-NY", currency="USD")
    if any(line.kind not in rates for line in lines):
        assert (tax.state, tax.amount, tax.line_amounts) == (TaxState.UNRESOLVED, 0, {})
        return
    assert tax.amount == sum(entry["amount"] for entry in tax.lines)
    assert tax.state is (TaxState.CHARGED if tax.amount else TaxState.NONE)
    for line, entry in zip(lines, tax.lines, strict=True):
        exact = line.amount * rates[line.kind].percent / 100
        assert abs(entry["amount"] - exact) * 2 <= 1


@given(amount=AMOUNTS, lines=LINES)
def test_spread_adds_up_and_is_never_negative(amount: int, lines: list[TaxableLine]) -> None:
    spread = spread_tax(amount, lines)
    total = sum(line.amount for line in lines)
    assert sum(spread.values()) == (amount if total else 0)
    assert all(part >= 0 for part in spread.values())
    for line in lines:
        if total:
            assert abs(spread[line.key] - amount * line.amount / total) <= 1


@given(net=AMOUNTS, tax=AMOUNTS, cuts=st.lists(st.floats(0, 1), max_size=5))
def test_refunds_of_a_part_give_back_all_of_its_tax(net: int, tax: int, cuts: list[float]) -> None:
    net_left, tax_left = net, tax
    for cut in [*cuts, 1.0]:
        gross = int((net_left + tax_left) * cut)
        share = split_refund(gross, net_left=net_left, tax_left=tax_left)
        assert 0 <= share <= min(gross, tax_left)
        assert gross - share <= net_left
        net_left, tax_left = net_left - (gross - share), tax_left - share
    assert (net_left, tax_left) == (0, 0)
