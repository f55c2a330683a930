"""The table of educators' notes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Film
from app.core.db import Base, Timestamped
from app.notes.states import AddressKind, NoteStatus


class EducatorNote(Timestamped, Base):
    """What someone who teaches with a film wrote about it, or a reply to that."""

    __tablename__ = "educator_notes"
    __table_args__ = (
        CheckConstraint(
            "(status = 'unconfirmed') = (confirm_hash IS NOT NULL)", name="token_until_confirmed"
        ),
        Index("ix_educator_notes_film_id_status", "film_id", "status"),
        Index("ix_educator_notes_status_id", "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(20), unique=True, doc="EN-..., public")
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id", ondelete="CASCADE"))
    reply_to_id: Mapped[int | None] = mapped_column(
        ForeignKey("educator_notes.id", ondelete="CASCADE"),
        index=True,
        doc="The note that it answers, which is no reply itself",
    )
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(120), doc="What they teach, or do there")
    institution: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(
        String(254), index=True, doc="Never shown; forgotten once there is no more use for it"
    )
    address_kind: Mapped[AddressKind]
    body: Mapped[str] = mapped_column(Text, doc="Plain text")
    status: Mapped[NoteStatus] = mapped_column(default=NoteStatus.UNCONFIRMED)
    confirm_hash: Mapped[str | None] = mapped_column(String(64), unique=True, doc="SHA-256")
    confirm_until: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    reply_emails_stopped_at: Mapped[datetime | None] = mapped_column(
        doc="When its writer wanted no more emails about replies; null: they are wanted"
    )

    film: Mapped[Film] = relationship(lazy="raise")
    reply_to: Mapped["EducatorNote | None"] = relationship(
        remote_side="EducatorNote.id", lazy="raise"
    )

    @property
    def is_flagged(self) -> bool:
        """Whether nothing but the writer says that the address is an institution's."""
        return self.address_kind is AddressKind.UNKNOWN
