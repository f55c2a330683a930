from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.models import StaffSession, StaffUser
from app.accounts.sessions import (
    end_all,
    end_session,
    find_session,
    open_session,
    record_activity,
    sessions_of,
)
from app.accounts.staff import Role, create_staff
from app.core import clock


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


def opened(session: Session, user: StaffUser, *, awaits_code: bool = False) -> str:
    return open_session(session, user, hours=12, user_agent="x" * 500, awaits_code=awaits_code)


def find(session: Session, token: str) -> StaffSession | None:
    return find_session(session, token, idle_minutes=60)


def test_only_the_hash_of_the_token_is_kept(session: Session, user: StaffUser) -> None:
    token = opened(session, user)

    kept = session.scalars(select(StaffSession)).one()
    assert find(session, token) is kept
    assert token != kept.token_hash
    assert len(kept.token_hash) == 64
    assert len(kept.user_agent) == 200
    assert find(session, kept.token_hash) is None
    assert find(session, "") is None


def test_a_session_ends_when_nobody_clicks(session: Session, user: StaffUser) -> None:
    start = clock.now()
    token = opened(session, user)

    with time_machine.travel(start + timedelta(minutes=59), tick=False):
        found = find(session, token)
        assert found is not None
        record_activity(session, session_id=found.id)
    with time_machine.travel(start + timedelta(minutes=118), tick=False):
        session.expire_all()
        assert find(session, token) is not None
    with time_machine.travel(start + timedelta(minutes=120), tick=False):
        assert find(session, token) is None


def test_a_session_ends_in_the_end_however_busy(session: Session, user: StaffUser) -> None:
    start = clock.now()
    token = opened(session, user)
    for hour in range(12):
        with time_machine.travel(start + timedelta(hours=hour), tick=False):
            session.expire_all()
            found = find_session(session, token, idle_minutes=90)
            assert found is not None
            record_activity(session, session_id=found.id)

    with time_machine.travel(start + timedelta(hours=12, seconds=1), tick=False):
        session.expire_all()
        assert find_session(session, token, idle_minutes=90) is None


def test_seen_is_written_at_most_once_a_minute(session: Session, user: StaffUser) -> None:
    start = clock.now()
    opened(session, user)
    row = session.scalars(select(StaffSession)).one()
    first = row.seen_at

    with time_machine.travel(start + timedelta(seconds=30), tick=False):
        record_activity(session, session_id=row.id)
    session.refresh(row)
    assert row.seen_at == first


def test_logging_out_ends_one_session_and_end_all_the_rest(
    session: Session, user: StaffUser
) -> None:
    first, second, third = (opened(session, user) for _ in range(3))

    end_session(session, first)
    assert find(session, first) is None

    kept = find(session, second)
    assert kept is not None
    assert end_all(session, user_id=user.id, but=kept.id) == 1
    assert find(session, second) is kept
    assert find(session, third) is None


def test_a_session_of_a_closed_login_opens_nothing(session: Session, user: StaffUser) -> None:
    token = opened(session, user)
    user.active = False
    session.flush()

    assert find(session, token) is None


def test_half_a_login_lasts_ten_minutes_and_is_not_listed(
    session: Session, user: StaffUser
) -> None:
    start = clock.now()
    token = opened(session, user, awaits_code=True)

    found = find(session, token)
    assert found is not None
    assert found.awaits_code
    assert sessions_of(session, user_id=user.id) == []
    assert user.last_login_at is None
    with time_machine.travel(start + timedelta(minutes=10, seconds=1), tick=False):
        assert find(session, token) is None


def test_sessions_that_are_over_are_swept_by_the_next_login(
    session: Session, user: StaffUser
) -> None:
    opened(session, user)
    with time_machine.travel(clock.now() + timedelta(hours=13), tick=False):
        opened(session, user)
        assert len(session.scalars(select(StaffSession)).all()) == 1
