"""How many calls to Stripe a process makes at once, and when it makes none for a while.

A call holds a thread until Stripe answers. Without a limit, a Stripe that hangs takes every thread,
and pages that need no Stripe wait too.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.payments.errors import GatewayUnavailableError

MAX_WAIT_SECONDS = 2.0
# So many calls in a row that Stripe did not answer stop further ones for a while.
MAX_FAILURES = 5
PAUSE_SECONDS = 5.0
# Of a process's threads, one in so many may call Stripe, and as many more may wait to.
SHARE_OF_THREADS = 4


class CallLimits:
    """A bulkhead and a circuit breaker for the calls of one process. Threads share it."""

    def __init__(self, *, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        size = max(1, threads // SHARE_OF_THREADS)
        self._slots = threading.Semaphore(size)
        self._waiting = threading.Semaphore(size)
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._paused_until = 0.0
        self._answered_at = clock()
        self._is_probing = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold a slot while the caller asks Stripe, and note whether Stripe answered.

        Raises:
            GatewayUnavailableError: no slot is free, or Stripe has not been answering.
        """
        is_probe = self._start()
        try:
            self._take_slot()
            try:
                yield
            except GatewayUnavailableError as error:
                if error.is_outage:
                    self._record_failure()
                raise
            else:
                self._record_answer()
            finally:
                self._slots.release()
        finally:
            if is_probe:
                with self._lock:
                    self._is_probing = False

    def _start(self) -> bool:
        """Refuse while calls are paused. After the pause one call finds out; it returns True."""
        with self._lock:
            if not self._paused_until:
                return False
            if self._clock() < self._paused_until or self._is_probing:
                msg = "Stripe is not responding. We'll try again shortly."
                raise GatewayUnavailableError(msg)
            self._is_probing = True
            return True

    def _take_slot(self) -> None:
        if self._slots.acquire(blocking=False):
            return
        if self._waiting.acquire(blocking=False):
            try:
                if self._slots.acquire(timeout=MAX_WAIT_SECONDS):
                    return
            finally:
                self._waiting.release()
        with self._lock:
            # Busy is not broken: Stripe hangs only if it answered nothing in that time.
            if self._clock() - self._answered_at >= MAX_WAIT_SECONDS:
                self._pause()
        msg = "Too many Stripe requests are waiting. Try again shortly."
        raise GatewayUnavailableError(msg)

    def _record_failure(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= MAX_FAILURES or self._paused_until:
                self._pause()

    def _record_answer(self) -> None:
        with self._lock:
            self._failures = 0
            self._paused_until = 0.0
            self._answered_at = self._clock()

    def _pause(self) -> None:
        self._paused_until = self._clock() + PAUSE_SECONDS
