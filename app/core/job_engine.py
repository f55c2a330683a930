"""Durable jobs: what was started is finished, also if the process dies in the middle.

The only module that knows the job engine (DBOS). It keeps each run and each finished step in a
database of its own; a run that a crash cut short goes on after its last finished step. A step may
run twice, so every step must be safe to repeat.
"""

import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID, StepOptions, error
from sqlalchemy.engine import make_url

from app.core import clock
from app.core.config import ENGINE_POOL_SIZE, Settings
from app.core.db import DatabaseLimits
from app.core.job_steps import Job

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_THREADS = 32
# Fixed: were it taken from the code, every deploy would orphan what the old code had started. A job
# whose steps change their order or meaning gets a new name instead.
APPLICATION_VERSION = "1"
RETENTION = timedelta(days=7)
BATCH_SIZE = 1000


class RunState(StrEnum):
    """What became of a request to run a job."""

    STARTED = "started"
    # Before, by this worker or another.
    RUNNING = "running"
    ENDED = "ended"


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


class JobEngine:
    """The job engine of this process. There can be one at a time: DBOS is a singleton."""

    _current: ClassVar["JobEngine"]

    def __init__(
        self,
        *,
        url: str,
        worker: str,
        jobs: Mapping[str, Job],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare an engine with the name ``worker`` that runs ``jobs``.

        ``on_end`` is called after each run, in the thread of the run.
        """
        self._url = url
        self._worker = worker
        self._jobs = jobs
        self._on_end = on_end
        # The runs in this process, with their jobs.
        self._running: dict[str, str] = {}
        JobEngine._current = self
        config: DBOSConfig = {
            "name": "reelright",
            "system_database_url": url,
            "executor_id": worker,
            "application_version": APPLICATION_VERSION,
            "enable_otlp": False,
            "log_level": "WARNING",
            # Polling instead of LISTEN works behind a connection pooler too.
            "use_listen_notify": False,
            "max_executor_threads": MAX_THREADS,
            "sys_db_pool_size": ENGINE_POOL_SIZE,
        }
        if make_url(url).get_backend_name() != "sqlite":
            config["db_engine_kwargs"] = {
                "connect_args": DatabaseLimits().arguments(session_options=False)
            }
        DBOS(config=config)

    def start(self) -> None:
        """Start, and go on with what this worker's name had started before."""
        _write_ahead(self._url)
        DBOS.launch()

    def stop(self, *, patience_seconds: int = 5) -> None:
        """Wait for what is running, and end. The rest waits for a restart."""
        DBOS.destroy(workflow_completion_timeout_sec=patience_seconds)

    @property
    def running(self) -> Mapping[str, str]:
        """The ids of the runs in this process now, with their jobs."""
        return dict(self._running)

    def run(self, job: str, key: str, *, run_id: str) -> RunState:
        """Start ``job`` about ``key`` in this process, unless any worker has started that run."""
        self._running[run_id] = job
        is_started = False
        try:
            with SetWorkflowID(run_id, workflow_id_reuse_policy="reject"):
                DBOS.start_workflow(_run, job, key)
            is_started = True
        except error.DBOSWorkflowIDInUseError as known:
            is_running = known.workflow_status in {"PENDING", "ENQUEUED"}
            return RunState.RUNNING if is_running else RunState.ENDED
        finally:
            if not is_started:
                self._running.pop(run_id, None)
        return RunState.STARTED

    def recover(self, *, alive: Collection[str]) -> int:
        """Go on with what workers that are gone had started. Return the number of runs."""
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        orphans = [run for run in pending if run.executor_id not in {*alive, self._worker}]
        for run in orphans:
            DBOS.resume_workflow(run.workflow_id)
            log.warning("job.recovered", extra={"run": run.workflow_id, "from": run.executor_id})
        return len(orphans)

    def delete_finished(self) -> int:
        """Delete the records of runs that ended long ago, a batch of them. Return their number."""
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            completed_before=(clock.now() - RETENTION).isoformat(),
            load_input=False,
            load_output=False,
            limit=BATCH_SIZE,
        )
        if ended:
            DBOS.delete_workflows([run.workflow_id for run in ended])
        return len(ended)

    def _run(self, run_id: str, job: str, key: str) -> None:
        self._running[run_id] = job
        try:
            self._jobs[job](_durable, key)
        finally:
            self._running.pop(run_id, None)
            self._on_end()


def _write_ahead(url: str) -> None:
    """Give the engine's SQLite file a write-ahead log: it stays, and runs go twice as fast."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(address.database or "", timeout=15)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


@DBOS.workflow(name="reelright.job")
def _run(job: str, key: str) -> None:
    """Run one job. The engine calls this again after a crash; steps that were done stay done."""
    JobEngine._current._run(DBOS.workflow_id or "", job, key)  # noqa: SLF001 - the engine can only call a function


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
