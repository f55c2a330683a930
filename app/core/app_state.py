"""What one application holds for all of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    # The modules of these types read the state of a request, and import this module.
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session, sessionmaker

    from app.core.config import Settings
    from app.core.health import WriteProbe
    from app.core.rate_limits import RateLimiter
    from app.core.response_cache import ResponseCache
    from app.core.storage import Storage
    from app.core.workers import JobStatus


@dataclass(slots=True, kw_only=True)
class AppState:
    """Settings, database, storage, caches, and checks of one application.

    ``app.payments.state`` adds the gateway to Stripe.
    """

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    """Sessions that only read."""
    storage: Storage
    rates: RateLimiter
    response_cache: ResponseCache
    write_probe: WriteProbe
    find_unready: Callable[[Session], list[str]]
    """Return what makes the application unfit to serve, in words for its operator."""
    read_jobs: Callable[[Session], JobStatus]


def app_state(connection: HTTPConnection) -> AppState:
    """Return the state of the application that answers this request."""
    return cast("AppState", connection.app.state)
