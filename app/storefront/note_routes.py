"""Educator notes: submitted on a film's page, confirmed by a link in an email."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.catalog import queries as films
from app.catalog.models import Film
from app.core import throttle
from app.core.app_state import app_state
from app.core.cross_site import allow_other_sites
from app.core.db import ReadSessionDep, SessionDep
from app.core.email_address import format_email_problem
from app.core.email_domains import domain_of, is_free_email
from app.core.errors import InvalidInputError, NotFoundError
from app.core.networks import network_of
from app.core.request_middleware import settings_of
from app.notes import links, queries, service
from app.notes.drafts import MAX_BODY_LENGTH, MIN_BODY_LENGTH, NoteDraft
from app.notes.models import EducatorNote
from app.storefront.forms import FieldsDep
from app.web.rendering import render

router = APIRouter()
HOUR, DAY = 60 * 60, 24 * 60 * 60
# A whole faculty may share one network address.
MAX_NOTES_PER_HOUR, MAX_EMAILS_PER_DAY = 20, 5
PROBLEMS = {
    "body": f"Enter {MIN_BODY_LENGTH} to {MAX_BODY_LENGTH:,} characters of plain text",
    "name": "Enter your name, in up to 120 characters",
    "role": "Enter your role, in up to 120 characters",
    "institution": "Enter the name of your institution, in up to 200 characters",
    "email": "Enter your work email address, like name@college.edu",
}
FREE_MAIL = (
    "Enter your institution's email address, not a personal one. If you don't have one, email {}"
)
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex",
}
Token = Annotated[str, Query(max_length=200)]


@router.get("/films/{slug}/notes")
def write(
    request: Request,
    session: ReadSessionDep,
    slug: str,
    reply_to: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the form on its own page, as for replies."""
    film = films.film_by_slug(session, slug)
    return _form(request, film, _parent_note(session, film, reply_to), {}, {})


@router.post("/films/{slug}/notes")
def send(request: Request, form: FieldsDep, slug: str) -> Response:
    """Save the note until its author confirms it, or show the problems by field."""
    settings = settings_of(request)
    sessions = app_state(request).sessions
    # In a transaction of its own, so that refused notes count too.
    with sessions.begin() as session:
        network = network_of(request)
        throttle.hit(session, "notes from", network, limit=MAX_NOTES_PER_HOUR, seconds=HOUR)
    problems: dict[str, str] = {}
    with sessions.begin() as session:
        film = films.film_by_slug(session, slug)
        answered = _parent_note(session, film, form.get("reply_to", ""))
        try:
            draft = NoteDraft.model_validate({name: form.get(name, "") for name in PROBLEMS})
            address = draft.email.lower()
            throttle.hit(session, "notes of", address, limit=MAX_EMAILS_PER_DAY, seconds=DAY)
            service.submit_note(session, film, draft, settings=settings, reply_to=answered)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]): problem for problem in error.errors()}
            problems = {name: text for name, text in PROBLEMS.items() if name in wrong}
            if "email" in wrong:
                problems["email"] = format_email_problem(wrong["email"], PROBLEMS["email"])
            if "email" not in wrong and is_free_email(domain_of(form.get("email", ""))):
                problems["email"] = FREE_MAIL.format(settings.seller_email)
        except InvalidInputError:
            problems = {"email": FREE_MAIL.format(settings.seller_email)}
    if problems:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _form(request, film, answered, form, problems, status=status)
    return RedirectResponse("/notes/sent", status_code=HTTPStatus.SEE_OTHER)


@router.get("/notes/sent")
def sent(request: Request) -> Response:
    """Confirm that an email was sent."""
    return render(request, "storefront/note_sent.html")


@router.get("/notes/confirm")
def read(request: Request, session: ReadSessionDep, token: Token = "") -> Response:
    """Show the note of a link. Email programs open links too, so this changes nothing."""
    try:
        note = queries.get_note_by_token(session, token)
    except NotFoundError:
        return _private(request, None, status_code=HTTPStatus.NOT_FOUND)
    return _private(request, note, token=token)


@router.post("/notes/confirm")
def confirm(request: Request, session: SessionDep, form: FieldsDep) -> Response:
    """Confirm the note, for review by staff."""
    try:
        note = service.confirm_note(session, form.get("token", ""))
    except NotFoundError:
        return _private(request, None, status_code=HTTPStatus.NOT_FOUND)
    return RedirectResponse(
        f"/notes/confirmed?film={note.film.slug}", status_code=HTTPStatus.SEE_OTHER
    )


@router.get("/notes/confirmed")
def confirmed(
    request: Request,
    session: ReadSessionDep,
    film: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """Thank the author."""
    try:
        about = films.film_by_slug(session, film)
    except NotFoundError:
        about = None
    return render(request, "storefront/note_confirmed.html", film=about)


@router.get("/notes/replies")
def end_page(request: Request, key: Token = "") -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    return _replies_page(request, key, is_done=False)


@router.post("/notes/replies")
@allow_other_sites
def stop_replies(request: Request, session: SessionDep, key: Token = "") -> Response:
    """Stop the emails about replies to a note, for the page and for email programs (RFC 8058).

    The key is the permission, because email programs send no cookies.
    """
    ref = links.verify_note_key(settings_of(request), key)
    if ref is not None:
        service.stop_reply_emails(session, ref)
    return _replies_page(request, key, is_done=True)


def _replies_page(request: Request, key: str, *, is_done: bool) -> Response:
    is_known = links.verify_note_key(settings_of(request), key) is not None
    response = render(
        request,
        "storefront/note_replies.html",
        status_code=HTTPStatus.OK if is_known else HTTPStatus.NOT_FOUND,
        is_known=is_known,
        is_done=is_done,
        key=key,
    )
    response.headers.update(PRIVATE)
    return response


def _parent_note(session: Session, film: Film, ref: str) -> EducatorNote | None:
    return queries.get_published_note(session, film.id, ref) if ref else None


def _form(
    request: Request,
    film: Film,
    answered: EducatorNote | None,
    values: dict[str, str],
    problems: dict[str, str],
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    return render(
        request,
        "storefront/note.html",
        status_code=status,
        film=film,
        answered=answered,
        values=values,
        problems=problems,
        longest=MAX_BODY_LENGTH,
    )


def _private(
    request: Request,
    note: EducatorNote | None,
    *,
    token: str = "",
    status_code: int = HTTPStatus.OK,
) -> Response:
    response = render(
        request, "storefront/note_confirm.html", status_code=status_code, note=note, token=token
    )
    response.headers.update(PRIVATE)
    return response
