"""Cells as people write them: running times, years, countries, languages, names of people. Pure."""

import re
from collections.abc import Callable, Mapping

from app.catalog import countries_languages
from app.catalog.enums import CreditRole
from app.catalog.titles import PARTICLES, folded
from app.core.spreadsheets import made_of

COMPANY_ROLES = frozenset((CreditRole.PRODUCTION_COMPANY, CreditRole.DISTRIBUTOR))
MAX_DIGITS = 9
WHOLE = re.compile(r"(\d{1,9})(?:[.,]0+)?")
MINUTES = re.compile(
    r"(\d{1,4})(?:[.,](\d)\d*)?\s*(?:min(?:ute)?s?\.?|m|'|\N{PRIME})", re.IGNORECASE
)
HOURS = re.compile(
    r"(\d{1,2})\s*(?:h(?:ou)?rs?|h|std)\.?\s*(?:(?:and\s+)?(\d{1,2})\s*(?:m(?:in(?:ute)?s?)?\.?)?)?",
    re.IGNORECASE,
)
CLOCK = re.compile(r"(\d{1,3}):(\d\d)(?::(\d\d))?")
# No film is longer than nine hours and fifty-nine minutes and written h:mm.
MAX_HOURS = 9
HALF_MINUTE = 30
YEARS = re.compile(r"(?<!\d)(?:18|19|20|21)\d\d(?!\d)")
SHOWN_YEAR = re.compile(
    r"[\[(]?\s*(?:c(?:a|irca)?\.?|©|copyright)?\s*(\d{4})\.?\s*[\])]?", re.IGNORECASE
)
# A spreadsheet that takes the years 1888 to 2100 for days writes days of 1905.
YEAR_OF_YEARS = re.compile(r"1905-0[3-9]-\d\d|\d{1,2}[/.]\d{1,2}[/.]1905")
LISTED = re.compile(r"\s*[|;,/]\s*")
AND = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d)\.?", re.IGNORECASE)
COUNTRIES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "ussr": "SU",
    "u.s.s.r.": "SU",
    "holland": "NL",
    "korea": "KR",
    "burma": "MM",
    "west germany": "DE",
    "federal republic of germany": "DE",
    "uae": "AE",
}
LANGUAGES = {
    "mandarin": "cmn",
    "cantonese": "yue",
    "farsi": "fas",
    "flemish": "nld",
    "castilian": "spa",
    "silent": "zxx",
    "none": "zxx",
    "no dialog": "zxx",
    "american sign language": "ase",
}
_COLORS = {
    "color": "color",
    "colour": "color",
    "c": "color",
    "bw": "bw",
    "blackandwhite": "bw",
    "blackwhite": "bw",
    "monochrome": "bw",
    "mixed": "mixed",
    "colorandbw": "mixed",
    "colourandbw": "mixed",
    "colorbw": "mixed",
    "bwcolor": "mixed",
    "bwandcolor": "mixed",
    "colorandblackandwhite": "mixed",
}
_STATES = {"draft": "draft", "published": "published", "withdrawn": "withdrawn"}
# Words that stand for a value of ours, by their letters alone.
WRITTEN: Mapping[str, Mapping[str, str]] = {"color": _COLORS, "status": _STATES}


def plain_word(text: str) -> str:
    """Return a word by its letters alone.

    >>> plain_word("B&W"), plain_word("Black & White")
    ('bw', 'blackwhite')
    """
    return "".join(re.findall(r"[a-z0-9]+", folded(text)))


def number_of(name: str, text: str) -> int | str | None:
    """Return the number in a cell: a whole one, a running time in minutes, the year of a day.

    >>> number_of("runtime_minutes", "1h 30m"), number_of("runtime_minutes", "1:30:00")
    (90, 90)
    >>> number_of("release_year", "(1999)"), number_of("release_date", "Jun 12 1998")
    (1999, 1998)

    Raises:
        ValueError: it cannot be read, or a spreadsheet made something else of it.
    """
    if not text:
        return None
    if found := WHOLE.fullmatch(text):
        return int(found[1])
    if name == "runtime_minutes":
        minutes = _minutes_of(text)
        if minutes is None:
            msg = f"Enter minutes, such as 90 or 1:30:00, not {text[:40]!r}."
            raise ValueError(msg)
        return minutes
    if found := SHOWN_YEAR.fullmatch(text):
        return int(found[1])
    if name == "release_date" and not YEAR_OF_YEARS.match(text):
        years = set(YEARS.findall(text))
        if len(years) == 1:
            return int(years.pop())
    made = made_of(text)
    if made:
        msg = (
            f"{text[:40]!r} is {made}, which a spreadsheet may have made from a year. Enter the "
            f"year."
        )
        raise ValueError(msg)
    if name == "release_date":
        msg = f"Enter a date such as 1999-05-31 or a year, not {text[:40]!r}."
        raise ValueError(msg)
    return text


def names_of(text: str, *, is_person: bool = True) -> list[str]:
    """Return the names in a cell: parted by bars, semicolons, or commas and "and" between people.

    >>> names_of("Ana Ferrer, Bo New and Cy Newer")
    ['Ana Ferrer', 'Bo New', 'Cy Newer']
    >>> names_of("Gorter, Jessica; van Zoelen, Kaj")
    ['Jessica Gorter', 'Kaj van Zoelen']
    """
    entries = [entry.strip() for entry in re.split(r"[|;\n]", text) if entry.strip()]
    if is_person:
        entries = [name for entry in entries for name in _people_of(entry)]
    return list(dict.fromkeys(" ".join(entry.split()) for entry in entries))


def countries_of(text: str) -> list[str]:
    """Return the codes of the countries in a cell, named by code or by name.

    >>> countries_of("USA, France"), countries_of("Trinidad and Tobago"), countries_of("NL | RU")
    (['US', 'FR'], ['TT'], ['NL', 'RU'])

    Raises:
        ValueError: one is none that we know.
    """
    return _listed(
        text, lambda word: COUNTRIES.get(word.lower()) or countries_languages.parse_country(word)
    )


def languages_of(text: str) -> list[str]:
    """Return the codes of the languages in a cell, named by code or by name.

    >>> languages_of("English, Dutch and Russian"), languages_of("eng")
    (['eng', 'nld', 'rus'], ['eng'])

    Raises:
        ValueError: one is none that we know.
    """
    return _listed(
        text, lambda word: LANGUAGES.get(word.lower()) or countries_languages.parse_language(word)
    )


PLACES: Mapping[str, Callable[[str], list[str]]] = {
    "countries": countries_of,
    "spoken": languages_of,
    "subtitles": languages_of,
}


def _minutes_of(text: str) -> int | None:
    if found := MINUTES.fullmatch(text):
        return int(found[1]) + (int(found[2] or 0) >= 5)  # noqa: PLR2004 - half a minute and more
    if found := HOURS.fullmatch(text):
        return 60 * int(found[1]) + int(found[2] or 0)
    if found := CLOCK.fullmatch(text):
        first, second, third = int(found[1]), int(found[2]), found[3]
        if third is not None:
            return 60 * first + second + (int(third) >= HALF_MINUTE)
        is_hours = first <= MAX_HOURS
        return 60 * first + second if is_hours else first + (second >= HALF_MINUTE)
    return None


def _listed(text: str, code_of: Callable[[str], str]) -> list[str]:
    """Return the codes in a cell; a name may hold the signs that part the others."""
    if not text:
        return []
    try:
        return [code_of(text)]
    except ValueError:
        pass
    found: list[str] = []
    for entry in filter(None, LISTED.split(text)):
        try:
            found.append(code_of(entry))
        except ValueError:
            if not AND.search(entry):
                raise
            found += [code_of(part) for part in AND.split(entry) if part]
    return list(dict.fromkeys(found))


def _people_of(entry: str) -> list[str]:
    """Return the people whom a cell without bars names: one, some, or one by the family name."""
    parts = [part for part in re.split(r"\s*,\s*", entry) if part]
    if len(parts) == len("fg") and _is_inverted(*parts):
        family, given = parts
        return [f"{given} {family}"]
    people: list[str] = []
    for part in parts:
        if people and SUFFIX.fullmatch(part):
            people[-1] += f", {part}"
            continue
        names = [name for name in AND.split(part.removeprefix("and ")) if name]
        # "Joel and Ethan Coen" are not a man called Joel and another.
        is_split = all(" " in name for name in names) or len(parts) > 1
        people += names if is_split else [part]
    return people


def _is_inverted(family: str, given: str) -> bool:
    first = (folded(family).split() or [""])[0]
    if SUFFIX.fullmatch(given) or AND.search(given):
        return False
    return " " not in family or (first in PARTICLES and " " not in given)
