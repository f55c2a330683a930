"""One letter, and how it looks as plain text and as HTML. Every mail of the store is one."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

WIDTH = 72
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Link:
    """Something the reader may open."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an order as a letter lists it."""

    title: str
    detail: str
    amount: str


@dataclass(frozen=True, slots=True)
class Section:
    """A list under a heading of its own."""

    title: str
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says. Paragraphs are plain sentences; ``action`` is what to do next, if any."""

    subject: str
    headline: str
    paragraphs: Sequence[str]
    signature: Sequence[str]
    action: Link | None = None
    rows: Sequence[Row] = ()
    totals: Sequence[tuple[str, str]] = ()
    facts: Sequence[tuple[str, str]] = ()
    documents: Sequence[Link] = ()
    sections: Sequence[Section] = ()
    closing: Sequence[str] = ()

    def text(self) -> str:
        """Return it as plain text, at most 72 characters a line but for addresses of pages."""
        parts = [self.headline, "=" * min(len(self.headline), WIDTH), ""]
        for paragraph in self.paragraphs:
            parts += [_wrapped(paragraph), ""]
        for section in self.sections:
            parts += [_wrapped(section.title), "-" * min(len(section.title), WIDTH), ""]
            for link in section.links:
                parts += [_wrapped(link.label), link.url, ""]
        if self.action:
            parts += [f"{self.action.label}:", self.action.url, ""]
        if self.rows:
            parts += [*_listed(self.rows, self.totals), ""]
        if self.facts:
            parts += [*(_fact(label, value) for label, value in self.facts), ""]
        for document in self.documents:
            parts += [f"{document.label}:", document.url, ""]
        for paragraph in self.closing:
            parts += [_wrapped(paragraph), ""]
        parts += ["-- ", *self.signature]
        return "\n".join(parts) + "\n"

    def html(self) -> str:
        """Return it as one HTML page with its styles inside, as mail programs want it."""
        return _templates.get_template("mail/letter.html").render(letter=self)


def _wrapped(paragraph: str) -> str:
    return textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)


def _fact(label: str, value: str) -> str:
    return textwrap.fill(
        f"{label}: {value}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _listed(rows: Sequence[Row], totals: Sequence[tuple[str, str]]) -> list[str]:
    said = []
    for row in rows:
        said.append(_amount_line(row.title, row.amount))
        if row.detail:
            said.append(textwrap.indent(_wrapped(row.detail), "  "))
    said.append("-" * WIDTH)
    said += [_amount_line(label, amount) for label, amount in totals]
    return said


def _amount_line(label: str, amount: str) -> str:
    """Return the label with the amount at the right edge, on the label's last line."""
    room = WIDTH - len(amount) - 2
    lines = textwrap.wrap(label, room) or [""]
    lines[-1] = f"{lines[-1]:<{room}}  {amount}"
    return "\n".join(lines)
