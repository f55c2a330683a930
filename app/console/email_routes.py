"""Emails: the list, the page of one, and resending."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.console.access import OrderReader, Sales
from app.console.fields import EmptyIsNone, Line, PageNumber, Search
from app.console.forms.submission import run_once
from app.console.lists import Listing
from app.console.pages import draw_page, see_other
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.email_content import EmailBody
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.email_outbox import read_email, resend_email
from app.core.errors import NotFoundError
from app.core.request_middleware import SettingsDep, settings_of
from app.email_kinds import EMAIL_KINDS

router = APIRouter()
EmailId = Annotated[int, Path(ge=1, le=2**31 - 1)]

# An email may only use inline styles. The sandbox gives the document another origin, in case it
# quotes hostile markup.
EMAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


EMAILS = Listing(
    "emails.html",
    select(
        OutboxEmail.id,
        OutboxEmail.reference,
        OutboxEmail.to_address,
        OutboxEmail.subject,
        OutboxEmail.status,
        OutboxEmail.created_at,
    ),
    unique=OutboxEmail.id,
    state=OutboxEmail.status,
    sorts={"written": OutboxEmail.created_at},
    begins=(OutboxEmail.reference,),
    contains=(OutboxEmail.to_address, OutboxEmail.subject),
)


@router.get("/emails", summary="Emails, newest first")
def email_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[EmailStatus | None, EmptyIsNone, Query()] = None,
    number: PageNumber = 1,
) -> Response:
    """Show one page of emails."""
    return EMAILS.draw(request, staff, session, q=q, status=status, sort="-written", number=number)


@router.get("/emails/{email_id}", summary="One email as sent")
def email_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, email_id: EmailId
) -> Response:
    """Show headers, text, and the HTML in a sandboxed frame."""
    email = _get_email(session, email_id)
    body, reason = _read(email, settings_of(request))
    return draw_page(request, staff, "email.html", email=email, body=body, reason=reason)


@router.get("/emails/{email_id}/html", summary="The HTML part of an email")
def email_html(
    _staff: OrderReader, session: ReadSessionDep, settings: SettingsDep, email_id: EmailId
) -> Response:
    """Return the HTML part with a policy that blocks everything active."""
    body, reason = _read(_get_email(session, email_id), settings)
    if body is None:
        raise NotFoundError(reason)
    return HTMLResponse(
        body.html, headers={"Content-Security-Policy": EMAIL_POLICY, "Cache-Control": "no-store"}
    )


@router.post("/emails/{email_id}/resend", summary="Resend an email")
def resend(request: Request, staff: Sales, email_id: EmailId, once: Line = "") -> Response:
    """Queue an email again with the same Message-ID, so that mail programs show it once."""

    def work(session: Session) -> None:
        email = resend_email(session, email_id)
        if email is None:
            raise _missing(email_id)
        audit.record(
            session,
            actor=staff.actor,
            action="email.resent",
            object_type="email",
            object_ref=email.reference,
            after={"subject": email.subject, "to": email.to_address},
        )

    new = run_once(request, once, work)
    return see_other(f"/console/emails/{email_id}", done="resent" if new else "twice")


@router.get("/mails", summary="The former address of the list")
def old_list(request: Request, _staff: OrderReader) -> Response:
    """Redirect old bookmarks to the list."""
    url = request.url.replace(path="/console/emails")
    return RedirectResponse(url, status_code=HTTPStatus.PERMANENT_REDIRECT)


@router.get("/mails/{email_id}", summary="The former address of an email")
def old_page(_staff: OrderReader, email_id: EmailId) -> Response:
    """Redirect old bookmarks to the email."""
    url = f"/console/emails/{email_id}"
    return RedirectResponse(url, status_code=HTTPStatus.PERMANENT_REDIRECT)


def _read(email: OutboxEmail, settings: Settings) -> tuple[EmailBody | None, str]:
    """Return the content of the email, or the reason why it can't be displayed.

    Staff could use a link that signs in. A store without an email server needs it, though.
    """
    kind = EMAIL_KINDS.get(email.kind)
    if kind is not None and kind.is_secret and settings.environment == "production":
        return None, "This email holds a secret of its recipient, so it is not displayed."
    try:
        return read_email(email, EMAIL_KINDS), ""
    except Exception as error:  # noqa: BLE001 - whatever it is, staff look here for the reason
        return None, f"This email can't be displayed. {type(error).__name__}: {error}"


def _get_email(session: Session, email_id: int) -> OutboxEmail:
    email = session.get(OutboxEmail, email_id)
    if email is None:
        raise _missing(email_id)
    return email


def _missing(email_id: int) -> NotFoundError:
    detail = f"Email {email_id} not found."
    return NotFoundError(detail)
