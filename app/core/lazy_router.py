"""Routes that stand under one address, and are left alone for all others."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class LazyRouter(APIRouter):
    """A router whose routes are tried for ``address`` and what stands under it, and not elsewhere.

    To try a route for the first time is to build it: its parameters, its checks, its answer. With
    ``load`` the routes come from there, when one is asked for, and are put under ``under``.
    """

    def __init__(
        self,
        address: str,
        *,
        load: Callable[[], APIRouter] | None = None,
        under: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**options)
        self.address = address
        self._load = load
        self._under = address if under is None else under
        self._loading = Lock()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return which of the routes fits, as every router does."""
        path: str = scope.get("path", "")
        if path != self.address and not path.startswith(f"{self.address}/"):
            return Match.NONE, {}
        self.complete()
        return super().matches(scope)

    def complete(self) -> None:
        """Load the routes, unless they are here."""
        if self._load is None:
            return
        with self._loading:
            # Again: a concurrent request that waited here finds them loaded.
            if self._load is not None:
                self.include_router(self._load(), prefix=self._under)
                self._load = None
