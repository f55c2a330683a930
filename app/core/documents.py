"""Documents as tagged PDF (PDF/UA-1): how a page is set so that it never fails for any text.

``Document`` is what quotes, invoices, statements, and letters are made of. The certificate has a
template of its own on the same layout. The same content gives the same bytes. The libraries are
imported for the first document.
"""
# ruff: noqa: PLC0415 - the reason is above

import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.core import fonts

# Templates of all features may import the shared layout, so their root is the application.
ROOT = Path(__file__).parents[1]
TEMPLATE = Path(__file__).parent / "templates" / "documents" / "document.typ"
# Values that are printed to the letter, wherever they stand: addresses and hashes.
_EXACT = {"document_title", "exact", "qr_words", "fonts"}
MAX_LISTED_LETTERS = 12
CACHED_DOCUMENTS = 128

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a document, below a heading if it has one."""

    kind: str = field(init=False, default="")
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class Text(Block):
    """Paragraphs."""

    kind: str = field(init=False, default="text")
    paragraphs: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Facts(Block):
    """Labels with their values."""

    kind: str = field(init=False, default="facts")
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Notice(Block):
    """A sentence in a frame."""

    kind: str = field(init=False, default="notice")
    words: str


@dataclass(frozen=True, kw_only=True)
class Code(Block):
    """A hash or a number that is printed to the letter, after some words."""

    kind: str = field(init=False, default="code")
    words: str
    exact: str


@dataclass(frozen=True, kw_only=True)
class Link(Block):
    """An address of the web, after some words."""

    kind: str = field(init=False, default="link")
    words: str
    exact: str


@dataclass(frozen=True)
class Address:
    """Whom or where a document is for."""

    label: str
    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Addresses(Block):
    """Up to three addresses side by side."""

    kind: str = field(init=False, default="addresses")
    addresses: Sequence[Address]


@dataclass(frozen=True)
class Column:
    """A column of a table: ``auto``, ``label``, or ``fill`` wide. One should fill the rest."""

    label: str
    numeric: bool = False
    width: str = "auto"


@dataclass(frozen=True, kw_only=True)
class Table(Block):
    """Rows of cells. A cell has lines: the first is the main one. The header repeats on pages."""

    kind: str = field(init=False, default="table")
    columns: Sequence[Column]
    rows: Sequence[Sequence[Sequence[str]]]
    empty: str = ""
    is_small: bool = False  # for what is looked up rather than read


@dataclass(frozen=True)
class Total:
    """A sum, such as the balance."""

    label: str
    amount: str
    strong: bool = False


@dataclass(frozen=True, kw_only=True)
class Totals(Block):
    """Sums under a table, which stay together on one page."""

    kind: str = field(init=False, default="totals")
    totals: Sequence[Total]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document of business: what is at its top, and its blocks in order."""

    kind: str  # "Invoice"
    number: str
    heading: str  # in large type
    seller: Sequence[str]  # its name, then lines of address and tax id
    facts: Sequence[tuple[str, str]]
    blocks: Sequence[Block]
    notice: str = ""
    title: str = ""  # for the PDF's own properties; by default kind and number
    url: str = ""  # what a QR code opens; empty: there is none

    def content(self) -> dict[str, Any]:
        """Return what the template prints."""
        return {
            "document_title": _visible(self.title or f"{self.kind} {self.number}"),
            "author": _visible(self.seller[0]),
            "footer": f"{self.seller[0]} · {self.kind} {self.number}".strip(),
            "kind": self.kind,
            "number": self.number,
            "heading": self.heading,
            "seller": list(self.seller),
            "facts": list(self.facts),
            "notice": self.notice,
            "blocks": [asdict(block) for block in self.blocks],
            "qr_words": f"QR code that opens {self.url}",
        }


def draw_document(document: Document, *, made_on: date, country: str, folder: str) -> bytes:
    """Return the document as a tagged PDF. ``country`` chooses the forms of Han characters."""
    return draw(
        TEMPLATE,
        document.content(),
        url=document.url,
        made_on=made_on,
        country=country,
        folder=folder,
        complete_at="The page of this document",
    )


def draw(
    template: Path,
    content: dict[str, Any],
    *,
    made_on: date,
    country: str,
    folder: str,
    complete_at: str,
    url: str = "",
) -> bytes:
    """Return the content as a tagged PDF (PDF/UA-1), the same bytes for the same content.

    Characters that no font has become boxes, with a remark that ``complete_at`` has them.
    """
    printed = _printable(content, folder, complete_at)
    printed["fonts"] = fonts.families_for(json.dumps(printed, ensure_ascii=False), country)
    made = int(datetime.combine(made_on, time(12), UTC).timestamp())
    return draw_pdf(template, json.dumps(printed), url, made, folder)


@lru_cache(maxsize=CACHED_DOCUMENTS)
def draw_pdf(template: Path, content: str, url: str, made: int, folder: str) -> bytes:
    """Return the PDF of this content, made once: the same content gives the same bytes."""
    import typst

    qr = qr_svg(url) if url else ""
    try:
        return compile_pdf(template, content, qr, made, folder)
    except typst.TypstError as error:
        log.warning("document.clusters_replaced", extra={"url": url, "error": str(error)})
    # Each character has a glyph, but some have none together with their marks.
    plain = _map_texts(json.loads(content), lambda text: fonts.without_odd_clusters(text, folder))
    try:
        return compile_pdf(template, json.dumps(plain), qr, made, folder)
    except typst.TypstError:
        log.exception("document.set_in_ascii", extra={"url": url})
    plain = _map_texts(json.loads(content), fonts.ascii_only)
    return compile_pdf(template, json.dumps(plain), qr, made, folder)


def compile_pdf(template: Path, content: str, qr: str, made: int, folder: str) -> bytes:
    """Set the pages. The content is JSON, the QR code is SVG."""
    import typst

    pdf = typst.compile(
        template,
        root=ROOT,
        font_paths=fonts.load_fonts(folder),
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=made,
        sys_inputs={"data": content, "qr": qr},
    )
    return bytes(pdf)


def qr_svg(url: str) -> str:
    """Return the QR code of an address."""
    import segno

    svg = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        svg, kind="svg", xmldecl=False, border=0, dark="#211d18"
    )
    return svg.getvalue().decode()


def _printable(content: dict[str, Any], folder: str, complete_at: str) -> dict[str, Any]:
    """Return the content as the fonts can print it, with a remark on each character they lack."""
    boxed = fonts.unprintable(json.dumps(content, ensure_ascii=False), folder)
    printed = _map_texts(content, lambda text: fonts.breakable(fonts.printable(text, folder)))
    printed["remark"] = ""
    if boxed:
        listed = ", ".join(f"U+{ord(letter):04X}" for letter in boxed[:MAX_LISTED_LETTERS])
        more = " and more" if len(boxed) > MAX_LISTED_LETTERS else ""
        printed["remark"] = (
            f"Characters that could not be printed appear as {fonts.BOX} ({listed}{more}). "
            f"{complete_at} contains them."
        )
    return printed


def _map_texts(content: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return the content with each text changed, but for those that are exact."""

    def changed(value: object) -> object:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return _map_texts(value, change)
        if isinstance(value, list | tuple):
            return [changed(inner) for inner in value]
        return value

    return {key: value if key in _EXACT else changed(value) for key, value in content.items()}


def _visible(text: str) -> str:
    """Return the text for the PDF's own properties, which no font has to print."""
    return "".join(letter for letter in text if letter.isprintable())
