from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.keys import create_key, keys, revoke_key
from app.accounts.models import ApiKey
from app.accounts.permissions import Scope
from app.core import clock
from app.core.errors import InvalidInputError, NotFoundError

OPERATOR = Actor.operator("test")


def made(sessions: sessionmaker[Session], *scopes: Scope) -> str:
    with sessions.begin() as session:
        return create_key(session, label="Export", scopes=scopes, actor=OPERATOR)


def call(client: TestClient, authorization: str | None) -> Response:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return client.get("/api/v1/admin/orders", headers=headers)


def test_only_a_hash_of_the_key_is_kept(session: Session) -> None:
    key = create_key(session, label=" Export ", scopes=[Scope.ORDERS_READ], actor=OPERATOR)

    (kept,) = keys(session)
    assert key.startswith("rr_")
    assert len(key) == 46
    assert (kept.prefix, kept.label, kept.scopes) == (key[:11], "Export", ["orders:read"])
    assert key not in vars(kept).values()
    (entry,) = audit.entries_about(session, "api_key", kept.prefix)
    assert entry.after == {"label": "Export", "scopes": ["orders:read"]}


def test_a_key_opens_what_its_scopes_say_and_no_more(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    reader = made(sessions, Scope.ORDERS_READ)
    other = made(sessions, Scope.CATALOG_WRITE, Scope.EVENTS_READ)

    assert call(client, f"Bearer {reader}").status_code == 200
    refused = call(client, f"Bearer {other}")
    assert refused.status_code == 403
    assert refused.json()["type"] == "scope-missing"
    assert "orders:read" in refused.json()["detail"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer rr_wrong", "Basic cnI6cnI=", "Bearer " + "x" * 999],
)
def test_without_a_good_key_nothing_opens(client: TestClient, authorization: str | None) -> None:
    answer = call(client, authorization)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "not-authenticated"


def test_a_revoked_key_is_refused_from_then_on(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    key = made(sessions, Scope.ORDERS_READ)
    with sessions.begin() as session:
        assert revoke_key(session, prefix=key[:11], actor=OPERATOR, reason="leaked") is True
    with sessions.begin() as session:
        assert revoke_key(session, prefix=key[:11], actor=OPERATOR) is False
        (_, revoked) = audit.entries_about(session, "api_key", key[:11])
        assert (revoked.action, revoked.reason) == ("api_key.revoked", "leaked")

    assert call(client, f"Bearer {key}").status_code == 401


def test_last_used_is_noted_at_most_once_a_minute(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    key = made(sessions, Scope.ORDERS_READ)
    start = clock.now()

    def used_at(seconds: int) -> float:
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            call(client, f"Bearer {key}")
        with sessions() as session:
            noted = session.scalars(select(ApiKey.last_used_at)).one()
        assert noted is not None
        return round((noted - start).total_seconds())

    assert [used_at(seconds) for seconds in (0, 30, 59, 61, 90)] == [0, 0, 0, 61, 61]


def test_what_no_key_may_have_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInputError) as caught:
        create_key(session, label=" ", scopes=[], actor=OPERATOR)
    assert [problem.pointer for problem in caught.value.errors] == ["#/label", "#/scopes"]
    with pytest.raises(InvalidInputError) as caught:
        create_key(session, label="x", scopes=[Scope.ACCOUNTS_WRITE], actor=OPERATOR)
    assert caught.value.errors[0].detail == (
        "Remove accounts:write. API keys can't have these scopes."
    )
    assert keys(session) == []


def test_an_unknown_key_cannot_be_revoked(session: Session) -> None:
    with pytest.raises(NotFoundError):
        revoke_key(session, prefix="rr_nothing", actor=OPERATOR)
