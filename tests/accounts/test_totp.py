from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy.orm import Session

from app.accounts import audit, totp
from app.accounts.actors import Actor
from app.accounts.models import StaffUser
from app.accounts.staff import Role, create_staff
from app.core.errors import InvalidInputError

START = datetime(2026, 11, 22, 9, 0, 10, tzinfo=UTC)
SAM = Actor.staff("sam@example.org", "Sam")


@pytest.fixture
def user(session: Session) -> StaffUser:
    return create_staff(
        session,
        email="sam@example.org",
        name="Sam",
        password="a long enough password",
        roles=[Role.SALES],
        actor=Actor.operator("test"),
    )


def code_at(user: StaffUser, moment: datetime) -> str:
    assert user.totp_secret
    return pyotp.TOTP(user.totp_secret).at(moment)


def enrolled(session: Session, user: StaffUser) -> list[str]:
    totp.start_enrollment(session, user)
    return totp.confirm_enrollment(session, user, code_at(user, START), actor=SAM)


@time_machine.travel(START, tick=False)
def test_codes_are_in_force_once_one_is_proven(session: Session, user: StaffUser) -> None:
    secret = totp.start_enrollment(session, user)
    assert totp.start_enrollment(session, user) == secret  # asked again: the same QR code
    assert not user.uses_totp

    with pytest.raises(InvalidInputError) as caught:
        totp.confirm_enrollment(session, user, "000000", actor=SAM)
    assert caught.value.errors[0].pointer == "#/code"
    assert not user.uses_totp

    recovery = totp.confirm_enrollment(session, user, code_at(user, START), actor=SAM)
    assert user.totp_confirmed_at == START
    assert len(set(recovery)) == 8
    assert audit.entries_about(session, "staff", user.email)[-1].action == "staff.totp_on"
    with pytest.raises(totp.TotpAlreadyEnabledError):
        totp.start_enrollment(session, user)


def test_no_code_works_twice(session: Session, user: StaffUser) -> None:
    with time_machine.travel(START, tick=False):
        enrolled(session, user)
        assert not totp.verify_code(session, user, code_at(user, START))  # used up by enrolling
    with time_machine.travel(START + timedelta(seconds=30), tick=False):
        code = code_at(user, START + timedelta(seconds=30))
        assert totp.verify_code(session, user, f" {code[:3]} {code[3:]} ")
        assert not totp.verify_code(session, user, code)


def test_clocks_may_differ_by_one_step(session: Session, user: StaffUser) -> None:
    with time_machine.travel(START, tick=False):
        enrolled(session, user)
    later = START + timedelta(minutes=10)
    with time_machine.travel(later, tick=False):
        assert not totp.verify_code(session, user, code_at(user, later - timedelta(seconds=60)))
        assert totp.verify_code(session, user, code_at(user, later - timedelta(seconds=30)))
        assert totp.verify_code(session, user, code_at(user, later + timedelta(seconds=30)))
        assert not totp.verify_code(session, user, code_at(user, later))  # older than the last one


@pytest.mark.parametrize("code", ["", "abcdef", "١٢٣٤٥٦", "-12345", "0" * 60])
@time_machine.travel(START, tick=False)
def test_nonsense_is_refused(session: Session, user: StaffUser, code: str) -> None:
    enrolled(session, user)

    assert not totp.verify_code(session, user, code)


@time_machine.travel(START, tick=False)
def test_each_recovery_code_opens_once(session: Session, user: StaffUser) -> None:
    first, second, *_ = enrolled(session, user)

    assert totp.verify_code(session, user, f" {first.lower()} ")
    assert not totp.verify_code(session, user, first)
    assert totp.verify_code(session, user, second)
    assert len(user.recovery_hashes) == 6
    assert first not in user.recovery_hashes
    actions = [entry.action for entry in audit.entries_about(session, "staff", user.email)]
    assert actions.count("staff.recovery_code_used") == 2


@time_machine.travel(START, tick=False)
def test_switching_off_leaves_nothing_behind(session: Session, user: StaffUser) -> None:
    first, *_ = enrolled(session, user)

    totp.disable(session, user, actor=SAM)

    assert not user.uses_totp
    assert not totp.verify_code(session, user, first)


@time_machine.travel(START, tick=False)
def test_the_address_names_the_store_and_the_login(session: Session, user: StaffUser) -> None:
    secret = totp.start_enrollment(session, user)

    address = totp.otpauth_uri(user, issuer="Reelright Films")
    assert address.startswith("otpauth://totp/Reelright%20Films:sam%40example.org?")
    assert f"secret={secret}" in address
