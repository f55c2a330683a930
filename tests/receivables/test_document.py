"""docs/invoicing.md is true: every row of its tables, put to the code."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.billing.credit import CreditFacts, find_credit_holds
from app.core.config import Settings
from app.receivables.aging import count_days_overdue, find_bucket, sum_by_bucket
from app.receivables.reminders import find_reminder
from app.receivables.statements import Entry, EntryKind, sum_statement
from tests.offers.tables import money, number, numbers, sure_day, table

pytestmark = pytest.mark.once
DOCUMENT = "invoicing.md"
NOVEMBER = {"starts_on": date(2026, 11, 1), "ends_on": date(2026, 11, 30)}


def cents(cell: str) -> int:
    return money(f"{cell} USD").amount


def entries() -> list[Entry]:
    return [
        Entry(
            on=sure_day(row["on"]),
            kind=EntryKind(row["kind"]),
            reference=row["reference"],
            description="",
            amount=cents(row["amount"]),
        )
        for row in table("statement", DOCUMENT)
    ]


@pytest.mark.parametrize("row", table("aging", DOCUMENT), ids=lambda row: row["due on"])
def test_amount_is_in_the_bucket_that_the_document_says(row: dict[str, str]) -> None:
    due_on, today = sure_day(row["due on"]), sure_day(row["today"])
    assert count_days_overdue(due_on, today=today) == int(row["days overdue"])
    assert find_bucket(due_on, today=today) == row["bucket"]


def test_statement_has_the_balances_and_totals_of_the_document() -> None:
    statement = sum_statement(reversed(entries()), **NOVEMBER)
    rows = [
        row for row in table("statement", DOCUMENT) if row["balance"] not in {"before", "after"}
    ]
    assert [(line.entry.reference, line.balance) for line in statement.lines] == [
        (row["reference"], cents(row["balance"])) for row in rows
    ]
    (totals,) = table("statement-totals", DOCUMENT)
    for name, cell in totals.items():
        assert getattr(statement.totals, name.replace(" ", "_")) == cents(cell), name


@pytest.mark.parametrize("row", table("reminders", DOCUMENT), ids=lambda row: row["because"])
def test_reminder_is_sent_when_the_document_says(row: dict[str, str]) -> None:
    step = find_reminder(
        Settings(_env_file=None).reminder_steps,
        issued_on=sure_day(row["issued on"]),
        due_on=sure_day(row["due on"]),
        today=sure_day(row["today"]),
        sent=numbers(row["sent"]),
    )
    assert step == number(row["step"])


@pytest.mark.parametrize("row", table("credit", DOCUMENT), ids=lambda row: row["holds"] or "none")
def test_order_is_held_when_the_document_says(row: dict[str, str]) -> None:
    holds = find_credit_holds(
        CreditFacts(
            owed=money(row["owed"]),
            asked=money(row["order"]),
            limit=None if row["limit"] == "-" else money(row["limit"]),
            hold_reason=row["staff hold"],
            days_overdue=int(row["days overdue"]),
            oldest="INV-2026-0001",
        ),
        max_days_overdue=Settings(_env_file=None).credit_hold_days,
    )
    assert ", ".join(hold.code for hold in holds) == row["holds"]


DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
ENTRIES = st.builds(
    Entry,
    on=DAYS,
    kind=st.sampled_from(EntryKind),
    reference=st.just(""),
    description=st.just(""),
    amount=st.integers(-(10**7), 10**7),
)


@given(st.lists(ENTRIES, max_size=30), st.tuples(DAYS, DAYS, DAYS))
def test_statement_of_two_periods_sums_to_that_of_both(
    known: list[Entry], days: tuple[date, date, date]
) -> None:
    first, middle, last = sorted(days)
    one = sum_statement(known, starts_on=first, ends_on=middle).totals
    both = sum_statement(known, starts_on=first, ends_on=last).totals
    assert one.opening == both.opening
    assert both.closing == sum(entry.change for entry in known if entry.on <= last)
    rest = [entry.change for entry in known if middle < entry.on <= last]
    assert one.closing + sum(rest) == both.closing
    changes = both.invoiced + both.refunded
    changes -= both.paid + both.credited + both.written_off + both.voided
    assert both.opening + changes == both.closing


@given(st.lists(st.tuples(DAYS, st.integers(0, 10**7)), max_size=30), DAYS)
def test_buckets_sum_to_all_that_is_owed(amounts: list[tuple[date, int]], today: date) -> None:
    buckets = sum_by_bucket(amounts, today=today)
    assert sum(buckets.values()) == sum(amount for _, amount in amounts)
