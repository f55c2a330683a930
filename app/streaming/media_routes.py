"""The addresses of media: playlists, ranges of streams, captions. They ask for no cookie."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from app.core.app_state import app_state
from app.core.errors import AppError, NotFoundError, responses
from app.media.package_contents import media_type
from app.media.package_files import render_file
from app.streaming.delivery import send_stored
from app.streaming.media_cache import media_cache
from app.streaming.media_paths import read_token

router = APIRouter(tags=["media"])
# The token is all the permission there is: pages of any origin may read, with no cookies.
OPEN_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range, Accept-Ranges",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}
# A stream's bytes never change under their name; captions and playlists may.
STREAM_HEADERS = OPEN_HEADERS | {"Cache-Control": "private, max-age=3600"}
RENDERED_HEADERS = OPEN_HEADERS | {"Cache-Control": "private, no-cache"}


class TokenRefusedError(AppError):
    """The token of a media path is not ours, has expired, or its play was cut."""

    type = "media-token-refused"
    title = "This link has expired"
    status = HTTPStatus.FORBIDDEN


@router.get(
    "/media/{token}/{package}/{name}",
    summary="Get a file of a film that plays",
    include_in_schema=False,
    responses=responses(NotFoundError, TokenRefusedError),
)
def get_media(request: Request, token: str, package: str, name: str) -> Response:
    """Send a playlist, captions, or the asked ranges of a stream."""
    state = app_state(request)
    play = read_token(state.settings, token, package)
    cache = media_cache(state.engine, state.readers)
    if play is None or cache.is_cut(play):
        detail = "Open the film's page again."
        raise TokenRefusedError(detail, headers=OPEN_HEADERS)
    contents = cache.contents(package)
    if contents is not None and name in contents.stored_files:
        file = contents.stored_files[name]
        return send_stored(
            request,
            file.storage_name,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            media_type=file.media_type,
            headers=STREAM_HEADERS,
        )
    contents = cache.contents(package, is_fresh=True)
    if contents is None:
        detail = "File not found."
        raise NotFoundError(detail, headers=OPEN_HEADERS)
    data = render_file(contents, name, state.storage.read)
    return Response(data, media_type=media_type(name), headers=RENDERED_HEADERS)
