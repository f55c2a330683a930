"""Run the jobs that are due in the process of a test, without the job engine."""

import logging

from starlette.datastructures import State

from app.core import clock
from app.core.job_steps import run_inline
from app.core.work_queue import find_due
from app.work_queues import WORK_QUEUES
from app.worker import WorkerContext, build_jobs

log = logging.getLogger(__name__)


def run_due_once(state: State | WorkerContext, *, rounds: int = 20) -> int:
    """Do everything that is due now, here and inline. Return how many jobs were done.

    ``state`` is the application's. What falls due by that is done too. A job that fails is left to
    its row, as in the worker.
    """
    context = WorkerContext(
        state.settings, state.sessions, state.readers, state.gateway, state.storage
    )
    jobs = build_jobs(context)
    done = 0
    for _ in range(rounds):
        at = clock.now()
        with context.readers() as session:
            due = find_due(session, WORK_QUEUES, at=at)
        if not due:
            break
        for item in due:
            done += 1
            try:
                jobs[item.job](run_inline, item.key)
            except Exception:
                log.exception("job.failed", extra={"job": item.job, "key": item.key})
            with context.sessions.begin() as session:
                WORK_QUEUES[item.job].postpone(session, item, at=at)
    return done
