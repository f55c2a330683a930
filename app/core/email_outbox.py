"""The outbox: an email is queued in the transaction that causes it, and written when it is sent."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy, default
from email.utils import format_datetime, parseaddr
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.email_address import parse_email
from app.core.email_content import Attachment, EmailBody, EmailFacts, EmailKinds, render_email
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.numbers import new_token
from app.core.smtp import EmailDeferredError, EmailRejectedError, MailServer
from app.core.work_queue import JobGroup, WorkQueue

log = logging.getLogger(__name__)

# How long to wait after each failure; after the last, days later, the email has failed.
BACKOFF = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 5, 15, 60, 2 * 60, 4 * 60, 8 * 60, 12 * 60, 24 * 60, 24 * 60)
)
WORK_QUEUE = WorkQueue(
    key=OutboxEmail.id,
    due_at=OutboxEmail.next_attempt_at,
    is_due=lambda at: and_(
        OutboxEmail.status == EmailStatus.QUEUED, OutboxEmail.next_attempt_at <= at
    ),
    retry_after=timedelta(minutes=15),
    group=JobGroup.EMAILS,
)
# All attachments of one email together: mail servers refuse more than 10 MB, encoded.
MAX_ATTACHMENTS_BYTES = 5_000_000
# So that no encoded word is longer than 75 characters (RFC 2047, 2).
MAX_HEADER_LINE = 76


class _HeaderPolicy(EmailPolicy):
    """Folds headers as the standard does, where the library does not.

    Addresses of pages stay whole: folded they would be encoded, and email programs look for them
    as they are. Text beyond ASCII becomes encoded words that lose no space between them.
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


def queue_email(
    session: Session,
    facts: EmailFacts,
    *,
    once: str,
    reference: str,
    to: str,
    delay: timedelta = timedelta(0),
) -> None:
    """Queue one email of this kind ``once``; another call for the same does nothing.

    ``reference`` is the number of the order, note or alert that the email belongs to. It leaves
    only if the caller's transaction commits, and only after ``delay``: until then ``drop_email``
    takes it back.
    """
    key = _format_key(type(facts), once)
    is_new = insert_ignore(
        session,
        OutboxEmail,
        {
            "key": key,
            "kind": facts.kind,
            "reference": reference,
            "to_address": to,
            "subject": facts.subject,
            "facts": facts.model_dump(mode="json"),
            "message_id": new_token(),
            "next_attempt_at": clock.now() + delay,
        },
        index_elements=["key"],
    )
    if is_new:
        log.info("email.queued", extra={"key": key, "reference": reference})


def drop_email(session: Session, kind: type[EmailFacts], *, once: str) -> bool:
    """Take back an email whose delay is not over, as another says it all. Return whether it was.

    One that is due stays: a worker may be sending it.
    """
    email = session.scalar(
        select(OutboxEmail)
        .where(OutboxEmail.key == _format_key(kind, once), OutboxEmail.status == EmailStatus.QUEUED)
        .with_for_update()
    )
    if email is None or email.attempts or email.next_attempt_at is None:
        return False
    is_waiting = clock.now() < email.next_attempt_at
    if is_waiting:
        session.delete(email)
        session.flush()
    return is_waiting


def emails_for(session: Session, reference: str) -> Sequence[OutboxEmail]:
    """Return every email about an order, note or alert, oldest first."""
    return session.scalars(
        select(OutboxEmail).where(OutboxEmail.reference == reference).order_by(OutboxEmail.id)
    ).all()


def read_email(email: OutboxEmail, kinds: EmailKinds) -> EmailBody:
    """Return what the recipient got or, if it was not sent, what it would say now."""
    if email.message is None:
        return _render(email, kinds)
    message = message_from_bytes(email.message, policy=default)
    text, html = (message.get_body((part,)) for part in ("plain", "html"))
    assert text is not None  # noqa: S101 - as build_message writes it
    assert html is not None  # noqa: S101
    # Email has lines that end in CRLF.
    return EmailBody(*(part.get_content().replace("\r\n", "\n") for part in (text, html)))


def resend_email(session: Session, email_id: int) -> OutboxEmail | None:
    """Queue an email to be sent once more, under the same Message-ID. None: there is none.

    What was sent before is sent with the same words.
    """
    email = session.get(OutboxEmail, email_id)
    if email is not None:
        email.status = EmailStatus.QUEUED
        email.attempts = 0
        email.next_attempt_at = clock.now()
        email.last_error = None
    return email


def send_email(
    sessions: sessionmaker[Session], kinds: EmailKinds, settings: Settings, *, email_id: int
) -> EmailStatus:
    """Write and send one email if it still waits, and record the result. Return its status.

    An email that cannot be written waits like one that cannot be sent: with its error, for another
    attempt. Without a mail server it can only be read in the console.

    A crash between the mail server's yes and our record of it sends the email again, under the
    same Message-ID, so that it is the same email wherever it arrives.
    """
    with sessions() as session:
        email = session.get(OutboxEmail, email_id)
    if email is None or email.status is not EmailStatus.QUEUED:
        return email.status if email is not None else EmailStatus.NOT_SENT  # withdrawn
    url = settings.smtp_url.get_secret_value()
    try:
        message = email.message or _write_message(sessions, email, kinds, settings)
        if not url:
            return _record_attempt(sessions, email, status=EmailStatus.NOT_SENT)
        server = MailServer.parse(url, allow_plaintext=settings.smtp_allow_plaintext)
        sender, recipient = _sender_address(settings), _deliverable(email.to_address)
        server.send(message, sender=sender, recipient=recipient)
    except EmailRejectedError as error:
        return _record_attempt(sessions, email, status=EmailStatus.FAILED, error=str(error))
    except (EmailDeferredError, ValueError) as error:
        return _record_attempt(sessions, email, status=EmailStatus.QUEUED, error=str(error))
    kind = kinds.get(email.kind)
    if kind is not None and kind.is_deleted_when_sent:
        with sessions.begin() as session:
            session.execute(delete(OutboxEmail).where(OutboxEmail.id == email.id))
        return EmailStatus.SENT
    return _record_attempt(sessions, email, status=EmailStatus.SENT, message=message)


def build_message(
    email: OutboxEmail,
    body: EmailBody,
    settings: Settings,
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """Return the message as it goes out: plain text, with HTML beside it, and attachments.

    From the same row it is the same message to the byte.
    """
    sender, recipient = _sender_address(settings), _deliverable(email.to_address)
    message = EmailMessage(policy=_POLICY.clone(utf8=not (sender + recipient).isascii()))
    message["From"] = settings.email_from.replace(parseaddr(settings.email_from)[1], sender)
    message["To"] = recipient
    message["Subject"] = " ".join(email.subject.split())
    # When it was queued, not when it is sent: a repetition is the same email to the last header.
    message["Date"] = format_datetime(email.created_at)
    domain = sender.rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{email.message_id}@{domain}>"
    # Nobody's out-of-office should answer a receipt (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if body.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{body.unsubscribe_url}>"
        # One click in the email program is enough (RFC 8058).
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(body.text)
    message.add_alternative(body.html, subtype="html")
    message.set_boundary(f"part-{email.message_id}")
    for attachment in attachments:
        message.add_attachment(
            attachment.data, maintype="application", subtype="pdf", filename=attachment.name
        )
    if attachments:
        message.set_boundary(f"mixed-{email.message_id}")
    return message


def _write_message(
    sessions: sessionmaker[Session], email: OutboxEmail, kinds: EmailKinds, settings: Settings
) -> bytes:
    """Return the message.

    Raises:
        EmailDeferredError: its text cannot be made; a corrected template may help.
        EmailRejectedError: a header cannot be written, as of an address with a line break in it.
    """
    try:
        body = _render(email, kinds)
        facts = kinds[email.kind].model_validate(email.facts)
        attachments = facts.draw_attachments(sessions, settings)
    except Exception as error:
        log.exception("email.unwritable", extra={"key": email.key})
        detail = f"It could not be written. {type(error).__name__}: {error}"
        raise EmailDeferredError(detail) from error
    if sum(len(attachment.data) for attachment in attachments) > MAX_ATTACHMENTS_BYTES:
        log.warning("email.attachments_left_out", extra={"key": email.key})
        attachments = ()
    try:
        return build_message(email, body, settings, attachments).as_bytes()
    except (ValueError, IndexError) as error:
        detail = f"not an email: {error}"
        raise EmailRejectedError(detail) from error


def _render(email: OutboxEmail, kinds: EmailKinds) -> EmailBody:
    return render_email(kinds, kind=email.kind, facts=email.facts, subject=email.subject)


def _format_key(kind: type[EmailFacts], once: str) -> str:
    return f"{kind.kind}:{once}"[:200]


def _sender_address(settings: Settings) -> str:
    return _deliverable(parseaddr(settings.email_from)[1])


def _deliverable(address: str) -> str:
    """Return an address with its domain in ASCII; what is no address is left to the server."""
    if address.isascii():
        return address
    try:
        return parse_email(address)
    except ValueError:
        return address


def _record_attempt(
    sessions: sessionmaker[Session],
    email: OutboxEmail,
    *,
    status: EmailStatus,
    error: str | None = None,
    message: bytes | None = None,
) -> EmailStatus:
    now = clock.now()
    wait = BACKOFF[email.attempts] if email.attempts < len(BACKOFF) else None
    if status is EmailStatus.QUEUED and wait is None:
        status = EmailStatus.FAILED
    with sessions.begin() as session:
        session.execute(
            update(OutboxEmail)
            .where(OutboxEmail.id == email.id, OutboxEmail.status == EmailStatus.QUEUED)
            .values(
                status=status,
                attempts=OutboxEmail.attempts + 1,
                next_attempt_at=now + wait if status is EmailStatus.QUEUED and wait else None,
                sent_at=now if status is EmailStatus.SENT else None,
                last_error=error[:2000] if error else None,
                **({} if message is None else {"message": message}),
            )
            .execution_options(synchronize_session=False)
        )
    level = logging.WARNING if error else logging.INFO
    log.log(level, "email.attempted", extra={"key": email.key, "status": status, "error": error})
    return status
