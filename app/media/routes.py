"""The addresses of files, for anyone: named by a hash, so that what is there never changes."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from app.catalog.file_enums import IMAGE_MEDIA_TYPES
from app.core.app_state import app_state
from app.core.preconditions import has_tag
from app.core.public_reads import public_read
from app.core.request_middleware import answer_with
from app.media import storage_names
from app.media.serving import public_file

router = APIRouter(include_in_schema=False)
FOR_EVER = "public, max-age=31536000, immutable"
# A file may be opened by itself: it gets to run and load nothing then, either.
POLICY = "default-src 'none'; sandbox"


@router.get("/files/{sha256}/{name}", summary="Get an image or document")
@public_read(cached=False)
def get_file(
    request: Request,
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    name: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,30}\.[a-z]{3,4}$")],
) -> Response:
    """Return a picture in one size and format, or a paper to be saved."""
    # The row is read and let go of before the storage is asked, which may take long.
    with app_state(request).readers() as session:
        file, slug = public_file(session, sha256, name)
    tag = f'"{sha256[:20]}.{name}"'
    headers = {"ETag": tag, "Cache-Control": FOR_EVER, "Content-Security-Policy": POLICY}
    if has_tag(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    storage = app_state(request).storage
    if file.kind.is_image:
        width, _, form = name.partition(".")
        read = partial(storage.read, storage_names.sized(sha256, int(width), form))
        return answer_with(request, read, media_type=IMAGE_MEDIA_TYPES[form], headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{slug}-{name}"'
    headers["Content-Length"] = str(file.size_bytes)
    pieces = storage.chunks(storage_names.kept(sha256))
    return StreamingResponse(pieces, media_type=file.media_type, headers=headers)
