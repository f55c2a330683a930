"""The table of files. It knows a film by its key only: the catalog's models look down here."""

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalog.file_enums import FileKind, FileState
from app.catalog.served_images import ServedImage
from app.core.db import Base, Timestamped
from app.core.numbers import ALPHABET

REF_LENGTH = 10


def new_ref() -> str:
    """Return a random public name of a file, in lower case: fifty bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(REF_LENGTH)).lower()


class FilmFile(Timestamped, Base):
    """One file that staff gave us for a film. A row is never deleted: what was shown is known.

    Its bytes are in the storage under names made of ``sha256``: the hash of the bytes we keep,
    which for a picture are not those that came, but what was left when it was cleaned.
    """

    __tablename__ = "film_files"
    __table_args__ = (
        Index("ix_film_files_film_id_position", "film_id", "position"),
        Index("ix_film_files_state_next_attempt_at", "state", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(REF_LENGTH), unique=True, default=new_ref)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"))
    kind: Mapped[FileKind]
    state: Mapped[FileState]
    position: Mapped[int] = mapped_column(doc="Its place among the film's files of its kind")
    title: Mapped[str] = mapped_column(String(300), default="")
    alt: Mapped[str] = mapped_column(String(500), default="", doc="What a picture shows, in words")
    credit: Mapped[str] = mapped_column(String(200), default="", doc="Photo: Ada Example")
    language: Mapped[str | None] = mapped_column(String(3), doc="ISO 639-3")
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(doc="Of what we keep, without a picture's sizes")
    width: Mapped[int | None] = mapped_column(doc="Pixels")
    height: Mapped[int | None] = mapped_column(doc="Pixels")
    pages: Mapped[int | None] = mapped_column(doc="Of a PDF")
    original_name: Mapped[str] = mapped_column(String(200), doc="What the sender called it")
    replaces_id: Mapped[int | None] = mapped_column(
        ForeignKey("film_files.id", ondelete="SET NULL"),
        doc="The file that leaves when this one is ready",
    )
    withdrawn_at: Mapped[datetime | None] = mapped_column(doc="Since when it is not shown")
    attempts: Mapped[int] = mapped_column(default=0, doc="To make its sizes")
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)

    @property
    def is_withdrawn(self) -> bool:
        """Whether staff took it away."""
        return self.withdrawn_at is not None

    @property
    def picture(self) -> ServedImage:
        """What a page needs to show it, if it is a picture."""
        return ServedImage(self.kind, self.sha256, self.width or 0, self.height or 0, self.alt)

    @property
    def path(self) -> str:
        """The address of a paper, or of a picture in its largest size as JPEG."""
        return self.picture.path if self.kind.is_image else f"/files/{self.sha256}/{self.file_name}"

    @property
    def file_name(self) -> str:
        """The name under which a paper is saved: ``press-kit.pdf``."""
        return f"{self.kind.value.replace('_', '-')}.pdf"
