"""The table of decisions: who is covered by what, and why not."""
# ruff: noqa: E501 - a case is a line

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.access.decisions import (
    Affiliation,
    Covered,
    LicenseFacts,
    RefusalReason,
    Refused,
    Viewer,
    decide,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
COLLEGE, OTHER = 1, 2
MEMBER = Viewer(COLLEGE)
WALK_IN = Viewer(COLLEGE, Affiliation.WALK_IN)
AT_NORTH = Viewer(COLLEGE, site="North")
WALK_IN_AT_NORTH = Viewer(COLLEGE, Affiliation.WALK_IN, "North")
STRANGER = Viewer(OTHER)
BASE = LicenseFacts("RL-1", COLLEGE, date(2026, 9, 1), date(2027, 8, 31), "active")
ONLY_MEMBERS = frozenset({Affiliation.MEMBER})
NORTH = frozenset({"North"})
TWO = frozenset({"North", "South"})
FULL = replace(BASE, max_concurrent=2, playing=2)
OVER = replace(BASE, max_concurrent=2, playing=3)
FREE = replace(BASE, max_concurrent=2, playing=1)
PAST = replace(BASE, starts_on=date(2025, 9, 1), ends_on=date(2026, 8, 31))
FUTURE = replace(BASE, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))
NEW_YORK, KIRITIMATI, HONOLULU = "America/New_York", "Pacific/Kiritimati", "Pacific/Honolulu"


def days(first: str, last: str | None, **more: object) -> LicenseFacts:
    ends_on = date.fromisoformat(last) if last else None
    return replace(BASE, starts_on=date.fromisoformat(first), ends_on=ends_on, **more)  # type: ignore[arg-type]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# The viewer, the licenses of the film, the moment, and the answer: a number, or a reason.
CASES: list[tuple[Viewer, list[LicenseFacts], datetime, str]] = [
    # Who holds a license
    (MEMBER, [], NOON, "no_license"),
    (MEMBER, [BASE], NOON, "RL-1"),
    (WALK_IN, [BASE], NOON, "RL-1"),
    (AT_NORTH, [BASE], NOON, "RL-1"),
    (STRANGER, [BASE], NOON, "no_license"),
    (STRANGER, [PAST], NOON, "no_license"),
    (MEMBER, [replace(BASE, institution_id=OTHER)], NOON, "no_license"),
    (MEMBER, [replace(BASE, institution_id=None)], NOON, "no_license"),
    (MEMBER, [replace(BASE, number="RL-2", institution_id=OTHER), BASE], NOON, "RL-1"),
    # State
    (MEMBER, [replace(BASE, state="suspended")], NOON, "suspended"),
    (MEMBER, [replace(BASE, state="expired")], NOON, "expired"),
    (MEMBER, [replace(BASE, state="revoked")], NOON, "no_license"),
    (MEMBER, [replace(BASE, state="replaced")], NOON, "no_license"),
    (MEMBER, [replace(BASE, state="")], NOON, "no_license"),
    (MEMBER, [replace(BASE, state="scheduled")], NOON, "RL-1"),
    (MEMBER, [replace(PAST, state="suspended")], NOON, "expired"),
    (MEMBER, [replace(FUTURE, state="suspended")], NOON, "suspended"),
    (MEMBER, [replace(PAST, state="active")], NOON, "expired"),
    (MEMBER, [replace(FUTURE, state="scheduled")], NOON, "not_yet"),
    (MEMBER, [replace(FUTURE, state="active")], NOON, "not_yet"),
    (MEMBER, [replace(PAST, state="revoked")], NOON, "no_license"),
    # First and last day
    (MEMBER, [days("2026-12-01", "2026-12-01")], at("2026-12-01T00:00:00"), "RL-1"),
    (MEMBER, [days("2026-12-01", "2026-12-01")], at("2026-12-01T23:59:59"), "RL-1"),
    (MEMBER, [days("2026-12-01", "2026-12-01")], at("2026-11-30T23:59:59"), "not_yet"),
    (MEMBER, [days("2026-12-01", "2026-12-01")], at("2026-12-02T00:00:00"), "expired"),
    (MEMBER, [days("2026-12-01", None)], at("2099-01-01T00:00:00"), "RL-1"),
    (MEMBER, [days("2026-12-02", None)], NOON, "not_yet"),
    (MEMBER, [days("2024-02-29", "2024-02-29")], at("2024-02-29T12:00:00"), "RL-1"),
    # The licensee's midnight
    (MEMBER, [days("2026-12-01", "2026-12-31", time_zone=NEW_YORK)], at("2026-12-01T04:59:59"), "not_yet"),
    (MEMBER, [days("2026-12-01", "2026-12-31", time_zone=NEW_YORK)], at("2026-12-01T05:00:00"), "RL-1"),
    (MEMBER, [days("2026-12-01", "2026-12-31", time_zone=NEW_YORK)], at("2027-01-01T04:59:59"), "RL-1"),
    (MEMBER, [days("2026-12-01", "2026-12-31", time_zone=NEW_YORK)], at("2027-01-01T05:00:00"), "expired"),
    (MEMBER, [days("2026-12-02", "2026-12-31", time_zone=KIRITIMATI)], NOON, "RL-1"),
    (MEMBER, [days("2026-06-01", "2026-11-30", time_zone=HONOLULU)], at("2026-12-01T09:59:59"), "RL-1"),
    (MEMBER, [days("2026-06-01", "2026-11-30", time_zone=HONOLULU)], at("2026-12-01T10:00:00"), "expired"),
    # The night that summer time ends has one midnight only
    (MEMBER, [days("2026-06-01", "2026-10-31", time_zone=NEW_YORK)], at("2026-11-01T03:59:59"), "RL-1"),
    (MEMBER, [days("2026-06-01", "2026-10-31", time_zone=NEW_YORK)], at("2026-11-01T04:00:00"), "expired"),
    # Sites
    (AT_NORTH, [replace(BASE, sites=NORTH)], NOON, "RL-1"),
    (AT_NORTH, [replace(BASE, sites=TWO)], NOON, "RL-1"),
    (MEMBER, [replace(BASE, sites=NORTH)], NOON, "site"),
    (Viewer(COLLEGE, site="South"), [replace(BASE, sites=NORTH)], NOON, "site"),
    (Viewer(COLLEGE, site="north"), [replace(BASE, sites=NORTH)], NOON, "site"),
    (Viewer(OTHER, site="North"), [replace(BASE, sites=NORTH)], NOON, "no_license"),
    (AT_NORTH, [replace(PAST, sites=NORTH)], NOON, "expired"),
    # Affiliations
    (MEMBER, [replace(BASE, affiliations=ONLY_MEMBERS)], NOON, "RL-1"),
    (WALK_IN, [replace(BASE, affiliations=ONLY_MEMBERS)], NOON, "affiliation"),
    (MEMBER, [replace(BASE, affiliations=frozenset())], NOON, "affiliation"),
    (WALK_IN, [replace(BASE, affiliations=frozenset({Affiliation.WALK_IN}))], NOON, "RL-1"),
    (WALK_IN_AT_NORTH, [replace(BASE, sites=NORTH)], NOON, "RL-1"),
    (WALK_IN_AT_NORTH, [replace(BASE, sites=NORTH, affiliations=ONLY_MEMBERS)], NOON, "affiliation"),
    (WALK_IN, [replace(BASE, sites=NORTH, affiliations=ONLY_MEMBERS)], NOON, "site"),
    # Viewers at once
    (MEMBER, [FREE], NOON, "RL-1"),
    (MEMBER, [FULL], NOON, "limit"),
    (MEMBER, [OVER], NOON, "limit"),
    (MEMBER, [replace(BASE, max_concurrent=0)], NOON, "limit"),
    (MEMBER, [replace(BASE, max_concurrent=None, playing=10_000)], NOON, "RL-1"),
    (WALK_IN, [replace(FULL, affiliations=ONLY_MEMBERS)], NOON, "affiliation"),
    (MEMBER, [replace(PAST, max_concurrent=1, playing=1)], NOON, "expired"),
    # Several licenses: one that covers wins, and the longest of those
    (MEMBER, [PAST, replace(BASE, number="RL-2")], NOON, "RL-2"),
    (MEMBER, [replace(BASE, number="RL-2"), PAST], NOON, "RL-2"),
    (MEMBER, [BASE, days("2026-12-01", None, number="RL-2")], NOON, "RL-2"),
    (MEMBER, [days("2026-12-01", None, number="RL-2"), BASE], NOON, "RL-2"),
    (MEMBER, [replace(BASE, number="RL-2"), BASE], NOON, "RL-2"),
    (MEMBER, [FULL, replace(BASE, number="RL-2", ends_on=date(2026, 12, 2))], NOON, "RL-2"),
    (MEMBER, [FULL, replace(FREE, number="RL-2")], NOON, "RL-2"),
    (WALK_IN, [replace(BASE, affiliations=ONLY_MEMBERS), replace(BASE, number="RL-2")], NOON, "RL-2"),
    # Several that refuse: the reason nearest to watching is told
    (MEMBER, [PAST, FUTURE], NOON, "not_yet"),
    (MEMBER, [PAST, replace(BASE, state="suspended")], NOON, "suspended"),
    (MEMBER, [PAST, FULL], NOON, "limit"),
    (MEMBER, [FULL, replace(BASE, sites=NORTH)], NOON, "limit"),
    (WALK_IN, [replace(BASE, sites=NORTH), replace(BASE, affiliations=ONLY_MEMBERS)], NOON, "affiliation"),
    (MEMBER, [replace(BASE, sites=NORTH), replace(BASE, state="suspended")], NOON, "site"),
    (MEMBER, [replace(BASE, state="revoked"), PAST], NOON, "expired"),
    (STRANGER, [FULL, PAST, FUTURE], NOON, "no_license"),
]  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize(("viewer", "licenses", "now", "answer"), CASES)
def test_decide_by_table_returns_license_or_reason(
    viewer: Viewer, licenses: list[LicenseFacts], now: datetime, answer: str
) -> None:
    decision = decide(viewer, licenses, now=now)
    if answer.startswith("RL-"):
        assert isinstance(decision, Covered)
        assert decision.license.number == answer
    else:
        assert isinstance(decision, Refused)
        assert decision.reason == answer


@pytest.mark.once
def test_table_of_decisions_is_long_and_names_every_reason() -> None:
    assert len(CASES) >= 60
    assert {reason.value for reason in RefusalReason} <= {answer for *_, answer in CASES}
