"""Counting film pages and searches of visitors whose institution is known.

These pages are answered from memory, the same for everyone. So visits are counted here, outside of
the cache and after the answer, and only for visitors with a cookie of a sign-in or of access. For
everyone else nothing is read and nothing changes.
"""

import logging
import re
from http import HTTPStatus

from anyio import to_thread
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.claims import CLAIM_COOKIE, claim_of
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core.app_state import app_state
from app.core.request_middleware import IS_HEAD
from app.institutions.sessions import COOKIE as MEMBER_COOKIE
from app.usage.events import record_visit
from app.usage.models import EventMetric

log = logging.getLogger(__name__)
FILM = re.compile(r"/films/([a-z0-9-]+)")
SEARCH = "/films"
COUNTED = frozenset((HTTPStatus.OK, HTTPStatus.NOT_MODIFIED))
COOKIES = (MEMBER_COOKIE.encode() + b"=", CLAIM_COOKIE.encode() + b"=")


class VisitCounter:
    """Counts what a known institution's visitor saw, after it was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""
        if not _may_count(scope):
            await self._app(scope, receive, send)
            return
        status = 0

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watching)
        if status in COUNTED:
            await to_thread.run_sync(_count, Request(scope))


def _may_count(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or IS_HEAD in scope:
        return False
    path = scope["path"]
    if path != SEARCH and FILM.fullmatch(path) is None:
        return False
    headers = dict(scope["headers"])
    cookies = headers.get(b"cookie", b"")
    # A page that a browser fetches in case it is opened was not seen.
    is_prefetch = b"prefetch" in headers.get(b"sec-purpose", b"")
    return not is_prefetch and any(name in cookies for name in COOKIES)


def _count(request: Request) -> None:
    """Record the visit. Never fails: the page was sent already."""
    state = app_state(request)
    path, slug = request.url.path, ""
    if path == SEARCH:
        # The first page of a search; a list without words is no search.
        params = request.query_params
        if not params.get("q") or params.get("page", "1") != "1":
            return
    else:
        slug = path.rpartition("/")[2]
    try:
        with state.readers() as session:
            claim = claim_of(request, session, film=slug)
            film_id = session.scalar(
                select(Film.id).where(Film.slug == slug, Film.status == FilmStatus.PUBLISHED)
            )
        if claim is None or (slug and film_id is None):
            return
        with state.sessions.begin() as session:
            record_visit(
                session,
                institution_id=claim.institution_id,
                film_id=film_id,
                metrics=[EventMetric.INVESTIGATION if slug else EventMetric.SEARCH],
                agent=request.headers.get("user-agent", ""),
                session_id=claim.key,
                address=request.client.host if request.client else "",
            )
    except SQLAlchemyError:
        log.warning("usage.visit_not_recorded", exc_info=True)
