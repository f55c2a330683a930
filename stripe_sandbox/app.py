"""The sandbox as an ASGI application."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stripe_sandbox.api import Api
from stripe_sandbox.background import BackgroundRunner
from stripe_sandbox.config import SandboxConfig, is_local_host
from stripe_sandbox.control import Control
from stripe_sandbox.dashboard import Dashboard
from stripe_sandbox.pages import HostedPages
from stripe_sandbox.rendering import page, stylesheet
from stripe_sandbox.storage import Database

log = logging.getLogger(__name__)

_API_METHODS: Final = ["GET", "POST", "DELETE", "PUT", "PATCH"]


def create_sandbox(config: SandboxConfig) -> Starlette:
    """Return the application. Its lifespan runs the background thread.

    ``app.state.database`` is the open data file, for tests.
    """
    database = Database(config.database)
    api = Api(config, database)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        runner = BackgroundRunner(config, database)
        runner.start()
        try:
            yield
        finally:
            await run_in_threadpool(runner.stop)
            database.close()

    app = Starlette(
        routes=[
            Route("/v1/{rest:path}", api.respond, methods=_API_METHODS),
            *HostedPages(config, database).routes(),
            *Control(config, database).routes(),
            *Dashboard(config, database).routes(),
            Route("/sandbox.css", stylesheet),
        ],
        exception_handlers={HTTPStatus.NOT_FOUND: _not_found},
        lifespan=lifespan,
    )
    app.state.database = database
    app.add_middleware(_ThisMachineOnly, origin=_origin(config.public_url))
    return app


class _ThisMachineOnly:
    """Refuses requests from other machines, and those that other sites cause in a browser.

    The Host header gives away a foreign name that resolves to 127.0.0.1, and the Origin header a
    form of another site.
    """

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(Request(scope))
            if refusal is not None:
                await PlainTextResponse(refusal, status_code=HTTPStatus.FORBIDDEN)(
                    scope, receive, send
                )
                return
        await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> str | None:
        if request.client is not None and not is_local_host(request.client.host):
            return "The sandbox serves this machine only.\n"
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if not is_local_host(host):
            return "The sandbox accepts host names of this machine only.\n"
        origin = request.headers.get("origin")
        unsafe = request.method not in {"GET", "HEAD"}
        if unsafe and origin not in {None, self._origin, f"http://{request.headers['host']}"}:
            return "The sandbox accepts no forms from other sites.\n"
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _not_found(request: Request, _: Exception) -> Response:
    return page(request, "not_found.html", status=HTTPStatus.NOT_FOUND)
