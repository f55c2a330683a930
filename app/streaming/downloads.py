"""Downloads of licensed files: a link shows what there is, a ticket counts once and delivers it.

Every request asks the license whether it is in effect, so a refund closes all of them at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor, ActorKind
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.errors import AppError, ConflictError, NotFoundError
from app.core.numbers import new_token
from app.core.signing import Purpose, sign, unsign
from app.licenses.entitlements import find_by_secret, hash_secret, use_once
from app.licenses.files import LicensedFile, LicensedFiles, find_licensed_files
from app.licenses.models import Entitlement, License
from app.licenses.states import EntitlementKind, LicenseStatus
from app.licenses.verification import status_statement, status_today
from app.orders.models import Order
from app.streaming.download_models import DownloadTicket
from app.usage.events import record_visit
from app.usage.models import EventMetric

TICKET_TIMEOUT = timedelta(hours=48)
# No name: a link does not identify its reader.
HOLDER = Actor(kind=ActorKind.GUEST, ref="download link", label="Holder of the download link")


class DownloadClosedError(AppError):
    """The link or the ticket is ours, but gives nothing now."""

    type = "download-closed"
    title = "Download not available"
    status = HTTPStatus.GONE


class NoDownloadsLeftError(ConflictError):
    """All downloads of a license are used."""

    type = "no-downloads-left"
    title = "No downloads left"


@dataclass(frozen=True, slots=True)
class Download:
    """A license's files as its link shows them. ``closed`` says why there is nothing to get."""

    license: License
    entitlement: Entitlement
    content: LicensedFiles
    closed: str
    expires_at: datetime | None = None

    @property
    def left(self) -> int:
        """How many downloads are left."""
        return max((self.entitlement.max_uses or 0) - self.entitlement.uses, 0)

    def get_file(self, name: str) -> LicensedFile:
        """Return the file of this name.

        Raises:
            NotFoundError: there is none.
        """
        for file in self.content.files:
            if file.name == name:
                return file
        detail = "File not found. It may have been replaced: open your download link again."
        raise NotFoundError(detail)


def find_download(session: Session, secret: str) -> Download:
    """Return what a link shows.

    Raises:
        NotFoundError: the link was replaced, or never was.
    """
    entitlement = find_by_secret(session, secret, EntitlementKind.DOWNLOAD)
    if entitlement is None:
        raise _not_found()
    return _describe(session, entitlement)


def find_download_by_ticket(session: Session, settings: Settings, token: str) -> Download:
    """Return what a ticket gives.

    Raises:
        NotFoundError: the store gave no such ticket.
        DownloadClosedError: it has expired, its link was replaced, or the license is not in effect.
    """
    ref = unsign(settings, Purpose.DOWNLOAD, token)
    row = session.execute(
        select(DownloadTicket, Entitlement)
        .join(Entitlement, Entitlement.id == DownloadTicket.entitlement_id)
        .where(DownloadTicket.ref == (ref or ""))
    ).one_or_none()
    if ref is None or row is None:
        raise _not_found()
    ticket, entitlement = row
    if ticket.expires_at <= clock.now() or ticket.generation != entitlement.generation:
        detail = "This download has expired. Open your download link again."
        raise DownloadClosedError(detail)
    found = _describe(session, entitlement, expires_at=ticket.expires_at)
    if found.closed:
        raise DownloadClosedError(found.closed)
    return found


def issue_ticket(
    session: Session,
    settings: Settings,
    download: Download,
    *,
    once: str,
    agent: str = "",
    address: str = "",
) -> str:
    """Count a download and return its ticket; a form that is sent again gets the same one.

    Raises:
        DownloadClosedError: the license is not in effect, or has no file yet.
        NoDownloadsLeftError: all downloads are used.
    """
    if download.closed:
        raise DownloadClosedError(download.closed)
    entitlement, license_ = download.entitlement, download.license
    values = {
        "ref": new_token(),
        "once_hash": hash_secret(once or new_token()),
        "entitlement_id": entitlement.id,
        "generation": entitlement.generation,
        "expires_at": clock.now() + TICKET_TIMEOUT,
    }
    keys = ["entitlement_id", "once_hash"]
    if not insert_ignore(session, DownloadTicket, values, index_elements=keys):
        ref = session.scalars(
            select(DownloadTicket.ref).where(
                DownloadTicket.entitlement_id == entitlement.id,
                DownloadTicket.once_hash == values["once_hash"],
            )
        ).one()
        return sign(settings, Purpose.DOWNLOAD, ref)
    if not use_once(session, entitlement):
        detail = "All downloads of this license are used. Email us, and we send a new link."
        raise NoDownloadsLeftError(detail)
    audit.record(
        session,
        actor=HOLDER,
        action="license.downloaded",
        object_type="license",
        object_ref=license_.number,
        after={"download": entitlement.uses, "of": entitlement.max_uses},
    )
    owner = session.scalar(
        select(Order.institution_id).where(
            Order.number == license_.order_number, Order.confirmed_at.is_not(None)
        )
    )
    if owner is not None:
        record_visit(
            session,
            institution_id=owner,
            film_id=license_.film_id,
            metrics=[EventMetric.REQUEST],
            agent=agent,
            address=address,
        )
    return sign(settings, Purpose.DOWNLOAD, str(values["ref"]))


def delete_expired_tickets(session: Session) -> None:
    """Delete the tickets that have expired: the count and the history stay."""
    session.execute(delete(DownloadTicket).where(DownloadTicket.expires_at < clock.now()))


def _describe(
    session: Session, entitlement: Entitlement, *, expires_at: datetime | None = None
) -> Download:
    license_ = session.get_one(License, entitlement.license_id)
    content = find_licensed_files(session, license_)
    status = status_today(license_)
    closed = ""
    if status is not LicenseStatus.ACTIVE:
        closed = status_statement(license_, status)
    elif not content.is_complete:
        closed = "We are preparing the files of this film. We will email you when they are ready."
    return Download(license_, entitlement, content, closed, expires_at)


def _not_found() -> NotFoundError:
    detail = "Download not found. The link may have been replaced by a newer one."
    return NotFoundError(detail)
