"""Connections: how many a process takes, and how long it waits for each."""

import logging
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import cli
from app.core.config import JOB_CONNECTIONS, Settings, get_settings
from app.core.db import DatabaseLimits, engine_of, make_engine
from app.core.postgres import warn_if_too_many
from app.main import create_app
from tests.freezing import FreezingProxy

on_postgresql = pytest.mark.once(on="postgresql")
USUAL_MAX_CONNECTIONS, KEPT_FOR_SUPERUSER = 100, 3


@pytest.mark.once
@pytest.mark.parametrize(("workers", "size"), [(1, 40), (2, 32), (4, 16), (8, 8), (40, 6)])
def test_web_workers_share_the_connections(
    plain_settings: Settings, workers: int, size: int
) -> None:
    settings = plain_settings.model_copy(update={"web_workers": workers})
    assert settings.pool_size == size
    if workers <= 8:
        needed = workers * size + JOB_CONNECTIONS
        assert needed <= USUAL_MAX_CONNECTIONS - KEPT_FOR_SUPERUSER


@pytest.mark.once
def test_pool_size_is_a_setting() -> None:
    settings = Settings(_env_file=None, database_pool_size=12, web_workers=4)
    assert (settings.pool_size, settings.threads) == (12, 9)
    with pytest.raises(ValidationError, match="at least 6"):
        Settings(_env_file=None, database_pool_size=5)


@pytest.mark.once
@pytest.mark.parametrize(("configured", "expected"), [(None, 4), ("2", 4), ("8", 8)])
def test_web_workers_are_those_of_this_start_or_of_all_machines(
    monkeypatch: pytest.MonkeyPatch, configured: str | None, expected: int
) -> None:
    monkeypatch.setenv("REELRIGHT_WEB_WORKERS", configured or "1")
    get_settings.cache_clear()
    cli._share_connections(4)  # noqa: SLF001
    assert get_settings().web_workers == expected
    get_settings.cache_clear()


@pytest.mark.once
def test_threads_match_the_connections(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"database_pool_size": 9}))

    @app.get("/threads-of-the-test")
    async def threads() -> float:
        from anyio import to_thread  # noqa: PLC0415

        return to_thread.current_default_thread_limiter().total_tokens

    with TestClient(app) as client:
        assert client.get("/threads-of-the-test").json() == 6
    assert app.state.engine.pool.size() == 9


@on_postgresql
def test_start_warns_when_the_connections_do_not_fit(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    engine = engine_of(settings)
    with caplog.at_level(logging.WARNING):
        warn_if_too_many(engine, settings)
        assert caplog.text == ""
        warn_if_too_many(engine, settings.model_copy(update={"web_workers": 500}))
    engine.dispose()
    assert "500 web workers with 6 connections each" in caplog.text


@on_postgresql
def test_slow_statements_and_waits_for_locks_end(settings: Settings) -> None:
    limited = settings.model_copy(
        update={"database_statement_seconds": 1, "database_lock_seconds": 1}
    )
    engine = engine_of(limited)
    with engine.connect() as one, pytest.raises(OperationalError, match="statement timeout"):
        one.execute(text("SELECT pg_sleep(20)"))
    waiting = engine_of(limited.model_copy(update={"database_statement_seconds": 20}))
    with engine.connect() as holder, waiting.connect() as other:
        holder.execute(text("LOCK TABLE throttle_counts"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text("LOCK TABLE throttle_counts"))
    for each in (engine, waiting):
        each.dispose()


@on_postgresql
def test_frozen_server_is_given_up(database_url: str) -> None:
    limits = DatabaseLimits(connect_seconds=5, statement_seconds=1)
    with FreezingProxy(database_url) as proxy:
        engine = make_engine(proxy.url, pool_size=4, limits=limits)
        with engine.connect() as open_one:
            open_one.execute(text("SELECT 1"))
            proxy.freeze()
            with pytest.raises(OperationalError, match="did not answer within 3 seconds"):
                open_one.execute(text("SELECT 2"))
            assert open_one.invalidated
        # A new connection gets no answer either; those that want one next are told at once.
        with pytest.raises(OperationalError) as refused:
            engine.connect()
        assert isinstance(refused.value.orig, psycopg.errors.ConnectionTimeout)
        with ThreadPoolExecutor(4) as threads:
            told = list(threads.map(lambda _: _refusal(engine.connect), range(4)))
        assert all("did not answer a moment ago" in words for words in told)
        engine.dispose()


@on_postgresql
def test_old_pooler_is_sent_no_options(settings: Settings) -> None:
    old = settings.model_copy(update={"database_prepares": False})
    assert "options" not in DatabaseLimits.for_web(old).arguments(session_options=False)
    engine = engine_of(old)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    engine.dispose()
    url = settings.database_url.get_secret_value()
    own = settings.model_copy(
        update={"database_url": SecretStr(f"{url}&options=-c%20statement_timeout%3D7s")}
    )
    engine = engine_of(own)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "7s"
    engine.dispose()


def _refusal(connect: object) -> str:
    assert callable(connect)
    with pytest.raises(OperationalError) as refused:
        connect()
    return str(refused.value)
