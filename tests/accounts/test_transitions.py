"""The mechanism of every state machine, shown on a table of its own."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.accounts.transitions import InvalidTransitionError, sources, transition
from app.core.email_models import EmailStatus, OutboxEmail

# Emails have an enum column and no state machine of their own, so any table can be tried on them.
TABLE: Mapping[EmailStatus, frozenset[EmailStatus]] = {
    EmailStatus.QUEUED: frozenset({EmailStatus.SENT, EmailStatus.FAILED}),
    EmailStatus.FAILED: frozenset({EmailStatus.QUEUED}),
    EmailStatus.SENT: frozenset(),
    EmailStatus.NOT_SENT: frozenset({EmailStatus.QUEUED}),
}
SAM = Actor.staff("sam@example.org", "Sam")


def add_email(session: Session, status: EmailStatus) -> OutboxEmail:
    row = OutboxEmail(
        key=f"test:{status}",
        kind="test",
        reference="RR-TEST",
        to_address="a@example.org",
        subject="s",
        facts={},
        message_id="<1@example.org>",
        status=status,
    )
    session.add(row)
    session.commit()
    return row


def go(session: Session, row: OutboxEmail, target: EmailStatus, *, reason: str = "because") -> bool:
    return transition(
        session,
        row,
        "status",
        target,
        table=TABLE,
        actor=SAM,
        reason=reason,
        object_type="email",
        object_ref="RR-TEST",
    )


@pytest.mark.parametrize(("start", "target"), list(product(EmailStatus, EmailStatus)))
def test_only_listed_moves_happen(
    session: Session, start: EmailStatus, target: EmailStatus
) -> None:
    row = add_email(session, start)

    if target in TABLE[start]:
        assert go(session, row, target) is True
        assert row.status is target
    elif target is start:  # asked twice: nothing to do, and no error
        assert go(session, row, target) is False
    else:
        with pytest.raises(
            InvalidTransitionError, match=f"is {start}, so it can't become {target}"
        ):
            go(session, row, target)
        assert row.status is start

    moved = target in TABLE[start]
    assert len(audit.entries_about(session, "email", "RR-TEST")) == (1 if moved else 0)


def test_a_move_leaves_who_what_through_what_and_why(session: Session) -> None:
    row = add_email(session, EmailStatus.QUEUED)
    before = row.updated_at

    go(session, row, EmailStatus.SENT, reason="250 accepted")

    (entry,) = audit.entries_about(session, "email", "RR-TEST")
    assert entry.action == "email.status.sent"
    assert (entry.actor_kind, entry.actor_ref, entry.actor_label, entry.via) == (
        "staff",
        "sam@example.org",
        "Sam",
        "console",
    )
    assert (entry.before, entry.after) == ({"status": "queued"}, {"status": "sent"})
    assert entry.reason == "250 accepted"
    assert row.updated_at > before


def test_a_refusal_says_what_would_be_allowed(session: Session) -> None:
    row = add_email(session, EmailStatus.QUEUED)

    with pytest.raises(InvalidTransitionError, match="Allowed: failed, "):
        go(session, row, EmailStatus.NOT_SENT)


def test_a_stale_row_moves_from_where_it_truly_is(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    row = add_email(session, EmailStatus.QUEUED)
    session.refresh(row)
    session.commit()
    with sessions.begin() as other:
        go(other, other.get_one(OutboxEmail, row.id), EmailStatus.FAILED)

    assert row.status is EmailStatus.QUEUED
    assert go(session, row, EmailStatus.QUEUED) is True
    session.commit()

    entries = audit.entries_about(session, "email", "RR-TEST")
    assert entries[-1].before == {"status": "failed"}


def test_of_eight_callers_at_once_one_moves(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    row = add_email(session, EmailStatus.QUEUED)

    def attempt(_: int) -> bool:
        with sessions.begin() as own:
            return go(own, own.get_one(OutboxEmail, row.id), EmailStatus.SENT)

    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(attempt, range(8)))

    assert sorted(moved) == [False] * 7 + [True]
    assert len(session.scalars(select(AuditEntry)).all()) == 1


@pytest.mark.once
def test_sources_are_the_states_that_lead_there() -> None:
    class Light(StrEnum):
        RED = "red"
        GREEN = "green"

    table = {Light.RED: frozenset({Light.GREEN}), Light.GREEN: frozenset[Light]()}

    assert sources(table, Light.GREEN) == {Light.RED}
    assert sources(table, Light.RED) == frozenset()
