"""The worker: finds what is due, and has it done durably. ``reelright work`` runs it.

The rows say what is due, in the transactions that cause it; the worker only looks. So nothing is
lost if it was down, or if the job engine's own database is: whatever is due is found again.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from starlette.datastructures import State

from app import orphan_cleanup
from app.accounts.actors import Actor
from app.agendas import AGENDAS
from app.alerts import digests
from app.alerts.service import forget_old
from app.core import clock, email_outbox, idempotency, slots, throttle
from app.core.config import Settings
from app.core.db import engine_for_jobs, make_sessions
from app.core.due import Due
from app.core.gc_thread import start_collector_thread
from app.core.jobs import Engine, Lane, jobs_url
from app.core.jobs_models import WorkerSlot
from app.core.jobs_steps import Job, Steps, inline
from app.core.storage import Storage, storage_of
from app.email_kinds import EMAIL_KINDS
from app.exports import ledger
from app.exports.holdings import Seller
from app.exports.marc_films import marc_readers
from app.imports import jobs as importing
from app.imports import uploads
from app.imports.formats import READERS
from app.licenses.service import expire_due
from app.lookup import service as lists
from app.media import image_sizes
from app.notes.service import forget_old as forget_old_notes
from app.orders.cancelling import expire_unpaid
from app.orders.carts import forget_expired
from app.payments import checkout, events, reconciliation, refunds
from app.payments.facts import Gateway
from app.payments.gateway import StripeGateway

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
# While there is nothing to do: looking takes more of a processor than one would think.
IDLE_SECONDS = 2.0
BEAT_SECONDS = 10.0
TAKE_OVER_SECONDS = 30.0
# After the database did not answer.
PAUSE_SECONDS = 2.0
BATCH = 200


@dataclass(frozen=True)
class Bench:
    """What jobs work with."""

    settings: Settings
    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    gateway: Gateway
    storage: Storage


# What waits for a mail server or works for long delays neither payments nor each other.
LANES = {
    "mail": Lane.EMAIL,
    "alert-digest": Lane.EMAIL,
    "lookup-list": Lane.FILMS,
    "picture": Lane.FILMS,
    "film-import": Lane.FILMS,
    "hourly": Lane.FILMS,
}


def jobs_of(bench: Bench) -> dict[str, Job]:
    """Return every job by its name. A name never changes: runs of it may be half-way."""
    return {
        "mail": lambda step, key: step(
            "deliver",
            lambda: str(
                email_outbox.send_email(
                    bench.sessions, EMAIL_KINDS, bench.settings, email_id=int(key)
                )
            ),
        ),
        "event": lambda step, key: step(
            "handle",
            lambda: str(
                events.handle_event(
                    bench.sessions,
                    bench.gateway,
                    store_id=bench.settings.store_id,
                    event_id=key,
                )
            ),
        ),
        "refund": lambda step, key: step(
            "push",
            lambda: refunds.advance_refund(
                bench.sessions,
                bench.gateway,
                refund_id=int(key),
                actor=Actor.system("refund check"),
            ),
        ),
        "payment-check": lambda step, key: step(
            "check",
            lambda: checkout.check_attempt(bench.sessions, bench.gateway, attempt_id=int(key)),
        ),
        "picture": lambda step, key: step(
            "make-sizes",
            lambda: str(
                image_sizes.make_sizes(
                    bench.sessions, bench.readers, bench.storage, file_id=int(key)
                )
            ),
        ),
        "alert-digest": lambda step, key: step(
            "write",
            lambda: digests.send_digest(
                bench.readers, bench.sessions, bench.settings, reader_id=int(key)
            ),
        ),
        "lookup-list": lambda step, key: step(
            "match",
            lambda: str(lists.match_list(bench.readers, bench.sessions, list_id=int(key))),
        ),
        "film-import": lambda step, key: step(
            "work", lambda: importing.run_import_job(_import_tools(bench), import_id=int(key))
        ),
        "hourly": lambda step, _: _hourly(bench, step),
        "reconcile": lambda step, _: _reconcile(bench, step),
    }


def _import_tools(bench: Bench) -> importing.ImportContext:
    formats = {**READERS, **marc_readers(bench.settings.marc_organization)}
    return importing.ImportContext(bench.sessions, bench.readers, bench.storage, formats)


def run_due_once(state: State | Bench, *, rounds: int = 20) -> int:
    """Do everything that is due now, here and inline; return how many jobs were done.

    ``state`` is the application's. What falls due by that is done too. A job that fails is left to
    its row, as in the worker.
    """
    bench = Bench(state.settings, state.sessions, state.readers, state.gateway, state.storage)
    jobs = jobs_of(bench)
    done = 0
    for _ in range(rounds):
        at = clock.now()
        found = _find_due(bench.readers, at)
        if not found:
            break
        for job, waiting in found.items():
            _hold(bench.sessions, job, waiting, at)
            for each in waiting:
                done += 1
                try:
                    jobs[job](inline, each.key)
                except Exception:
                    log.exception("job.failed", extra={"job": job, "key": each.key})
    return done


def run_worker(settings: Settings, *, stop: threading.Event | None = None) -> None:
    """Work until told to stop, by SIGTERM, SIGINT or ``stop``. Several may work at once.

    What is half-way when it stops is finished by whoever works next.
    """
    stopping = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        _stop_on_signals(stopping)
    database = engine_for_jobs(settings)
    sessions = make_sessions(database)
    readers = make_sessions(database, read_only=True)
    bench = Bench(settings, sessions, readers, StripeGateway(settings), storage_of(settings))
    with sessions.begin() as session:
        slot = slots.take_slot(session)
    engine = Engine(url=jobs_url(settings), worker=slot.name, jobs=jobs_of(bench))
    try:
        engine.start()
        start_collector_thread()  # once more: most of what stays was loaded since
        log.info("worker.started", extra={"worker": slot.name})
        _Loop(bench, engine, slot, stopping).run()
    finally:
        engine.stop()
        with sessions.begin() as session:
            slots.release(session, slot)
        database.dispose()
        log.info("worker.stopped", extra={"worker": slot.name})


class _Loop:
    """Looks for what is due, again and again, and says that this worker is alive."""

    def __init__(
        self, bench: Bench, engine: Engine, slot: WorkerSlot, stopping: threading.Event
    ) -> None:
        self._bench = bench
        self._engine = engine
        self._slot = slot
        self._stopping = stopping
        self._next_beat = 0.0
        self._next_take_over = 0.0
        self._submitted: dict[str, str] = {}

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = POLL_SECONDS if self._look() else IDLE_SECONDS
            except SQLAlchemyError:
                # Nothing is lost: what was claimed falls due again.
                log.exception("worker.database_away")
                pause = PAUSE_SECONDS
            self._stopping.wait(pause)

    def _look(self) -> bool:
        """Have done what is due; return whether anything was."""
        monotonic = time.monotonic()
        if monotonic >= self._next_beat:
            self._next_beat = monotonic + BEAT_SECONDS
            if not self._beat():
                return False
        if monotonic >= self._next_take_over:
            self._next_take_over = monotonic + TAKE_OVER_SECONDS
            with self._bench.readers() as session:
                alive = slots.alive(session)
            self._engine.take_over(alive=alive)
        at = clock.now()
        found = _find_due(self._bench.readers, at)
        has_room = {lane: self._engine.has_room(lane) for lane in {_lane(job) for job in found}}
        for job, waiting in found.items():
            if not has_room[_lane(job)]:
                continue
            # Submitted first and held second: if this process dies in between, the same run is
            # submitted once more, which the engine takes for what it is.
            for each in waiting:
                self._submit(job, each.key, run_id=f"{job}:{each.mark}")
            _hold(self._bench.sessions, job, waiting, at)
        self._submit_by_the_clock(at)
        return bool(found)

    def _submit(self, job: str, key: str, *, run_id: str) -> None:
        self._engine.submit(job, key, run_id=run_id, lane=_lane(job))

    def _beat(self) -> bool:
        with self._bench.sessions.begin() as session:
            is_ours = slots.beat(session, self._slot)
        if not is_ours:
            # This process slept, or the machine did, and another goes by our name now.
            log.error("worker.slot_lost", extra={"worker": self._slot.name})
            self._stopping.set()
        return is_ours

    def _submit_by_the_clock(self, at: datetime) -> None:
        due = [("hourly", f"hourly:{at:%Y-%m-%dT%H}")]
        with self._bench.readers() as session:
            if reconciliation.is_due(session, at=at):
                due.append(("reconcile", f"reconcile:{at:%Y-%m-%dT%H}"))
        for job, run_id in due:
            if self._submitted.get(job) != run_id:
                self._submitted[job] = run_id
                self._submit(job, run_id, run_id=run_id)
                self._engine.forget_finished()


def _lane(job: str) -> Lane:
    return LANES.get(job, Lane.MONEY)


def _find_due(readers: sessionmaker[Session], at: datetime) -> dict[str, list[Due]]:
    """Return what is due, by the job that does it; jobs with nothing to do are left out."""
    with readers() as session:
        found = {job: agenda.due(session, at=at) for job, agenda in AGENDAS.items()}
    return {job: waiting for job, waiting in found.items() if waiting}


def _hold(sessions: sessionmaker[Session], job: str, waiting: Sequence[Due], at: datetime) -> None:
    with sessions.begin() as session:
        AGENDAS[job].hold(session, waiting, at=at)


def _hourly(bench: Bench, step: Steps) -> None:
    step("expire-orders", lambda: _in_batches(bench, _expire_orders))
    step("expire-licenses", lambda: _in_batches(bench, _expire_licenses))
    step("forget", lambda: _forget(bench))
    step("sweep-files", lambda: orphan_cleanup.remove_orphans(bench.readers, bench.storage))
    # Whoever asks for changed records then waits for an hour's changes at the most.
    step(
        "follow-records",
        lambda: ledger.sync_records(bench.readers, bench.sessions, Seller.of(bench.settings)),
    )


def _in_batches(bench: Bench, work: Callable[[Session], int]) -> int:
    """Do ``work`` in short transactions until it finds nothing more; return how much it did."""
    total = 0
    while True:
        with bench.sessions.begin() as session:
            done = work(session)
        if done == 0:
            return total
        total += done


def _expire_orders(session: Session) -> int:
    return len(expire_unpaid(session, limit=BATCH))


def _expire_licenses(session: Session) -> int:
    return len(expire_due(session, limit=BATCH))


def _forget(bench: Bench) -> None:
    with bench.sessions.begin() as session:
        idempotency.forget_old(session)
        throttle.forget_old(session)
        forget_expired(session)
        forget_old(session)
        lists.forget_expired(session)
        uploads.forget_expired(session)
        forget_old_notes(session)


def _reconcile(bench: Bench, step: Steps) -> None:
    reconciliation.run_reconciliation(
        bench.sessions, bench.gateway, store_id=bench.settings.store_id, step=step
    )


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
