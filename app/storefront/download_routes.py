"""Downloads of licensed files: the page of a link, tickets, the files, and their checksums."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse

from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import AppError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep, is_head, settings_of
from app.licenses.entitlements import MAX_BUYER_GENERATION, LinkNotRenewedError, replace_link
from app.storefront.forms import FieldsDep
from app.streaming.delivery import send_stored
from app.streaming.downloads import (
    HOLDER,
    Download,
    DownloadClosedError,
    NoDownloadsLeftError,
    find_download,
    find_download_by_ticket,
    issue_ticket,
)
from app.web.rendering import render

router = APIRouter(prefix="/downloads")
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
MANIFEST, CHECKSUMS = "manifest.json", "sha256sums.txt"
# A ticket is signed, and the secret of a link has no point.
TICKET_MARK = "."


@router.get("/{key}")
def show_downloads(
    request: Request, session: ReadSessionDep, settings: SettingsDep, key: str, replaced: str = ""
) -> Response:
    """Show what a link or a ticket gives, to its holder."""
    if TICKET_MARK in key:
        try:
            download = find_download_by_ticket(session, settings, key)
        except DownloadClosedError as error:
            return _draw_closed(request, error)
        return _draw(request, download, ticket=key)
    download = find_download(session, key)
    return _draw(request, download, secret=key, is_replaced=bool(replaced))


@router.post("/{secret}")
def start_download(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep, secret: str
) -> Response:
    """Count a download, and lead to its files."""
    download = find_download(session, secret)
    try:
        # A refused request leaves no ticket behind.
        with session.begin_nested():
            ticket = issue_ticket(
                session,
                settings,
                download,
                once=form.get("once", ""),
                agent=request.headers.get("user-agent", ""),
                address=request.client.host if request.client else "",
            )
    except (DownloadClosedError, NoDownloadsLeftError) as error:
        return _draw(request, find_download(session, secret), secret=secret, failure=error)
    return RedirectResponse(f"/downloads/{ticket}", HTTPStatus.SEE_OTHER, headers=PRIVATE)


@router.post("/{secret}/replace")
def replace_download_link(
    request: Request, session: SessionDep, form: FieldsDep, secret: str
) -> Response:
    """Replace the link by a new one, as after a leak. The old one opens nothing any more."""
    download = find_download(session, secret)
    once = Idempotency.of_form("download-link", form.get("once", ""), owner=secret)
    try:
        with session.begin_nested():
            if once.claim(session):
                replace_link(
                    session,
                    download.license,
                    download.entitlement,
                    actor=HOLDER,
                    reason="asked for on the page of the downloads",
                )
    except LinkNotRenewedError as error:
        return _draw(request, find_download(session, secret), secret=secret, failure=error)
    path = f"/downloads/{download.entitlement.secret}?replaced=yes"
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, headers=PRIVATE)


@router.get("/{ticket}/{name}")
def get_file(
    request: Request, session: ReadSessionDep, settings: SettingsDep, ticket: str, name: str
) -> Response:
    """Send a file of a ticket, whole or in ranges, or the checksums of all."""
    download = find_download_by_ticket(session, settings, ticket)
    if name == MANIFEST:
        return JSONResponse(_manifest(download), headers=PRIVATE)
    if name == CHECKSUMS:
        lines = "".join(f"{file.sha256}  {file.name}\n" for file in download.content.files)
        return PlainTextResponse(lines, headers=PRIVATE)
    file = download.get_file(name)
    headers = PRIVATE | {"Content-Disposition": f'attachment; filename="{file.name}"'}
    if is_head(request):
        known = {"ETag": f'"{file.sha256}"', "Accept-Ranges": "bytes"}
        return StreamingResponse(
            (),
            media_type=file.media_type,
            headers=headers | known | {"Content-Length": str(file.size_bytes)},
        )
    # A download of hours holds no connection to the database.
    session.close()
    return send_stored(
        request,
        file.storage_name,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        media_type=file.media_type,
        headers=headers,
    )


def _manifest(download: Download) -> dict[str, object]:
    return {
        "license": download.license.number,
        "film": download.license.film_slug,
        "expires_at": download.expires_at.isoformat() if download.expires_at else None,
        "files": [
            {"name": file.name, "bytes": file.size_bytes, "sha256": file.sha256}
            for file in download.content.files
        ],
    }


def _draw(
    request: Request,
    download: Download,
    *,
    secret: str = "",
    ticket: str = "",
    is_replaced: bool = False,
    failure: AppError | None = None,
) -> Response:
    license_ = download.license
    path = f"/licenses/{license_.number}/certificate.pdf?token={license_.access_token}"
    response = render(
        request,
        "storefront/download.html",
        status_code=failure.status if failure else HTTPStatus.OK,
        download=download,
        license=license_,
        secret=secret,
        ticket=ticket,
        address=settings_of(request).url(f"/downloads/{ticket}") if ticket else "",
        is_replaced=is_replaced,
        is_replaceable=download.entitlement.generation < MAX_BUYER_GENERATION,
        failure=failure,
        certificate_url=path,
        once=new_token(),
    )
    response.headers.update(PRIVATE)
    return response


def _draw_closed(request: Request, error: DownloadClosedError) -> Response:
    response = render(
        request, "storefront/download_closed.html", status_code=error.status, detail=error.detail
    )
    response.headers.update(PRIVATE)
    return response
