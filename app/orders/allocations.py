"""From which parts of an order a refund is taken, and how much each part can still give. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import FieldProblem
from app.core.fields import Whole
from app.core.money import Money

# A line's number, or one of the two things that are not lines.
Part = Whole | Literal["shipping", "overpayment"]


class Allocation(BaseModel):
    """The amount of a refund that is taken from this part of the order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: Part = Field(
        description="A line's number, `shipping`, or `overpayment`",
        examples=[1],
    )
    amount: Whole = Field(gt=0, le=10**12, description="Minor units of the order's currency")


def sum_allocations(allocations: Iterable[Allocation]) -> int:
    """Return what they add up to, in minor units."""
    return sum(allocation.amount for allocation in allocations)


def find_problems(
    allocations: Sequence[Allocation], available: Mapping[Part, int], currency: str
) -> list[FieldProblem]:
    """Return what is wrong with ``allocations`` when each part can give ``available`` at most."""
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
            words = Money(rest, currency).words()
            problems.append(FieldProblem(f"{pointer}/amount", f"Enter at most {words}."))
    if not allocations:
        problems.append(FieldProblem("#/allocations", "Enter what to refund."))
    return problems


def to_json(allocations: Iterable[Allocation]) -> list[dict[str, Any]]:
    """Return them as the refund keeps them."""
    return [allocation.model_dump() for allocation in allocations]


def _listed(available: Mapping[Part, int]) -> str:
    return ", ".join(str(part) for part in available)
