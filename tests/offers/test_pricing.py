"""The arithmetic of prices and bands, beyond the worked tables."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.customers import CustomerClass, SizeMeasure
from app.core.money import Money
from app.offers.pricing import PriceAnswer, PriceLine, PricePoint, SizeBand, find_price
from app.offers.states import Refusal
from app.offers.window_rules import Reason

pytestmark = pytest.mark.once
TODAY = date(2026, 11, 22)


@st.composite
def bands(draw: st.DrawFn) -> SizeBand:
    """Return any band of small sizes."""
    size_from = draw(st.integers(0, 40))
    length = draw(st.none() | st.integers(1, 40))
    return SizeBand(size_from, None if length is None else size_from + length)


def point(
    amount: int,
    *,
    customer_class: CustomerClass = CustomerClass.COLLEGE,
    band: SizeBand = SizeBand(0, None),  # noqa: B008 - frozen
    valid_from: date = date(2026, 1, 1),
    valid_to: date | None = None,
) -> PricePoint:
    """Return a price of so many cents."""
    return PricePoint(customer_class, band, Money(amount, "USD"), valid_from, valid_to)


def ask(points: list[PricePoint], *, size: int | None = None, quantity: int = 1) -> object:
    """Ask for a college's price today."""
    return find_price(
        points, customer_class=CustomerClass.COLLEGE, size=size, quantity=quantity, on=TODAY
    )


@given(one=bands(), other=bands())
def test_bands_overlap_exactly_when_a_size_lies_in_both(one: SizeBand, other: SizeBand) -> None:
    shared = [size for size in range(200) if one.contains(size) and other.contains(size)]
    assert one.overlaps(other) == bool(shared)
    assert one.overlaps(other) == other.overlaps(one)


@given(
    edges=st.lists(st.integers(1, 10**6), unique=True, max_size=6).map(sorted),
    size=st.integers(0, 2 * 10**6),
)
def test_of_bands_that_touch_exactly_one_holds_a_size(edges: list[int], size: int) -> None:
    whole = [SizeBand(a, b) for a, b in zip([0, *edges], [*edges, None], strict=True)]
    assert sum(band.contains(size) for band in whole) == 1


@given(amount=st.integers(0, 10**8), quantity=st.integers(1, 1000))
def test_total_is_the_unit_times_the_quantity(amount: int, quantity: int) -> None:
    answer = ask([point(amount)], quantity=quantity)
    assert isinstance(answer, PriceAnswer)
    assert answer.total == Money(amount * quantity, "USD")
    assert answer.lines[-1].amount == answer.total


def test_price_explains_itself() -> None:
    answer = ask([point(39800, band=SizeBand(2500, 10000))], size=5000, quantity=3)
    assert isinstance(answer, PriceAnswer)
    assert answer.band == "2,500 to 9,999 FTE students"
    assert answer.lines == (
        PriceLine(
            "List price since January 1, 2026: College or university, 2,500 to 9,999 FTE students",
            Money(39800, "USD"),
        ),
        PriceLine("3 copies at $398.00 each", Money(119400, "USD")),
    )


def test_class_without_a_price_is_told_so_in_its_own_name() -> None:
    answer = find_price(
        [point(39800)],
        customer_class=CustomerClass.PUBLIC_LIBRARY,
        size=None,
        quantity=1,
        on=TODAY,
    )
    assert answer == Reason(
        Refusal.NOT_FOR_CLASS, ("This license is not available to public libraries.")
    )


def test_missing_size_is_asked_for() -> None:
    answer = ask([point(100, band=SizeBand(0, 10)), point(200, band=SizeBand(10, None))])
    assert answer == Reason(
        Refusal.SIZE_NEEDED,
        "The price depends on your size. How many full-time-equivalent students are enrolled?",
    )


def test_size_without_a_price_is_told_which_sizes_have_one() -> None:
    answer = ask([point(200, band=SizeBand(10, 20)), point(100, band=SizeBand(0, 5))], size=7)
    assert answer == Reason(
        Refusal.SIZE_NOT_PRICED,
        "No list price for 7 FTE students (available: under 5 FTE students; 10 to 19 FTE "
        "students). Email us for a price.",
    )


def test_two_prices_at_once_are_a_bug_and_not_a_choice() -> None:
    with pytest.raises(ValueError, match="2 prices fit"):
        ask([point(100), point(200)], size=3)


@pytest.mark.parametrize("quantity", [0, -1])
def test_quantity_below_one_is_a_bug(quantity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ask([point(100)], quantity=quantity)


@pytest.mark.parametrize(("size_from", "size_below"), [(-1, None), (5, 5), (5, 4)])
def test_empty_and_negative_bands_do_not_exist(size_from: int, size_below: int) -> None:
    with pytest.raises(ValueError, match="band"):
        SizeBand(size_from, size_below)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (SizeMeasure.FTE, "10 or more FTE students"),
        (SizeMeasure.STUDENTS, "10 or more students"),
        (SizeMeasure.POPULATION, "10 or more residents served"),
        (SizeMeasure.STAFF, "10 or more staff"),
        (SizeMeasure.MEMBERS, "10 or more members"),
    ],
)
def test_band_names_what_the_class_counts(measure: SizeMeasure, words: str) -> None:
    assert SizeBand(10, None).label(measure) == words
