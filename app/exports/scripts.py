"""Titles in other scripts: their Latin letters for field 245, and their own for field 880. Pure."""

import unicodedata

from anyascii import anyascii

from app.catalog.titles import folded

LATIN = ("LATIN", "MODIFIER LETTER", "FULLWIDTH LATIN")
# How subfield 6 of a linked field names a script: MARC's own codes, and ISO 15924 beyond them.
CODES = {
    "CYRILLIC": "(N",
    "GREEK": "(S",
    "HEBREW": "(2/r",
    "ARABIC": "(3/r",
    "CJK": "$1",
    "HIRAGANA": "$1",
    "KATAKANA": "$1",
    "HANGUL": "$1",
    "ARMENIAN": "Armn",
    "BENGALI": "Beng",
    "DEVANAGARI": "Deva",
    "ETHIOPIC": "Ethi",
    "GEORGIAN": "Geor",
    "GUJARATI": "Gujr",
    "GURMUKHI": "Guru",
    "KANNADA": "Knda",
    "KHMER": "Khmr",
    "LAO": "Laoo",
    "MALAYALAM": "Mlym",
    "MONGOLIAN": "Mong",
    "MYANMAR": "Mymr",
    "ORIYA": "Orya",
    "SINHALA": "Sinh",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "THAANA": "Thaa/r",
    "THAI": "Thai",
    "TIBETAN": "Tibt",
}


def script_of(text: str) -> str:
    """Return the script of the first letter that is not Latin, as Unicode calls it; empty if none.

    >>> script_of("Свидетели Путина"), script_of("L'été"), script_of("7 人の侍")
    ('CYRILLIC', '', 'CJK')
    """
    if text.isascii():
        return ""
    for letter in folded(text):
        if letter.isalpha() and not letter.isascii():
            name = unicodedata.name(letter, "")
            if name and not name.startswith(LATIN):
                return name.partition(" ")[0]
    return ""


def link(tag: str, occurrence: int, script: str = "") -> str:
    """Return subfield 6 of a linked field.

    >>> link("880", 1), link("245", 1, "CYRILLIC"), link("245", 1, "TIFINAGH")
    ('880-01', '245-01/(N', '245-01')
    """
    code = CODES.get(script.partition("-")[0], "")
    return f"{tag}-{occurrence:02}" + (f"/{code}" if code else "")


def romanized(text: str) -> str:
    """Return a text in Latin letters; words that are in them already are unchanged.

    >>> romanized("Café Москва"), romanized("東京 1953"), romanized("L'été")
    ('Café Moskva', 'Dongjing 1953', "L'été")
    """
    return " ".join(_romanized_word(word) if script_of(word) else word for word in text.split(" "))


def _romanized_word(word: str) -> str:
    letters = anyascii(word)
    has_case = word.lower() != word.upper()
    # Han and Hangul are written out sign by sign, each with a capital.
    return letters if has_case else letters[:1] + letters[1:].lower()
