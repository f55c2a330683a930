"""The price of an offer for a buyer on a day, and why: a pure function (docs/pricing.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.accounts.customers import CLASSES, CustomerClass, SizeMeasure
from app.core.money import Money
from app.offers.states import Refusal
from app.offers.window_rules import Reason, format_day

# What a size counts, after the number: "2,500 to 9,999 FTE".
MEASURE_LABELS: dict[SizeMeasure, str] = {
    SizeMeasure.FTE: "FTE students",
    SizeMeasure.STUDENTS: "students",
    SizeMeasure.POPULATION: "residents served",
    SizeMeasure.STAFF: "staff",
    SizeMeasure.MEMBERS: "members",
}


@dataclass(frozen=True, slots=True)
class SizeBand:
    """Sizes from ``size_from`` up to but not including ``size_below``; None: no upper edge."""

    size_from: int
    size_below: int | None

    def __post_init__(self) -> None:
        if self.size_from < 0:
            msg = "a band starts at 0 or above"
            raise ValueError(msg)
        if self.size_below is not None and self.size_below <= self.size_from:
            msg = "a band ends above where it starts"
            raise ValueError(msg)

    @property
    def is_every_size(self) -> bool:
        """Whether all sizes lie in it, so that no size needs to be asked for."""
        return self.size_from == 0 and self.size_below is None

    def contains(self, size: int) -> bool:
        """Whether ``size`` lies in it: the lower edge does, the upper edge does not."""
        return size >= self.size_from and (self.size_below is None or size < self.size_below)

    def overlaps(self, other: "SizeBand") -> bool:
        """Whether any size lies in both. Bands that only touch at an edge share none."""
        return (other.size_below is None or self.size_from < other.size_below) and (
            self.size_below is None or other.size_from < self.size_below
        )

    def label(self, measure: SizeMeasure) -> str:
        """Return it in words: ``2,500 to 9,999 FTE students``, ``any size``."""
        unit = MEASURE_LABELS[measure]
        if self.is_every_size:
            return "any size"
        if self.size_below is None:
            return f"{self.size_from:,} or more {unit}"
        if self.size_from == 0:
            return f"under {self.size_below:,} {unit}"
        if self.size_below - self.size_from == 1:
            return f"exactly {self.size_from:,} {unit}"
        return f"{self.size_from:,} to {self.size_below - 1:,} {unit}"


@dataclass(frozen=True, slots=True)
class PricePoint:
    """One row of a price list. Both days are inside; no ``valid_to`` means until further notice."""

    customer_class: CustomerClass
    band: SizeBand
    amount: Money
    valid_from: date
    valid_to: date | None

    def is_valid(self, on: date) -> bool:
        """Whether it applies on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def as_of(self, day: date) -> "PricePoint":
        """Return it for that one day, on which it applies: prices that agree on it are equal."""
        return replace(self, valid_from=day, valid_to=day)

    def clashes(self, other: "PricePoint") -> bool:
        """Whether some buyer would find both on some day: same class, a size and a day in both."""
        return (
            self.customer_class is other.customer_class
            and self.band.overlaps(other.band)
            and (other.valid_to is None or self.valid_from <= other.valid_to)
            and (self.valid_to is None or other.valid_from <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One step of the explanation."""

    label: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PriceAnswer:
    """What it costs and why. ``total`` is ``unit`` times ``quantity``, exactly."""

    unit: Money
    quantity: int
    total: Money
    lines: tuple[PriceLine, ...]
    band: str

    def as_json(self) -> dict[str, Any]:
        """Return it in plain types, as order lines keep it."""
        return {
            "unit": _money(self.unit),
            "quantity": self.quantity,
            "total": _money(self.total),
            "band": self.band,
            "lines": [{"label": line.label, "amount": _money(line.amount)} for line in self.lines],
        }


def prices_on(
    points: Iterable[PricePoint],
    *,
    on: date,
    customer_class: CustomerClass | None = None,
    size: int | None = None,
) -> list[Money]:
    """Return the prices of one copy on that day, lowest first.

    They are the prices of ``customer_class`` at ``size``; None is any class, and any size.
    """
    found = [
        point.amount
        for point in points
        if customer_class in {None, point.customer_class}
        and point.is_valid(on)
        and (size is None or point.band.contains(size))
    ]
    return sorted(found, key=lambda money: money.amount)


def lowest_price(
    points: Iterable[PricePoint],
    *,
    on: date,
    customer_class: CustomerClass | None = None,
    size: int | None = None,
) -> Money | None:
    """Return the lowest price of ``prices_on``; None if there is none."""
    found = prices_on(points, on=on, customer_class=customer_class, size=size)
    return next(iter(found), None)


def find_price(
    points: Iterable[PricePoint],
    *,
    customer_class: CustomerClass,
    size: int | None,
    quantity: int,
    on: date,
) -> PriceAnswer | Reason:
    """Return the price of ``quantity`` of the offer, or the one reason why there is none.

    The steps are those of docs/pricing.md, in its order.

    Raises:
        ValueError: two points fit at once (the services never let such rows in), or ``quantity``
            is below one.
    """
    if quantity < 1:
        msg = "the quantity must be at least 1"
        raise ValueError(msg)
    mine = [point for point in points if point.customer_class is customer_class]
    valid = [point for point in mine if point.is_valid(on)]
    if not valid:
        return _refuse_class(mine, customer_class, on)
    fitting = _find_fitting(valid, size)
    if not fitting:
        return _refuse_size(valid, customer_class, size)
    if len(fitting) > 1:
        msg = f"{len(fitting)} prices fit {customer_class} of size {size} on {on}"
        raise ValueError(msg)
    return _answer(fitting[0], quantity=quantity)


def _find_fitting(valid: Sequence[PricePoint], size: int | None) -> list[PricePoint]:
    if size is None:
        return [point for point in valid if point.band.is_every_size]
    return [point for point in valid if point.band.contains(size)]


def _refuse_class(mine: Sequence[PricePoint], customer_class: CustomerClass, on: date) -> Reason:
    buyers = CLASSES[customer_class].plural_label
    if not mine:
        inside = buyers if buyers.startswith("K-12") else f"{buyers[0].lower()}{buyers[1:]}"
        words = f"This license is not available to {inside}."
        return Reason(Refusal.NOT_FOR_CLASS, words)
    coming = [point.valid_from for point in mine if point.valid_from > on]
    if coming:
        first = format_day(min(coming))
        words = f"This license is available to your institution type starting {first}."
        return Reason(Refusal.NOT_ON_SALE_YET, words)
    ended = max(point.valid_to for point in mine if point.valid_to is not None)
    words = (
        f"No price for your institution type is available today. The last one ended on "
        f"{format_day(ended)}."
    )
    return Reason(Refusal.NO_PRICE_TODAY, words)


def _refuse_size(
    valid: Sequence[PricePoint], customer_class: CustomerClass, size: int | None
) -> Reason:
    facts = CLASSES[customer_class]
    if size is None:
        words = f"The price depends on your size. {facts.size_question}"
        return Reason(Refusal.SIZE_NEEDED, words)
    unit = MEASURE_LABELS[facts.size_measure]
    bands = sorted((point.band for point in valid), key=lambda band: band.size_from)
    priced = "; ".join(band.label(facts.size_measure) for band in bands)
    words = f"No list price for {size:,} {unit} (available: {priced}). Email us for a price."
    return Reason(Refusal.SIZE_NOT_PRICED, words)


def _answer(point: PricePoint, *, quantity: int) -> PriceAnswer:
    facts = CLASSES[point.customer_class]
    band = point.band.label(facts.size_measure)
    since = f"List price since {format_day(point.valid_from)}"
    lines = [PriceLine(f"{since}: {facts.label}, {band}", point.amount)]
    total = point.amount * quantity
    if quantity > 1:
        lines.append(PriceLine(f"{quantity:,} copies at {point.amount.words()} each", total))
    return PriceAnswer(
        unit=point.amount, quantity=quantity, total=total, lines=tuple(lines), band=band
    )


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}
