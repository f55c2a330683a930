"""What is kept, under which key, within how much memory."""

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from starlette.requests import Request

from app.core import clock
from app.core.rendered.answers import Answer, Secret
from app.core.rendered.freshness import Freshness, Generation, Mark

Cookies = tuple[tuple[str, str], ...]
"""Names and values, in one order: equal ones make equal answers."""

# A page that is being rendered for everyone finds this in its request's scope, and puts it where
# a visitor's own secret belongs. Nobody can guess it, so no text can hold it by chance or malice.
_SCOPE_KEY = "reelright.hole"
HOLE = secrets.token_hex(32)
# One answer may take this share of the memory; a longer address is not kept either.
LARGEST_SHARE = 8
# So many answers at most are rendered ahead, those asked for last; together in that share too.
MOST_AHEAD = 8
LONGEST_QUERY = 1000


def hole_in(request: Request) -> str | None:
    """Return what to write instead of a visitor's secret; None where the answer is their own."""
    hole: str | None = request.scope.get(_SCOPE_KEY)
    return hole


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answer that is kept: at which addresses, and what of a visitor it depends on."""

    paths: re.Pattern[str]
    vary: bytes = b"Accept-Encoding"
    cookies: Callable[[Request], Cookies] | None = None
    """The cookies that the answer may depend on, brought to one form; None: on nothing at all."""
    secret: Callable[[Request], Secret] | None = None
    """The visitor's secret, for answers with holes."""


class Key(NamedTuple):
    """All that an answer is made of: the endpoint is asked with this and nothing else."""

    path: str
    query: bytes
    cookies: Cookies
    wants_page: bool

    @property
    def scope(self) -> dict[str, object]:
        """The parts of a request that say the key."""
        headers = [(b"host", b"store"), (b"accept", b"text/html" if self.wants_page else b"*/*")]
        if self.cookies:
            jar = "; ".join(f"{name}={value}" for name, value in self.cookies)
            headers.append((b"cookie", jar.encode("latin-1")))
        return {"query_string": self.query, "headers": headers, _SCOPE_KEY: HOLE}


class Rendered:
    """The answers of one process, and those that are being rendered."""

    def __init__(self, read: Callable[[], Mark], *, max_bytes: int, seconds: float) -> None:
        self.freshness = Freshness(read, seconds=seconds)
        self.flights: dict[tuple[Generation, Key], asyncio.Future[Answer | None]] = {}
        self.started_at = clock.now()
        self.size = 0
        self._max_bytes = max_bytes
        self._generation: Generation | None = None
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        # Of the generation that is to come, whose answers nobody has asked for yet.
        self._next: Generation | None = None
        self._ahead: dict[Key, Answer] = {}
        self.renewals: set[asyncio.Task[None]] = set()

    async def finish(self) -> None:
        """Wait for what is being rendered ahead: it holds a connection of the database."""
        await asyncio.gather(*self.renewals, return_exceptions=True)

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self._max_bytes > 0

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, generation: Generation, key: Key) -> Answer | None:
        """Return the answer of this generation; the last one asked for goes out last."""
        if generation is not self._generation and not self._begin(generation):
            return None
        answer = self._answers.get(key)
        if answer is not None:
            answer.is_asked_for = True
            self._answers.move_to_end(key)
        return answer

    def asked_for(self) -> list[tuple[Key, Answer]]:
        """Return what was asked for of late, the latest first: what is worth rendering ahead."""
        found = ((key, self._answers[key]) for key in reversed(self._answers))
        return list(islice((pair for pair in found if pair[1].is_asked_for), MOST_AHEAD))

    def holds(self, generation: Generation, key: Key) -> bool:
        """Whether it is kept, or rendered ahead, in this generation."""
        if generation is self._generation:
            return key in self._answers
        return generation is self._next and key in self._ahead

    def keep(self, generation: Generation, key: Key, answer: Answer) -> None:
        """Keep an answer, and let go of those asked for longest ago if there is no room.

        Again when it has grown, as it was packed in one more coding.
        """
        if answer.size * LARGEST_SHARE > self._max_bytes:
            return
        if generation is not self._generation:
            self._keep_ahead(generation, key, answer)
            return
        before = self._answers.pop(key, None)
        self.size -= before.counted if before else 0
        answer.counted = answer.size
        self.size += answer.counted
        self._answers[key] = answer
        while self.size > self._max_bytes:
            _, gone = self._answers.popitem(last=False)
            self.size -= gone.counted

    def _keep_ahead(self, generation: Generation, key: Key, answer: Answer) -> None:
        if not self.freshness.is_wanted(generation):
            return
        if generation is not self._next:
            self._next, self._ahead = generation, {}
        others = sum(one.size for other, one in self._ahead.items() if other != key)
        if (others + answer.size) * LARGEST_SHARE <= self._max_bytes:
            self._ahead[key] = answer

    def _begin(self, generation: Generation) -> bool:
        """Let go of everything, whatever it was made of; unless the asker is behind the times."""
        if generation is not self.freshness.generation:
            return False
        ahead = self._ahead if generation is self._next else {}
        self._generation, self._next, self._ahead = generation, None, {}
        self._answers.clear()
        self.size = 0
        # What was asked for last stands first among what was rendered ahead, and is to go last.
        for key in reversed(ahead):
            answer = ahead[key]
            answer.is_asked_for = False
            self.keep(generation, key, answer)
        return True


def in_one_order(query: bytes) -> bytes:
    """Return the query with its parameters by name: those of one name stay in their order."""
    if b"&" not in query:
        return query
    parts = sorted(query.split(b"&"), key=lambda part: part.partition(b"=")[0])
    return b"&".join(parts)
