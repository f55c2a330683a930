"""What an email says: the facts that are stored with it, and the text and HTML made from them."""

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session, sessionmaker

from app.core.config import Settings

WIDTH = 72
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


class Facts(BaseModel):
    """Facts that an email is made from. An error about them never repeats them."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF that goes out with an email."""

    name: str
    data: bytes


class EmailFacts(Facts, ABC):
    """One kind of email: what must be known to write it, and what it says.

    The facts are checked and stored when the email is queued. A fact that is added later needs a
    default, for emails that wait.
    """

    kind: ClassVar[str]
    is_secret: ClassVar[bool] = False
    """Whether it holds what only its recipient may use, as a link that signs in."""
    is_deleted_when_sent: ClassVar[bool] = False
    """Whether nothing of it is kept once a mail server has it, not even the address."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """The subject, which is stored with the facts, for lists."""

    @abstractmethod
    def build_content(self) -> "EmailContent":
        """Return what the email says, from the facts alone."""

    def draw_attachments(
        self, sessions: sessionmaker[Session], settings: Settings
    ) -> Sequence[Attachment]:
        """Return the documents to attach, drawn when the email is sent. By default none.

        Its text has a link to each, because one that is too large is left out.
        """
        del sessions, settings
        return ()

    @classmethod
    @abstractmethod
    def specimen(cls) -> Self:
        """Return an email to nobody, by which it is proved at start that this kind can be sent."""


EmailKinds = Mapping[str, type[EmailFacts]]


class SenderFacts(Facts):
    """Who signs an email."""

    name: str
    address: str
    email: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the store as its settings name it."""
        return cls(
            name=settings.seller_name,
            address=settings.seller_address,
            email=settings.seller_email,
        )

    @property
    def signature(self) -> list[str]:
        """The lines at the end of an email."""
        return [self.name, self.address, self.email]


@dataclass(frozen=True, slots=True)
class EmailBody:
    """The text and the HTML of an email."""

    text: str
    html: str
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class EmailLink:
    """Something the reader may open."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class EmailRow:
    """One line of an order as an email lists it."""

    title: str
    detail: str
    amount: str


@dataclass(frozen=True, slots=True)
class EmailSection:
    """A list under a heading of its own."""

    title: str
    links: Sequence[EmailLink]


@dataclass(frozen=True, slots=True)
class EmailContent:
    """What an email says. Paragraphs are plain sentences; ``action`` is what to do next, if any.

    An email that comes again and again has an ``unsubscribe_url``, which takes a POST by itself.
    """

    headline: str
    paragraphs: Sequence[str]
    signature: Sequence[str]
    action: EmailLink | None = None
    rows: Sequence[EmailRow] = ()
    totals: Sequence[tuple[str, str]] = ()
    facts: Sequence[tuple[str, str]] = ()
    documents: Sequence[EmailLink] = ()
    sections: Sequence[EmailSection] = ()
    closing: Sequence[str] = ()
    unsubscribe_url: str = ""

    def text(self) -> str:
        """Return plain text of at most 72 characters a line, but for addresses of pages."""
        parts = [self.headline, "=" * min(len(self.headline), WIDTH), ""]
        for paragraph in self.paragraphs:
            parts += [_wrap(paragraph), ""]
        for section in self.sections:
            parts += [_wrap(section.title), "-" * min(len(section.title), WIDTH), ""]
            for link in section.links:
                parts += [_wrap(link.label), link.url, ""]
        if self.action:
            parts += [f"{self.action.label}:", self.action.url, ""]
        if self.rows:
            parts += [*_format_rows(self.rows, self.totals), ""]
        if self.facts:
            parts += [*(_format_fact(label, value) for label, value in self.facts), ""]
        for document in self.documents:
            parts += [f"{document.label}:", document.url, ""]
        for paragraph in self.closing:
            parts += [_wrap(paragraph), ""]
        parts += ["-- ", *self.signature]
        return "\n".join(parts) + "\n"

    def html(self, subject: str) -> str:
        """Return one HTML page with its styles inside, as email programs want it."""
        return _templates.get_template("email/email.html").render(email=self, subject=subject)


def render_email(
    kinds: EmailKinds, *, kind: str, facts: Mapping[str, Any], subject: str
) -> EmailBody:
    """Return the text and the HTML of an email of this kind.

    Raises:
        KeyError: no kind has this name.
        ValidationError: the facts are not those of its kind.
    """
    content = kinds[kind].model_validate(facts).build_content()
    return EmailBody(content.text(), content.html(subject), content.unsubscribe_url)


def _wrap(paragraph: str) -> str:
    return textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)


def _format_fact(label: str, value: str) -> str:
    return textwrap.fill(
        f"{label}: {value}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _format_rows(rows: Sequence[EmailRow], totals: Sequence[tuple[str, str]]) -> list[str]:
    lines = []
    for row in rows:
        lines.append(_amount_line(row.title, row.amount))
        if row.detail:
            lines.append(textwrap.indent(_wrap(row.detail), "  "))
    lines.append("-" * WIDTH)
    lines += [_amount_line(label, amount) for label, amount in totals]
    return lines


def _amount_line(label: str, amount: str) -> str:
    """Return the label with the amount at the right edge, on the label's last line."""
    room = WIDTH - len(amount) - 2
    lines = textwrap.wrap(label, room) or [""]
    lines[-1] = f"{lines[-1]:<{room}}  {amount}"
    return "\n".join(lines)
