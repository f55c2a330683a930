"""How much one address, or one API key, may ask of the API in a minute, told in every answer.

Counted in each worker's memory: it keeps one program from taking a worker for itself, and costs the
database nothing. What must hold for all workers together, as tries of a password, is counted in
``app.core.throttle``. Answers from memory are not counted.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.core.app_state import app_state
from app.core.errors import TooManyRequestsError
from app.core.networks import network_of
from app.core.request_middleware import set_response_header
from app.core.throttle import in_words

SECONDS: Final = 60
POLICY: Final = "api"
# In the scope of a request with an API key that is in force: each key has a count of its own.
KEY: Final = "reelright.key"


class RateLimiter:
    """The counts of one worker."""

    def __init__(self, per_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerMinute(per_minute)

    def charge(self, request: Request, cost: int) -> None:
        """Count ``cost`` for the request's key or address, and have the answer tell what is left.

        Raises:
            TooManyRequestsError: more than a minute's; says in how many seconds to come back.
        """
        sender = request.scope.get(KEY) or network_of(request)
        is_within = self._limiter.hit(self._item, sender, cost=cost)
        window = self._limiter.get_window_stats(self._item, sender)
        wait = max(1, round(window.reset_time - time.time()))
        most = self._item.amount
        set_response_header(request, "ratelimit-policy", f'"{POLICY}";q={most};w={SECONDS}')
        set_response_header(request, "ratelimit", f'"{POLICY}";r={window.remaining};t={wait}')
        if not is_within:
            detail = f"More than {most} requests in a minute. Try again in {in_words(wait)}."
            raise TooManyRequestsError(detail, headers={"Retry-After": str(wait)})


def request_cost(units: int) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that counts a request as ``units`` ordinary ones."""

    # Not in a thread: it takes a few microseconds.
    async def counted(request: Request) -> None:
        charge(request, units)

    return counted


def charge(request: Request, cost: int) -> None:
    """Count ``cost`` more for a request that turns out to be a large one.

    Raises:
        TooManyRequestsError: more than a minute's.
    """
    if cost:
        rates: RateLimiter = app_state(request).rates
        rates.charge(request, cost)


def charge_key(request: Request, prefix: str | None) -> None:
    """Count a request of a program: for its key, or for its address if it has none in force.

    Raises:
        TooManyRequestsError: more than a minute's.
    """
    if prefix is not None:
        request.scope[KEY] = f"key {prefix}"
    charge(request, 1)
