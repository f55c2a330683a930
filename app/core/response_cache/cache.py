"""What is cached, under which key, within how much memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from app.core import clock
from app.core.public_reads import Cookies
from app.core.response_cache.cached_response import CachedResponse
from app.core.response_cache.freshness import Freshness, Generation, PublicRevision

# One response may take this share of the memory.
MAX_SHARE = 8


class CacheKey(NamedTuple):
    """All that a response is made of: the endpoint is asked with this and nothing else."""

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
        return {"query_string": self.query, "headers": headers}


class ResponseCache:
    """The responses of one process, and those that are being rendered."""

    def __init__(
        self, read: Callable[[], PublicRevision], *, max_bytes: int, stale_seconds: float
    ) -> None:
        self.freshness = Freshness(read, seconds=stale_seconds)
        self.flights: dict[tuple[Generation, CacheKey], asyncio.Future[CachedResponse | None]] = {}
        self.started_at = clock.now()
        self.size = 0
        self._max_bytes = max_bytes
        self._generation: Generation | None = None
        self._responses: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        # Those of the generation before, and what is being rendered in their place.
        self._previous_generation: Generation | None = None
        self._previous: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self.renewals: dict[tuple[Generation, CacheKey], asyncio.Task[CachedResponse | None]] = {}

    async def finish(self) -> None:
        """Wait for what is being rendered: it holds a connection of the database."""
        await asyncio.gather(*self.renewals.values(), return_exceptions=True)

    @property
    def is_on(self) -> bool:
        """Whether anything is cached at all."""
        return self._max_bytes > 0

    def __len__(self) -> int:
        return len(self._responses)

    def find(self, generation: Generation, key: CacheKey) -> CachedResponse | None:
        """Return the response of this generation; the last one asked for is evicted last."""
        if generation is not self._generation and not self._begin(generation):
            return None
        response = self._responses.get(key)
        if response is not None:
            self._responses.move_to_end(key)
        return response

    def find_previous(self, key: CacheKey) -> CachedResponse | None:
        """Return the response of the generation before this one, if it may still be sent."""
        may_send = self.freshness.may_send_previous(self._previous_generation)
        return self._previous.get(key) if may_send else None

    def put(self, generation: Generation, key: CacheKey, response: CachedResponse) -> None:
        """Cache a response, and evict those asked for longest ago if there is no room."""
        if generation is not self._generation or response.size * MAX_SHARE > self._max_bytes:
            return
        for store in (self._responses, self._previous):
            before = store.pop(key, None)
            self.size -= before.counted_bytes if before else 0
        response.counted_bytes = response.size
        self.size += response.counted_bytes
        self._responses[key] = response
        while self.size > self._max_bytes:
            _, evicted = (self._previous or self._responses).popitem(last=False)
            self.size -= evicted.counted_bytes

    def recount(self, key: CacheKey, response: CachedResponse) -> None:
        """Count a response again that has grown, as it was compressed in one more coding."""
        if self._generation is not None and self._responses.get(key) is response:
            self.put(self._generation, key, response)

    def _begin(self, generation: Generation) -> bool:
        """Drop all responses, unless the caller knows an older revision."""
        if generation is not self.freshness.generation:
            return False
        self._previous_generation, self._generation = self._generation, generation
        self._previous, self._responses = self._responses, OrderedDict()
        if not self.freshness.may_send_previous(self._previous_generation):
            self._previous.clear()
        self.size = sum(response.counted_bytes for response in self._previous.values())
        return True


def sort_parameters(query: bytes) -> bytes:
    """Return the query with its parameters by name: those of one name stay in their order."""
    if b"&" not in query:
        return query
    parts = sorted(query.split(b"&"), key=lambda part: part.partition(b"=")[0])
    return b"&".join(parts)
