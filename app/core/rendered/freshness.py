"""How old what is kept may be: the revision is read again when a second has passed.

It is read in threads of its own, and nobody waits long for it: while the database does not answer,
what is in memory is sent as it is (see ``last_resort``).

While answers are asked for it is read a little earlier, so that what is kept can be rendered again
while the old is still good: see ``look``.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import CapacityLimiter, to_thread

from app.core import clock

log = logging.getLogger(__name__)

# How early a look begins, in shares of the time that an answer is good for. Between these, thrice
# as early as it took the last time until all was ready, and not much later than the last time.
EARLIEST, AT_FIRST, LATEST = 0.9, 0.7, 0.4
# Threads that ask the database: not the requests', all of which may be waiting for it.
READING_THREADS = 2
# How long a request waits for the revision, and how long once the database is known to be away.
MAX_WAIT_SECONDS, AWAY_WAIT_SECONDS = 1.5, 0.05
# How long answers may be sent while the database does not answer, and so cannot be written to.
MAX_AWAY = timedelta(hours=1)


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

    def is_good(self, mark: Mark, now: datetime) -> bool:
        """Whether what was rendered in it says what ``mark`` says, now."""
        return self.mark == mark and self.begins <= now < self.ends


class Freshness:
    """Knows the present generation, and asks the database when it may be another."""

    def __init__(
        self,
        read: Callable[[], Mark],
        *,
        seconds: float,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._tick = tick
        self._generation: Generation | None = None
        self._checked_at = self._written_at = self._looked_at = float("-inf")
        self._checking: asyncio.Task[Generation] | None = None
        self._limiter = CapacityLimiter(READING_THREADS)
        self._is_away = False
        self._heard_at: datetime | None = None
        # The next generation, and when it was asked for.
        self._coming: tuple[Generation, float] | None = None
        self._lead = seconds * AT_FIRST

    @property
    def generation(self) -> Generation | None:
        """The newest generation that is known, however old that knowledge is."""
        return self._generation

    def known(self, now: datetime) -> Generation | None:
        """Return the generation, without asking; None when it is time to ask."""
        if self._tick() - self._checked_at >= self._seconds:
            self._turn()
            if self._tick() - self._checked_at >= self._seconds:
                return None
        known = self._generation
        return known if known is not None and known.begins <= now < known.ends else None

    def expire(self) -> None:
        """Ask anew at the next request: something was written through this very process."""
        self._coming = None
        self._checked_at = float("-inf")
        self._written_at = self._tick()

    def begins_look(self) -> bool:
        """Whether it is time to ``look``: once for each time that the generation was asked for.

        Not to be asked while another look is under way.
        """
        age = self._tick() - self._checked_at
        if age < self._seconds - self._lead or self._looked_at > self._checked_at:
            return False
        self._looked_at = self._tick()
        return True

    async def look(self) -> Generation | None:
        """Ask the database while what is known is still good.

        Return the generation that is to come, if it is another: what is asked for belongs to it
        from ``turn`` on, or when the present one's time is up.

        Raises:
            Exception: whatever the database raises.
        """
        started = self._tick()
        mark = await self._ask_database()
        now, known = clock.now(), self._generation
        if known is None or started < max(self._checked_at, self._written_at):
            return None  # it was overtaken
        if known.is_good(mark, now):
            self._checked_at = started
            return None
        coming = Generation.of(mark, now)
        self._coming = (coming, started)
        return coming

    def is_wanted(self, generation: Generation) -> bool:
        """Whether it is the present generation, or the next."""
        coming = self._coming
        return generation is self._generation or (coming is not None and generation is coming[0])

    def turn(self, generation: Generation) -> None:
        """Make it the present generation, if it is the next: all that is asked for is ready."""
        least, most = LATEST * self._seconds, EARLIEST * self._seconds
        took = self._tick() - self._looked_at
        self._lead = min(max(3 * took, 0.8 * self._lead, least), most)
        if self._coming is not None and self._coming[0] is generation:
            self._turn()

    def _turn(self) -> None:
        if self._coming is not None:
            (self._generation, self._checked_at), self._coming = self._coming, None

    async def ask(self, *, join: bool) -> Generation:
        """Ask the database. With ``join``, one that is being asked already will do.

        Raises:
            TimeoutError: it does not answer. It is still being asked.
            Exception: whatever the database raises.
        """
        running = self._checking
        here = asyncio.get_running_loop()
        if join and running is not None and not running.done() and running.get_loop() is here:
            await self._wait_for(running)
            known = self.known(clock.now())
            if known is not None:
                return known
        asked = self._checking = here.create_task(self._check())
        asked.add_done_callback(_ignore)
        return await self._wait_for(asked)

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
                log.warning("rendered.database_away")
            self._is_away = True
            raise

    async def _check(self) -> Generation:
        started = self._tick()
        mark = await self._ask_database()
        return self._settle(mark, started)

    async def _ask_database(self) -> Mark:
        mark = await to_thread.run_sync(self._read, limiter=self._limiter)
        self._is_away, self._heard_at = False, clock.now()
        return mark

    def _settle(self, mark: Mark, started: float) -> Generation:
        """Take note of what was read, unless a question asked later was answered before."""
        now = clock.now()
        known = self._generation
        if known is not None and started < self._checked_at:
            return known  # it was overtaken
        # What was asked before this process wrote may be an answer from before it.
        if started >= self._written_at:
            self._checked_at = started
        if known is None or not known.is_good(mark, now):
            # What is rendered for the next one already is good for this one too, if it is the same.
            coming = self._coming[0] if self._coming else None
            is_here = coming is not None and coming.is_good(mark, now)
            known = self._generation = coming if is_here and coming else Generation.of(mark, now)
        self._coming = None
        return known


def _ignore(asked: asyncio.Task[Generation]) -> None:
    """Have the error of a question noted as seen: whoever still waits for it meets it."""
    if not asked.cancelled():
        asked.exception()
