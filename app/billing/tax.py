"""Tax: what an order owes, or that nobody knows yet (docs/tax.md)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.addresses import Address
from app.billing.exemptions import find_exemption
from app.billing.states import TaxKind, TaxSource, TaxState
from app.billing.tax_models import TaxExemption, TaxRate
from app.billing.tax_places import name_place, split_place, tax_place
from app.core.config import Settings
from app.core.money import Money

# A line's number, `shipping`, or `charges`.
LineKey = int | str

_KINDS_BY_DELIVERY = {
    "dvd": TaxKind.TANGIBLE,
    "bluray": TaxKind.TANGIBLE,
    "file": TaxKind.DIGITAL,
    # Access without a copy.
    "stream": TaxKind.LICENSE,
}
NO_TAX = "No tax is charged."
UNRESOLVED_NOTE = "We're checking whether tax is due and will email you."
STRIPE_NOTE = "Tax is calculated on the payment page."


@dataclass(frozen=True, slots=True)
class TaxableLine:
    """An amount that may be taxed: a line, the shipping, or the charges."""

    key: LineKey
    kind: TaxKind
    amount: int


@dataclass(frozen=True, slots=True)
class TaxAssessment:
    """The tax of an order or a quote: its state, its sum, and how it was computed."""

    state: TaxState
    source: TaxSource
    amount: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    line_amounts: dict[LineKey, int] = field(default_factory=dict)
    note: str = ""


def kind_of_delivery(delivery: str | None) -> TaxKind:
    """Return how a line is taxed by its delivery; a license without one is a license."""
    return _KINDS_BY_DELIVERY.get(delivery or "", TaxKind.LICENSE)


def assess_tax(
    session: Session,
    settings: Settings,
    *,
    ship_to: Address,
    lines: Sequence[TaxableLine],
    institution_id: int | None,
    on: date,
    currency: str,
    order_number: str | None = None,
) -> TaxAssessment:
    """Return the tax of ``lines`` on day ``on``.

    ``ship_to`` is the address that counts: where discs go, else the billing address.
    ``order_number`` finds a certificate that belongs to the order of a guest.
    """
    source = TaxSource(settings.tax)
    if source is TaxSource.NONE:
        return TaxAssessment(TaxState.NONE, source, note=NO_TAX)
    taxable = [line for line in lines if line.amount]
    if not taxable:
        return TaxAssessment(TaxState.NONE, source, note="No tax is due on a free order.")
    place = tax_place(ship_to)
    exemption = find_exemption(
        session, place=place, on=on, institution_id=institution_id, order_number=order_number
    )
    if exemption is not None:
        return _exempt(exemption, place, source)
    if source is TaxSource.STRIPE:
        return TaxAssessment(TaxState.UNRESOLVED, source, note=STRIPE_NOTE)
    rows = session.scalars(select(TaxRate).where(TaxRate.country == split_place(place)[0]))
    return compute_tax(select_rates(rows, place, on), taxable, place=place, currency=currency)


def compute_tax(
    rates: Mapping[TaxKind, TaxRate],
    lines: Sequence[TaxableLine],
    *,
    place: str,
    currency: str,
) -> TaxAssessment:
    """Return the tax by these rates: each line's is rounded, then they are added."""
    computed: list[dict[str, Any]] = []
    missing = {line.kind for line in lines if line.kind not in rates}
    for line in lines:
        rate = rates.get(line.kind)
        if rate is None:
            continue
        tax = Money(line.amount, currency).percent(rate.percent).amount
        computed.append(
            {
                "line": line.key,
                "kind": str(line.kind),
                "name": rate.name,
                "place": rate.place,
                "percent": rate.percent_text,
                "taxable": line.amount,
                "amount": tax,
            }
        )
    if missing:
        return TaxAssessment(
            TaxState.UNRESOLVED, TaxSource.RATES, lines=computed, note=UNRESOLVED_NOTE
        )
    amount = sum(entry["amount"] for entry in computed)
    if not amount:
        note = f"No tax is due in {name_place(place)}."
        return TaxAssessment(TaxState.NONE, TaxSource.RATES, lines=computed, note=note)
    return TaxAssessment(
        TaxState.CHARGED,
        TaxSource.RATES,
        amount=amount,
        lines=computed,
        line_amounts={entry["line"]: entry["amount"] for entry in computed},
        note=_describe_rates(computed),
    )


def select_rates(rows: Iterable[TaxRate], place: str, on: date) -> dict[TaxKind, TaxRate]:
    """Return the rate of each kind in ``place``; that of a region goes before its country's."""
    country, region = split_place(place)
    fit = [
        row
        for row in rows
        if row.country == country and row.region in {"", region} and row.is_valid_on(on)
    ]
    return {row.kind: row for row in sorted(fit, key=lambda row: row.region)}


def spread_tax(amount: int, lines: Sequence[TaxableLine]) -> dict[LineKey, int]:
    """Return ``amount`` spread over the lines in proportion, to the last minor unit.

    >>> spread_tax(10, [TaxableLine(n, TaxKind.DIGITAL, 100) for n in (1, 2, 3)])
    {1: 3, 2: 4, 3: 3}
    """
    total = sum(line.amount for line in lines)
    spread: dict[LineKey, int] = {}
    passed = given = 0
    for line in lines:
        passed += line.amount
        until = _round_share(amount, passed, total)
        spread[line.key], given = until - given, until
    return spread


def split_refund(gross: int, *, net_left: int, tax_left: int) -> int:
    """Return the tax in a refund of ``gross`` from a part with this net and tax left.

    A refund of all that is left takes all of the tax, so that no minor unit stays behind.

    >>> split_refund(50, net_left=100, tax_left=9), split_refund(59, net_left=54, tax_left=5)
    (4, 5)
    """
    total = net_left + tax_left
    if total <= 0 or not tax_left:
        return 0
    share = _round_share(tax_left, min(gross, total), total)
    return min(max(share, gross - net_left, 0), tax_left, gross)


def missing_kinds(assessment: TaxAssessment, lines: Iterable[TaxableLine]) -> list[TaxKind]:
    """Return the kinds for whose place staff have entered no rate."""
    known = {entry["line"] for entry in assessment.lines}
    return sorted({line.kind for line in lines if line.amount and line.key not in known})


def _round_share(amount: int, part: int, total: int) -> int:
    """Return ``amount * part / total``, halves rounded up; all amounts are positive."""
    return (2 * amount * part + total) // (2 * total) if total else 0


def _exempt(exemption: TaxExemption, place: str, source: TaxSource) -> TaxAssessment:
    number = f" {exemption.number}" if exemption.number else ""
    return TaxAssessment(
        TaxState.EXEMPT,
        source,
        lines=[{"exemption": exemption.ref, "number": exemption.number, "place": place}],
        note=f"Tax exempt in {name_place(place)}, certificate{number}.",
    )


def _describe_rates(computed: Iterable[Mapping[str, Any]]) -> str:
    parts = {
        f"{entry['name']} {Decimal(entry['percent']).normalize():f}%": None
        for entry in computed
        if entry["amount"]
    }
    return ", ".join(parts)
