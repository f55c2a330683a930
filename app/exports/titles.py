"""The titles of a record: 245, 246, and 880 where a title is in another script. Pure."""

import re
from collections.abc import Sequence

from pymarc import Field, Record

from app.catalog.models import Film
from app.catalog.titles import sort_title
from app.exports import codes, scripts
from app.exports.fields import data
from app.exports.texts import (
    clean,
    clipped,
    ensure_ending,
    nonfiling_characters,
    without_spaced_initials,
)

MAX_NAMED = 3
MAX_TITLE_LENGTH = 1200
# "Son = Le fils" is two titles, of words each; "x = 1" is one.
WORD = re.compile(r"[^\W\d_]{2}")
PARALLEL = " = "
Subfields = list[tuple[str, str]]


def fields(film: Film) -> list[Field]:
    """Return 245 and 246, and 880 for each of them that is written in another script."""
    found = proper_fields(film)
    original = film.original_title
    variants: list[tuple[str, Subfields, str]] = []
    if parallel := _parallel(clean(film.title))[1]:
        variants.append(("31", [], parallel))
    if original and clean(original) != clean(film.title):
        variants.append(("1 ", [("i", "Original title:")], original))
    variants += [("3 ", [], other.title) for other in film.alternative_titles]
    for indicators, label, title in variants:
        occurrence = 1 + sum(field.tag == "880" for field in found)
        found += _variant(indicators, label, _filed(title), occurrence)
    return found


def proper_fields(film: Film) -> list[Field]:
    """Return 245, and its 880 if the title is in another script."""
    title = clean(film.title)
    spoken = list(dict.fromkeys(codes.language(code) for code in film.spoken))
    said = _responsibility(film)
    script = scripts.script_of(title)
    passed = nonfiling_characters(title, film.sort_title, spoken)
    if not script:
        return [data("245", f"0{passed}", *_statement(title, said))]
    latin = scripts.romanized(title)
    latin_passed = nonfiling_characters(latin, scripts.romanized(clean(film.sort_title)), spoken)
    statement = _statement(latin, scripts.romanized(said))
    return [
        data("245", f"0{latin_passed}", ("6", scripts.link("880", 1)), *statement),
        data("880", f"0{passed}", ("6", scripts.link("245", 1, script)), *_statement(title, said)),
    ]


def linked(record: Record, field: Field) -> Sequence[Field]:
    """Return the fields 880 that repeat ``field`` in another script."""
    occurrence = "".join(field.get_subfields("6")).partition("-")[2]
    if not occurrence or field.tag == "880":
        return []
    return [
        other
        for other in record.get_fields("880")
        if other["6"].startswith(f"{field.tag}-{occurrence}")
    ]


def _variant(indicators: str, label: Subfields, title: str, occurrence: int) -> list[Field]:
    script = scripts.script_of(title)
    if not script:
        return [data("246", indicators, *label, ("a", title))]
    latin = clipped(scripts.romanized(title), MAX_TITLE_LENGTH)
    own = ("6", scripts.link("880", occurrence))
    back = ("6", scripts.link("246", occurrence, script))
    return [
        data("246", indicators, own, *label, ("a", latin)),
        data("880", indicators, back, *label, ("a", title)),
    ]


def _statement(title: str, said: str) -> Subfields:
    """Return title, the rest of it or its parallel title, and responsibility, punctuated."""
    title = clipped(title, MAX_TITLE_LENGTH)
    proper, mark, rest = title.partition(": ")
    first, parallel = _parallel(title)
    if parallel and len(first) < len(proper):
        proper, mark, rest = first, PARALLEL, parallel
    parts: Subfields = [("a", title)]
    if proper.strip() and rest:
        parts = [("a", f"{proper.rstrip()} {mark.strip()}"), ("b", rest)]
    code, text = parts[-1]
    if not said:
        return [*parts[:-1], (code, ensure_ending(text))]
    return [*parts[:-1], (code, f"{text} /"), ("c", without_spaced_initials(ensure_ending(said)))]


def _parallel(title: str) -> tuple[str, str]:
    """Return a title and its parallel title, which is empty where there is none.

    >>> _parallel("Son = Le fils"), _parallel("x = 1")
    (('Son', 'Le fils'), ('x = 1', ''))
    """
    first, _, second = title.partition(PARALLEL)
    return (first, second) if WORD.search(first) and WORD.search(second) else (title, "")


def _filed(title: str) -> str:
    """Return a variant title without its article, as added entries have it."""
    return clipped(sort_title(clean(title)), MAX_TITLE_LENGTH)


def _responsibility(film: Film) -> str:
    names = film.directors
    if not names:
        return ""
    listed = ", ".join(names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    if more > 0:
        listed += f" [and {more} {'other' if more == 1 else 'others'}]"
    return clean(f"directed by {listed}")
