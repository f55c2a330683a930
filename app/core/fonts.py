"""Fonts for documents and images: which there are, and which characters they can print.

Documents never depend on what a machine happens to have installed: the fonts come with typst, with
two packages of Noto fonts, and from the folder of the setting ``fonts_folder``. typst and fontTools
are loaded with the first document: most workers' memory has no need of them.
"""
# ruff: noqa: PLC0415 - the reason is above

import json
import logging
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.text import clusters

if TYPE_CHECKING:
    import typst

log = logging.getLogger(__name__)

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
# The first of these that has a character prints it; then typst looks into every other font.
SERIF = ("Libertinus Serif", "New Computer Modern", "Noto Sans")
# One Han character is drawn differently in Japan, Korea, Taiwan, Hong Kong and mainland China.
HAN_FAMILIES = {
    "JP": "Noto Sans CJK JP",
    "KR": "Noto Sans CJK KR",
    "TW": "Noto Sans CJK TC",
    "HK": "Noto Sans CJK HK",
    "MO": "Noto Sans CJK HK",
}
HAN_DEFAULT = "Noto Sans CJK SC"
KANA = range(0x3040, 0x3100)
HANGUL = range(0xAC00, 0xD7A4)
# "Mathematical Alphanumeric Symbols": New Computer Modern Math, which comes within typst, has all.
MATH_LETTERS = range(0x1D400, 0x1D800)
# Characters that every Latin font has: such text needs no look into the fonts.
LATIN_END = 0x180
FIRST_EAST_ASIAN = 0x2E80
BOX = "□"
# A longer run of letters without a space may break anywhere: it would leave the page. Not those of
# Thai, Lao, Burmese, Khmer, Han, kana and Hangul: typst knows where their words may break.
_UNBROKEN = re.compile(
    r"[^\s\u0E01-\u0E30\u0E81-\u0EB0\u1000-\u102A\u1780-\u17B3\u2E80-\uD7B0]{25,}"
)
BREAK = "\u200b"
BREAK_EVERY = 4
# Sequences of characters that are tried by themselves, for one document that failed.
MAX_TRIED_CLUSTERS = 100
# Line ends, joiners, and the isolates that keep a name's direction to itself.
_PRESERVED = "\n\u200c\u200d\u2068\u2069"
_INVISIBLE = {"Cf", "Cc", "Zl", "Zp"}
_MARKS = {"Mn", "Mc", "Me"}
_SELECTORS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))


@lru_cache(maxsize=4)
def load_fonts(folder: str = "") -> "typst.Fonts":
    """Return the fonts of every document, read once; ``folder`` holds more of them."""
    import typst

    paths = [str(resources.files(package)) for package in PACKAGES]
    if folder:
        paths.append(folder)
    return typst.Fonts(include_system_fonts=False, font_paths=paths)


def check_fonts(folder: str) -> None:
    """Check that every document can be printed.

    Raises:
        FileNotFoundError: the folder of the setting ``fonts_folder`` is not there.
    """
    if folder and not Path(folder).is_dir():
        msg = f"REELRIGHT_FONTS_FOLDER: there is no folder {folder}"
        raise FileNotFoundError(msg)
    families = set(load_fonts(folder).families())
    missing = {*SERIF, HAN_DEFAULT, *HAN_FAMILIES.values()} - families
    if missing:
        msg = f"fonts are missing: {', '.join(sorted(missing))}. Install the requirements again."
        raise FileNotFoundError(msg)


def has_glyph(letter: str, folder: str = "") -> bool:
    """Return whether some font file can print the character."""
    point = ord(letter)
    paths = _font_files(folder)
    # The largest file by far is looked into only for what it is there for.
    ordered = reversed(paths) if point >= FIRST_EAST_ASIAN else paths
    return any(point in _points_of(path) for path in ordered)


@lru_cache(maxsize=4)
def _font_files(folder: str) -> tuple[str, ...]:
    """Return the font files, the East Asian ones last."""
    paths = {font.path for font in load_fonts(folder).fonts() if font.path}
    return tuple(sorted(paths, key=lambda path: ("CJK" in path, path)))


@cache
def _points_of(path: str) -> frozenset[int]:
    """Return the code points of a font file. Those of one collection (.ttc) share them."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            return frozenset(font.getBestCmap() or {})
    except (TTLibError, OSError) as error:
        log.warning("font.unreadable", extra={"path": path, "error": str(error)})
        return frozenset()


def families_for(text: str, country: str = "") -> list[str]:
    """Return the fonts to try, in order; Han letters take the forms of the text or the country."""
    if any(ord(letter) in KANA for letter in text):
        country = "JP"
    elif any(ord(letter) in HANGUL for letter in text):
        country = "KR"
    return [*SERIF, HAN_FAMILIES.get(country, HAN_DEFAULT)]


def printable(text: str, folder: str = "") -> str:
    """Return the text with a box for each character that no font has, and no invisible ones.

    A letter that is only another form of plain ones is printed as those (``ﬁ`` as ``fi``).
    """
    if all(letter == "\n" or " " <= letter < "\x7f" for letter in text):
        return text
    return "".join(_printable_letter(letter, folder) for letter in text)


def unprintable(text: str, folder: str = "") -> list[str]:
    """Return the characters of the text that are printed as boxes, each once."""
    return [
        letter
        for letter in dict.fromkeys(text)
        if letter != BOX and _printable_letter(letter, folder) == BOX
    ]


def without_odd_clusters(text: str, folder: str = "") -> str:
    """Return the text without the marks that no font can set on their letter.

    Each font may have a letter and no font the letter with its marks: ``1`` with the frame of a
    key, or a Latin letter with a vowel sign of another script.
    """
    tried = 0
    parts = []
    for cluster in clusters(text):
        if len(cluster) > 1:
            tried += 1
            if tried > MAX_TRIED_CLUSTERS or not _can_set(cluster, folder):
                parts.append("".join(_set_alone(letter, folder) for letter in cluster))
                continue
        parts.append(cluster)
    return "".join(parts)


def ascii_only(text: str) -> str:
    """Return the text with a box for each character beyond ASCII: what can always be set."""
    return "".join(letter if letter.isascii() else BOX for letter in text)


def breakable(text: str) -> str:
    """Return the text with places to break in runs of letters that are too long for a line."""
    return _UNBROKEN.sub(lambda run: BREAK.join(_in_groups(run[0])), text)


def _in_groups(run: str) -> Iterator[str]:
    """Yield the run in portions of a few letters: a break between all would take long to set."""
    letters = list(clusters(run))
    for start in range(0, len(letters), BREAK_EVERY):
        yield "".join(letters[start : start + BREAK_EVERY])


@lru_cache(maxsize=4096)
def _printable_letter(letter: str, folder: str) -> str:
    point = ord(letter)
    category = unicodedata.category(letter)
    if letter in _PRESERVED or point in _SELECTORS:
        return letter
    if category in _INVISIBLE:
        # Tags choose the flags of regions.
        return letter if 0xE0020 <= point <= 0xE007F else ""  # noqa: PLR2004
    if point < LATIN_END or has_glyph(letter, folder):
        return letter
    if point in MATH_LETTERS and category != "Cn":
        return letter
    plain = unicodedata.normalize("NFKC", letter)
    if plain != letter and all(has_glyph(one, folder) for one in plain):
        return plain
    return "" if category in _MARKS else BOX


_PROBE = b"""#set document(title: "x")
#let data = json(bytes(sys.inputs.data))
#set text(font: data.fonts)
#data.text"""


@lru_cache(maxsize=4096)
def _can_set(cluster: str, folder: str) -> bool:
    """Return whether typst can set these characters together."""
    import typst

    data: dict[str, Any] = {"text": cluster, "fonts": families_for(cluster)}
    try:
        typst.compile(
            _PROBE,
            font_paths=load_fonts(folder),
            format="pdf",
            pdf_standards=["ua-1"],
            sys_inputs={"data": json.dumps(data)},
        )
    except typst.TypstError:
        return False
    return True


def _set_alone(letter: str, folder: str) -> str:
    if _can_set(letter, folder):
        return "" if unicodedata.category(letter) in {*_MARKS, "Cf"} else letter
    return "" if unicodedata.category(letter) in {*_MARKS, *_INVISIBLE} else BOX
