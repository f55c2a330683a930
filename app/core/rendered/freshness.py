"""How old what is kept may be: the revision is read again when a second has passed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from app.core import clock


@dataclass(frozen=True, slots=True)
class Mark:
    """The state of everything public, as the database tells it."""

    number: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Generation:
    """Answers rendered under one mark, on one day: prices begin and end with days."""

    mark: Mark
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, mark: Mark, now: datetime) -> "Generation":
        """Return the generation to which what is rendered now belongs."""
        begins = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(mark, begins, begins + timedelta(days=1))


class Freshness:
    """Knows the present generation, and asks the database when it may be another."""

    def __init__(self, read: Callable[[], Mark], *, seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._generation: Generation | None = None
        self._checked_at = self._written_at = float("-inf")
        self._checking: asyncio.Future[None] | None = None

    @property
    def generation(self) -> Generation | None:
        """The newest generation that is known, however old that knowledge is."""
        return self._generation

    def known(self, now: datetime) -> Generation | None:
        """Return the generation, without asking; None when it is time to ask."""
        known = self._generation
        if (
            known is None
            or time.monotonic() - self._checked_at >= self._seconds
            or not known.begins <= now < known.ends
        ):
            return None
        return known

    def expire(self) -> None:
        """Ask anew at the next request: something was written through this very process."""
        self._checked_at = float("-inf")
        self._written_at = time.monotonic()

    async def ask(self, *, join: bool) -> Generation:
        """Ask the database. With ``join``, one that is being asked already will do.

        Raises:
            Exception: whatever the database raises.
        """
        running = self._checking
        here = asyncio.get_running_loop()
        if join and running is not None and running.get_loop() is here:
            await asyncio.shield(running)
            known = self.known(clock.now())
            if known is not None:
                return known
        done = self._checking = here.create_future()
        started = time.monotonic()
        try:
            mark = await run_in_threadpool(self._read)
        finally:
            done.set_result(None)
            if self._checking is done:
                self._checking = None
        return self._settle(mark, started)

    def _settle(self, mark: Mark, started: float) -> Generation:
        """Take note of what was read, unless a question asked later was answered before."""
        now = clock.now()
        known = self._generation
        if known is not None and started < self._checked_at:
            return known  # it was overtaken
        # What was asked before this process wrote may be an answer from before it.
        if started >= self._written_at:
            self._checked_at = started
        if known is None or known.mark != mark or not known.begins <= now < known.ends:
            known = self._generation = Generation.of(mark, now)
        return known
