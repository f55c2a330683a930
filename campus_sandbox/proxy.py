"""A library's rewriting proxy, as EZproxy is one: the store's pages under the campus's address."""

import re
from urllib.parse import urlsplit

import requests
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from campus_sandbox.config import CampusConfig

PREFIX = "/proxy/store"
TIMEOUT_SECONDS = 10
# Attributes whose addresses lead through the proxy.
LINKS = re.compile(r'((?:href|src|action|content|srcset)=")(/(?!/))')
DROPPED = {"content-encoding", "content-length", "transfer-encoding", "connection"}


class LibraryProxy:
    """Passes requests on to the store, and rewrites the addresses in its pages."""

    def __init__(self, config: CampusConfig) -> None:
        self._config = config

    async def login(self, request: Request) -> Response:
        """Take a starting-point link. Everyone is let in: this campus has no strangers."""
        parts = urlsplit(request.query_params.get("url", ""))
        store = urlsplit(self._config.store_url)
        if (parts.scheme, parts.netloc) != (store.scheme, store.netloc):
            return PlainTextResponse("This site is not in the proxy's list.", 403)
        query = f"?{parts.query}" if parts.query else ""
        return RedirectResponse(f"{PREFIX}{parts.path or '/'}{query}", 303)

    async def pass_on(self, request: Request) -> Response:
        """Ask the store in the visitor's name, from the campus's address."""
        body = await request.body()
        return await run_in_threadpool(self._ask, request, body)

    def _ask(self, request: Request, body: bytes) -> Response:
        names = ("cookie", "content-type", "user-agent", "accept", "accept-language", "range")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        query = f"?{request.url.query}" if request.url.query else ""
        answer = requests.request(
            request.method,
            f"{self._config.store_url}/{request.path_params['path']}{query}",
            data=body or None,
            headers=headers,
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        )
        content = answer.content
        if answer.headers.get("content-type", "").startswith("text/html"):
            content = LINKS.sub(rf"\1{PREFIX}\2", answer.text).encode()
        response = Response(content, answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() == "location":
                response.headers[name] = self._rewrite(value)
            elif name.lower() not in DROPPED:
                response.headers[name] = value
        return response

    def _rewrite(self, location: str) -> str:
        path = location.removeprefix(self._config.store_url)
        return f"{PREFIX}{path}" if path.startswith("/") else location
