"""Mail: queued once, sent once, and never silently lost."""

import re
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32, default
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock, mail
from app.core.config import Settings
from app.core.mail_models import Mail, MailStatus
from app.core.smtp import MailServer
from tests.names import EVERY_NAME


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
    def queue(key: str = "paid:RR-1", *, to: str = "ann@example.edu", subject: str = "Paid") -> int:
        with sessions.begin() as session:
            mail.queue(
                session,
                key=key,
                about="RR-1",
                to=to,
                subject=subject,
                text="Thank you, Zoë.\n",
                html="<p>Thank you, Zoë.</p>",
            )
        with sessions() as session:
            return session.scalars(select(Mail.id).where(Mail.key == key)).one()

    return queue


def test_a_key_queues_one_mail_however_often(sessions: sessionmaker[Session], queue: Queue) -> None:
    assert queue("paid:RR-1") == queue("paid:RR-1", subject="Another subject")
    with sessions() as session:
        assert [m.subject for m in mail.mails_about(session, "RR-1")] == ["Paid"]


def test_a_mail_of_a_transaction_that_fails_was_never_queued(
    sessions: sessionmaker[Session],
) -> None:
    def fail() -> None:
        with sessions.begin() as session:
            mail.queue(session, key="k", about="RR-1", to="a@b.org", subject="s", text="", html="")
            msg = "later in the same transaction"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError):
        fail()
    with sessions() as session:
        assert mail.mails_about(session, "RR-1") == []


def test_a_mail_goes_out_as_text_and_html_under_its_own_id(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    mail_id = queue(subject="Your order\nRR-1 — paid")

    assert mail.deliver(sessions, with_smtp, mail_id=mail_id) is MailStatus.SENT

    sent = message_from_bytes(postbox.raw[0], policy=default)
    with sessions() as session:
        row = session.get_one(Mail, mail_id)
    assert sent["Message-ID"] == f"<{row.message_id}@example.org>"
    assert sent["Subject"] == "Your order RR-1 — paid"
    assert sent["To"] == "ann@example.edu"
    assert sent["From"] == "Reelright Films <licensing@example.org>"
    parts = {part.get_content_type(): part.get_content() for part in sent.iter_parts()}
    assert parts["text/plain"].strip() == "Thank you, Zoë."
    assert parts["text/html"].strip() == "<p>Thank you, Zoë.</p>"
    assert (row.status, row.attempts, row.last_error) == (MailStatus.SENT, 1, None)
    assert row.next_attempt_at is None


def test_a_mail_that_was_sent_is_not_sent_again(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    mail_id = queue()
    mail.deliver(sessions, with_smtp, mail_id=mail_id)

    assert mail.deliver(sessions, with_smtp, mail_id=mail_id) is MailStatus.SENT
    assert len(postbox.raw) == 1


def test_without_a_mail_server_a_mail_is_kept(
    sessions: sessionmaker[Session], settings: Settings, queue: Queue
) -> None:
    assert mail.deliver(sessions, settings, mail_id=queue()) is MailStatus.KEPT


def test_a_delay_is_tried_again_later_and_a_refusal_never(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    postbox.answers = ["451 come back later", "250 OK", "550 no such mailbox"]
    delayed, refused = queue("one"), queue("two")

    assert mail.deliver(sessions, with_smtp, mail_id=delayed) is MailStatus.QUEUED
    with sessions() as session:
        row = session.get_one(Mail, delayed)
        assert row.last_error == "451 come back later"
        assert row.next_attempt_at is not None
        assert row.next_attempt_at > clock.now() + timedelta(seconds=50)
    assert mail.deliver(sessions, with_smtp, mail_id=delayed) is MailStatus.SENT
    assert mail.deliver(sessions, with_smtp, mail_id=refused) is MailStatus.FAILED
    with sessions() as session:
        row = session.get_one(Mail, refused)
        assert (row.last_error, row.next_attempt_at) == ("550 no such mailbox", None)


def test_a_mail_fails_visibly_when_the_server_stays_away(
    sessions: sessionmaker[Session], settings: Settings, queue: Queue
) -> None:
    away = settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:9")})
    mail_id = queue()

    outcomes = [mail.deliver(sessions, away, mail_id=mail_id) for _ in range(len(mail.BACKOFF) + 1)]

    assert outcomes == [MailStatus.QUEUED] * len(mail.BACKOFF) + [MailStatus.FAILED]
    with sessions() as session:
        assert "ConnectionRefusedError" in (session.get_one(Mail, mail_id).last_error or "")


def test_staff_send_a_failed_mail_again_under_the_same_id(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    postbox.answers = ["550 no such mailbox"]
    mail_id = queue()
    mail.deliver(sessions, with_smtp, mail_id=mail_id)

    with sessions.begin() as session:
        again = mail.resend(session, mail_id)
        assert again is not None
        message_id = again.message_id
        assert mail.resend(session, 10**9) is None

    assert mail.deliver(sessions, with_smtp, mail_id=mail_id) is MailStatus.SENT
    assert f"<{message_id}@".encode() in postbox.raw[0]


@pytest.mark.parametrize("address", ["a@b.org\nBcc: c@d.org", "a@b.org\r\n\r\nhello"])
def test_an_address_cannot_smuggle_a_header_in(
    sessions: sessionmaker[Session],
    with_smtp: Settings,
    queue: Queue,
    postbox: Postbox,
    address: str,
) -> None:
    assert mail.deliver(sessions, with_smtp, mail_id=queue(to=address)) is MailStatus.FAILED
    assert postbox.raw == []


def test_a_mail_that_is_held_falls_due_again_under_another_mark(
    sessions: sessionmaker[Session], queue: Queue
) -> None:
    mail_ids = [str(queue(f"key {number}")) for number in range(3)]
    at = clock.now()

    with sessions() as session:
        first = mail.AGENDA.due(session, at=at)
        again = mail.AGENDA.due(session, at=at)
    assert [each.key for each in first] == mail_ids
    assert [each.mark for each in first] == [each.mark for each in again]

    with sessions.begin() as session:
        mail.AGENDA.hold(session, first, at=at)
    with sessions() as session:
        assert mail.AGENDA.due(session, at=at) == []
        later = mail.AGENDA.due(session, at=at + mail.AGENDA.lease)
    assert [each.key for each in later] == mail_ids
    assert {each.mark for each in later}.isdisjoint(each.mark for each in first)


def test_a_hold_that_comes_after_the_work_changes_nothing(
    sessions: sessionmaker[Session], with_smtp: Settings, queue: Queue, postbox: Postbox
) -> None:
    """The run may be over before the worker that submitted it gets to note it."""
    postbox.answers = ["250 OK", "451 come back later"]
    queue("one"), queue("two")
    with sessions() as session:
        waiting = mail.AGENDA.due(session, at=clock.now())
    for each in waiting:
        mail.deliver(sessions, with_smtp, mail_id=int(each.key))
    with sessions() as session:
        before = [(m.status, m.next_attempt_at) for m in mail.mails_about(session, "RR-1")]

    with sessions.begin() as session:
        mail.AGENDA.hold(session, waiting, at=clock.now())

    with sessions() as session:
        after = [(m.status, m.next_attempt_at) for m in mail.mails_about(session, "RR-1")]
    assert before == after


@pytest.mark.once
def test_a_repetition_is_the_same_mail_to_the_last_header(settings: Settings) -> None:
    row = Mail(
        to_address="a@b.org",
        subject="s",
        text="t",
        html="<p>h</p>",
        message_id="x",
        created_at=clock.now(),
    )
    first = mail.compose(row, settings)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        assert mail.compose(row, settings).items()[:5] == first.items()[:5]


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
    mail_id = queue()

    assert mail.deliver(sessions, unsafe, mail_id=mail_id) is MailStatus.QUEUED
    assert postbox.raw == []
    with sessions() as session:
        error = session.get_one(Mail, mail_id).last_error or ""
    assert "offers no TLS" in error
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
    mail_from = f'"{sender}" <licensing@example.org>'
    queued = Mail(
        to_address="ada@b\u00fccher.example",
        subject=subject,
        text=subject,
        html=f"<p>{subject}</p>",
        unsubscribe_url="https://films.example.org/alerts/" + "x" * 120,
        message_id="m" * 43,
        created_at=clock.now(),
    )

    sent = mail.compose(queued, settings.model_copy(update={"mail_from": mail_from})).as_bytes()

    head = sent.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^? ]+\?.\?[^? ]*\?=", head))
    read = message_from_bytes(sent, policy=default)
    assert read["Subject"] == " ".join(subject.split())
    # Python's newer parser of names doubles a space at the start of an encoded word.
    raw = message_from_bytes(sent, policy=compat32)["From"]
    assert str(make_header(decode_header(raw))) == f"{sender} <licensing@example.org>"
    assert read["To"] == "ada@xn--bcher-kva.example"
    assert read["List-Unsubscribe"] == f"<{queued.unsubscribe_url}>"
    body = read.get_body(("plain",))
    assert body is not None
    assert subject.strip() in body.get_content()


def test_an_address_that_the_server_cannot_take_fails_once(
    sessions: sessionmaker[Session], settings: Settings, queue: Queue, postbox: Postbox
) -> None:
    mail_id = queue(to="j\u00f6rg@example.edu")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    controller.start()
    try:
        plain = settings.model_copy(update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{port}")})
        assert mail.deliver(sessions, plain, mail_id=mail_id) is MailStatus.FAILED
    finally:
        controller.stop()
    assert postbox.raw == []
