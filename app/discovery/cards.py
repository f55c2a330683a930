"""The picture that a link to a film is shown with elsewhere: 1200 by 630 pixels, as PNG.

What draws it is loaded with the first one: most workers' memory has no need of it.
"""
# ruff: noqa: PLC0415 - the reason is above

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.catalog.models import Film
from app.catalog.places import country_name
from app.catalog.posters import PosterFacts, facts_of, poster_svg

if TYPE_CHECKING:
    import typst

WIDTH, HEIGHT = 1200, 630
_TEMPLATE = Path(__file__).parent / "templates" / "card.typ"
# The template's own version is part of a card's, so that a new design reaches those who keep cards.
_DESIGN = hashlib.sha256(_TEMPLATE.read_bytes()).hexdigest()
# Longest title, in characters, that is set in this size; longer ones are cut.
TITLE_SIZES = ((18, 92), (36, 76), (70, 60), (130, 46))
MOST_TITLE = 160
MOST_LINE = 90


def card_facts(film: Film, *, seller: str) -> str:
    """Return all that the card shows, as JSON: the same facts give the same card."""
    facts = {"poster": asdict(facts_of(film)), "card": _words(film, seller)}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def card_version(facts: str) -> str:
    """Return a word that changes with the card."""
    return hashlib.sha256((_DESIGN + facts).encode()).hexdigest()[:12]


@lru_cache(maxsize=128)
def card_png(facts: str) -> bytes:
    """Draw the card of these facts."""
    import typst

    known = json.loads(facts)
    for name in ("directors", "countries", "subjects"):
        known["poster"][name] = tuple(known["poster"][name])
    poster = poster_svg(PosterFacts(**known["poster"]))
    drawn = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=_fonts(),
        format="png",
        ppi=72,
        sys_inputs={"facts": json.dumps(known["card"]), "poster": poster},
    )
    return bytes(drawn)


@lru_cache(maxsize=1)
def _fonts() -> "typst.Fonts":
    import typst

    # Those of the system too: they may have the letters of a title that typst's own have not.
    return typst.Fonts(include_system_fonts=True)


def _words(film: Film, seller: str) -> dict[str, Any]:
    title = _cut(film.title, MOST_TITLE)
    original = film.original_title or ""
    named = film.directors[:3]
    more = len(film.directors) - len(named)
    by = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    countries = ", ".join(country_name(code) for code in film.countries[:3])
    minutes = f"{film.runtime_minutes:,} min" if film.runtime_minutes else ""
    line = [countries, str(film.release_year), minutes, film.color.label]
    return {
        "title": title,
        "title_size": next((size for most, size in TITLE_SIZES if len(title) <= most), 38),
        "original": "" if original == film.title else _cut(original, MOST_LINE),
        "by": _cut(f"A film by {by}", MOST_LINE) if by else "",
        "line": " · ".join(part for part in line if part),
        "seller": seller,
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
