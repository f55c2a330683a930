"""Mail: queued in the transaction that causes it, sent over SMTP by the worker."""

import logging
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import insert_ignore
from app.core.mail_models import Mail, MailStatus
from app.core.numbers import new_token

log = logging.getLogger(__name__)


def queue(
    session: Session, *, key: str, about: str, to: str, subject: str, text: str, html: str
) -> None:
    """Queue one mail, once per ``key``; another call with the same key does nothing.

    ``about`` is the number of the order or license whose page lists it. The mail leaves only if
    the caller's transaction commits.
    """
    queued = insert_ignore(
        session,
        Mail,
        {
            "key": key,
            "about": about,
            "to_address": to,
            "subject": subject,
            "text": text,
            "html": html,
            "message_id": f"<{new_token()}@mail.reelright>",
        },
        index_elements=["key"],
    )
    if queued:
        log.info("mail.queued", extra={"key": key, "about": about})


def mails_about(session: Session, about: str) -> Sequence[Mail]:
    """Return every mail about an order or license, oldest first."""
    return session.scalars(select(Mail).where(Mail.about == about).order_by(Mail.id)).all()


def resend(session: Session, mail_id: int) -> Mail | None:
    """Queue a mail to be sent once more, under the same Message-ID. None: there is no such mail."""
    mail = session.get(Mail, mail_id)
    if mail is not None:
        mail.status = MailStatus.QUEUED
        mail.attempts = 0
        mail.next_attempt_at = clock.now()
        mail.last_error = None
    return mail
