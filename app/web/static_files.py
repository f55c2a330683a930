"""Addresses of static files that change when their content does."""

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parent / "static"


@lru_cache(maxsize=256)
def static_url(path: str) -> str:
    """Return the address of a file under ``static/``, with its content's hash as the version.

    Raises:
        FileNotFoundError: there is no such file, so a page never links to nothing.
    """
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={digest}"
