"""A title as catalogs write it, taken apart into the forms that can be compared. Pure."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from anyascii import anyascii

from app.catalog.titles import ARTICLES, WORD, folded

MAX_TITLE_LENGTH = 300
# Left out wherever they stand: "The Man with the Movie Camera" is "Man with a Movie Camera".
ENGLISH_ARTICLES = frozenset(("the", "a", "an"))
# At the end after a comma these can only be articles: "rode ziel, De".
INVERTED = ARTICLES | {"de", "den", "det", "en", "o", "os", "as", "lo", "i", "l'"}
NUMBERS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
ROMAN = re.compile(r"(?=[ivx]{2,})x{0,3}(?:ix|iv|v?i{0,3})")
ROMAN_VALUES = {"i": 1, "v": 5, "x": 10}
AND = re.compile(r"\s*[&+]\s*")
QUOTES = re.compile("['`\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}]")
# Innermost, and not a part of a word: the brackets of "(T)ERROR" and "(Dis)Honesty" are letters.
BRACKETED = re.compile(r"(?<!\w)[(\[]([^()\[\]]*)[)\]](?!\w)")
WITHIN_WORD = re.compile(r"(?<=\w)[(\[](\w+)[)\]]|[(\[](\w+)[)\]](?=\w)")
# "TheRedSoul": words written together, each with a capital.
CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
YEAR = re.compile(r"(?:c|©|copyright)?\s*((?:18|19|20)\d\d)\.?")
ENDING_YEAR = re.compile(r",\s*((?:19|20)\d\d)\s*$")
AKA = re.compile(
    r"(?:\b(?:a\.k\.a\.?|aka|a/k/a|also known as|also released as)[:,]?|\s=)\s+", re.IGNORECASE
)
CARRIER_WORDS = (
    r"(?:dvds?|blu-?rays?|vhs|video ?recording|electronic resource|streaming(?: video)?|"
    r"digital site license|dsl|ppr|with ppr|motion picture|pal|ntsc|"
    r"region \d|all regions|\d-disc(?: set)?|documentary)"
)
CARRIER = re.compile(rf"(?:{CARRIER_WORDS}[\s,+/&]*)+", re.IGNORECASE)
ENDING_CARRIER = re.compile(rf"(?:\s*[-\u2013\u2014:,;]\s*|\s+){CARRIER_WORDS}\s*$", re.IGNORECASE)
CREDIT = re.compile(
    r"[\s,;:-]+(?:a (?:film|documentary) by|directed by|dir\. by|dir\.:?)\s+(.+)$", re.IGNORECASE
)
CREDIT_WORDS = re.compile(
    r"\b(?:a (?:film|documentary) by|directed by|written and|produced by|filmed by|by)\b",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"\s*:\s+|\s+:|\s+[-\u2013\u2014]+\s+|\s*--\s*|;\s+")


class TitleSection(Enum):
    """Which part of a title a form is."""

    WHOLE = "whole"
    MAIN = "main"
    SUBTITLE = "subtitle"


@dataclass(frozen=True, slots=True)
class TitleForm:
    """One way to write a title: its words, folded, without articles, numbers as digits.

    ``sequels`` are the small numbers of the whole title that the form is a part of, and
    ``solid`` holds its words with their articles, without spaces. ``has_inner_brackets`` is true
    of a title such as "(T)ERROR", which is neither "Error" nor "Terror".
    """

    text: str
    part: TitleSection
    source: str
    solid: str
    sequels: frozenset[str]
    has_inner_brackets: bool = False

    @property
    def joined(self) -> str:
        """The form without spaces: "Night Mail" and "Nightmail" are one."""
        return self.text.replace(" ", "")


@dataclass(frozen=True, slots=True)
class ParsedTitle:
    """The forms of a title, and what else was written into it."""

    forms: tuple[TitleForm, ...]
    director: str
    year: int | None


@lru_cache(maxsize=4096)
def parse_title(raw: str) -> ParsedTitle:
    """Take a title apart; whatever is typed gives an answer, at worst one without forms.

    >>> [form.text for form in parse_title("Red Soul, The [videorecording] / Jessica Gorter").forms]
    ['red soul']
    >>> parse_title("Berlin: Symphony of a Great City (1927)").year
    1927
    >>> [form.text for form in parse_title("TheRedSoul (DVD [PAL])").forms]
    ['theredsoul', 'red soul']
    """
    text = " ".join(raw[:MAX_TITLE_LENGTH].split()).strip(' "“”«».')
    text, _, statement = text.partition(" / ")
    director = CREDIT_WORDS.sub(" ", statement)
    credit = CREDIT.search(text)
    if credit and credit.start():
        director, text = f"{director} {credit[1]}", text[: credit.start()]
    year, inner, text = _brackets(text)
    ending = ENDING_YEAR.search(text)
    if ending and ending.start():
        year, text = year or int(ending[1]), text[: ending.start()]
    titles = [title for title in AKA.split(text) if title.strip(" ,;(")]
    titles += [CAMEL_CASE.sub(" ", title) for title in titles if " " not in title]
    forms: dict[tuple[str, TitleSection], TitleForm] = {}
    for title in [*titles, *inner]:
        for form in _forms_of(title):
            forms.setdefault((form.text, form.part), form)
    if inner and titles:
        # "Maquilapolis [city of factories]": what stands in brackets may be the subtitle.
        for form in _forms_of(f"{titles[0]}: {inner[0]}"):
            forms.setdefault((form.text, form.part), form)
    return ParsedTitle(tuple(forms.values()), director.strip(), year)


def split_words(text: str) -> list[str]:
    """Return the words of a title or a name, folded; numbers written out or Roman as digits.

    >>> split_words("Part III: Three Rooms & L'Été")
    ['part', '3', '3', 'rooms', 'and', 'lete']
    """
    plain = AND.sub(" and ", QUOTES.sub("", folded(text)))
    return [_number(word) for word in WORD.findall(plain)]


def _brackets(text: str) -> tuple[int | None, list[str], str]:
    """Return a year in brackets, other titles in brackets, and the text without brackets."""
    year: int | None = None
    inner: list[str] = []
    while found := BRACKETED.search(text):
        said = found[1].strip()
        stated = YEAR.fullmatch(said)
        if stated:
            year = year or int(stated[1])
        elif said and not CARRIER.fullmatch(said):
            inner.append(AKA.sub("", said))
        text = f"{text[: found.start()]} {text[found.end() :]}"
    return year, inner, " ".join(text.split())


def _forms_of(title: str) -> list[TitleForm]:
    title = title.strip(" ,;:/-=")
    while (shorter := ENDING_CARRIER.sub("", title)) != title:
        title = shorter
    title = _upright(title)
    sequels = frozenset(word for word in split_words(title) if word.isdigit() and len(word) < 4)  # noqa: PLR2004 - longer ones are years
    parts = [(title, TitleSection.WHOLE, title)]
    for cut in SEPARATOR.finditer(title):
        main, subtitle = _upright(title[: cut.start()]), title[cut.end() :]
        parts += [(main, TitleSection.MAIN, main), (subtitle, TitleSection.SUBTITLE, subtitle)]
        if main != title[: cut.start()]:
            parts.append((f"{main} {subtitle}", TitleSection.WHOLE, title))
    forms: list[TitleForm] = []
    for text, part, source in parts:
        whole = WITHIN_WORD.sub(r"\1\2", text)
        for written in dict.fromkeys((whole, romanized(whole))):
            if key := _key(written):
                solid = "".join(split_words(written))
                forms.append(TitleForm(key, part, source, solid, sequels, whole != text))
    return forms


def romanized(text: str) -> str:
    """Return ``text`` in Latin letters, as a library that lacks its script may write it.

    >>> romanized("Свидетели Путина")
    'Svideteli Putina'
    """
    return text if folded(text).isascii() else anyascii(text)


def _upright(title: str) -> str:
    """Return ``title`` with an article that was moved to its end put back in front."""
    rest, comma, last = title.rpartition(",")
    if comma and folded(last).strip() in INVERTED and rest.strip():
        return f"{last.strip()} {rest.strip()}"
    return title


def _key(title: str) -> str:
    words = split_words(title)
    kept = [word for word in words if word not in ENGLISH_ARTICLES]
    if len(kept) > 1 and kept[0] in ARTICLES:
        kept = kept[1:]
    return " ".join(kept or words)


def _number(word: str) -> str:
    if word in NUMBERS:
        return NUMBERS[word]
    if not ROMAN.fullmatch(word):
        return word
    values = [ROMAN_VALUES[letter] for letter in word]
    following = [*values[1:], 0]
    signed = (v if v >= after else -v for v, after in zip(values, following, strict=True))
    return str(sum(signed))
