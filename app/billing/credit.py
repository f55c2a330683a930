"""The credit rule: when a new order on terms waits for staff. Pure (docs/invoicing.md)."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.money import Money


class HoldCode(StrEnum):
    """Why an institution gets no more credit. The values are stable."""

    STAFF = "staff"
    OVERDUE = "overdue"
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """What is known of an institution's credit when it orders on terms.

    Attributes:
        owed: the balance of its open invoices.
        asked: the total of the new order.
        limit: the most it may owe; None for no limit.
        hold_reason: why staff refuse new orders on terms; empty for no hold.
        days_overdue: of its oldest open invoice; 0 if none is overdue.
        oldest: the number of that invoice.
    """

    owed: Money
    asked: Money
    limit: Money | None = None
    hold_reason: str = ""
    days_overdue: int = 0
    oldest: str = ""


@dataclass(frozen=True, slots=True)
class CreditHold:
    """One reason to hold an order, in words for staff."""

    code: HoldCode
    detail: str


def find_credit_holds(facts: CreditFacts, *, max_days_overdue: int) -> list[CreditHold]:
    """Return every reason to hold the order; none if it may be accepted on terms.

    Being over a limit means owing more than it, so an order may use a limit up exactly.
    """
    holds = []
    if facts.hold_reason:
        detail = f"Staff hold new orders: {facts.hold_reason.rstrip('.')}."
        holds.append(CreditHold(HoldCode.STAFF, detail))
    if facts.days_overdue > max_days_overdue:
        days = "day" if facts.days_overdue == 1 else "days"
        detail = f"Invoice {facts.oldest} is {facts.days_overdue} {days} overdue."
        holds.append(CreditHold(HoldCode.OVERDUE, detail))
    if facts.limit is not None:
        over = facts.owed + facts.asked - facts.limit
        if over.amount > 0:
            detail = (
                f"{facts.owed.words()} is owed. With {facts.asked.words()} for this order, the "
                f"credit limit of {facts.limit.words()} is exceeded by {over.words()}."
            )
            holds.append(CreditHold(HoldCode.OVER_LIMIT, detail))
    return holds
