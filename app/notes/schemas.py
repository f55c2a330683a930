"""What the API gives of notes: what the film's page shows, and no email address."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.notes.models import EducatorNote
from app.notes.queries import Thread
from app.notes.states import AddressKind


class ReplyOut(BaseModel):
    """A note, or a reply to one, as its writer signed it."""

    number: str = Field(
        examples=["EN-4Q7TZ2KM"], description="On the film's page: `#note-{number}`"
    )
    name: str = Field(examples=["Ada Reader"])
    role: str = Field(examples=["Teaches modern history"])
    institution: str = Field(examples=["Example College"])
    is_from_us: bool = Field(description="Written by store staff")
    body: str = Field(description="Plain text; blank lines separate paragraphs")
    written_at: datetime

    @classmethod
    def fields_of(cls, note: EducatorNote) -> dict[str, object]:
        """Return what is public of a note."""
        return {
            "number": note.ref,
            "name": note.name,
            "role": note.role,
            "institution": note.institution,
            "is_from_us": note.address_kind is AddressKind.STAFF,
            "body": note.body,
            "written_at": note.created_at,
        }


class NoteOut(ReplyOut):
    """A note that is shown, with the replies that are, oldest first."""

    replies: list[ReplyOut]

    @classmethod
    def of(cls, thread: Thread) -> Self:
        """Return a thread in its API shape."""
        replies = [ReplyOut.model_validate(cls.fields_of(reply)) for reply in thread.replies]
        return cls.model_validate(cls.fields_of(thread.note) | {"replies": replies})
