"""Requests for films: asked for by teachers, decided by their librarians."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.email_address import Email
from app.core.email_content import SenderFacts
from app.core.email_outbox import queue_email
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_number, new_token
from app.institutions.attachment import find_institution
from app.institutions.member_models import Member, MemberRole
from app.institutions.models import Institution
from app.licenses.models import License
from app.licenses.queries import has_status
from app.licenses.states import LicenseStatus
from app.orders.drafts import Line
from app.portal.film_request_emails import (
    FilmRequestAccepted,
    FilmRequestConfirmation,
    FilmRequestDeclined,
    FilmRequested,
    NoLibraryKnown,
)
from app.portal.models import FILM_REQUEST_TRANSITIONS, FilmRequest, FilmRequestState
from app.portal.visibility import visible_licenses

CONFIRM_WITHIN = timedelta(days=3)
MAX_NOTE_LENGTH = 1000
MAX_LIBRARIANS = 10


class FilmRequestDraft(BaseModel):
    """A request as it was typed, checked field by field."""

    model_config = ConfigDict(frozen=True)

    email: Email
    name: Line = Field(max_length=120)
    needed_on: date | None
    note: str = Field(max_length=MAX_NOTE_LENGTH)


def ask_for_film(
    session: Session, film: Film, draft: FilmRequestDraft, member: Member | None, settings: Settings
) -> None:
    """Send the request to the librarians, or first a link that confirms it to the requester.

    A signed-in person needs no link. If no librarian is known, only an email to the requester
    says so: a page would tell strangers who our customers are.
    """
    email = member.email if member is not None else draft.email.lower()
    institution = member.institution if member else find_institution(session, email)
    store = SenderFacts.of(settings)
    if institution is None or not find_librarians(session, institution.id):
        url = settings.url(f"/films/{film.slug}")
        unknown = NoLibraryKnown(store=store, film_title=film.title, url=url)
        queue_email(session, unknown, once=new_token(), reference="film request", to=email)
        return
    token = new_token()
    request = FilmRequest(
        ref=new_number("FR"),
        institution_id=institution.id,
        film_id=film.id,
        film=film,
        **draft.model_dump(exclude={"email"}),
        email=email,
        state=FilmRequestState.OPEN if member else FilmRequestState.UNCONFIRMED,
        confirm_hash=None if member else _hash(token),
        confirm_until=None if member else clock.now() + CONFIRM_WITHIN,
    )
    session.add(request)
    session.flush()
    if member is not None:
        _record_open(session, request, member.actor, settings)
        return
    url = settings.url(f"/film-requests/confirm?token={token}")
    confirmation = FilmRequestConfirmation(store=store, film_title=film.title, url=url)
    queue_email(session, confirmation, once=request.ref, reference=request.ref, to=email)


def get_unconfirmed(session: Session, token: str) -> FilmRequest:
    """Return the request that a confirming link is of.

    Raises:
        NotFoundError: the link was used, is too old, or never was one.
    """
    request = session.scalar(
        select(FilmRequest).where(
            FilmRequest.confirm_hash == _hash(token), FilmRequest.confirm_until > clock.now()
        )
    )
    if request is None:
        detail = "This link has expired or was already used. Ask for the film again."
        raise NotFoundError(detail)
    return request


def confirm_request(session: Session, token: str, settings: Settings) -> FilmRequest:
    """Send a request on to the librarians.

    Raises:
        NotFoundError: the link was used, is too old, or never was one.
    """
    request = get_unconfirmed(session, token)
    session.refresh(request, with_for_update={"of": FilmRequest})
    if request.confirm_hash is None:  # confirmed by a concurrent request
        return request
    request.state = FilmRequestState.OPEN
    request.confirm_hash = None
    request.confirm_until = None
    session.flush()
    _record_open(session, request, Actor.guest(request.email), settings)
    return request


def find_requests(session: Session, member: Member, *, limit: int) -> Sequence[FilmRequest]:
    """Return the newest requests that the person may see, those to decide first."""
    return session.scalars(
        select(FilmRequest)
        .where(_visible(member), FilmRequest.state != FilmRequestState.UNCONFIRMED)
        .order_by(FilmRequest.state != FilmRequestState.OPEN, FilmRequest.id.desc())
        .limit(limit)
    ).all()


def count_open(session: Session, member: Member) -> int:
    """Return how many requests wait for the person's decision."""
    if not can_decide(member):
        return 0
    waiting = (_visible(member), FilmRequest.state == FilmRequestState.OPEN)
    return session.scalar(select(func.count()).select_from(FilmRequest).where(*waiting)) or 0


def get_request(session: Session, member: Member, ref: str) -> FilmRequest:
    """Return a request that the person may see.

    Raises:
        NotFoundError: there is none.
    """
    request = session.scalar(
        select(FilmRequest).where(
            _visible(member),
            FilmRequest.ref == ref,
            FilmRequest.state != FilmRequestState.UNCONFIRMED,
        )
    )
    if request is None:
        detail = f"Request “{ref[:40]}” not found."
        raise NotFoundError(detail)
    return request


def can_decide(member: Member) -> bool:
    """Return whether the person decides requests of their institution."""
    return member.institution_id is not None and member.has_role(MemberRole.LIBRARIAN)


def accept_request(
    session: Session, request: FilmRequest, member: Member, settings: Settings
) -> bool:
    """Record that the library buys the film, and tell the requester. False: it was recorded.

    Raises:
        NotFoundError: the person decides no requests.
    """
    if not _decide(session, request, member, FilmRequestState.ACCEPTED, reason=""):
        return False
    accepted = FilmRequestAccepted(
        store=SenderFacts.of(settings),
        film_title=request.film.title,
        url=settings.url(f"/films/{request.film.slug}"),
        librarian=member.label,
    )
    queue_email(session, accepted, once=request.ref, reference=request.ref, to=request.email)
    return True


def decline_request(
    session: Session, request: FilmRequest, member: Member, *, reason: str, settings: Settings
) -> bool:
    """Decline a request, and tell the requester why. False: it was declined before.

    Raises:
        InvalidInputError: there is no reason, or it is too long.
        InvalidTransitionError: it was accepted.
        NotFoundError: the person decides no requests.
    """
    if not reason or len(reason) > MAX_NOTE_LENGTH:
        detail = f"Enter a reason of up to {MAX_NOTE_LENGTH:,} characters. The requester reads it."
        raise InvalidInputError.of(FieldProblem("#/reason", detail))
    if not _decide(session, request, member, FilmRequestState.DECLINED, reason=reason):
        return False
    declined = FilmRequestDeclined(
        store=SenderFacts.of(settings),
        film_title=request.film.title,
        url=settings.url(f"/films/{request.film.slug}"),
        librarian=member.label,
        reason=reason,
    )
    queue_email(session, declined, once=request.ref, reference=request.ref, to=request.email)
    return True


def find_held_licenses(session: Session, member: Member, film_id: int) -> Sequence[License]:
    """Return the active licenses of a film that the person's institution holds."""
    return session.scalars(
        select(License)
        .where(
            visible_licenses(member), License.film_id == film_id, has_status(LicenseStatus.ACTIVE)
        )
        .order_by(License.id)
        .limit(MAX_LIBRARIANS)
    ).all()


def find_librarians(session: Session, institution_id: int) -> list[Member]:
    """Return the librarians of an institution, those who joined first first."""
    members = session.scalars(
        select(Member)
        .where(Member.institution_id == institution_id, Member.active.is_(True))
        .order_by(Member.id)
    )
    return [member for member in members if member.has_role(MemberRole.LIBRARIAN)][:MAX_LIBRARIANS]


def delete_unconfirmed(session: Session) -> None:
    """Delete requests that were not confirmed in time."""
    session.execute(delete(FilmRequest).where(FilmRequest.confirm_until <= clock.now()))


def institution_of(session: Session, request: FilmRequest) -> Institution:
    """Return the institution of a request."""
    return session.get_one(Institution, request.institution_id)


def _visible(member: Member) -> ColumnElement[bool]:
    if can_decide(member):
        return FilmRequest.institution_id == member.institution_id
    own = FilmRequest.email == member.email
    if member.institution_id is None:
        return own
    # What a person asked at an institution that they left stays there, as orders do.
    return and_(own, FilmRequest.institution_id == member.institution_id)


def _decide(
    session: Session, request: FilmRequest, member: Member, state: FilmRequestState, *, reason: str
) -> bool:
    if not can_decide(member) or request.institution_id != member.institution_id:
        detail = f"Request “{request.ref}” not found."
        raise NotFoundError(detail)
    moved = transition(
        session,
        request,
        "state",
        state,
        table=FILM_REQUEST_TRANSITIONS,
        actor=member.actor,
        reason=reason,
        object_type="film request",
        object_ref=request.ref,
    )
    if moved:
        request.reason = reason
        request.decided_by = member.email
        request.decided_at = clock.now()
        session.flush()
    return moved


def _record_open(session: Session, request: FilmRequest, actor: Actor, settings: Settings) -> None:
    audit.record_action(session, "film request", request.ref, "asked", actor)
    requested = FilmRequested(
        store=SenderFacts.of(settings),
        film_title=request.film.title,
        url=settings.url(f"/account/requests/{request.ref}"),
        name=f"{request.name}, {request.email}",
        needed_on=request.needed_on,
        note=request.note,
    )
    for librarian in find_librarians(session, request.institution_id):
        once = f"{request.ref}:{librarian.ref}"
        queue_email(session, requested, once=once, reference=request.ref, to=librarian.email)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
