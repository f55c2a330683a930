"""A license walked day by day past its end: every notice once, every state right."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.email_models import OutboxEmail
from app.licenses.lifecycle import expire_due, start_due, suspend
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.renewals.models import RenewalNotice
from app.renewals.notices import read_renewal_key, renewal_path, send_notices
from tests import factories
from tests.factories import SETTINGS, STAFF

NEW_YORK = ZoneInfo("America/New_York")


def granted(session: Session, *, months: int, starts_on: date | None = None) -> License:
    offer = factories.offer(session, delivery="file", term={"kind": "months", "months": months})
    order = factories.order(session, offer)
    order.lines[0].starts_on = starts_on
    factories.pay(session, order)
    license_ = order.lines[0].license
    assert license_ is not None
    return license_


def notices(session: Session) -> list[OutboxEmail]:
    statement = select(OutboxEmail).where(OutboxEmail.kind == "renewal-notice")
    return list(session.scalars(statement.order_by(OutboxEmail.id)))


@pytest.mark.parametrize(
    ("placed", "starts_on", "last_day"),
    [
        # Over three changes to summer time and three back.
        (datetime(2030, 3, 5, 15, tzinfo=UTC), date(2030, 3, 9), date(2033, 3, 8)),
        # It begins on a leap day, and ends with the last day of a shorter February.
        (datetime(2028, 2, 10, 15, tzinfo=UTC), date(2028, 2, 29), date(2031, 2, 28)),
    ],
)
def test_three_year_license_walked_past_its_end(
    session: Session, placed: datetime, starts_on: date, last_day: date
) -> None:
    with time_machine.travel(placed, tick=False):
        license_ = granted(session, months=36, starts_on=starts_on)
    assert (license_.starts_on, license_.ends_on) == (starts_on, last_day)
    sent: dict[date, int] = {}
    moment = placed
    # An hour earlier each day, so that each hour has its turn and no day is left out.
    while moment < datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC) + timedelta(4):
        with time_machine.travel(moment, tick=False):
            here = moment.astimezone(NEW_YORK).date()
            expected = LicenseStatus.ACTIVE
            if here < starts_on:
                expected = LicenseStatus.SCHEDULED
            elif here > last_day:
                expected = LicenseStatus.EXPIRED
            assert status_today(license_) is expected, moment
            start_due(session)
            expire_due(session)
            assert license_.status is expected, moment
            if send_notices(session, SETTINGS):
                sent[here] = (last_day - here).days
        moment += timedelta(hours=23)
    assert list(sent.values()) == [120, 60, 30, 7]
    assert len(notices(session)) == 4
    assert all(email.to_address == "ada@example.edu" for email in notices(session))


def test_outage_sends_only_the_latest_notice_and_groups_licenses(session: Session) -> None:
    now = datetime(2030, 1, 10, 15, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        licenses = [granted(session, months=12) for _ in range(3)]
    with time_machine.travel(now + timedelta(days=340), tick=False):
        assert sorted(send_notices(session, SETTINGS)) == sorted(each.number for each in licenses)
        assert send_notices(session, SETTINGS) == []
    [email] = notices(session)
    assert email.subject == "3 of your film licenses end soon"
    rows = session.execute(select(RenewalNotice.lead_days, RenewalNotice.sent)).all()
    assert sorted(set(rows)) == [(30, True), (60, False), (120, False)]


def test_no_notice_for_a_license_on_hold_or_one_that_was_renewed(session: Session) -> None:
    now = datetime(2030, 1, 10, 15, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        on_hold, renewed, other = (granted(session, months=12) for _ in range(3))
        suspend(session, on_hold, actor=STAFF, reason="disputed")
        granted(session, months=24).renews = renewed.number
    with time_machine.travel(now + timedelta(days=360), tick=False):
        assert send_notices(session, SETTINGS) == [other.number]


@pytest.mark.once
def test_renewal_link_is_signed() -> None:
    key = renewal_path(SETTINGS, ["RL-AAAA2222", "RL-BBBB3333"]).rpartition("/")[2]
    assert read_renewal_key(SETTINGS, key) == ["RL-AAAA2222", "RL-BBBB3333"]
    assert read_renewal_key(SETTINGS, key.replace("AAAA", "CCCC")) is None
