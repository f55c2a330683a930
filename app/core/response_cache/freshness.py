"""How old a cached response may be: a second after its revision began to be read.

The revision is read again after half of that, while nobody waits. If it is another, responses of
the one before are sent until their second is over, while they are rendered again.

It is read in threads of its own, and nobody waits long for it: while the database does not answer,
what is in memory is sent as it is (see ``last_resort``).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from anyio import CapacityLimiter, to_thread

from app.core import clock

log = logging.getLogger(__name__)

# Threads that ask the database: not the requests', all of which may be waiting for it.
READING_THREADS = 2
# How long a request waits for the revision, and how long once the database is known to be away.
MAX_WAIT_SECONDS, AWAY_WAIT_SECONDS = 1.5, 0.05
# How long responses may be sent while the database does not answer, and so cannot be written to.
MAX_AWAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PublicRevision:
    """The state of everything public, as the database has it."""

    number: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Generation:
    """Responses rendered under one revision, on one day: prices begin and end with days."""

    revision: PublicRevision
    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, revision: PublicRevision, now: datetime) -> "Generation":
        """Return the generation to which what is rendered now belongs."""
        begins = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(revision, begins, begins + timedelta(days=1))

    def is_good(self, revision: PublicRevision, now: datetime) -> bool:
        """Return whether what was rendered in it says what ``revision`` says, now."""
        return self.revision == revision and self.begins <= now < self.ends


class Freshness:
    """Knows the present generation, and asks the database when it may be another."""

    def __init__(
        self,
        read: Callable[[], PublicRevision],
        *,
        seconds: float,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._tick = tick
        self._generation: Generation | None = None
        self._checked_at = self._written_at = self._asked_at = -inf
        self._previous: Generation | None = None
        self._previous_until = -inf
        self._checking: asyncio.Task[Generation] | None = None
        self._limiter = CapacityLimiter(READING_THREADS)
        self._is_away = False
        self._heard_at: datetime | None = None

    @property
    def generation(self) -> Generation | None:
        """The newest generation that is known, however old that knowledge is."""
        return self._generation

    def current(self, now: datetime) -> Generation | None:
        """Return the generation, without asking; None when it is time to ask."""
        if self._tick() - self._checked_at >= self._seconds:
            return None
        known = self._generation
        return known if known is not None and known.begins <= now < known.ends else None

    def may_send_previous(self, generation: Generation | None) -> bool:
        """Return whether ``generation`` is the one before this one, and its time is not over."""
        return generation is self._previous and self._tick() < self._previous_until

    def expire(self) -> None:
        """Ask again at the next request: something was written through this very process."""
        self._checked_at = self._previous_until = -inf
        self._written_at = self._tick()

    def refresh_early(self) -> None:
        """Ask the database while nobody waits for it, if half of the time is over."""
        half = self._tick() - self._seconds / 2
        if max(self._checked_at, self._asked_at) <= half:
            self._start_check()

    async def refresh(self, *, join: bool) -> Generation:
        """Ask the database. With ``join``, one that is being asked already will do.

        Raises:
            TimeoutError: it does not answer. It is still being asked.
            Exception: whatever the database raises.
        """
        running = self._checking
        here = asyncio.get_running_loop()
        if join and running is not None and not running.done() and running.get_loop() is here:
            await self._wait_for(running)
            known = self.current(clock.now())
            if known is not None:
                return known
        return await self._wait_for(self._start_check())

    def last_resort(self, now: datetime) -> Generation | None:
        """Return the generation to answer from while the database does not answer.

        None if it belongs to another day, or nothing was heard for too long.
        """
        known, heard_at = self._generation, self._heard_at
        if known is None or heard_at is None or now - heard_at > MAX_AWAY:
            return None
        return known if known.begins <= now < known.ends else None

    async def _wait_for(self, asked: asyncio.Task[Generation]) -> Generation:
        seconds = AWAY_WAIT_SECONDS if self._is_away else MAX_WAIT_SECONDS
        try:
            return await asyncio.wait_for(asyncio.shield(asked), seconds)
        except TimeoutError:
            if not self._is_away:
                log.warning("response_cache.database_away")
            self._is_away = True
            raise

    def _start_check(self) -> asyncio.Task[Generation]:
        self._asked_at = self._tick()
        asked = self._checking = asyncio.get_running_loop().create_task(self._check())
        asked.add_done_callback(_ignore)
        return asked

    async def _check(self) -> Generation:
        """Read the revision and record it, unless a later question was answered before."""
        started = self._tick()
        revision = await to_thread.run_sync(self._read, limiter=self._limiter)
        now = clock.now()
        self._is_away, self._heard_at = False, now
        known = self._generation
        if known is not None and started < self._checked_at:
            return known
        if known is None or not known.is_good(revision, now):
            is_same_day = known is not None and known.begins <= now < known.ends
            self._previous = known if is_same_day else None
            self._previous_until = self._checked_at + self._seconds
            known = self._generation = Generation.of(revision, now)
        # What was asked before this process wrote may be an answer from before it.
        if started >= self._written_at:
            self._checked_at = started
        return known


def _ignore(asked: asyncio.Task[Generation]) -> None:
    """Mark the error of a question as retrieved. Callers that still wait for it get it."""
    if not asked.cancelled():
        asked.exception()
