import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor, ActorKind
from app.accounts.models import AuditEntry, AuditIsAppendOnlyError


@pytest.fixture
def entry(session: Session) -> AuditEntry:
    audit.record(
        session,
        actor=Actor.stripe("evt_1"),
        action="order.payment_recorded",
        object_type="order",
        object_ref="RR-1",
        after={"amount": 39800},
        reason="pi_1",
    )
    session.commit()
    (made,) = audit.entries_about(session, "order", "RR-1")
    return made


def test_a_row_holds_every_side(session: Session, entry: AuditEntry) -> None:
    (kept,) = audit.entries_about(session, "order", "RR-1")

    assert kept.id == entry.id
    assert (kept.actor_kind, kept.actor_ref, kept.actor_label) == ("stripe", "evt_1", "Stripe")
    assert (kept.via, kept.request_id) == ("webhook", "-")
    assert (kept.before, kept.after) == (None, {"amount": 39800})
    assert audit.entries_about(session, "order", "RR-2") == []


def test_a_row_cannot_be_changed(session: Session, entry: AuditEntry) -> None:
    entry.reason = "something else"
    with pytest.raises(AuditIsAppendOnlyError):
        session.flush()


def test_a_row_cannot_be_deleted(session: Session, entry: AuditEntry) -> None:
    session.delete(entry)
    with pytest.raises(AuditIsAppendOnlyError):
        session.flush()


@pytest.mark.parametrize("statement", [update(AuditEntry).values(reason=""), delete(AuditEntry)])
@pytest.mark.usefixtures("entry")
def test_rows_cannot_be_changed_in_bulk(session: Session, statement: object) -> None:
    with pytest.raises(AuditIsAppendOnlyError):
        session.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entries SET reason = ''", "DELETE FROM audit_entries"]
)
@pytest.mark.usefixtures("entry")
def test_the_database_itself_refuses(session: Session, statement: str) -> None:
    with pytest.raises(DatabaseError, match="only ever added"):
        session.execute(text(statement))


@pytest.mark.once
def test_every_kind_of_actor_has_a_door() -> None:
    actors = [
        Actor.guest("a@example.org"),
        Actor.member("m@example.edu", "Mia"),
        Actor.staff("s@example.org", "Sam"),
        Actor.api_key("rr_abc", "Nightly export"),
        Actor.stripe("evt_1"),
        Actor.system("nightly"),
    ]

    assert [actor.kind for actor in actors] == list(ActorKind)
    assert [actor.via for actor in actors] == ["store", "store", "console", "api", "webhook", "job"]
    assert Actor.operator("alice").via == "cli"
