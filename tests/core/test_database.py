"""Transactions, twins and limits, on the real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.models import Film
from app.core import throttle
from app.core.config import Settings
from app.core.db import SessionDep, engine_of, insert_ignore, is_one_of
from app.core.errors import TooManyRequestsError
from app.core.idempotency import (
    Idempotency,
    IdempotencyDep,
    IdempotencyKeyReusedError,
    IdempotencyRecord,
    delete_expired,
)
from app.core.throttle import ThrottleCount
from app.main import create_app
from tests import factories

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Made(BaseModel):
    number: int


def record(key: str) -> dict[str, object]:
    return {"key_hash": key, "request_hash": "r", "created_at": NOON}


def test_a_commit_that_fails_is_never_told_as_success(settings: Settings) -> None:
    app = create_app(settings)

    @app.post("/failing-commit")
    def failing(session: SessionDep) -> dict[str, bool]:
        # The database sees the second row only at the commit.
        session.add_all([IdempotencyRecord(**record("a")), IdempotencyRecord(**record("b"))])
        session.flush()
        session.add(IdempotencyRecord(key_hash=None, request_hash="r"))
        return {"done": True}

    # The storefront's catch-all must not come first.
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/failing-commit")

    assert answer.status_code == 500
    with app.state.readers() as session:
        assert session.scalar(select(func.count(IdempotencyRecord.key_hash))) == 0


def test_of_twins_that_insert_one_wins(sessions: sessionmaker[Session]) -> None:
    def claim(_: int) -> bool:
        with sessions.begin() as session:
            return insert_ignore(
                session, IdempotencyRecord, record("twin"), index_elements=["key_hash"]
            )

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, range(24)))
    assert won.count(True) == 1


def test_a_reading_session_cannot_write(app: FastAPI) -> None:
    if app.state.settings.database_url.get_secret_value().startswith("sqlite"):
        # SQLite has no read-only transactions; the reading session just never commits.
        with app.state.readers() as session:
            session.add(IdempotencyRecord(**record("a")))
            session.flush()
        with app.state.readers() as session:
            assert session.scalar(select(func.count(IdempotencyRecord.key_hash))) == 0
        return
    with app.state.readers() as session, pytest.raises(DBAPIError, match="read-only transaction"):
        session.execute(insert(IdempotencyRecord).values(**record("a")))


def test_the_same_request_twice_has_one_effect(sessions: sessionmaker[Session]) -> None:
    made: list[int] = []

    def work() -> Made:
        made.append(1)
        return Made(number=len(made))

    def ask(_: int) -> Made:
        with sessions.begin() as session:
            return Idempotency("key", "body").run_once(session, Made, work)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(16)))

    assert made == [1]
    assert answers == [Made(number=1)] * 16


def test_a_key_with_another_body_is_refused(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        Idempotency("key", "one").run_once(session, Made, lambda: Made(number=1))
    with sessions.begin() as session, pytest.raises(IdempotencyKeyReusedError):
        Idempotency("key", "two").run_once(session, Made, lambda: Made(number=2))


def test_a_request_that_failed_may_use_its_key_again(sessions: sessionmaker[Session]) -> None:
    def fail() -> Made:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), sessions.begin() as session:
        Idempotency("key", "body").run_once(session, Made, fail)
    with sessions.begin() as session:
        answer = Idempotency("key", "body").run_once(session, Made, lambda: Made(number=7))
    assert answer == Made(number=7)


def test_a_form_gives_its_first_result_to_its_owner_only(sessions: sessionmaker[Session]) -> None:
    def send(once: str, owner: str, number: int) -> int:
        form = Idempotency.of_form("checkout", once, owner=owner)
        with sessions.begin() as session:
            return form.run_once(session, Made, lambda: Made(number=number)).number

    assert [send("x", "ada", 1), send("x", "ada", 2)] == [1, 1]
    assert [send("x", "grace", 3), send("y", "ada", 4)] == [3, 4]
    assert [send("", "ada", 5), send("", "ada", 6)] == [5, 6]


def test_a_key_is_claimed_once(sessions: sessionmaker[Session]) -> None:
    def claim(_: int) -> bool:
        with sessions.begin() as session:
            return Idempotency.of_form("console", "x", owner="staff 1").claim(session)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(16))) == [False] * 15 + [True]


def test_keys_are_forgotten_after_a_week(sessions: sessionmaker[Session]) -> None:
    with time_machine.travel(NOON, tick=False) as clock, sessions.begin() as session:
        Idempotency("key", "one").run_once(session, Made, lambda: Made(number=1))
        clock.shift(8 * 24 * 3600)
        delete_expired(session)
        answer = Idempotency("key", "two").run_once(session, Made, lambda: Made(number=2))
    assert answer == Made(number=2)


def test_the_header_reaches_the_route(settings: Settings) -> None:
    app = create_app(settings)

    @app.post("/made")
    def make(session: SessionDep, once: IdempotencyDep, number: int) -> Made:
        return once.run_once(session, Made, lambda: Made(number=number))

    with TestClient(app) as client:
        first = client.post("/made?number=1", headers={"Idempotency-Key": "k"})
        client.post("/made?number=1", headers={"Idempotency-Key": "k"})
        other = client.post("/made?number=2", headers={"Idempotency-Key": "k"})
        too_long = client.post("/made?number=3", headers={"Idempotency-Key": "k" * 256})
    assert (first.json(), other.json()) == ({"number": 1}, {"number": 2})
    with app.state.readers() as session:
        assert session.scalar(select(func.count(IdempotencyRecord.key_hash))) == 2
    assert too_long.status_code == 422


def test_tries_over_the_limit_wait_for_the_next_window(sessions: sessionmaker[Session]) -> None:
    with time_machine.travel(NOON, tick=False) as clock, sessions.begin() as session:
        left = [throttle.hit(session, "login", "ada", limit=3, seconds=60) for _ in range(3)]
        with pytest.raises(TooManyRequestsError) as refused:
            throttle.hit(session, "login", "ada", limit=3, seconds=60)
        other = throttle.hit(session, "login", "grace", limit=3, seconds=60)
        clock.shift(60)
        later = throttle.hit(session, "login", "ada", limit=3, seconds=60)
        throttle.delete_expired(session)

    assert left == [2, 1, 0]
    assert refused.value.headers == {"Retry-After": "60"}
    assert other == later == 2
    with sessions() as session:
        assert session.scalar(select(func.count(ThrottleCount.key))) == 1


def test_an_error_of_the_database_does_not_tell_what_it_was_given(session: Session) -> None:
    session.execute(insert(IdempotencyRecord).values(record("very-secret")))
    with pytest.raises(DBAPIError) as refused:
        session.execute(insert(IdempotencyRecord).values(record("very-secret")))
    assert "INSERT INTO idempotency_records" in str(refused.value)
    assert "parameters hidden" in str(refused.value)


def test_any_number_of_values_is_asked_for_at_once(session: Session) -> None:
    film = factories.film(session, slug="here")
    numbers = select(Film.id).where(is_one_of(session, Film.id, [*range(-300_000, 0), film.id]))
    assert session.scalars(numbers).all() == [film.id]
    texts = select(Film.id).where(is_one_of(session, Film.slug, {"here", "it's", '"', "\\"}))
    assert session.scalars(texts).all() == [film.id]
    nothing: list[str] = []
    assert (
        session.scalars(select(Film.id).where(is_one_of(session, Film.slug, nothing))).all() == []
    )


@pytest.mark.once(on="postgresql")
@pytest.mark.parametrize("prepares", [True, False])
def test_behind_a_pooler_that_keeps_none_no_statement_is_prepared(
    settings: Settings, *, prepares: bool
) -> None:
    engine = engine_of(settings.model_copy(update={"database_prepares": prepares}))
    with engine.connect() as connection:
        for _ in range(10):  # the driver prepares what comes often
            connection.execute(text("SELECT 1"))
        prepared = connection.execute(
            text("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1'")
        ).scalar_one()
    engine.dispose()
    assert prepared == int(prepares)
