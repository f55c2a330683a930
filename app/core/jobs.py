"""Durable jobs: what was begun is finished, also if the process dies half-way.

The only module that knows the job engine (DBOS). It keeps each run and each finished step in a
database of its own; a run that a crash cut short goes on behind its last finished step. A step may
run twice, so every step must be safe to repeat.
"""

import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID, StepOptions
from sqlalchemy.engine import make_url

from app.core import clock
from app.core.config import ENGINE_POOL_SIZE, Settings
from app.core.jobs_steps import Job
from app.core.limits import DatabaseLimits

log = logging.getLogger(__name__)

T = TypeVar("T")


class Lane(StrEnum):
    """A queue of jobs that may wait for each other: what one of them waits for stops no other lane.

    The values are names of the engine's queues, never changed: runs in them may be half-way.
    """

    MONEY = "reelright"
    EMAIL = "reelright-email"
    FILMS = "reelright-films"


# At once in one worker. Most jobs wait: for Stripe, for a mail server, for the database.
CONCURRENCY = {Lane.MONEY: 8, Lane.EMAIL: 4, Lane.FILMS: 4}
# No more are submitted while so many wait: each is held, and must be done before its lease ends.
MAX_WAITING = {Lane.MONEY: 200, Lane.EMAIL: 24, Lane.FILMS: 200}
POLL_SECONDS = 0.2
# Fixed: were it taken from the code, every deploy would orphan what the old code had begun. A job
# whose steps change their order or meaning gets a new name instead.
APPLICATION_VERSION = "1"
WAITING = ("PENDING", "ENQUEUED", "DELAYED")
KEEP_FINISHED = timedelta(days=7)


class JobFailedError(Exception):
    """A step of a job failed; the job ends there."""


def jobs_url(settings: Settings) -> str:
    """Return the address of the engine's database.

    Unless it is set: a file beside the store's on SQLite, a schema of its own on PostgreSQL.
    """
    chosen = settings.jobs_database_url.get_secret_value()
    store = make_url(settings.database_url.get_secret_value())
    if chosen:
        return chosen
    if store.get_backend_name() != "sqlite":
        return store.render_as_string(hide_password=False)
    path = (store.database or "reelright.db").removesuffix(".db")
    return f"sqlite:///{path}-jobs.db"


class Engine:
    """The job engine of this process. There can be one at a time: DBOS is a singleton."""

    _jobs: ClassVar[Mapping[str, Job]] = {}

    def __init__(self, *, url: str, worker: str, jobs: Mapping[str, Job]) -> None:
        """Prepare an engine that goes by the name ``worker`` and runs ``jobs``."""
        self._url = url
        self._worker = worker
        Engine._jobs = jobs
        config: DBOSConfig = {
            "name": "reelright",
            "system_database_url": url,
            "executor_id": worker,
            "application_version": APPLICATION_VERSION,
            "enable_otlp": False,
            "log_level": "WARNING",
            # Polling instead of LISTEN works behind a connection pooler too.
            "use_listen_notify": False,
            "max_executor_threads": sum(CONCURRENCY.values()) * 2,
            "sys_db_pool_size": ENGINE_POOL_SIZE,
        }
        if make_url(url).get_backend_name() != "sqlite":
            config["db_engine_kwargs"] = {
                "connect_args": DatabaseLimits().arguments(session_options=False)
            }
        DBOS(config=config)

    def start(self) -> None:
        """Start working, first on what this worker's name had begun before."""
        _write_ahead(self._url)
        DBOS.launch()
        for lane, most in CONCURRENCY.items():
            DBOS.register_queue(
                lane.value,
                worker_concurrency=most,
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )

    def stop(self, *, patience_seconds: int = 5) -> None:
        """Take no more work, wait for what is running, and let go. The rest waits for a restart."""
        DBOS.destroy(workflow_completion_timeout_sec=patience_seconds)

    def submit(self, job: str, key: str, *, run_id: str, lane: Lane = Lane.MONEY) -> None:
        """Have ``job`` done about ``key``, once per ``run_id``, by any worker."""
        with SetWorkflowID(run_id):
            DBOS.enqueue_workflow(lane.value, _run, job, key)

    def take_over(self, *, alive: Collection[str]) -> int:
        """Hand what workers who are gone had begun to those at work. Return how many runs."""
        begun = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        orphans = [run for run in begun if run.executor_id not in {*alive, self._worker}]
        for run in orphans:
            DBOS.resume_workflow(run.workflow_id, queue_name=run.queue_name or Lane.MONEY.value)
            log.warning("job.taken_over", extra={"run": run.workflow_id, "of": run.executor_id})
        return len(orphans)

    def forget_finished(self, *, before: datetime | None = None) -> int:
        """Delete the records of runs that ended long ago. Return how many there were."""
        limit = before or clock.now() - KEEP_FINISHED
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=limit.isoformat(),
            load_input=False,
            load_output=False,
            limit=1000,
        )
        if ended:
            DBOS.delete_workflows([run.workflow_id for run in ended])
        return len(ended)

    def has_room(self, lane: Lane) -> bool:
        """Return whether the lane takes more. What is not submitted yet stays due, to be seen."""
        waiting = DBOS.list_workflows(
            status=list(WAITING),
            queue_name=lane.value,
            load_input=False,
            load_output=False,
            limit=MAX_WAITING[lane],
        )
        return len(waiting) < MAX_WAITING[lane]


def _write_ahead(url: str) -> None:
    """Give the engine's SQLite file a write-ahead log: it stays, and runs go twice as fast."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(address.database or "", timeout=15)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


@DBOS.workflow(name="reelright.job")
def _run(job: str, key: str) -> None:
    """Run one job. The engine calls this again after a crash; steps that were done stay done."""
    Engine._jobs[job](_durable, key)  # noqa: SLF001 - the engine can only call a function


def _durable(name: str, work: Callable[[], T]) -> T:
    def step() -> T:
        try:
            return work()
        except Exception as error:
            # The row that made it due keeps the error and says when to try again.
            log.warning("job.step_failed", extra={"step": name}, exc_info=error)
            # In plain words: the engine keeps errors, and not every library's can be kept.
            detail = f"{name}: {type(error).__name__}: {error}"
            raise JobFailedError(detail) from None

    done: T = DBOS.run_step(StepOptions(name=name), step)
    return done
