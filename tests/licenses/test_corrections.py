"""Corrected licenses, and licenses that begin later than they are granted."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.core.errors import InvalidInputError
from app.licenses.corrections import (
    LicenseCorrection,
    LicenseNotCorrectableError,
    correct_license,
)
from app.licenses.lifecycle import expire_due, reinstate, revoke, start_due, suspend
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today, verify_license
from app.orders.models import Order
from tests import factories
from tests.factories import STAFF

NOON = datetime(2030, 1, 30, 17, tzinfo=UTC)
FILE = {"delivery": "file", "term": {"kind": "months", "months": 36}}


def granted_order(
    session: Session, *, starts_on: date | None = None, ends_on: date | None = None, **offer: object
) -> Order:
    order = factories.order(session, factories.offer(session, **FILE | offer))  # type: ignore[arg-type]
    order.lines[0].starts_on, order.lines[0].ends_on = starts_on, ends_on
    factories.pay(session, order)
    return order


def license_of(order: Order) -> License:
    license_ = order.lines[0].license
    assert license_ is not None
    return license_


def test_license_agreed_for_a_later_day_is_scheduled_until_its_first_local_day(
    session: Session,
) -> None:
    with time_machine.travel(NOON, tick=False):
        license_ = license_of(granted_order(session, starts_on=date(2030, 7, 1)))
        assert license_.status is LicenseStatus.SCHEDULED
        assert (license_.granted_on, license_.starts_on) == (date(2030, 1, 30), date(2030, 7, 1))
        assert license_.ends_on == date(2033, 6, 30)
        found = verify_license(session, license_.number)
        assert (found.in_force, found.status) == (False, LicenseStatus.SCHEDULED)
        assert "begins on July 1, 2030" in found.statement
        suspend(session, license_, actor=STAFF, reason="disputed")
        reinstate(session, license_, actor=STAFF, reason="won")
        assert license_.status.value == "scheduled"
    # Three in the morning in London is still June in New York.
    with time_machine.travel(datetime(2030, 7, 1, 3, tzinfo=UTC), tick=False):
        assert start_due(session) == []
        assert status_today(license_) is LicenseStatus.SCHEDULED
    with time_machine.travel(datetime(2030, 7, 1, 5, tzinfo=UTC), tick=False):
        assert status_today(license_) is LicenseStatus.ACTIVE
        assert start_due(session) == [license_.number]
        assert start_due(session) == []
        assert verify_license(session, license_.number).in_force
    with time_machine.travel(datetime(2033, 7, 1, 5, tzinfo=UTC), tick=False):
        assert expire_due(session) == [license_.number]


def test_license_paid_after_its_agreed_first_day_begins_with_the_grant(session: Session) -> None:
    with time_machine.travel(NOON, tick=False):
        license_ = license_of(granted_order(session, starts_on=date(2030, 1, 15)))

    assert license_.starts_on == date(2030, 1, 30)
    assert license_.status is LicenseStatus.ACTIVE


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "is_granted"),
    [
        (date(2030, 7, 1), None, False),  # three years end after the window
        (date(2030, 7, 1), date(2032, 12, 31), True),
        (date(2030, 7, 1), date(2033, 1, 1), False),
        (None, date(2030, 1, 29), False),  # over before it could begin
    ],
)
def test_agreed_days_must_lie_within_the_window(
    session: Session, starts_on: date | None, ends_on: date | None, *, is_granted: bool
) -> None:
    with time_machine.travel(NOON - timedelta(days=60), tick=False):
        offer = factories.offer(session, **FILE, rights_end=date(2032, 12, 31))  # type: ignore[arg-type]
        order = factories.order(session, offer)
    with time_machine.travel(NOON, tick=False):
        order.lines[0].starts_on, order.lines[0].ends_on = starts_on, ends_on
        factories.pay(session, order)

    license_ = order.lines[0].license
    assert (license_ is not None) is is_granted
    if license_ is not None:
        assert license_.ends_on == ends_on


def test_corrected_name_is_a_new_license_and_the_old_number_points_to_it(session: Session) -> None:
    with time_machine.travel(NOON, tick=False):
        old = license_of(granted_order(session))
        change = LicenseCorrection(licensee="Example State College", sites=("Main", "North"))
        new = correct_license(session, old, change, actor=STAFF, reason="wrong name")
        again = correct_license(session, old, change, actor=STAFF, reason="wrong name")

        assert again.number == new.number != old.number
        assert (new.licensee, new.sites) == ("Example State College", ["Main", "North"])
        assert (new.status, old.status.value) == (LicenseStatus.ACTIVE, "replaced")
        assert (new.replaces, new.granted_for) == (old.number, f"{old.granted_for}/2")
        assert (new.starts_on, new.ends_on) == (old.starts_on, old.ends_on)
        assert new.access_token != old.access_token
        third = correct_license(
            session, new, LicenseCorrection(licensee="A"), actor=STAFF, reason="again"
        )
        found = verify_license(session, old.number)
        assert (found.status, found.replaced_by) == (LicenseStatus.REPLACED, third.number)
        assert not found.in_force
        with pytest.raises(LicenseNotCorrectableError, match=f"replaced by {new.number}"):
            correct_license(
                session, old, LicenseCorrection(licensee="B"), actor=STAFF, reason="again"
            )
    [_, entry] = entries_about(session, "license", old.number)
    assert entry.action == "license.status.replaced"
    assert revoke(session, old, actor=STAFF, reason="refunded") is False


def test_corrected_first_day_moves_the_last_day_within_the_window(session: Session) -> None:
    with time_machine.travel(NOON, tick=False):
        old = license_of(granted_order(session, rights_end=date(2033, 6, 30)))
        with pytest.raises(InvalidInputError) as refused:
            correct_license(
                session,
                old,
                LicenseCorrection(starts_on=date(2030, 7, 2)),
                actor=STAFF,
                reason="later",
            )
        assert "run past June 30, 2033" in refused.value.errors[0].detail
        new = correct_license(
            session, old, LicenseCorrection(starts_on=date(2030, 7, 1)), actor=STAFF, reason="later"
        )

    assert (new.starts_on, new.ends_on) == (date(2030, 7, 1), date(2033, 6, 30))
    assert new.status is LicenseStatus.SCHEDULED


@pytest.mark.parametrize(
    ("correction", "problem"),
    [
        (LicenseCorrection(), "Change the name"),
        (LicenseCorrection(licensee="Example College"), "Change the name"),
        (LicenseCorrection(ends_on=date(2030, 1, 29)), "on or after the first day"),
    ],
)
def test_correction_without_sense_is_refused(
    session: Session, correction: LicenseCorrection, problem: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        license_ = license_of(granted_order(session))
        with pytest.raises(InvalidInputError) as refused:
            correct_license(session, license_, correction, actor=STAFF, reason="?")
        assert problem in refused.value.errors[0].detail

    assert license_.status is LicenseStatus.ACTIVE


def test_correction_keeps_a_license_on_hold_and_refuses_a_revoked_one(session: Session) -> None:
    order = granted_order(session)
    license_ = license_of(order)
    suspend(session, license_, actor=STAFF, reason="disputed")
    change = LicenseCorrection(licensee="Other College")
    corrected = correct_license(session, license_, change, actor=STAFF, reason="name")
    assert corrected.status is LicenseStatus.SUSPENDED

    revoke(session, corrected, actor=STAFF, reason="lost")
    with pytest.raises(LicenseNotCorrectableError, match="is revoked"):
        correct_license(
            session, corrected, LicenseCorrection(licensee="X"), actor=STAFF, reason="name"
        )
