"""The background thread: does what is due, sends what is due, sleeps until the next is."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from stripe_sandbox import delivery, schedule
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.delivery import WebhookDelivery
from stripe_sandbox.storage import Database

log = logging.getLogger(__name__)

_SENDERS: Final = 8
# A clock that a test moves does not wake a sleeper; this is how late it may then notice.
_LONGEST_SLEEP: Final = 0.2


class BackgroundRunner:
    """Runs from `start` to `stop`. A slow webhook holds up one sender, not the others."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database
        self._stopping = threading.Event()
        self._free = threading.Semaphore(_SENDERS)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="sandbox-sender")
        self._thread = threading.Thread(target=self._run, name="sandbox-background", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process left unfinished."""
        delivery.requeue_interrupted(self._database)
        self._thread.start()

    def stop(self) -> None:
        """Let what is being sent end, and begin nothing more."""
        self._stopping.set()
        self._database.woken.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._database.woken.clear()
            try:
                schedule.run_due(self._database, self._config)
                sent = self._send_due()
                pause = 0.0 if sent else self._pause()
            except Exception:
                log.exception("sandbox.background_failed")
                pause = 1.0
            if pause > 0:
                self._database.woken.wait(pause)

    def _send_due(self) -> int:
        """Hand what is due to free senders; return how much that was."""
        free = 0
        while free < _SENDERS and self._free.acquire(blocking=False):
            free += 1
        parcels: list[WebhookDelivery] = []
        try:
            parcels = delivery.claim(self._database, self._config, most=free) if free else []
        finally:
            for _ in range(free - len(parcels)):
                self._free.release()
        for parcel in parcels:
            self._pool.submit(self._send, parcel)
        return len(parcels)

    def _send(self, parcel: WebhookDelivery) -> None:
        try:
            delivery.send(self._database, self._config, parcel)
        except Exception:
            log.exception("sandbox.delivery_broke", extra={"delivery": parcel.id})
        finally:
            self._free.release()
            self._database.woken.set()

    def _pause(self) -> float:
        due = [
            moment
            for moment in (delivery.next_due(self._database), schedule.next_due(self._database))
            if moment is not None
        ]
        if not due:
            return _LONGEST_SLEEP
        return min(max(min(due) - self._config.clock(), 0.01), _LONGEST_SLEEP)
