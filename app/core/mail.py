"""Mail: queued in the transaction that causes it, sent over SMTP by the worker."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.due import Agenda
from app.core.email_address import parse_email
from app.core.mail_models import Mail, MailStatus
from app.core.numbers import new_token
from app.core.smtp import MailDelayedError, MailRefusedError, MailServer

log = logging.getLogger(__name__)

# How long to wait after each failure; after the last, days later, the mail has failed.
BACKOFF = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 5, 15, 60, 2 * 60, 4 * 60, 8 * 60, 12 * 60, 24 * 60, 24 * 60)
)
# Longer than it takes to send as many as are held at once by a mail server that makes us wait for
# each of its answers, so that two workers never send the same one.
AGENDA = Agenda(
    key=Mail.id,
    due_at=Mail.next_attempt_at,
    is_due=lambda at: and_(Mail.status == MailStatus.QUEUED, Mail.next_attempt_at <= at),
    lease=timedelta(minutes=15),
    most=16,
)
# So that no encoded word is longer than 75 characters (RFC 2047, 2).
MAX_HEADER_LINE = 76


class _HeaderPolicy(EmailPolicy):
    """Folds headers as the standard does, where the library does not.

    Addresses of pages stay whole: folded they would be encoded, and mail programs look for them as
    they are. Text beyond ASCII becomes encoded words that lose no space between them.
    """

    def fold(self, name: str, value: Any) -> str:  # noqa: ANN401 - as the library has it
        """Return the header as it is sent."""
        if name.lower().startswith("list-unsubscribe"):
            return f"{name}: {value}{self.linesep}"
        if str(value).isascii() or name not in {"Subject", "From"}:
            return str(super().fold(name, value))
        if name == "Subject":
            return f"{name}: {_encoded(str(value), name)}{self.linesep}"
        sender = value.addresses[0]
        words = _encoded(sender.display_name, name)
        return f"{name}: {words}{self.linesep} <{sender.addr_spec}>{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:  # noqa: ANN401
        """Return the header as it is sent, as bytes."""
        return self.fold(name, value).encode("utf-8", "surrogateescape")


def _encoded(text: str, name: str) -> str:
    header = Header(text, "utf-8", header_name=name, maxlinelen=MAX_HEADER_LINE)
    return header.encode(linesep="\r\n")


_POLICY = _HeaderPolicy(linesep="\r\n", max_line_length=MAX_HEADER_LINE)


def queue(
    session: Session,
    *,
    key: str,
    about: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    unsubscribe_url: str = "",
    delay: timedelta = timedelta(0),
) -> None:
    """Queue one mail, once per ``key``; another call with the same key does nothing.

    ``about`` is the number of the order or license whose page lists it. A mail that comes again
    and again has an ``unsubscribe_url``, which takes a POST by itself. The mail leaves only if the
    caller's transaction commits, and only after ``delay``: until then ``drop`` takes it back.
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
            "unsubscribe_url": unsubscribe_url,
            "message_id": new_token(),
            "next_attempt_at": clock.now() + delay,
        },
        index_elements=["key"],
    )
    if queued:
        log.info("mail.queued", extra={"key": key, "about": about})


def drop(session: Session, key: str) -> bool:
    """Take back a mail whose delay is not over, since another says it all. Return whether it was.

    One that a worker has begun to send, or sent, stays.
    """
    row = session.scalar(
        select(Mail).where(Mail.key == key, Mail.status == MailStatus.QUEUED).with_for_update()
    )
    if row is None or row.attempts or row.next_attempt_at is None:
        return False
    # A worker that holds it has moved its time on by more than any delay.
    is_waiting = clock.now() < row.next_attempt_at < row.created_at + AGENDA.lease
    if is_waiting:
        session.delete(row)
        session.flush()
    return is_waiting


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


def deliver(sessions: sessionmaker[Session], settings: Settings, *, mail_id: int) -> MailStatus:
    """Send one mail if it still waits, and note how that went. Return how far it has come.

    Without a mail server it is kept, to be read in the console. A crash between the mail server's
    yes and our note of it sends the mail again, under the same Message-ID, so that it is the same
    mail wherever it arrives.
    """
    with sessions() as session:
        mail = session.get(Mail, mail_id)
    if mail is None or mail.status is not MailStatus.QUEUED:
        return mail.status if mail is not None else MailStatus.KEPT  # taken back as it fell due
    url = settings.smtp_url.get_secret_value()
    if not url:
        return _note(sessions, mail, status=MailStatus.KEPT)
    try:
        message = compose(mail, settings)
    except (ValueError, IndexError) as error:
        # A header that cannot be written, such as an address with a line break in it.
        return _note(sessions, mail, status=MailStatus.FAILED, error=f"not a mail: {error}")
    try:
        server = MailServer.parse(url, allow_plaintext=settings.smtp_allow_plaintext)
        server.send(message)
    except MailRefusedError as error:
        return _note(sessions, mail, status=MailStatus.FAILED, error=str(error))
    except (MailDelayedError, ValueError) as error:
        return _note(sessions, mail, status=MailStatus.QUEUED, error=str(error))
    return _note(sessions, mail, status=MailStatus.SENT)


def compose(mail: Mail, settings: Settings) -> EmailMessage:
    """Return the message as it goes out: plain text, with HTML beside it."""
    message = EmailMessage(policy=_POLICY)
    address = parseaddr(settings.mail_from)[1]
    message["From"] = settings.mail_from.replace(address, _deliverable(address))
    message["To"] = _deliverable(mail.to_address)
    message["Subject"] = " ".join(mail.subject.split())
    # When it was written, not when it is sent: a repetition is the same mail to the last header.
    message["Date"] = format_datetime(mail.created_at)
    domain = parseaddr(str(message["From"]))[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{mail.message_id}@{domain}>"
    # Nobody's out-of-office should answer a receipt (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        # One click in the mail program is enough (RFC 8058).
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _deliverable(address: str) -> str:
    """Return an address with its domain in ASCII; what is no address is left to the server."""
    if address.isascii():
        return address
    try:
        return parse_email(address)
    except ValueError:
        return address


def _note(
    sessions: sessionmaker[Session], mail: Mail, *, status: MailStatus, error: str | None = None
) -> MailStatus:
    now = clock.now()
    wait = BACKOFF[mail.attempts] if mail.attempts < len(BACKOFF) else None
    if status is MailStatus.QUEUED and wait is None:
        status = MailStatus.FAILED
    with sessions.begin() as session:
        session.execute(
            update(Mail)
            .where(Mail.id == mail.id, Mail.status == MailStatus.QUEUED)
            .values(
                status=status,
                attempts=Mail.attempts + 1,
                next_attempt_at=now + wait if status is MailStatus.QUEUED and wait else None,
                sent_at=now if status is MailStatus.SENT else None,
                last_error=error[:2000] if error else None,
            )
            .execution_options(synchronize_session=False)
        )
    level = logging.WARNING if error else logging.INFO
    log.log(level, "mail.attempted", extra={"key": mail.key, "status": status, "error": error})
    return status
