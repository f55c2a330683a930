"""The outbox of emails: rows written with what causes them, sent later by the worker."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Timestamped


class EmailStatus(StrEnum):
    """How far an email has come."""

    QUEUED = "queued"
    SENT = "sent"
    # The mail server rejected it for good, or we gave up. Staff see it and may send it again.
    FAILED = "failed"
    # No mail server is configured: the email can only be read in the console.
    NOT_SENT = "not_sent"


class OutboxEmail(Timestamped, Base):
    """One email to one address. It commits with the change that it is about.

    The row says what the email is about; the worker writes the text. What a mail server accepted
    is stored, so that staff read, and send again, what the recipient got.
    """

    __tablename__ = "outbox_emails"
    # What the worker asks twice a second: which queued emails are due?
    __table_args__ = (Index("ix_outbox_emails_due", "status", "next_attempt_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(
        String(200), unique=True, doc="The kind, and what makes it happen once: `paid:RR-7K3QF9TD`"
    )
    kind: Mapped[str] = mapped_column(String(50), doc="Which facts it has, and what it says")
    reference: Mapped[str] = mapped_column(
        String(100), index=True, doc="The number of the order, note or alert it belongs to"
    )
    to_address: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    facts: Mapped[dict[str, Any]] = mapped_column(
        JSON, doc="What was true when it was queued; its text and HTML are made from them"
    )
    message_id: Mapped[str] = mapped_column(
        String(64), doc="Left part of the Message-ID header: the same however often it is sent"
    )
    message: Mapped[bytes | None] = mapped_column(
        LargeBinary, doc="What a mail server accepted, to the byte; None before that"
    )
    status: Mapped[EmailStatus] = mapped_column(default=EmailStatus.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(
        default=clock.now, doc="When the worker tries next; None when it does not"
    )
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(Text, default=None)
