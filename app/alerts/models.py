"""Tables of saved searches: who reads, and what they want to hear of. Nothing else is known."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Timestamped


class AlertSubscriber(Timestamped, Base):
    """One address. It gets one email a week at most, of all its searches together."""

    __tablename__ = "alert_subscribers"

    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(
        String(32), unique=True, doc="Names the reader in links; no secret by itself"
    )
    email: Mapped[str] = mapped_column(String(254), unique=True, doc="In small letters")
    paused_at: Mapped[datetime | None] = mapped_column(doc="Null: emails are wanted")
    last_digest_at: Mapped[datetime | None] = mapped_column(
        doc="When we last looked for this reader, whether there was anything or not"
    )
    next_digest_at: Mapped[datetime | None] = mapped_column(
        index=True, doc="When to look again; null while no search is confirmed"
    )
    searches: Mapped[list["SavedSearch"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="SavedSearch.id"
    )


class SavedSearch(Timestamped, Base):
    """One search. It counts once its link was followed, and is forgotten if it never is."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("reader_id", "query"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("alert_subscribers.id", ondelete="CASCADE"))
    query: Mapped[str] = mapped_column(
        String(1000), doc="The address of the list behind its question mark, in one order"
    )
    words: Mapped[str] = mapped_column(String(300), doc="What it looks for, as people read it")
    confirm_hash: Mapped[str | None] = mapped_column(
        String(64), unique=True, doc="SHA-256 of the token in the confirming link"
    )
    confirm_expires_at: Mapped[datetime | None] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
    seen_until: Mapped[datetime | None] = mapped_column(
        doc="Films that came up to then were told, or were there before"
    )
