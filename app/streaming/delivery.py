"""Sending stored files: by the store itself, by nginx in front of it, or by the storage.

A folder's files are sent with ranges, by the store or, behind nginx, by nginx alone (the setting
`REELRIGHT_MEDIA_ACCEL`). A bucket's are sent by the bucket, from an address that it signed.
"""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from app.core.app_state import app_state

SIGNED_SECONDS = 300


def send_stored(
    request: Request,
    storage_name: str,
    *,
    size_bytes: int,
    sha256: str,
    media_type: str,
    headers: Mapping[str, str],
) -> Response:
    """Return a response that sends a stored file, whole or in the ranges asked for.

    Raises:
        UnavailableError: the storage does not answer, or has lost the file.
    """
    state = app_state(request)
    own = {**headers, "ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
    path = state.storage.local_path(storage_name)
    if path is not None and state.settings.media_accel:
        own["X-Accel-Redirect"] = f"{state.settings.media_accel.rstrip('/')}/{storage_name}"
        return Response(media_type=media_type, headers=own)
    if path is not None and path.is_file():
        return FileResponse(path, media_type=media_type, headers=own)
    signed = state.storage.signed(storage_name, SIGNED_SECONDS)
    if signed is not None:
        return RedirectResponse(signed, HTTPStatus.FOUND, headers=dict(headers))
    # A storage that cannot send by itself: whole, in pieces.
    own |= {"Accept-Ranges": "none", "Content-Length": str(size_bytes)}
    return StreamingResponse(state.storage.chunks(storage_name), media_type=media_type, headers=own)
