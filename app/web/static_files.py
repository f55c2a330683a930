"""Addresses of static files that change when their content does."""

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ROOT = Path(__file__).parent / "static"


@lru_cache(maxsize=256)
def static_url(path: str) -> str:
    """Return the address of a file under ``static/``, with its content's hash as the version.

    Raises:
        FileNotFoundError: there is no such file, so a page never links to nothing.
    """
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"


class VersionedFiles(StaticFiles):
    """Serves ``static/``; what was asked for by its version may be kept for ever."""

    def __init__(self) -> None:
        super().__init__(directory=ROOT)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Add how long the answer may be kept. Fonts have no version: their names never change."""
        answer = await super().get_response(path, scope)
        lasting = scope["query_string"].startswith(b"v=") or path.startswith("fonts/")
        answer.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return answer
