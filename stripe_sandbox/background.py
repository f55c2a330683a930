"""The background thread: runs scheduled actions and sends webhooks when they are due."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from stripe_sandbox import webhooks
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.objects import disputes, payments, refunds, sessions
from stripe_sandbox.storage import Database, Document
from stripe_sandbox.webhooks import WebhookDelivery

log = logging.getLogger(__name__)

_SENDERS: Final = 8
# A test that moves the clock does not wake the thread; it may notice this much later.
_MAX_SLEEP_SECONDS: Final = 0.2


class BackgroundRunner:
    """Runs from `start` to `stop`. A slow webhook occupies one sender, not the others."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database
        self._stopping = threading.Event()
        self._free = threading.Semaphore(_SENDERS)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="sandbox-sender")
        self._thread = threading.Thread(target=self._run, name="sandbox-background", daemon=True)

    def start(self) -> None:
        """Start, first with what an earlier process left unfinished."""
        webhooks.requeue_interrupted(self._database)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being sent, and start nothing more."""
        self._stopping.set()
        self._database.work_added.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._database.work_added.clear()
            try:
                run_due_actions(self._database, self._config)
                pause = 0.0 if self._send_due() else self._seconds_to_next()
            except Exception:
                log.exception("sandbox.background_failed")
                pause = 1.0
            if pause > 0:
                self._database.work_added.wait(pause)

    def _send_due(self) -> int:
        """Give the deliveries that are due to free senders. Return how many."""
        free = 0
        while free < _SENDERS and self._free.acquire(blocking=False):
            free += 1
        deliveries: list[WebhookDelivery] = []
        try:
            deliveries = webhooks.claim(self._database, self._config, limit=free) if free else []
        finally:
            for _ in range(free - len(deliveries)):
                self._free.release()
        for delivery in deliveries:
            self._pool.submit(self._send, delivery)
        return len(deliveries)

    def _send(self, delivery: WebhookDelivery) -> None:
        try:
            webhooks.send(self._database, self._config, delivery)
        except Exception:
            log.exception("sandbox.delivery_crashed", extra={"delivery": delivery.id})
        finally:
            self._free.release()
            self._database.work_added.set()

    def _seconds_to_next(self) -> float:
        times = (webhooks.next_due(self._database), next_due_action(self._database))
        due = [time for time in times if time is not None]
        if not due:
            return _MAX_SLEEP_SECONDS
        return min(max(min(due) - self._config.clock(), 0.01), _MAX_SLEEP_SECONDS)


def _expire(context: Context, session: Document) -> None:
    sessions.expire(context, session, by_request=False)


def _settle(context: Context, intent: Document) -> None:
    payments.settle_as_planned(context, intent)


def _dispute(context: Context, charge: Document) -> None:
    if charge["amount_refunded"] < charge["amount"] and not charge["disputed"]:
        disputes.create(context, charge)


def _refund_fails(context: Context, refund: Document) -> None:
    refunds.fail(context, refund)


def _refund_succeeds(context: Context, refund: Document) -> None:
    refunds.succeed(context, refund)


_ACTIONS: Final[Mapping[str, Callable[[Context, Document], None]]] = {
    "expire": _expire,
    "settle": _settle,
    "dispute": _dispute,
    "refund_fails": _refund_fails,
    "refund_succeeds": _refund_succeeds,
}


def run_due_actions(database: Database, config: SandboxConfig) -> int:
    """Run all actions that are due, each in its own transaction. Return how many."""
    done = 0
    while True:
        with database.read() as tx:
            row = tx.connection.execute(
                "SELECT id FROM due WHERE at <= ? ORDER BY at, id LIMIT 1", (config.clock(),)
            ).fetchone()
        if row is None:
            return done
        try:
            _run_action(database, config, row[0])
        except Exception:
            # An action that fails must not block the others.
            log.exception("sandbox.action_failed", extra={"action": row[0]})
            with database.write() as tx:
                tx.connection.execute("DELETE FROM due WHERE id = ?", (row[0],))
        done += 1


def _run_action(database: Database, config: SandboxConfig, id_: int) -> None:
    with database.write() as tx:
        row = tx.connection.execute(
            "DELETE FROM due WHERE id = ? RETURNING action, object", (id_,)
        ).fetchone()
        if row is not None:
            action, object_id = row
            _ACTIONS[action](Context(tx, config, config.clock()), tx.get(object_id))
            log.info("sandbox.action_done", extra={"action": action, "object": object_id})


def next_due_action(database: Database) -> float | None:
    """Return the time of the next action, or None."""
    with database.read() as tx:
        row = tx.connection.execute("SELECT min(at) FROM due").fetchone()
    return None if row[0] is None else float(row[0])
