"""Emails: queued once, sent once, and never silently lost."""

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32, default
from typing import Any, ClassVar, Self

import pytest
import time_machine
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock, email_outbox
from app.core.config import Settings
from app.core.email_content import Attachment, EmailBody, EmailContent, EmailFacts, EmailKinds
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.email_outbox import build_message, emails_for, queue_email, read_email, send_email
from app.core.smtp import MailServer
from app.core.work_queue import DueItem, find_due
from tests.names import EVERY_NAME


class PlainEmail(EmailFacts):
    """Says thank you. It can be broken, as a template may be that was not thought through."""

    kind: ClassVar[str] = "plain"
    title: str
    name: str = "Zoë"
    is_broken: ClassVar[bool] = False

    @property
    def subject(self) -> str:
        return self.title

    def build_content(self) -> EmailContent:
        if self.is_broken:
            msg = "a template that fails"
            raise RuntimeError(msg)
        return EmailContent(headline=f"Thank you, {self.name}.", paragraphs=[], signature=["R"])

    @classmethod
    def specimen(cls) -> Self:
        return cls(title="Paid")


KINDS: EmailKinds = {"plain": PlainEmail}
BODY = EmailBody("t", "<p>h</p>")


class Postbox:
    """A mail server's ears. ``answers`` are given in turn, then everything is taken."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        server: Any,  # noqa: ANN401 - the library's types are loose
        session: Any,  # noqa: ANN401
        envelope: Any,  # noqa: ANN401
        address: str,
        rcpt_options: list[str],
    ) -> str:
        del server, session, rcpt_options
        if self.answers:
            answer = self.answers.pop(0)
            if not answer.startswith("250"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self,
        server: Any,  # noqa: ANN401
        session: Any,  # noqa: ANN401
        envelope: Any,  # noqa: ANN401
    ) -> str:
        del server, session
        self.raw.append(envelope.content)
        return "250 taken"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def smtp_url(postbox: Postbox) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def with_smtp(settings: Settings, smtp_url: str) -> Settings:
    return settings.model_copy(update={"smtp_url": SecretStr(smtp_url)})


Queue = Callable[..., int]


@pytest.fixture
def queue(sessions: sessionmaker[Session]) -> Queue:
    def queue(key: str = "RR-1", *, to: str = "ann@example.edu", subject: str = "Paid") -> int:
        with sessions.begin() as session:
            queue_email(session, PlainEmail(title=subject), once=key, reference="RR-1", to=to)
        with sessions() as session:
            return session.scalars(
                select(OutboxEmail.id).where(OutboxEmail.key == f"plain:{key}")
            ).one()

    return queue


def test_a_key_queues_one_email_however_often(
    sessions: sessionmaker[Session], queue: Queue
) -> None:
    assert queue("RR-1") == queue("RR-1", subject="Another subject")
    with sessions() as session:
        assert [m.subject for m in emails_for(session, "RR-1")] == ["Paid"]


def test_an_email_of_a_transaction_that_fails_was_never_queued(
    sessions: sessionmaker[Session],
) -> None:
    def fail() -> None:
        with sessions.begin() as session:
            queue_email(session, PlainEmail(title="s"), once="k", reference="RR-1", to="a@b.org")
            msg = "later in the same transaction"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError):
        fail()
    with sessions() as session:
        assert emails_for(session, "RR-1") == []


def test_attachment_goes_out_the_same_again_and_a_large_one_is_left_out(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    sizes = {"small": 1000, "large": email_outbox.MAX_ATTACHMENTS_BYTES + 1}

    class WithPdf(PlainEmail):
        def draw_attachments(
            self, sessions: sessionmaker[Session], settings: Settings
        ) -> Sequence[Attachment]:
            del sessions, settings
            return [Attachment("quote.pdf", b"x" * sizes[self.title])]

    kinds = {"plain": WithPdf}
    small, large = queue("RR-1", subject="small"), queue("RR-2", subject="large")
    for email_id in (small, large):
        assert send_email(sessions, kinds, with_smtp, email_id=email_id) is EmailStatus.SENT
    with sessions.begin() as session:
        email_outbox.resend_email(session, small)
    send_email(sessions, kinds, with_smtp, email_id=small)
    first, second, again = (message_from_bytes(raw, policy=default) for raw in postbox.raw)
    (pdf,) = first.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type()) == ("quote.pdf", "application/pdf")
    assert pdf.get_content() == b"x" * 1000
    assert list(second.iter_attachments()) == []
    assert again.as_bytes() == first.as_bytes()
    with sessions() as session:
        assert "Thank you" in read_email(session.get_one(OutboxEmail, small), kinds).text


def test_an_email_goes_out_as_text_and_html_under_its_own_id(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    email_id = queue(subject="Your order\nRR-1 — paid")

    assert send_email(sessions, KINDS, with_smtp, email_id=email_id) is EmailStatus.SENT

    sent = message_from_bytes(postbox.raw[0], policy=default)
    with sessions() as session:
        row = session.get_one(OutboxEmail, email_id)
    assert sent["Message-ID"] == f"<{row.message_id}@example.org>"
    assert sent["Subject"] == "Your order RR-1 — paid"
    assert sent["To"] == "ann@example.edu"
    assert sent["From"] == "Reelright Films <licensing@example.org>"
    parts = {part.get_content_type(): part.get_content() for part in sent.iter_parts()}
    assert parts["text/plain"].startswith("Thank you, Zoë.")
    assert "Thank you, Zoë.</h1>" in parts["text/html"]
    assert (row.status, row.attempts, row.last_error) == (EmailStatus.SENT, 1, None)
    assert row.next_attempt_at is None


def test_an_email_that_was_sent_is_not_sent_again(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    email_id = queue()
    send_email(sessions, KINDS, with_smtp, email_id=email_id)

    assert send_email(sessions, KINDS, with_smtp, email_id=email_id) is EmailStatus.SENT
    assert len(postbox.raw) == 1


def test_without_a_mail_server_an_email_is_not_sent(
    sessions: sessionmaker[Session], settings: Settings, queue: Queue
) -> None:
    assert send_email(sessions, KINDS, settings, email_id=queue()) is EmailStatus.NOT_SENT


def test_a_delay_is_tried_again_later_and_a_refusal_never(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    postbox.answers = ["451 come back later", "250 OK", "550 no such mailbox"]
    delayed, refused = queue("one"), queue("two")

    assert send_email(sessions, KINDS, with_smtp, email_id=delayed) is EmailStatus.QUEUED
    with sessions() as session:
        row = session.get_one(OutboxEmail, delayed)
        assert row.last_error == "451 come back later"
        assert row.next_attempt_at is not None
        assert row.next_attempt_at > clock.now() + timedelta(seconds=50)
    assert send_email(sessions, KINDS, with_smtp, email_id=delayed) is EmailStatus.SENT
    assert send_email(sessions, KINDS, with_smtp, email_id=refused) is EmailStatus.FAILED
    with sessions() as session:
        row = session.get_one(OutboxEmail, refused)
        assert (row.last_error, row.next_attempt_at) == ("550 no such mailbox", None)


def test_an_email_fails_visibly_when_the_server_stays_away(
    sessions: sessionmaker[Session], settings: Settings, queue: Queue
) -> None:
    away = settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:9")})
    email_id = queue()

    outcomes = [
        send_email(sessions, KINDS, away, email_id=email_id)
        for _ in range(len(email_outbox.BACKOFF) + 1)
    ]

    assert outcomes == [EmailStatus.QUEUED] * len(email_outbox.BACKOFF) + [EmailStatus.FAILED]
    with sessions() as session:
        assert "ConnectionRefusedError" in (session.get_one(OutboxEmail, email_id).last_error or "")


def test_an_email_that_cannot_be_written_waits_with_its_error_and_is_not_lost(
    sessions: sessionmaker[Session],
    with_smtp: Settings,
    queue: Queue,
    postbox: Postbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    email_id = queue()
    with monkeypatch.context() as patch:
        patch.setattr(PlainEmail, "is_broken", True)
        assert send_email(sessions, KINDS, with_smtp, email_id=email_id) is EmailStatus.QUEUED
    assert send_email(sessions, {}, with_smtp, email_id=email_id) is EmailStatus.QUEUED
    with sessions.begin() as session:
        row = session.get_one(OutboxEmail, email_id)
        assert (row.attempts, row.last_error) == (2, "It could not be written. KeyError: 'plain'")
        assert row.next_attempt_at is not None
        assert row.next_attempt_at > clock.now() + timedelta(minutes=4)
        row.facts, facts = {"name": "secret"}, row.facts
    assert send_email(sessions, KINDS, with_smtp, email_id=email_id) is EmailStatus.QUEUED
    with sessions.begin() as session:
        row = session.get_one(OutboxEmail, email_id)
        assert "title\n  Field required" in (row.last_error or "")
        assert "secret" not in (row.last_error or "")
        row.facts = facts

    assert send_email(sessions, KINDS, with_smtp, email_id=email_id) is EmailStatus.SENT
    assert len(postbox.raw) == 1


def test_what_was_sent_is_read_and_sent_again_whatever_the_template_says_now(
    sessions: sessionmaker[Session],
    with_smtp: Settings,
    queue: Queue,
    postbox: Postbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    email_id = queue()
    with sessions() as session:
        before = read_email(session.get_one(OutboxEmail, email_id), KINDS)
    send_email(sessions, KINDS, with_smtp, email_id=email_id)
    monkeypatch.setattr(PlainEmail, "is_broken", True)

    with sessions.begin() as session:
        row = session.get_one(OutboxEmail, email_id)
        assert row.message == postbox.raw[0]
        sent = read_email(row, KINDS)
        assert (sent.text, sent.html) == (before.text, before.html)
        email_outbox.resend_email(session, email_id)
    other_sender = with_smtp.model_copy(update={"email_from": "Other <other@example.org>"})
    assert send_email(sessions, KINDS, other_sender, email_id=email_id) is EmailStatus.SENT

    assert postbox.raw[0] == postbox.raw[1]


def test_staff_send_a_failed_email_again_under_the_same_id(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    postbox.answers = ["550 no such mailbox"]
    email_id = queue()
    send_email(sessions, KINDS, with_smtp, email_id=email_id)

    with sessions.begin() as session:
        again = email_outbox.resend_email(session, email_id)
        assert again is not None
        message_id = again.message_id
        assert email_outbox.resend_email(session, 10**9) is None

    assert send_email(sessions, KINDS, with_smtp, email_id=email_id) is EmailStatus.SENT
    assert f"<{message_id}@".encode() in postbox.raw[0]


@pytest.mark.parametrize("address", ["a@b.org\nBcc: c@d.org", "a@b.org\r\n\r\nhello"])
def test_an_address_cannot_smuggle_a_header_in(
    sessions: sessionmaker[Session],
    with_smtp: Settings,
    queue: Queue,
    postbox: Postbox,
    address: str,
) -> None:
    assert send_email(sessions, KINDS, with_smtp, email_id=queue(to=address)) is EmailStatus.FAILED
    assert postbox.raw == []


def find_due_emails(session: Session, *, at: datetime) -> list[DueItem]:
    return find_due(session, {"mail": email_outbox.WORK_QUEUE}, at=at)


def test_an_email_that_is_postponed_falls_due_again_under_another_run_id(
    sessions: sessionmaker[Session], queue: Queue
) -> None:
    email_ids = [str(queue(f"key {number}")) for number in range(3)]
    at = clock.now()

    with sessions() as session:
        first = find_due_emails(session, at=at)
        again = find_due_emails(session, at=at)
    assert [item.key for item in first] == email_ids
    assert [item.run_id for item in first] == [item.run_id for item in again]

    with sessions.begin() as session:
        for item in first:
            email_outbox.WORK_QUEUE.postpone(session, item, at=at)
    with sessions() as session:
        assert find_due_emails(session, at=at) == []
        later = find_due_emails(session, at=at + email_outbox.WORK_QUEUE.retry_after)
    assert [item.key for item in later] == email_ids
    assert {item.run_id for item in later}.isdisjoint(item.run_id for item in first)


def test_postponing_after_the_work_changes_nothing(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    """The run may do its work between the moment that it is seen to be due, and the next."""
    postbox.answers = ["250 OK", "451 come back later"]
    queue("one"), queue("two")
    with sessions() as session:
        waiting = find_due_emails(session, at=clock.now())
    for each in waiting:
        send_email(sessions, KINDS, with_smtp, email_id=int(each.key))
    with sessions() as session:
        before = [(m.status, m.next_attempt_at) for m in emails_for(session, "RR-1")]

    with sessions.begin() as session:
        for item in waiting:
            email_outbox.WORK_QUEUE.postpone(session, item, at=clock.now())

    with sessions() as session:
        after = [(m.status, m.next_attempt_at) for m in emails_for(session, "RR-1")]
    assert before == after


@pytest.mark.once
def test_a_repetition_is_the_same_email_to_the_last_byte(settings: Settings) -> None:
    row = OutboxEmail(
        to_address="a@b.org",
        subject="s",
        message_id="x",
        created_at=clock.now(),
    )
    first = build_message(row, BODY, settings)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        assert build_message(row, BODY, settings).as_bytes() == first.as_bytes()


@pytest.mark.once
@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", MailServer("mail.example.org", 587, False, "", "")),
        ("smtps://u%40x:p%2Fw@m.org", MailServer("m.org", 465, True, "u@x", "p/w")),
        ("smtp://127.0.0.1:2525", MailServer("127.0.0.1", 2525, False, "", "")),
    ],
)
def test_a_mail_servers_address_is_read(url: str, server: MailServer) -> None:
    assert MailServer.parse(url) == server


@pytest.mark.once
@pytest.mark.parametrize("url", ["mail.example.org", "http://x", "smtp://", "smtp:secret"])
def test_a_wrong_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="must look like smtp://") as refused:
        MailServer.parse(url)
    assert "secret" not in str(refused.value)


def test_a_password_is_not_sent_without_tls(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    address = with_smtp.smtp_url.get_secret_value().replace("smtp://", "smtp://user:pw@")
    unsafe = with_smtp.model_copy(update={"smtp_url": SecretStr(address)})
    email_id = queue()

    assert send_email(sessions, KINDS, unsafe, email_id=email_id) is EmailStatus.QUEUED
    assert postbox.raw == []
    with sessions() as session:
        error = session.get_one(OutboxEmail, email_id).last_error or ""
    assert "does not offer TLS" in error
    assert "pw" not in error


SUBJECTS = [
    *EVERY_NAME.values(),
    *(f"Your order for {name} (RR-AAAA1111)" for name in EVERY_NAME.values()),
    "Mixed \u00e9 words " * 20,
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_headers_in_any_script_are_folded_as_the_standard_says(
    settings: Settings, subject: str
) -> None:
    sender = (
        "\u00c4\u00f6\u00fc Films of \u00c5ngstr\u00f6m and S\u00f6hne, for all \u00dcniversities"
    )
    email_from = f'"{sender}" <licensing@example.org>'
    unsubscribe_url = "https://films.example.org/alerts/" + "x" * 120
    body = EmailBody(subject, f"<p>{subject}</p>", unsubscribe_url)
    queued = OutboxEmail(
        to_address="ada@b\u00fccher.example",
        subject=subject,
        message_id="m" * 43,
        created_at=clock.now(),
    )

    of_store = settings.model_copy(update={"email_from": email_from})
    sent = build_message(queued, body, of_store).as_bytes()

    head = sent.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^? ]+\?.\?[^? ]*\?=", head))
    read = message_from_bytes(sent, policy=default)
    assert read["Subject"] == " ".join(subject.split())
    # Python's newer parser of names doubles a space at the start of an encoded word.
    raw = message_from_bytes(sent, policy=compat32)["From"]
    assert str(make_header(decode_header(raw))) == f"{sender} <licensing@example.org>"
    assert read["To"] == "ada@xn--bcher-kva.example"
    assert read["List-Unsubscribe"] == f"<{unsubscribe_url}>"
    part = read.get_body(("plain",))
    assert part is not None
    assert subject.strip() in part.get_content()


def test_an_address_that_the_server_cannot_take_fails_once(
    sessions: sessionmaker[Session], settings: Settings, queue: Queue, postbox: Postbox
) -> None:
    email_id = queue(to="j\u00f6rg@example.edu")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    controller.start()
    try:
        plain = settings.model_copy(update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{port}")})
        assert send_email(sessions, KINDS, plain, email_id=email_id) is EmailStatus.FAILED
    finally:
        controller.stop()
    assert postbox.raw == []
