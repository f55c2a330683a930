"""The worker: finds what is due, and has it done durably. ``reelright work`` runs it.

The rows say what is due, in the transactions that cause it; the worker only looks. So nothing is
lost if it was down, or if the job engine's own database is: whatever is due is found again.
"""

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import inf
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app import orphan_cleanup
from app.access import email_links, logins, registrations
from app.accounts.actors import Actor
from app.alerts import digests
from app.alerts.service import delete_expired as delete_expired_alerts
from app.billing.exemptions import warn_of_expiry
from app.billing.invoice_documents import draw_missing
from app.core import clock, email_outbox, idempotency, throttle, workers
from app.core.config import Settings
from app.core.db import engine_for_jobs, make_sessions
from app.core.gc_thread import start_collector_thread
from app.core.job_engine import JobEngine, RunState, jobs_url
from app.core.job_steps import Job, Steps
from app.core.storage import Storage, storage_of
from app.core.work_queue import DueItem, JobGroup, find_due
from app.core.workers import HEARTBEAT_TIMEOUT
from app.email_kinds import EMAIL_KINDS
from app.exports import ledger
from app.exports.holdings import Seller
from app.exports.marc_films import marc_readers
from app.imports import jobs as importing
from app.imports import uploads
from app.imports.formats import READERS
from app.institutions import sign_in
from app.licenses.lifecycle import expire_due, start_due
from app.lookup import service as lists
from app.media import image_sizes, master_uploads
from app.media.packaging import package_master
from app.media.packaging_context import PackagingContext, spool_folder
from app.notes.service import delete_expired as delete_expired_notes
from app.orders.carts import delete_expired as delete_expired_carts
from app.orders.expiry import expire_unpaid
from app.orders.file_delivery import deliver_files
from app.payments import checkout, events, reconciliation, stripe_refunds
from app.payments.gateway import StripeGateway
from app.portal.film_requests import delete_unconfirmed
from app.quotes.service import expire_quotes, send_expiry_notices
from app.receivables.reminder_job import send_reminders
from app.renewals.notices import send_notices
from app.streaming import plays
from app.streaming.downloads import delete_expired_tickets
from app.usage.folding import fold_events
from app.work_queues import WORK_QUEUES

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
MIN_POLL_SECONDS = 0.05
HEARTBEAT_SECONDS = 10.0
# After the database did not answer.
PAUSE_SECONDS = 2.0
BATCH_SIZE = 200
# Runs at once in one worker. Most wait: for Stripe, for a mail server, for the database.
MAX_RUNNING = {JobGroup.PAYMENTS: 8, JobGroup.EMAILS: 4, JobGroup.FILMS: 4, JobGroup.MEDIA: 1}


@dataclass(frozen=True)
class WorkerContext:
    """What jobs work with."""

    settings: Settings
    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    gateway: StripeGateway
    storage: Storage
    stopping: threading.Event = field(default_factory=threading.Event)


def build_jobs(context: WorkerContext) -> dict[str, Job]:
    """Return every job by its name.

    Names of jobs and steps never change: runs may be half-way.
    """
    sessions, readers = context.sessions, context.readers
    settings, gateway, storage = context.settings, context.gateway, context.storage
    actor = Actor.system("refund check")
    formats = {**READERS, **marc_readers(settings.marc_organization)}
    tools = importing.ImportContext(sessions, readers, storage, formats)
    packaging = PackagingContext(settings, sessions, readers, storage, context.stopping.is_set)

    def one_step(name: str, work: Callable[[str], object]) -> Job:
        return lambda step, key: step(name, lambda: str(work(key)))

    return {
        "mail": one_step(
            "deliver",
            lambda key: email_outbox.send_email(sessions, EMAIL_KINDS, settings, email_id=int(key)),
        ),
        "event": one_step(
            "handle",
            lambda key: events.handle_event(
                sessions, gateway, store_id=settings.store_id, event_id=key
            ),
        ),
        "refund": one_step(
            "push",
            lambda key: stripe_refunds.advance_refund(
                sessions, gateway, refund_id=int(key), actor=actor
            ),
        ),
        "payment-check": one_step(
            "check", lambda key: checkout.check_attempt(sessions, gateway, attempt_id=int(key))
        ),
        "picture": one_step(
            "make-sizes",
            lambda key: image_sizes.make_sizes(sessions, readers, storage, file_id=int(key)),
        ),
        "alert-digest": one_step(
            "write",
            lambda key: digests.send_digest(readers, sessions, settings, reader_id=int(key)),
        ),
        "lookup-list": one_step(
            "match", lambda key: lists.match_list(readers, sessions, list_id=int(key))
        ),
        "film-import": one_step(
            "work", lambda key: importing.run_import_job(tools, import_id=int(key))
        ),
        "media.package": lambda step, key: package_master(packaging, step, package_id=int(key)),
        "saml-metadata": one_step(
            "fetch",
            lambda key: registrations.fetch_metadata(sessions, settings, registration_id=int(key)),
        ),
        "delivery": one_step("deliver", lambda key: deliver_files(sessions, shipment_id=int(key))),
        "hourly": lambda step, _: _hourly(context, step),
        "reconcile": lambda step, _: reconciliation.run_reconciliation(
            sessions, gateway, store_id=settings.store_id, step=step
        ),
    }


def run_worker(
    settings: Settings, *, stop: threading.Event | None = None, only: JobGroup | None = None
) -> None:
    """Work until told to stop, by SIGTERM, SIGINT or ``stop``. Several may work at once.

    With ``only`` a worker does one kind of jobs, and nothing at set times.

    What is half-way when it stops is finished by the worker that starts next.
    """
    stopping = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        _stop_on_signals(stopping)
    database = engine_for_jobs(settings)
    sessions = make_sessions(database)
    readers = make_sessions(database, read_only=True)
    context = WorkerContext(
        settings, sessions, readers, StripeGateway(settings), storage_of(settings), stopping
    )
    wake = threading.Event()
    with workers.worker_name(settings.database_url.get_secret_value()) as name:
        engine = JobEngine(
            url=jobs_url(settings), worker=name, jobs=build_jobs(context), on_end=wake.set
        )
        try:
            with sessions.begin() as session:
                workers.record_heartbeat(session, name)
            engine.start()
            start_collector_thread()  # once more: most of what stays was loaded since
            log.info("worker.started", extra={"worker": name})
            _Dispatcher(context, engine, name, wake, only).run()
        finally:
            engine.stop()
            with sessions.begin() as session:
                workers.record_heartbeat(session, name, is_stopping=True)
            database.dispose()
            log.info("worker.stopped", extra={"worker": name})


class _Dispatcher:
    """The one scheduler: starts runs for rows that are due, and jobs whose time has come."""

    def __init__(
        self,
        context: WorkerContext,
        engine: JobEngine,
        name: str,
        wake: threading.Event,
        only: JobGroup | None,
    ) -> None:
        self._context = context
        self._engine = engine
        self._name = name
        self._stopping = context.stopping
        self._only = only
        self._queues = {
            job: queue for job, queue in WORK_QUEUES.items() if only in {None, queue.group}
        }
        self._wake = wake
        self._last_heartbeat = self._alive_since = -inf
        self._scheduled: dict[str, str] = {}

    def run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                is_full = self._poll()
            except SQLAlchemyError:
                # Nothing is lost: the rows stay due.
                log.exception("worker.database_away")
                self._stopping.wait(PAUSE_SECONDS)
                continue
            if is_full:
                # The end of a run makes room for the next.
                self._stopping.wait(MIN_POLL_SECONDS)
                self._wake.wait(POLL_SECONDS)
            else:
                self._stopping.wait(POLL_SECONDS)

    def _poll(self) -> bool:
        """Start what is due, as far as there is room. Return whether more is due."""
        if time.monotonic() >= self._last_heartbeat + HEARTBEAT_SECONDS:
            self._heartbeat()
        at = clock.now()
        with self._context.readers() as session:
            due = find_due(session, self._queues, at=at)
        running = self._engine.running
        room = Counter(MAX_RUNNING)
        room.subtract(WORK_QUEUES[job].group for job in running.values() if job in WORK_QUEUES)
        is_full = False
        for item in due:
            if item.run_id in running:
                continue
            group = WORK_QUEUES[item.job].group
            if room[group] <= 0:
                is_full = True
                continue
            state = self._engine.run(item.job, item.key, run_id=item.run_id)
            if state is RunState.STARTED:
                room[group] -= 1
            elif state is RunState.ENDED:
                # It left the row as it was: it failed without saying what is next.
                _postpone(self._context.sessions, item, at)
        return is_full

    def _heartbeat(self) -> None:
        """Record that this worker is alive, and run the scheduled jobs."""
        monotonic = time.monotonic()
        if monotonic - self._last_heartbeat > 2 * HEARTBEAT_SECONDS:
            self._alive_since = monotonic
        self._last_heartbeat = monotonic
        with self._context.sessions.begin() as session:
            workers.record_heartbeat(session, self._name)
            alive = workers.find_running(session)
        # Not at once after the machine slept or the database was away: others were silent too.
        if monotonic - self._alive_since >= HEARTBEAT_TIMEOUT.total_seconds():
            self._engine.recover(alive=alive)
        self._engine.delete_finished()
        if self._only is None:
            self._run_scheduled(clock.now())

    def _run_scheduled(self, at: datetime) -> None:
        due = ["hourly"]
        with self._context.readers() as session:
            if reconciliation.is_due(session, at=at):
                due.append("reconcile")
        for job in due:
            run_id = f"{job}:{at:%Y-%m-%dT%H}"
            if self._scheduled.get(job) != run_id:
                self._engine.run(job, run_id, run_id=run_id)
                self._scheduled[job] = run_id


def _postpone(sessions: sessionmaker[Session], item: DueItem, at: datetime) -> None:
    with sessions.begin() as session:
        WORK_QUEUES[item.job].postpone(session, item, at=at)


def _hourly(context: WorkerContext, step: Steps) -> None:
    step("expire-orders", lambda: _in_batches(context, expire_unpaid))
    step("start-licenses", lambda: _in_batches(context, start_due))
    step("expire-quotes", lambda: _in_batches(context, expire_quotes))
    step("quote-notices", lambda: _in_batches(context, send_expiry_notices))
    step(
        "remind-of-invoices",
        lambda: send_reminders(context.readers, context.sessions, context.settings),
    )
    step("expire-licenses", lambda: _in_batches(context, expire_due))
    # Their PDFs never change, even if a later release brings other fonts.
    step(
        "draw-invoices",
        lambda: draw_missing(context.readers, context.sessions, context.settings, limit=BATCH_SIZE),
    )
    warn = partial(warn_of_expiry, settings=context.settings)
    step("warn-of-exemptions", lambda: _in_batches(context, warn))
    notices = partial(send_notices, settings=context.settings)
    step("renewal-notices", lambda: _in_batches(context, notices))
    step("fold-usage", lambda: fold_events(context.sessions))
    step("forget", lambda: _delete_expired(context))
    step("sweep-files", lambda: orphan_cleanup.remove_orphans(context.readers, context.storage))
    # A request for changed records then waits for at most an hour's changes.
    step(
        "follow-records",
        lambda: ledger.sync_records(context.readers, context.sessions, Seller.of(context.settings)),
    )


def _in_batches(context: WorkerContext, work: Callable[..., list[str]]) -> int:
    """Do ``work`` in short transactions until it finds nothing more. Return how much it did."""
    total = 0
    while True:
        with context.sessions.begin() as session:
            done = work(session, limit=BATCH_SIZE)
        if not done:
            return total
        total += len(done)


def _delete_expired(context: WorkerContext) -> None:
    with context.sessions.begin() as session:
        idempotency.delete_expired(session)
        throttle.delete_expired(session)
        delete_expired_carts(session)
        delete_expired_alerts(session)
        lists.delete_expired(session)
        delete_expired_tickets(session)
        uploads.delete_expired(session)
        delete_expired_notes(session)
        sign_in.delete_expired(session)
        logins.delete_expired(session)
        email_links.delete_unsent(session)
        delete_unconfirmed(session)
        plays.delete_ended(session)
        spool = spool_folder(context.settings)
        master_uploads.give_up_silent(session, spool, at=clock.now())


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
