"""Text that people typed: its one normal form, and what in it can be seen.

Every text that enters the store goes through here: fields of the API and of forms by their type
(``TextConstraints``), forms and query strings as they are read.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from pydantic import BeforeValidator, StringConstraints

# Unicode's Default_Ignorable_Code_Point and what else takes part in no visible letter: soft
# hyphens, zero-width spaces, marks of direction, fillers, tags, the empty Braille cell.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# What ends a line somewhere: a text of one line refuses all of them as one.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Other control characters, halves of characters, and code points that are none.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NON_ASCII_QUERY = re.compile(rb"%[89a-fA-F]|[\x80-\xff]")
_QUERY_PARTS = re.compile(rb"([&=+;])")
_JOINERS = "\u200c\u200d"
# The combining class of the signs that join two consonants of an Indic script.
_VIRAMA = 9
_MARKS = {"Mn", "Mc", "Me"}
_RIGHT_TO_LEFT = {"R", "AL"}


def normalize(text: str) -> str:
    r"""Return the text in NFC, without characters that cannot be seen or that turn its direction.

    Joiners stay where scripts and emoji need them, and variation selectors after their letter.

    >>> normalize("Example \u202eegelloC")
    'Example egelloC'
    >>> normalize("\u200b")
    ''
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    if not _INVISIBLE.search(text):
        return text
    return "".join(_visible_characters(text))


def clean(value: object) -> object:
    """Return a text in its normal form, with line ends as LF; other values as they are.

    Raises:
        ValueError: it has control characters or halves of characters.
    """
    if not isinstance(value, str) or (value.isascii() and value.isprintable()):
        return value
    text = _LINE_ENDS.sub("\n", value)
    if _CONTROL.search(text):
        msg = "Remove the control characters."
        raise ValueError(msg)
    return normalize(text)


class TextConstraints(StringConstraints):
    """What a text must be, as pydantic's ``StringConstraints`` say it, after it is cleaned.

    So a text of invisible characters is empty, and the length is that of the normal form.
    """

    def __iter__(self) -> Iterator[Any]:
        """Yield the constraints as pydantic reads them."""
        yield from super().__iter__()
        yield BeforeValidator(clean)


def one_line(text: str) -> str:
    """Return the text, which must be one line.

    Raises:
        ValueError: it has several.
    """
    if "\n" in text:
        msg = "Enter one line."
        raise ValueError(msg)
    return text


def normalize_query(query: bytes) -> bytes:
    """Return a query string with its names and values in their normal form.

    >>> normalize_query(b"q=cafe%CC%81+noir")
    b'q=caf%C3%A9+noir'
    """
    if not _NON_ASCII_QUERY.search(query):
        return query
    return b"".join(map(_normalize_part, _QUERY_PARTS.split(query)))


def _normalize_part(part: bytes) -> bytes:
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        return part
    normal = normalize(text)
    return part if normal == text else quote(normal, safe="").encode()


def clusters(text: str) -> Iterator[str]:
    """Yield the text by letters, each with the marks and joiners that belong to it."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _continues_cluster(text, place):
            yield text[start:place]
            start = place


def is_right_to_left(text: str) -> bool:
    """Return whether some of the text is written from right to left."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def isolate(text: str) -> str:
    """Return the text so that it does not turn what stands beside it: in sentences, not in HTML.

    HTML isolates names with ``<bdi>``.
    """
    text = normalize(text)
    return f"\u2068{text}\u2069" if is_right_to_left(text) else text


def _visible_characters(text: str) -> Iterator[str]:
    before = ""
    for place, letter in enumerate(text):
        if not _INVISIBLE.match(letter) or _is_meaningful(
            letter, before, text[place + 1 : place + 2]
        ):
            yield letter
            before = letter


def _is_meaningful(letter: str, before: str, after: str) -> bool:
    """Return whether an invisible character says how the letter before it is drawn."""
    if not before or before.isspace():
        return False
    if letter in _JOINERS:
        return _uses_joiners(before) and (letter == "\u200c" or _uses_joiners(after) or not after)
    point = ord(letter)
    if letter <= "\u180f" and letter >= "\u180b":
        return "\u1820" <= before <= "\u18aa"  # how a Mongolian letter is drawn
    if "\ufe00" <= letter <= "\ufe0f":
        # Whether a sign is an emoji, or which form of a letter is meant.
        return not _INVISIBLE.match(before)
    if 0xE0100 <= point <= 0xE01EF:  # noqa: PLR2004 - the form of a Han letter
        return before >= "\u2e80"
    # Tags choose the flag of a region.
    return 0xE0020 <= point <= 0xE007F and ord(before) >= 0x1F000  # noqa: PLR2004


def _uses_joiners(letter: str) -> bool:
    """Return whether a joiner beside this letter means something: not in Latin, say."""
    return letter >= "\u0600" and not ("\u1e00" <= letter <= "\u20ff")


def _continues_cluster(text: str, place: int) -> bool:
    letter, before = text[place], text[place - 1]
    is_mark = unicodedata.category(letter) in {*_MARKS, "Cf"}
    return is_mark or before == "\u200d" or unicodedata.combining(before) == _VIRAMA


def normalize_key(text: str) -> str:
    """Return ``text`` without case, accents, spaces and signs, for comparison."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalnum())[:200]
