"""What the tests of faults share: a mail server that keeps what it took."""

from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

from tests.processes import free_port


class Mailbox:
    """A mail server that keeps what it took."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def handle_DATA(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: SmtpSession, envelope: Envelope
    ) -> str:
        self.messages.append(BytesParser().parsebytes(envelope.original_content or b""))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()
