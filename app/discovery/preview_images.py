"""The preview image of links to a film: 1200 by 630 pixels, as PNG."""
# ruff: noqa: PLC0415 - typst is loaded with the first image, as few processes draw one

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
# A new design is a new version, so that clients with the old image load it.
_DESIGN = hashlib.sha256(_TEMPLATE.read_bytes()).hexdigest()
# The font size for titles of up to so many characters.
TITLE_SIZES = ((18, 92), (36, 76), (70, 60), (130, 46))
MIN_FONT_SIZE = 38
MAX_TITLE_LENGTH = 160
MAX_LINE_LENGTH = 90
# A word of this many characters at this size fills the line.
LINE_WIDTH = 928
_SVG_TEXT = re.compile(
    r'<text x="(?P<x>[^"]+)" y="(?P<y>[^"]+)" font-size="(?P<size>[^"]+)" fill="(?P<fill>[^"]+)"'
    r"[^>]*>(?P<text>[^<]*)</text>"
)
_SVG_TURN = re.compile(r'<g transform="rotate\((\S+) (\S+) (\S+)\)">')


def card_facts(film: Film, *, seller: str) -> str:
    """Return the content of the card as JSON; equal facts give equal cards."""
    facts = {"poster": asdict(facts_of(film)), "card": _text_fields(film, seller)}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def card_version(facts: str) -> str:
    """Return a version that changes with the card."""
    return hashlib.sha256((_DESIGN + facts).encode()).hexdigest()[:12]


@lru_cache(maxsize=128)
def card_png(facts: str, fonts_folder: str = "") -> bytes:
    """Draw the card of these facts. A character that no font has is shown as a box."""
    import typst

    content = json.loads(facts)
    for name in ("directors", "countries", "subjects"):
        content["poster"][name] = tuple(content["poster"][name])
    poster, lines = _without_text(poster_svg(PosterFacts(**content["poster"])), fonts_folder)
    fields: dict[str, Any] = {
        name: fonts.breakable(fonts.printable(value, fonts_folder))
        if isinstance(value, str)
        else value
        for name, value in content["card"].items()
    }
    fields["poster_lines"] = lines
    # Scripts other than Latin are taller.
    fields["leading"] = 0.45 if all(map(str.isascii, (fields["title"], fields["by"]))) else 0.6
    fields["fonts"] = fonts.families_for("".join(map(str, fields.values())))
    image = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=fonts.load_fonts(fonts_folder),
        format="png",
        ppi=72,
        sys_inputs={"facts": json.dumps(fields), "poster": poster},
    )
    return bytes(image)


def _without_text(svg: str, folder: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the poster without its text, and the lines of text for typst to set.

    The SVG renderer of typst cannot choose fonts and fails on some text.
    """
    lines = []
    for match in _SVG_TEXT.finditer(svg):
        turns = [*_SVG_TURN.finditer(svg, 0, match.start())][-1:]
        is_turned = bool(turns) and "</g>" not in svg[turns[0].end() : match.start()]
        lines.append(
            {
                "x": float(match["x"]),
                "y": float(match["y"]),
                "size": float(match["size"]),
                "fill": match["fill"],
                "turn": [float(part) for part in turns[0].groups()] if is_turned else [],
                "text": fonts.printable(unescape(match["text"]), folder),
            }
        )
    return _SVG_TEXT.sub("", svg), lines


def _text_fields(film: Film, seller: str) -> dict[str, Any]:
    title = _cut(film.title, MAX_TITLE_LENGTH)
    original = film.original_title or ""
    directors = film.directors[:3]
    more = len(film.directors) - len(directors)
    by = ", ".join(directors) + (f" and {more} more" if more > 0 else "")
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
    by_length = next((size for limit, size in TITLE_SIZES if len(title) <= limit), MIN_FONT_SIZE)
    longest = max(map(len, title.split()), default=1)
    return max(min(by_length, LINE_WIDTH // longest), MIN_FONT_SIZE)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
