"""Which answers of a mail server are final: those about one recipient or one message."""

import socket
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from app.core import smtp
from app.core.smtp import EmailDeferredError, EmailRejectedError, MailServer
from tests.core.smtp_script import ScriptedServer

pytestmark = pytest.mark.once
SENDER, RECIPIENT = "a@example.org", "b@example.edu"


@pytest.fixture
def message() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, "Paid"
    message.set_content("Thank you.")
    return message.as_bytes(policy=SMTP)


@pytest.fixture(autouse=True)
def log_in_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    real = smtp._log_in  # noqa: SLF001
    monkeypatch.setattr(smtp, "_log_in", lambda *given, **_: real(*given, is_safe=True))


@pytest.mark.parametrize(
    ("answers", "is_final"),
    [
        ({"connect": "554 no service from your address"}, False),
        ({"connect": "421 too busy"}, False),
        ({"AUTH": "535 5.7.8 authentication credentials invalid"}, False),
        ({"AUTH": "534 5.7.9 application-specific password required"}, False),
        ({"MAIL": "530 5.7.0 authentication required"}, False),
        ({"MAIL": "550 5.7.1 sender not verified"}, False),
        ({"MAIL": "553 sender address rejected"}, False),
        ({"MAIL": "552 5.3.4 message size exceeds limit"}, True),
        ({"RCPT": "550 5.1.1 no such mailbox"}, True),
        ({"RCPT": "553 mailbox name not allowed"}, True),
        ({"RCPT": "554 5.7.1 <b@example.edu>: Relay access denied"}, False),
        ({"RCPT": "550 relay not permitted"}, False),
        ({"RCPT": "530 authentication required"}, False),
        ({"RCPT": "503 bad sequence of commands"}, False),
        ({"RCPT": "451 greylisted"}, False),
        ({"DATA": "503 bad sequence of commands"}, False),
        ({"DATA": "554 5.3.2 system not accepting messages"}, False),
        ({"message": "554 5.7.1 message looks like spam"}, True),
        ({"message": "552 message too large"}, True),
        ({"message": "550 5.7.57 client was not authenticated"}, False),
        ({"message": "452 insufficient storage"}, False),
        ({"message": ""}, False),
    ],
)
def test_only_recipient_and_message_are_refused_for_good(
    message: bytes, answers: dict[str, str], *, is_final: bool
) -> None:
    expected = EmailRejectedError if is_final else EmailDeferredError
    with ScriptedServer(**answers) as server:
        address = server.url.replace("smtp://", "smtp://user:password@")
        with pytest.raises((EmailRejectedError, EmailDeferredError)) as raised:
            MailServer.parse(address).send(message, sender=SENDER, recipient=RECIPIENT)
    assert type(raised.value) is expected
    told = next(iter(answers.values()))
    assert told in str(raised.value)
    assert "password@" not in str(raised.value)


@pytest.mark.parametrize("goodbye", ["", "421 gone already", "500 what"])
def test_accepted_message_counts_as_sent_however_the_server_leaves(
    message: bytes, goodbye: str
) -> None:
    with ScriptedServer(QUIT=goodbye) as server:
        MailServer.parse(server.url).send(message, sender=SENDER, recipient=RECIPIENT)
        assert server.taken == 1


def test_nothing_goes_to_another_host_without_tls_unless_allowed(
    message: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        here = MailServer.parse(server.url)

        def connect(_self: object, _host: str, _port: int, timeout: float) -> socket.socket:
            return socket.create_connection((here.host, here.port), timeout)

        monkeypatch.setattr("smtplib.SMTP._get_socket", connect)
        with pytest.raises(EmailDeferredError, match="offers no TLS, so nothing is sent"):
            MailServer.parse("smtp://mail.example.org").send(
                message, sender=SENDER, recipient=RECIPIENT
            )
        assert server.taken == 0
        MailServer.parse("smtp://mail.example.org", allow_plaintext=True).send(
            message, sender=SENDER, recipient=RECIPIENT
        )
        assert server.taken == 1
