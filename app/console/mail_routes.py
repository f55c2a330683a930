"""Mails: what was sent to whom, to be read as it was sent, and sent again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Scope
from app.console.access import Staff, require_scopes
from app.console.fields import EmptyIsNone, Line, PageNumber, Search
from app.console.lists import Listing
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.mail import resend
from app.core.mail_models import Mail, MailStatus

router = APIRouter(prefix="/mails")
Reader = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_READ))]
Sales = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_WRITE))]
MailId = Annotated[int, Path(ge=1, le=2**31 - 1)]

# A mail brings its own style and nothing else: no script, no frame, no address is loaded. The
# sandbox makes the document a stranger to this site, should a mail ever quote hostile markup.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


MAILS = Listing(
    "mails.html",
    select(Mail.id, Mail.about, Mail.to_address, Mail.subject, Mail.status, Mail.created_at),
    unique=Mail.id,
    state=Mail.status,
    sorts={"written": Mail.created_at},
    begins=(Mail.about,),
    contains=(Mail.to_address, Mail.subject),
)


@router.get("", summary="Mails, newest first")
def mail_list(
    request: Request,
    *,
    staff: Reader,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[MailStatus | None, EmptyIsNone, Query()] = None,
    number: PageNumber = 1,
) -> Response:
    """Show one page of mails."""
    return MAILS.draw(request, staff, session, q=q, status=status, sort="-written", number=number)


@router.get("/{mail}", summary="One mail as it was sent")
def mail_page(request: Request, staff: Reader, session: ReadSessionDep, mail: MailId) -> Response:
    """Show headers, text and, in a sandbox of its own, the HTML."""
    return page(request, staff, "mail.html", mail=_mail(session, mail))


@router.get("/{mail}/html", summary="The HTML part of a mail, for its frame")
def mail_html(_staff: Reader, session: ReadSessionDep, mail: MailId) -> Response:
    """Return the HTML part under a policy that lets it do nothing."""
    return HTMLResponse(
        _mail(session, mail).html,
        headers={"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"},
    )


@router.post("/{mail}/resend", summary="Send a mail again")
def resend_mail(request: Request, staff: Sales, mail: MailId, once: Line = "") -> Response:
    """Queue it once more. It keeps its Message-ID, so mail programs see one mail."""

    def work(session: Session) -> None:
        found = resend(session, mail)
        if found is None:
            raise _missing(mail)
        audit.record(
            session,
            actor=staff.actor,
            action="mail.resent",
            object_type="mail",
            object_ref=found.about,
            after={"subject": found.subject, "to": found.to_address},
        )

    new = run_once(request, once, work)
    return see_other(f"/console/mails/{mail}", done="resent" if new else "twice")


def _mail(session: Session, mail_id: int) -> Mail:
    mail = session.get(Mail, mail_id)
    if mail is None:
        raise _missing(mail_id)
    return mail


def _missing(mail_id: int) -> NotFoundError:
    detail = f"there is no mail {mail_id}"
    return NotFoundError(detail)
