"""Static files, with addresses that change with their content."""

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
        FileNotFoundError: There is no such file.
    """
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"


class VersionedFiles(StaticFiles):
    """The files of ``static/`` from memory; versioned addresses may be cached permanently.

    They are not read in threads, which may all be waiting for the database.
    """

    def __init__(self) -> None:
        super().__init__(directory=ROOT)
        self.config_checked = True  # in a thread otherwise; the folder is part of the package

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or raise 404 or 405 as the framework does.

        Fonts have no version, because their names never change.
        """
        try:
            file, state = self.lookup_path(path)
        except (OSError, ValueError):
            file, state = "", None
        if scope["method"] not in ("GET", "HEAD") or state is None or not S_ISREG(state.st_mode):
            return await super().get_response(path, scope)
        is_permanent = scope["query_string"].startswith(b"v=") or path.startswith("fonts/")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if is_permanent else "no-cache",
            "Last-Modified": formatdate(state.st_mtime, usegmt=True),
            "Accept-Ranges": "none",
            "ETag": f'"{state.st_mtime_ns:x}-{state.st_size:x}"',
        }
        response = Response(
            _content(file, state.st_mtime_ns), headers=headers, media_type=guess_type(file)[0]
        )
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


@lru_cache(maxsize=256)
def _content(path: str, _changed_at: int) -> bytes:
    return Path(path).read_bytes()
