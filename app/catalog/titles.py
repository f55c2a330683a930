"""Slugs, sort titles and folding: how text is made comparable. Pure."""

import re
import unicodedata

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
        "ı": "i",
        "ł": "l",
        "þ": "th",
        "’": "'",
    }
)
ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "la",
        "le",
        "les",
        "el",
        "los",
        "las",
        "il",
        "lo",
        "gli",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "een",
        "het",
        "de",
        "ein",
        "eine",
        "un",
        "une",
        "una",
        "uno",
        "o",
        "os",
        "as",
        "um",
        "uma",
    ]
)
# "O" and "As" and "De" begin too many English titles to be taken for Portuguese or Dutch.
ARTICLES -= {"o", "as", "de", "den", "dem", "os", "lo", "um"}
ELIDED = ("l'", "l’", "un'", "un’")
# Names that begin with what was once an article, and are filed under it.
NAMES = (
    "a to z",
    "el dorado",
    "el paso",
    "el salvador",
    "la paz",
    "las vegas",
    "le mans",
    "los alamos",
    "los angeles",
)
WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Return ``text`` in lower case without accents, so that both databases compare it alike."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return plain.translate(LETTERS)


def slugify(text: str) -> str:
    """Return a slug of ``text``: lower-case words and digits joined by hyphens; may be empty."""
    ascii_only = folded(text).replace("'", "").encode("ascii", "ignore").decode()
    return "-".join(WORD.findall(ascii_only))


def sort_title(title: str) -> str:
    """Return ``title`` without its leading article: "The Red Soul" sorts as "Red Soul".

    The language of a title is not known here, so "Die Hard" would lose its verb: a film's document
    can give the sort title that its editor wants.
    """
    plain = folded(title)
    if plain.startswith(NAMES):
        return title
    for article in ELIDED:
        if title.lower().startswith(article) and len(title) > len(article):
            rest = title[len(article) :]
            return rest[0].upper() + rest[1:]
    first, _, rest = title.partition(" ")
    rest = rest.lstrip()
    if rest and folded(first) in ARTICLES:
        return rest[0].upper() + rest[1:]
    return title


def sort_key(text: str) -> str:
    """Return the key by which ``text`` sorts: folded words, and numbers by their size."""
    words = WORD.findall(folded(text))
    padded = (re.sub(r"\d+", lambda digits: digits[0].zfill(6), word) for word in words)
    return " ".join(padded)[:300]
