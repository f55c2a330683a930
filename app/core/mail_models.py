"""The table of mails: written with what causes them, sent later by the worker."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Timestamped


class MailStatus(StrEnum):
    """How far a mail has come."""

    QUEUED = "queued"
    SENT = "sent"
    # The mail server refused it for good, or we gave up. Staff see it and may send it again.
    FAILED = "failed"
    # No mail server is configured: the mail is only to be read in the console.
    KEPT = "kept"


class Mail(Timestamped, Base):
    """One mail to one address. The row is the outbox: it commits with the change it tells of."""

    __tablename__ = "mails"
    # What the worker asks twice a second: which queued mails are due?
    __table_args__ = (Index("ix_mails_due", "status", "next_attempt_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(
        String(200), unique=True, doc="What makes it happen once: `paid:RR-7K3QF9TD`"
    )
    about: Mapped[str] = mapped_column(
        String(100), index=True, doc="The number of the order or license it belongs to"
    )
    to_address: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    unsubscribe_url: Mapped[str] = mapped_column(
        String(500), default="", doc="Where one POST ends mails of this kind; empty for letters"
    )
    message_id: Mapped[str] = mapped_column(
        String(64), doc="Left part of the Message-ID header: the same however often it is sent"
    )
    status: Mapped[MailStatus] = mapped_column(default=MailStatus.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(
        default=clock.now, doc="When the worker shall try; None when it shall not"
    )
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
