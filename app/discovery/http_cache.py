"""Answers that may be kept: asked for again, what has not changed is not sent again."""

import hashlib
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

from fastapi import Request, Response

from app.core.preconditions import has_tag

KEPT_SECONDS = 300


def cacheable_response(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    seconds: int = KEPT_SECONDS,
    changed_at: datetime | None = None,
    filename: str | None = None,
) -> Response:
    """Return ``body`` with its tag, or 304 without it to whoever has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"}
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.replace(microsecond=0), usegmt=True)
    if has_tag(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return Response(body, media_type=media_type, headers=headers)
