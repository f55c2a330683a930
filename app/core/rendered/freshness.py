"""How old what is kept may be: the revision is read again when a second has passed.

While answers are asked for it is read a little earlier, so that what is kept can be rendered again
while the old is still good: see ``look``.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from app.core import clock

# How early a look begins, in shares of the time that an answer is good for. Between these, thrice
# as early as it took the last time until all was ready, and not much later than the last time.
EARLIEST, AT_FIRST, LATEST = 0.9, 0.7, 0.4


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
        self._checking: asyncio.Future[None] | None = None
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
        mark = await run_in_threadpool(self._read)
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
        started = self._tick()
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
        if known is None or not known.is_good(mark, now):
            # What is rendered for the next one already is good for this one too, if it is the same.
            coming = self._coming[0] if self._coming else None
            is_here = coming is not None and coming.is_good(mark, now)
            known = self._generation = coming if is_here and coming else Generation.of(mark, now)
        self._coming = None
        return known
