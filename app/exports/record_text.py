"""Text of library records: cleaned, punctuated, shortened, and romanized. Pure."""

import re
import unicodedata

from anyascii import anyascii
from pymarc import Field, Indicators, Subfield

from app.catalog.titles import folded, sort_title

# MARC's own delimiters are control characters, and MARC::Lint refuses tabs and line ends.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SPACES = re.compile(r"\s+")
# Catalogs transcribe typographers' quotation marks as plain ones: searches are typed with these.
PLAIN_MARKS = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{NO-BREAK SPACE}": " ",
    }
)
LEADING_MARKS = re.compile(r"[\"'\[(*]*")
INITIALS = re.compile(r"\b(\w\.) (?=\w\.)")
MARKS = frozenset(" \"'[]()*")
MAX_NONFILING = 9
# Articles that the sort title keeps, because they are words or names of English too: they count in
# a film of their language only.
ARTICLES_OF = {
    "cat": ("els", "lo"),
    "dan": ("den", "det", "de", "en", "et"),
    "dut": ("de",),
    "ger": ("dem", "den", "des", "einem", "einen", "einer", "eines"),
    "hun": ("az", "egy"),
    "ita": ("lo",),
    "nor": ("den", "det", "de", "en", "ei", "et"),
    "por": ("o", "as", "os", "um"),
    "spa": ("lo",),
    "swe": ("den", "det", "de", "en", "ett"),
}
LATIN = ("LATIN", "MODIFIER LETTER", "FULLWIDTH LATIN")
# How subfield 6 of a linked field names a script: MARC's own codes, and ISO 15924 beyond them.
SCRIPT_CODES = {
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


def clean(text: str) -> str:
    """Return ``text`` on one line, without control characters and typographers' marks.

    >>> clean(" one  two ")
    'one two'
    """
    plain = CONTROL.sub(" ", text.translate(PLAIN_MARKS))
    # Half of a surrogate pair cannot be encoded.
    whole = plain.encode("utf-8", "replace").decode()
    return SPACES.sub(" ", whole).strip()


def truncate(text: str, max_bytes: int) -> str:
    """Return ``text`` in at most ``max_bytes`` bytes of UTF-8, cut at a word.

    >>> truncate("one two three", 9)
    'one...'
    """
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    cut = encoded[: max_bytes - 3].decode("utf-8", "ignore")
    return cut.rpartition(" ")[0].rstrip(" ,;:") + "..." if " " in cut else cut + "..."


def split_text(text: str, max_bytes: int) -> list[str]:
    """Return ``text`` in parts of at most ``max_bytes`` bytes, cut at spaces where there are any.

    >>> split_text("one two three", 8)
    ['one two', 'three']
    """
    parts: list[str] = []
    rest = text
    while len(rest.encode()) > max_bytes:
        head = rest.encode()[: max_bytes + 1].decode("utf-8", "ignore")
        cut = head.rfind(" ")
        if cut <= 0:
            head = rest.encode()[:max_bytes].decode("utf-8", "ignore")
            cut = len(head)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def ensure_ending(text: str, mark: str = ".") -> str:
    """Return ``text`` with ``mark`` at its end, once."""
    return text if text.endswith(mark) else text + mark


def bare_name(name: str) -> str:
    """Return a name without punctuation at its end, so that the record's own is the only one.

    >>> bare_name("Films, Inc."), bare_name("Zeppers Film ,")
    ('Films, Inc.', 'Zeppers Film')
    """
    return clean(name).rstrip(" ,;:/") or clean(name)


def close_up_initials(text: str) -> str:
    """Return names as field 245 writes them, without spaces between initials.

    >>> close_up_initials("J. R. R. Smith")
    'J.R.R. Smith'
    """
    return INITIALS.sub(r"\1", text)


def nonfiling_characters(title: str, filed_as: str, languages: list[str]) -> int:
    """Return how many characters of a title filing skips: MARC's second indicator.

    What ``filed_as``, the film's sort title, leaves out is skipped. ``languages`` are MARC codes of
    the film's languages, whose articles count too.

    >>> nonfiling_characters("The Red Soul", "Red Soul", ["rus"])
    4
    >>> nonfiling_characters("Los Angeles", "Los Angeles", [])
    0
    >>> nonfiling_characters("Os Lobos", "Os Lobos", ["por"])
    3
    >>> nonfiling_characters("Os Lobos", "Os Lobos", ["eng"])
    0
    >>> nonfiling_characters('"The River"', '"The River"', ["eng"])
    5
    >>> nonfiling_characters('The "River"', '"River"', [])
    5
    """
    title, filed_as = clean(title), clean(filed_as)
    marks = LEADING_MARKS.match(title)
    start = marks.end() if marks else 0
    dropped = len(title) - len(filed_as)
    if 0 < dropped <= MAX_NONFILING and folded(title[dropped:]) == folded(filed_as):
        return _skip_marks(title, dropped)
    rest = title[start:]
    article = len(rest) - len(sort_title(rest)) if start else 0
    first, space, following = rest.partition(" ")
    listed = {word for code in languages for word in ARTICLES_OF.get(code, ())}
    if not article and space and following and folded(first) in listed:
        article = len(first) + 1
    return _skip_marks(title, start + article) if 0 < article <= MAX_NONFILING - start else 0


def _skip_marks(title: str, skipped: int) -> int:
    """Return ``skipped`` with the punctuation after an article."""
    while skipped < MAX_NONFILING and title[skipped : skipped + 1] in MARKS:
        skipped += 1
    return skipped


def detect_script(text: str) -> str:
    """Return Unicode's name for the script of the first letter that is not Latin; empty if none.

    >>> detect_script("Свидетели Путина"), detect_script("L'été"), detect_script("7 人の侍")
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


def linkage(tag: str, occurrence: int, script: str = "") -> str:
    """Return subfield 6 of a linked field.

    >>> linkage("880", 1), linkage("245", 1, "CYRILLIC"), linkage("245", 1, "TIFINAGH")
    ('880-01', '245-01/(N', '245-01')
    """
    code = SCRIPT_CODES.get(script.partition("-")[0], "")
    return f"{tag}-{occurrence:02}" + (f"/{code}" if code else "")


def romanize(text: str) -> str:
    """Return a text in Latin letters; Latin words are unchanged.

    >>> romanize("Café Москва"), romanize("東京 1953"), romanize("L'été")
    ('Café Moskva', 'Dongjing 1953', "L'été")
    """
    return " ".join(
        _romanize_word(word) if detect_script(word) else word for word in text.split(" ")
    )


def _romanize_word(word: str) -> str:
    letters = anyascii(word)
    has_case = word.lower() != word.upper()
    # anyascii starts each character of Han and Hangul with a capital.
    return letters if has_case else letters[:1] + letters[1:].lower()


def data_field(tag: str, indicators: str, *subfields: tuple[str, str]) -> Field:
    """Return a data field; ``indicators`` are two characters, a space for a blank.

    Subfields without a text are left out.
    """
    cleaned = [Subfield(code, clean(value)) for code, value in subfields]
    return Field(
        tag=tag,
        indicators=Indicators(*indicators),
        subfields=[subfield for subfield in cleaned if subfield.value],
    )
