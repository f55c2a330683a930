"""Text as a library record takes it: clean, in its punctuation, and short enough. Pure."""

import re

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


def clean(text: str) -> str:
    """Return ``text`` on one line, without control characters and typographers' marks.

    >>> clean(" one  two ")
    'one two'
    """
    plain = CONTROL.sub(" ", text.translate(PLAIN_MARKS))
    # Half of a surrogate pair is no character: no encoding takes it.
    whole = plain.encode("utf-8", "replace").decode()
    return SPACES.sub(" ", whole).strip()


def clipped(text: str, longest: int) -> str:
    """Return ``text`` in at most ``longest`` bytes of UTF-8, cut at a word.

    >>> clipped("one two three", 9)
    'one...'
    """
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    cut = encoded[: longest - 3].decode("utf-8", "ignore")
    return cut.rpartition(" ")[0].rstrip(" ,;:") + "..." if " " in cut else cut + "..."


def pieces(text: str, longest: int) -> list[str]:
    """Return ``text`` in pieces of at most ``longest`` bytes, cut at spaces where there are any.

    >>> pieces("one two three", 8)
    ['one two', 'three']
    """
    found: list[str] = []
    rest = text
    while len(rest.encode()) > longest:
        head = rest.encode()[: longest + 1].decode("utf-8", "ignore")
        cut = head.rfind(" ")
        if cut <= 0:
            head = rest.encode()[:longest].decode("utf-8", "ignore")
            cut = len(head)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest] if rest else found


def ensure_ending(text: str, mark: str = ".") -> str:
    """Return ``text`` with ``mark`` at its end, once."""
    return text if text.endswith(mark) else text + mark


def bare_name(name: str) -> str:
    """Return a name without punctuation at its end, so that the record's own is the only one.

    >>> bare_name("Films, Inc."), bare_name("Zeppers Film ,")
    ('Films, Inc.', 'Zeppers Film')
    """
    return clean(name).rstrip(" ,;:/") or clean(name)


def without_spaced_initials(text: str) -> str:
    """Return names as field 245 writes them.

    >>> without_spaced_initials("J. R. R. Smith")
    'J.R.R. Smith'
    """
    return INITIALS.sub(r"\1", text)


def nonfiling_characters(title: str, filed_as: str, languages: list[str]) -> int:
    """Return how many characters of a title are passed over in filing: MARC's second indicator.

    ``filed_as`` is the film's sort title, which an editor may have given: what it drops is
    dropped. ``languages`` are MARC codes of the film's, whose articles count too.

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
        return _with_marks(title, dropped)
    rest = title[start:]
    article = len(rest) - len(sort_title(rest)) if start else 0
    first, space, following = rest.partition(" ")
    listed = {word for code in languages for word in ARTICLES_OF.get(code, ())}
    if not article and space and following and folded(first) in listed:
        article = len(first) + 1
    return _with_marks(title, start + article) if 0 < article <= MAX_NONFILING - start else 0


def _with_marks(title: str, passed: int) -> int:
    """Pass over the marks behind an article too: the word after them is what is filed."""
    while passed < MAX_NONFILING and title[passed : passed + 1] in MARKS:
        passed += 1
    return passed
