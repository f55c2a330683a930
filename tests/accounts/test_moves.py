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
from app.accounts.moves import MoveRefusedError, move, sources
from app.core.mail_models import Mail, MailStatus

# Mails have an enum column and no state machine of their own, so any table can be tried on them.
TABLE: Mapping[MailStatus, frozenset[MailStatus]] = {
    MailStatus.QUEUED: frozenset({MailStatus.SENT, MailStatus.FAILED}),
    MailStatus.FAILED: frozenset({MailStatus.QUEUED}),
    MailStatus.SENT: frozenset(),
    MailStatus.KEPT: frozenset({MailStatus.QUEUED}),
}
SAM = Actor.staff("sam@example.org", "Sam")


def mail(session: Session, status: MailStatus) -> Mail:
    row = Mail(
        key=f"test:{status}",
        about="RR-TEST",
        to_address="a@example.org",
        subject="s",
        text="t",
        html="h",
        message_id="<1@example.org>",
        status=status,
    )
    session.add(row)
    session.commit()
    return row


def go(session: Session, row: Mail, target: MailStatus, *, reason: str = "because") -> bool:
    return move(
        session,
        row,
        "status",
        target,
        table=TABLE,
        actor=SAM,
        reason=reason,
        object_type="mail",
        object_ref="RR-TEST",
    )


@pytest.mark.parametrize(("start", "target"), list(product(MailStatus, MailStatus)))
def test_only_listed_moves_happen(session: Session, start: MailStatus, target: MailStatus) -> None:
    row = mail(session, start)

    if target in TABLE[start]:
        assert go(session, row, target) is True
        assert row.status is target
    elif target is start:  # asked twice: nothing to do, and no error
        assert go(session, row, target) is False
    else:
        with pytest.raises(MoveRefusedError, match=f"is {start}, so it cannot become {target}"):
            go(session, row, target)
        assert row.status is start

    moved = target in TABLE[start]
    assert len(audit.entries_about(session, "mail", "RR-TEST")) == (1 if moved else 0)


def test_a_move_leaves_who_what_through_what_and_why(session: Session) -> None:
    row = mail(session, MailStatus.QUEUED)
    before = row.updated_at

    go(session, row, MailStatus.SENT, reason="250 accepted")

    (entry,) = audit.entries_about(session, "mail", "RR-TEST")
    assert entry.action == "mail.status.sent"
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
    row = mail(session, MailStatus.QUEUED)

    with pytest.raises(MoveRefusedError, match="from queued it can become: failed, sent"):
        go(session, row, MailStatus.KEPT)


def test_a_stale_row_moves_from_where_it_truly_is(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    row = mail(session, MailStatus.QUEUED)
    session.refresh(row)
    session.commit()
    with sessions.begin() as other:
        go(other, other.get_one(Mail, row.id), MailStatus.FAILED)

    assert row.status is MailStatus.QUEUED
    assert go(session, row, MailStatus.QUEUED) is True
    session.commit()

    entries = audit.entries_about(session, "mail", "RR-TEST")
    assert entries[-1].before == {"status": "failed"}


def test_of_eight_callers_at_once_one_moves(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    row = mail(session, MailStatus.QUEUED)

    def attempt(_: int) -> bool:
        with sessions.begin() as own:
            return go(own, own.get_one(Mail, row.id), MailStatus.SENT)

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
