"""What people write about films, and the mails that come of it."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.core.email_models import OutboxEmail
from app.notes import service
from app.notes.drafts import NoteDraft
from app.notes.models import EducatorNote
from tests import factories
from tests.emails import text_of
from tests.storefront.visitor import Page, Visitor

BODY = "I showed <b>the first</b> half hour to a class of twenty.\n\nPrepare them for the archive."
NOTE = {
    "name": "Ada Reader",
    "role": "Teaches modern history",
    "institution": "Example College",
    "email": "ada@example.edu",
    "body": BODY,
}


def write(visitor: Visitor, film: Film, path: str = "", **changes: str) -> Page:
    page = visitor.get(path or f"/films/{film.slug}")
    return visitor.send(page.form(f"/films/{film.slug}/notes"), **(NOTE | changes))


def link_in(email: OutboxEmail) -> str:
    found = re.search(r"/notes/confirm\?token=\S+", text_of(email))
    assert found
    return found[0]


def emails(session: Session) -> list[OutboxEmail]:
    # In a session of its own: an open transaction would keep everyone else from writing.
    with Session(session.get_bind(), expire_on_commit=False) as reading:
        found = list(reading.scalars(select(OutboxEmail).order_by(OutboxEmail.id)))
        reading.expunge_all()
    return found


def notes(session: Session) -> list[EducatorNote]:
    with Session(session.get_bind(), expire_on_commit=False) as reading:
        found = list(reading.scalars(select(EducatorNote).order_by(EducatorNote.id)))
        reading.expunge_all()
    return found


def confirmed(session: Session, film: Film, **changes: str) -> EducatorNote:
    """Return a note that waits for staff, made by the services."""
    note = service.submit_note(
        session, film, NoteDraft.model_validate(NOTE | changes), settings=factories.SETTINGS
    )
    mail = session.scalars(select(OutboxEmail).where(OutboxEmail.reference == note.ref)).one()
    return service.confirm_note(session, link_in(mail).partition("=")[2])


def shown(session: Session, film: Film, **changes: str) -> EducatorNote:
    note = confirmed(session, film, **changes)
    service.approve_note(session, note, actor=factories.STAFF, settings=factories.SETTINGS)
    return note
