"""Whether this process lives, and whether it can do its work."""

import logging
from http import HTTPStatus
from typing import Literal

from anyio import CapacityLimiter, fail_after, to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import text

from app.core.app_state import AppState, app_state
from app.core.errors import UnavailableError, responses
from app.core.public_reads import public_read
from app.core.workers import JobStatus
from app.core.writing import WriteProbe

log = logging.getLogger(__name__)

router = APIRouter(prefix="/health", tags=["health"])
# Load balancers ask every few seconds, and give up themselves after about five.
MAX_READY_SECONDS = 3.0
# A thread of its own: one, so that a frozen database is not asked again and again.
PROBE = CapacityLimiter(1)


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
