"""The picture that a link to a film is shown with elsewhere: 1200 by 630 pixels, as PNG.

What draws it is loaded with the first one: most workers' memory has no need of it.
"""
# ruff: noqa: PLC0415 - the reason is above

import hashlib
import json
import re
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

from app.catalog.countries_languages import country_name
from app.catalog.models import Film
from app.core import fonts
from app.posters import PosterFacts, facts_of, poster_svg

WIDTH, HEIGHT = 1200, 630
_TEMPLATE = Path(__file__).parent / "templates" / "card.typ"
# The template's own version is part of a card's, so that a new design reaches those who keep cards.
_DESIGN = hashlib.sha256(_TEMPLATE.read_bytes()).hexdigest()
# Longest title, in characters, that is set in this size; longer ones are cut.
TITLE_SIZES = ((18, 92), (36, 76), (70, 60), (130, 46))
MIN_FONT_SIZE = 38
MAX_TITLE_LENGTH = 160
MAX_LINE_LENGTH = 90
# A word of this many characters at this size fills the line.
WORD_ROOM = 928
_SVG_TEXT = re.compile(
    r'<text x="(?P<x>[^"]+)" y="(?P<y>[^"]+)" font-size="(?P<size>[^"]+)" fill="(?P<fill>[^"]+)"'
    r"[^>]*>(?P<text>[^<]*)</text>"
)
_SVG_TURN = re.compile(r'<g transform="rotate\((\S+) (\S+) (\S+)\)">')


def card_facts(film: Film, *, seller: str) -> str:
    """Return all that the card shows, as JSON: the same facts give the same card."""
    facts = {"poster": asdict(facts_of(film)), "card": _words(film, seller)}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def card_version(facts: str) -> str:
    """Return a word that changes with the card."""
    return hashlib.sha256((_DESIGN + facts).encode()).hexdigest()[:12]


@lru_cache(maxsize=128)
def card_png(facts: str, fonts_folder: str = "") -> bytes:
    """Draw the card of these facts. A character that no font has is shown as a box."""
    import typst

    known = json.loads(facts)
    for name in ("directors", "countries", "subjects"):
        known["poster"][name] = tuple(known["poster"][name])
    poster, lines = _without_text(poster_svg(PosterFacts(**known["poster"])), fonts_folder)
    words: dict[str, Any] = {
        name: fonts.breakable(fonts.printable(value, fonts_folder))
        if isinstance(value, str)
        else value
        for name, value in known["card"].items()
    }
    words["poster_lines"] = lines
    # Scripts other than Latin stand higher.
    words["leading"] = 0.45 if all(map(str.isascii, (words["title"], words["by"]))) else 0.6
    words["fonts"] = fonts.families_for("".join(map(str, words.values())))
    drawn = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=fonts.load_fonts(fonts_folder),
        format="png",
        ppi=72,
        sys_inputs={"facts": json.dumps(words), "poster": poster},
    )
    return bytes(drawn)


def _without_text(svg: str, folder: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the poster without what it writes as text, and those lines, for typst to set.

    What draws an SVG within a document has no say in the fonts, and fails on some text.
    """
    lines = []
    for found in _SVG_TEXT.finditer(svg):
        turns = [*_SVG_TURN.finditer(svg, 0, found.start())][-1:]
        is_turned = bool(turns) and "</g>" not in svg[turns[0].end() : found.start()]
        lines.append(
            {
                "x": float(found["x"]),
                "y": float(found["y"]),
                "size": float(found["size"]),
                "fill": found["fill"],
                "turn": [float(part) for part in turns[0].groups()] if is_turned else [],
                "text": fonts.printable(unescape(found["text"]), folder),
            }
        )
    return _SVG_TEXT.sub("", svg), lines


def _words(film: Film, seller: str) -> dict[str, Any]:
    title = _cut(film.title, MAX_TITLE_LENGTH)
    original = film.original_title or ""
    named = film.directors[:3]
    more = len(film.directors) - len(named)
    by = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    countries = ", ".join(country_name(code) for code in film.countries[:3])
    minutes = f"{film.runtime_minutes:,} min" if film.runtime_minutes else ""
    line = [countries, str(film.release_year), minutes, film.color.label]
    return {
        "title": title,
        "title_size": _title_size(title),
        "original": "" if original == film.title else _cut(original, MAX_LINE_LENGTH),
        "by": _cut(f"A film by {by}", MAX_LINE_LENGTH) if by else "",
        "line": " · ".join(part for part in line if part),
        "seller": seller,
    }


def _title_size(title: str) -> int:
    by_length = next((size for most, size in TITLE_SIZES if len(title) <= most), MIN_FONT_SIZE)
    longest = max(map(len, title.split()), default=1)
    return max(min(by_length, WORD_ROOM // longest), MIN_FONT_SIZE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
