"""Addresses of static files that change when their content does."""

import hashlib
from email.utils import formatdate
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path
from stat import S_ISREG

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
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
    """Serves ``static/`` from memory; a request with its version may be cached permanently.

    Files are read here and not in a thread: all threads may be waiting for the database.
    """

    def __init__(self) -> None:
        super().__init__(directory=ROOT)
        self.config_checked = True  # in a thread otherwise; the folder is part of the package

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or raise 404 or 405 as the framework does.

        Fonts have no version: their names never change.
        """
        try:
            found, state = self.lookup_path(path)
        except (OSError, ValueError):
            found, state = "", None
        if scope["method"] not in ("GET", "HEAD") or state is None or not S_ISREG(state.st_mode):
            return await super().get_response(path, scope)
        lasting = scope["query_string"].startswith(b"v=") or path.startswith("fonts/")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            "Last-Modified": formatdate(state.st_mtime, usegmt=True),
            "Accept-Ranges": "none",
            "ETag": f'"{state.st_mtime_ns:x}-{state.st_size:x}"',
        }
        answer = Response(
            _content(found, state.st_mtime_ns), headers=headers, media_type=guess_type(found)[0]
        )
        if self.is_not_modified(answer.headers, Headers(scope=scope)):
            return NotModifiedResponse(answer.headers)
        return answer


@lru_cache(maxsize=256)
def _content(path: str, _changed_at: int) -> bytes:
    return Path(path).read_bytes()
