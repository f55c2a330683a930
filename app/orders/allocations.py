"""Allocations: the parts of an order that a refund is taken from. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.billing.tax import split_refund
from app.core.errors import FieldProblem
from app.core.fields import Whole
from app.core.money import Money

# A line's number, or what is not a line.
OtherPart = Literal["charges", "shipping", "overpayment"]
Part = Whole | OtherPart
# What staff and buyers read of a part that is no line.
PART_LABELS: dict[OtherPart, str] = {
    "charges": "Other charges",
    "shipping": "Shipping",
    "overpayment": "Overpayment",
}


class Allocation(BaseModel):
    """The amount of a refund that is taken from this part of the order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: Part = Field(
        description="A line's number, `charges`, `shipping`, or `overpayment`",
        examples=[1],
    )
    amount: Whole = Field(
        gt=0, le=10**12, description="Minor units of the order's currency, with the part's tax"
    )


class AllocationOut(Allocation):
    """An allocation of a refund, with the tax in its amount."""

    tax: Whole = Field(default=0, description="The part of `amount` that is tax")


@dataclass(frozen=True, slots=True)
class PartLeft:
    """How much of a part can still be refunded, in minor units."""

    net: int
    tax: int = 0

    @property
    def gross(self) -> int:
        """What can be refunded with its tax."""
        return self.net + self.tax


def sum_allocations(allocations: Iterable[Allocation]) -> int:
    """Return the sum in minor units."""
    return sum(allocation.amount for allocation in allocations)


def find_problems(
    allocations: Sequence[Allocation], available: Mapping[Part, int], currency: str
) -> list[FieldProblem]:
    """Return the problems of ``allocations`` if each part has ``available`` left."""
    problems: list[FieldProblem] = []
    seen: set[Part] = set()
    for index, allocation in enumerate(allocations):
        pointer = f"#/allocations/{index}"
        if allocation.line in seen:
            problems.append(FieldProblem(f"{pointer}/line", "Enter each part once."))
            continue
        seen.add(allocation.line)
        rest = available.get(allocation.line)
        if rest is None:
            detail = f"Unknown part. The order has {_listed(available)}."
            problems.append(FieldProblem(f"{pointer}/line", detail))
        elif allocation.amount > rest:
            limit = Money(rest, currency).words()
            problems.append(FieldProblem(f"{pointer}/amount", f"Enter at most {limit}."))
    if not allocations:
        problems.append(FieldProblem("#/allocations", "Enter what to refund."))
    return problems


def to_json(
    allocations: Iterable[Allocation], left: Mapping[Part, PartLeft]
) -> list[dict[str, Any]]:
    """Return the allocations as the refund stores them, each with its share of the tax."""
    stored = []
    for allocation in allocations:
        part = left[allocation.line]
        tax = split_refund(allocation.amount, net_left=part.net, tax_left=part.tax)
        stored.append(AllocationOut(**allocation.model_dump(), tax=tax).model_dump())
    return stored


def _listed(available: Mapping[Part, int]) -> str:
    return ", ".join(str(part) for part in available)
