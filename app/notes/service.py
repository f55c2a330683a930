"""Everything that changes notes. What becomes public, or stops being so, bumps the revision."""

from datetime import timedelta

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from app.accounts import audit
from app.accounts.actors import Actor, ActorKind
from app.accounts.transitions import transition
from app.catalog import public_revision
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.email_domains import domain_of, is_free_email, is_institutional
from app.core.email_models import OutboxEmail
from app.core.errors import FieldProblem, InvalidInputError
from app.core.numbers import new_number, new_token
from app.notes import emails, queries
from app.notes.drafts import NoteDraft
from app.notes.models import EducatorNote
from app.notes.states import NOTE_TRANSITIONS, AddressKind, NoteStatus
from app.orders.models import Order
from app.orders.states import PaymentState

CONFIRM_WITHIN = timedelta(days=3)
# How long what is not shown is kept: a decision may be a mistake.
UNPUBLISHED_RETENTION = timedelta(days=30)
UNSHOWN = (NoteStatus.REJECTED, NoteStatus.REMOVED)


def submit_note(
    session: Session,
    film: Film,
    draft: NoteDraft,
    *,
    settings: Settings,
    reply_to: EducatorNote | None = None,
) -> EducatorNote:
    """Keep a note that is not confirmed, and email its writer the link that does it.

    The same note sent again within those days is the one that we have: no second email.

    Raises:
        InvalidInputError: the address is of a free email host.
    """
    kind = _address_kind(session, draft.email)
    same = session.scalar(
        select(EducatorNote).where(
            EducatorNote.film_id == film.id,
            EducatorNote.email == draft.email,
            EducatorNote.body == draft.body,
            EducatorNote.reply_to_id == (reply_to.id if reply_to else None),
            EducatorNote.confirm_until > clock.now(),
        )
    )
    if same is not None:
        return same
    token = new_token()
    note = EducatorNote(
        ref=new_number("EN"),
        film_id=film.id,
        film=film,
        reply_to_id=reply_to.id if reply_to else None,
        **draft.model_dump(),
        address_kind=kind,
        status=NoteStatus.UNCONFIRMED,
        confirm_hash=queries.hash_token(token),
        confirm_until=clock.now() + CONFIRM_WITHIN,
    )
    session.add(note)
    session.flush()
    emails.queue_confirmation(session, note, token, settings)
    return note


def confirm_note(session: Session, token: str) -> EducatorNote:
    """Take a note as its writer's own: from now on it waits for staff.

    Raises:
        NotFoundError: the link was used, is too old, or never was.
    """
    note = queries.get_note_by_token(session, token, for_change=True)
    note.confirm_hash = None
    note.confirm_until = None
    note.status = NoteStatus.PENDING
    session.flush()
    audit.record(
        session,
        actor=author_reference(note),
        action="note.status.pending",
        object_type="note",
        object_ref=note.ref,
        before={"status": NoteStatus.UNCONFIRMED},
        after={"status": NoteStatus.PENDING},
    )
    return note


def approve_note(session: Session, note: EducatorNote, *, actor: Actor, settings: Settings) -> bool:
    """Show a note. Email its author, and for a reply the author of the note it answers.

    Return False if it was shown already.

    Raises:
        InvalidTransitionError: nobody has confirmed it.
    """
    if not _decide(session, note, NoteStatus.APPROVED, actor=actor, reason=""):
        return False
    emails.queue_published(session, note, settings)
    if note.reply_to_id is not None:
        # Read again: the session may have loaded it without its film.
        answered = session.get_one(
            EducatorNote,
            note.reply_to_id,
            options=[joinedload(EducatorNote.film)],
            populate_existing=True,
        )
        if answered.status is NoteStatus.APPROVED:
            emails.queue_reply_notice(session, answered, note, settings)
    public_revision.bump(session)
    return True


def reject_note(
    session: Session, note: EducatorNote, *, actor: Actor, reason: str, settings: Settings
) -> bool:
    """Do not show a note; its writer is told why. Return False if that was decided before.

    Raises:
        InvalidTransitionError: it does not wait.
    """
    if not _decide(session, note, NoteStatus.REJECTED, actor=actor, reason=reason):
        return False
    emails.queue_rejection(session, note, reason, settings)
    return True


def unpublish_note(session: Session, note: EducatorNote, *, actor: Actor, reason: str) -> bool:
    """Take a note, and the replies to it, off the page. Return False if it was off.

    Raises:
        InvalidTransitionError: it was never shown.
    """
    if not _decide(session, note, NoteStatus.REMOVED, actor=actor, reason=reason):
        return False
    public_revision.bump(session)
    return True


def reply_as_staff(
    session: Session, note: EducatorNote, *, body: str, name: str, settings: Settings, actor: Actor
) -> EducatorNote:
    """Answer a note that is shown, for the store; the reply is shown at once, its writer told.

    Raises:
        InvalidInputError: it is not shown, or is a reply itself.
    """
    if note.status is not NoteStatus.APPROVED or note.reply_to_id is not None:
        problem = FieldProblem("#/reply", "You can reply only to a published note, not to a reply.")
        raise InvalidInputError.of(problem)
    reply = EducatorNote(
        ref=new_number("EN"),
        film_id=note.film_id,
        reply_to_id=note.id,
        name=name[:120],
        role="Staff",
        institution=settings.seller_name,
        email=None,
        address_kind=AddressKind.STAFF,
        body=body,
        status=NoteStatus.APPROVED,
        decided_at=clock.now(),
    )
    session.add(reply)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="note.replied",
        object_type="note",
        object_ref=note.ref,
        after={"reply": reply.ref},
    )
    emails.queue_reply_notice(session, note, reply, settings)
    public_revision.bump(session)
    return reply


def stop_reply_emails(session: Session, ref: str) -> None:
    """Tell the writer of a note of no more replies; done twice it is the same."""
    session.execute(
        update(EducatorNote)
        .where(EducatorNote.ref == ref, EducatorNote.reply_emails_stopped_at.is_(None))
        .values(reply_emails_stopped_at=clock.now())
    )


def delete_expired(session: Session) -> int:
    """Delete what nobody confirmed in time, and what has not been shown for thirty days.

    Their emails go with them. Return how many notes went.
    """
    now = clock.now()
    old = select(EducatorNote.ref).where(
        or_(
            EducatorNote.confirm_until <= now,
            EducatorNote.status.in_(UNSHOWN)
            & (EducatorNote.decided_at <= now - UNPUBLISHED_RETENTION),
        )
    )
    refs = list(session.scalars(old))
    # A note and the replies to it go together; their emails are told apart by the note's number.
    replies = select(EducatorNote.id).where(EducatorNote.ref.in_(refs))
    refs += session.scalars(select(EducatorNote.ref).where(EducatorNote.reply_to_id.in_(replies)))
    session.execute(delete(OutboxEmail).where(OutboxEmail.reference.in_(refs)))
    session.execute(
        delete(EducatorNote)
        .where(EducatorNote.ref.in_(refs))
        .execution_options(synchronize_session=False)
    )
    return len(refs)


def author_reference(note: EducatorNote) -> Actor:
    """Name the writer as the audit log may: it is never deleted, so without name and address."""
    return Actor(ActorKind.GUEST, note.ref, "The note's author")


def _decide(
    session: Session, note: EducatorNote, status: NoteStatus, *, actor: Actor, reason: str
) -> bool:
    moved = transition(
        session,
        note,
        "status",
        status,
        table=NOTE_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="note",
        object_ref=note.ref,
    )
    if moved:
        note.decided_at = clock.now()
        session.flush()
    return moved


def _address_kind(session: Session, email: str) -> AddressKind:
    domain = domain_of(email)
    if is_free_email(domain):
        problem = FieldProblem("#/email", "Enter your institution's email address.")
        raise InvalidInputError.of(problem)
    if is_institutional(domain):
        return AddressKind.INSTITUTION
    of_customer = exists().where(
        func.lower(Order.email).endswith(f"@{domain}", autoescape=True),
        Order.payment_state == PaymentState.PAID,
    )
    return AddressKind.CUSTOMER if session.scalar(select(of_customer)) else AddressKind.UNKNOWN
