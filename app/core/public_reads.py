"""Public reads: what a route declares of responses that anyone may have, and its cache goes by.

A route declares it on its endpoint:

    @router.get("/films/{slug}")
    @public_read()
    def get_film(...)

Everything else is private: no cache keeps it, and no page of another origin reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from re import Pattern
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Route, compile_path

Cookies = tuple[tuple[str, str], ...]
"""Names and values, in one order: equal ones make equal responses."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
# In the scope of a request: what the route at its address declares, or None.
PUBLIC_READ = "reelright.public_read"
MAX_PATHS_KNOWN, MAX_PATH_LENGTH = 5000, 300
_DECLARED = "public_read"


@dataclass(frozen=True, slots=True)
class PublicRead:
    """A kind of response that anyone may read."""

    is_cached: bool = True
    """Whether workers keep it in memory (``app.core.response_cache``)."""
    cookies: Callable[[Request], Cookies] | None = None
    """The cookies that it may depend on, brought to one form; None: on nothing of a visitor's."""

    @property
    def is_open(self) -> bool:
        """Whether pages of every origin may read it: no cookie or key changes it, or an error."""
        return self.cookies is None


def public_read(
    *, cached: bool = True, cookies: Callable[[Request], Cookies] | None = None
) -> Callable[[Endpoint], Endpoint]:
    """Return a decorator that declares an endpoint's responses to be public."""
    declared = PublicRead(cached, cookies)

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _DECLARED, declared)
        return endpoint

    return mark


class PublicReads:
    """What the routes of an application declare, by address."""

    def __init__(self) -> None:
        self._routes: list[tuple[Pattern[str], PublicRead | None]] = []
        self._known = lru_cache(maxsize=MAX_PATHS_KNOWN)(self._find)

    def add_router(self, router: APIRouter, *, prefix: str = "") -> None:
        """Add the routes of a router, in the order in which the application tries them."""
        for route in router.routes:
            if isinstance(route, Route):
                self.add(prefix + route.path, getattr(route.endpoint, _DECLARED, None))

    def add(self, path: str, read: PublicRead | None) -> None:
        """Add one address, written as a route's."""
        self._routes.append((compile_path(path)[0], read))

    def at(self, path: str) -> PublicRead | None:
        """Return what the route at ``path`` declares; None if it is private, or there is none."""
        return self._known(path) if len(path) <= MAX_PATH_LENGTH else None

    def _find(self, path: str) -> PublicRead | None:
        return next((read for regex, read in self._routes if regex.match(path)), None)
