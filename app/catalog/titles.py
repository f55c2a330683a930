"""Slugs, sort titles, sort names and folding: how text is made comparable. Pure."""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

# Letters that Unicode does not take apart into a base letter and a mark.
LETTERS = str.maketrans(
    {
        "æ": "ae",
        "ø": "o",
        "œ": "oe",
        "ß": "ss",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "þ": "th",
    }
)
# Whatever keyboards, catalogs and romanization tables use for an apostrophe, or for a sound that
# has no Latin letter, as in Hawaii or the Quran.
APOSTROPHES = str.maketrans(
    dict.fromkeys(
        (
            "`",
            "\N{ACUTE ACCENT}",
            "\N{LEFT SINGLE QUOTATION MARK}",
            "\N{RIGHT SINGLE QUOTATION MARK}",
            "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}",
            "\N{PRIME}",
            "\N{MODIFIER LETTER PRIME}",
            "\N{MODIFIER LETTER DOUBLE PRIME}",
            "\N{MODIFIER LETTER TURNED COMMA}",
            "\N{MODIFIER LETTER APOSTROPHE}",
            "\N{MODIFIER LETTER REVERSED COMMA}",
            "\N{MODIFIER LETTER RIGHT HALF RING}",
            "\N{MODIFIER LETTER LEFT HALF RING}",
            "\N{MODIFIER LETTER VERTICAL LINE}",
            "\N{FULLWIDTH APOSTROPHE}",
        ),
        "'",
    )
)
# English, French, Spanish, Italian, German, Dutch, Portuguese. "O", "As", "Lo", "De" and "Den" are
# left out: they begin more English words and names than they do articles.
ENGLISH = frozenset(("the", "a", "an"))
FRENCH_SPANISH_ITALIAN = frozenset(("la", "le", "les", "el", "los", "las", "il", "gli"))
GERMAN_DUTCH = frozenset(("der", "die", "das", "ein", "eine", "het", "een"))
INDEFINITE_ROMANCE = frozenset(("un", "une", "una", "uno", "uma"))
ARTICLES = ENGLISH | FRENCH_SPANISH_ITALIAN | GERMAN_DUTCH | INDEFINITE_ROMANCE
ELIDED = re.compile("(?:l|un)['\N{RIGHT SINGLE QUOTATION MARK}](?=\\w)", re.IGNORECASE)
# Names that begin with what was once an article, and are filed under it.
NAMES = re.compile(
    r"(?:a to z|el dorado|el paso|el salvador|la paz|las vegas|le mans|los alamos|los angeles)\b"
)
# Parts of a family name that do not lead it in an English index.
PARTICLES = frozenset(("da", "de", "del", "della", "den", "der", "di", "dos", "du", "ten", "ter"))
PARTICLES |= {"van", "von", "zu", "zum", "zur", "la", "le"}
HONORIFICS = frozenset(("dr.", "dr", "prof.", "professor", "sir", "dame", "rev."))
WORD = re.compile(r"[^\W_]+")
KEY_LENGTH = 300


def folded(text: str) -> str:
    r"""Return ``text`` in lower case without accents, so that both databases compare it alike.

    Apostrophes and what stands for them are one.

    >>> folded("Łódź, Señor Straße"), folded("Hawai\N{MODIFIER LETTER TURNED COMMA}i")
    ('lodz, senor strasse', "hawai'i")
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    # Before the marks are taken apart: an acute accent by itself becomes a space and a mark.
    decomposed = unicodedata.normalize("NFKD", text.translate(APOSTROPHES).casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return plain.translate(LETTERS)


@lru_cache(maxsize=20_000)
def slugify(text: str) -> str:
    """Return a slug of ``text``: lower-case words and digits joined by hyphens.

    Letters of other scripts are written in Latin ones; empty only if there is no letter or digit.

    >>> slugify("Putin's Witnesses (2018)"), slugify("七人の侍")
    ('putins-witnesses-2018', 'qirennoshi')
    """
    plain = folded(text)
    if not plain.isascii():
        plain = "".join(anyascii(sign) if _is_of_word(sign) else "" for sign in plain).lower()
    return "-".join(WORD.findall(plain.replace("'", "").replace("`", "")))


def _is_of_word(sign: str) -> bool:
    return sign.isascii() or unicodedata.category(sign)[0] in "LMN"


def sort_title(title: str) -> str:
    """Return ``title`` without its leading article.

    The language of a title is not known here, so "Die Hard" loses its verb: a film's document can
    give the sort title that its editor wants.

    >>> sort_title("The Red Soul"), sort_title("L'Atalante"), sort_title("Los Angeles Plays Itself")
    ('Red Soul', 'Atalante', 'Los Angeles Plays Itself')
    """
    if NAMES.match(folded(title)):
        return title
    elided = ELIDED.match(title)
    if elided:
        rest = title[elided.end() :]
    else:
        first, _, rest = title.partition(" ")
        rest = rest.lstrip() if folded(first) in ARTICLES else ""
    return rest[:1].upper() + rest[1:] if rest else title


def sort_key(text: str) -> str:
    """Return the key by which ``text`` sorts: folded words, and numbers by their size.

    >>> sort_key("3 Rooms of Melancholia")
    '000003 rooms of melancholia'
    """
    words = WORD.findall(folded(text).replace("'", ""))
    padded = (re.sub(r"\d+", lambda digits: digits[0].zfill(6), word) for word in words)
    return " ".join(padded)[:KEY_LENGTH] or text[:KEY_LENGTH]


def sort_name(name: str) -> str:
    """Return a person's name with the family name first, as an index has it.

    A guess for names written in the Western order; a document can give the right one.

    >>> sort_name("Jessica Gorter"), sort_name("Kaj van Zoelen"), sort_name("Dr. Dmitry Gorenburg")
    ('Gorter, Jessica', 'Zoelen, Kaj van', 'Gorenburg, Dmitry')
    """
    words = name.split()
    while len(words) > 1 and words[0].lower() in HONORIFICS:
        words = words[1:]
    if len(words) == 1:
        return words[0]
    *given, family = words
    moved: list[str] = []
    while len(given) > 1 and given[-1].lower() in PARTICLES:
        moved.insert(0, given.pop())
    return f"{family}, {' '.join(given + moved)}"
