"""Whether this process lives, and whether it can do its work."""

import hashlib
import logging
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from anyio import CapacityLimiter, fail_after, to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.app_state import AppState, app_state
from app.core.errors import UnavailableError, responses
from app.core.public_reads import public_read
from app.core.throttle import ThrottleCount
from app.core.workers import JobStatus

log = logging.getLogger(__name__)

router = APIRouter(prefix="/health", tags=["health"])
# Load balancers ask every few seconds, and give up themselves after about five.
MAX_READY_SECONDS = 3.0
# A thread of its own: one, so that a frozen database is not asked again and again.
PROBE = CapacityLimiter(1)
log = logging.getLogger(__name__)

# So long a probe that worked counts: everybody may ask /health/ready.
FRESH_SECONDS = 5.0
# Another process that writes just now shows that writing works.
LOCK_TIMEOUT_SECONDS = 0.2


class Health(BaseModel):
    """The answer of a healthy process."""

    status: Literal["ok"]


class Readiness(Health):
    """The answer of a process that can serve. What is wrong with jobs is told and no failure."""

    jobs: JobStatus


@router.get("/live", summary="Check that the process is alive")
@public_read(cached=False)
async def live() -> Health:
    """Answer without using other services. If this fails, restart the process."""
    return Health(status="ok")


@router.get(
    "/ready",
    summary="Check that the process can serve requests",
    status_code=HTTPStatus.OK,
    responses=responses(UnavailableError),
)
@public_read(cached=False)
async def ready(request: Request) -> Readiness:
    """Read from and write to the database. If this fails, send traffic elsewhere.

    It answers within ``MAX_READY_SECONDS``, also while every thread waits for the database.
    """
    detail = "The database is not responding or has not been migrated."
    try:
        with fail_after(MAX_READY_SECONDS):
            problems, jobs = await to_thread.run_sync(
                _read, app_state(request), limiter=PROBE, abandon_on_cancel=True
            )
    except Exception as error:
        log.warning("health.not_ready", exc_info=error)
        raise UnavailableError(detail, headers={"Retry-After": "5"}) from error
    if problems:
        raise UnavailableError("; ".join(problems), headers={"Retry-After": "5"})
    return Readiness(status="ok", jobs=jobs)


def _read(state: AppState) -> tuple[list[str], JobStatus]:
    """Return what makes the process unfit to serve, although the database answers; and its jobs."""
    with state.readers() as session:
        session.execute(text("SELECT version_num FROM alembic_version")).one()
        problems: list[str] = state.find_unready(session)
        jobs: JobStatus = state.read_jobs(session)
    probe: WriteProbe = state.write_probe
    if problem := probe.find_problem():
        problems.append(problem)
    return problems, jobs


class WriteProbe:
    """Writes a row that nobody reads, and says in words why it could not."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._worked_at = float("-inf")

    def find_problem(self) -> str:
        """Return why nothing can be written; "" if it can."""
        if time.monotonic() - self._worked_at < FRESH_SECONDS:
            return ""
        try:
            if self._engine.dialect.name == "sqlite":
                self._write_sqlite()
            else:
                self._write()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            log.warning("health.not_writable", exc_info=error)
            return _describe_error(str(error))
        self._worked_at = time.monotonic()
        return ""

    def _write(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(ThrottleCount).values(**_row()))

    def _write_sqlite(self) -> None:
        # Past the pool, whose connections wait long for a writer.
        path = self._engine.url.database or ""
        uri = f"file:{quote(path)}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT_SECONDS)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    return
                raise
            row = _row()
            connection.execute(
                "INSERT INTO throttle_counts (key, window_ends_at, count) VALUES (?, ?, ?)",
                (row["key"], row["window_ends_at"].strftime("%Y-%m-%d %H:%M:%S.%f"), 0),
            )
            connection.commit()


def _row() -> dict[str, Any]:
    """Return a row that the hourly job takes away."""
    now = clock.now()
    key = hashlib.sha256(f"ready\n{time.monotonic_ns()}".encode()).hexdigest()
    return {"key": key, "window_ends_at": now + timedelta(minutes=1), "count": 0}


def _describe_error(error: str) -> str:
    told = error.lower()
    if "full" in told or "no space" in told or "too large" in told:
        return "the disk of the database is full"
    if "readonly" in told or "read-only" in told:
        return "the database is read-only"
    return "the database cannot be written to"
