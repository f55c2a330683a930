"""Setting type: outlined faces, line breaks, and the size at which a title fills its box."""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import accumulate
from typing import Protocol

from app.core.text import clusters
from app.posters.canvas import Canvas

EM = 1000
MAX_LINES = 9
MAX_WORDS = 32
# A line that ends in one of these reads badly; it is broken elsewhere if that costs little.
DANGLING = frozenset({"a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to"})
DANGLING_COST = 1.12
FACES = {"gothic": "league-gothic-400", "sans": "jost-800", "serif": "instrument-serif-400"}
SMALL = "jost-500"
WIDE = ("W", "F")
# Scripts with wide letters and marks far above and below: Indic ones, Burmese, Khmer.
TALL = (range(0x900, 0xE00), range(0x1000, 0x10A0), range(0x1780, 0x1800))
TALL_LEADING = 1.35
MIN_LEADING = 1.15
# A longer word may break anywhere: in one line it could not be read.
MAX_WORD_LENGTH = 24
OPENING_QUOTE = re.compile(r'(?<!\S)"')
DESCENDING = frozenset("gjpqyQ,;")
DESCENT = 0.2


class Lettering(Protocol):
    """A way to set a line of text. Widths and heights are in ems."""

    cap_height: float

    def width(self, text: str) -> float:
        """Return how wide the line runs, in ems."""
        ...

    def draw(
        self, canvas: Canvas, text: str, x: float, y: float, size: float, *, fill: str
    ) -> None:
        """Draw the line with its baseline at y, beginning at x."""
        ...


class Outlines:
    """A face whose glyphs are drawn as paths: an SVG shown as an image can load no font."""

    def __init__(self, name: str) -> None:
        source = resources.files("app.posters.glyphs").joinpath(f"{name}.json")
        table = json.loads(source.read_text(encoding="utf-8"))
        self.cap_height: float = table["cap_height"] / EM
        self._glyphs: dict[str, tuple[int, str]] = table["glyphs"]
        self._kern: dict[str, int] = table["kern"]

    def covers(self, text: str) -> bool:
        """Whether there is a glyph for every character."""
        return all(character in self._glyphs for character in text)

    def width(self, text: str) -> float:
        """Return how wide the line runs, in ems."""
        advances = sum(self._glyphs[character][0] for character in text)
        kerns = sum(self._kern.get(text[i : i + 2], 0) for i in range(len(text) - 1))
        return (advances + kerns) / EM

    def draw(
        self, canvas: Canvas, text: str, x: float, y: float, size: float, *, fill: str
    ) -> None:
        """Draw the line with its baseline at y, beginning at x."""
        parts: list[str] = []
        pen = 0
        for index, character in enumerate(text):
            advance, outline = self._glyphs[character]
            if outline:
                parts.append(f"M{pen} 0{outline}")
            pen += advance + self._kern.get(text[index : index + 2], 0)
        canvas.outline("".join(parts), x, y, size / EM, fill)


class SystemSerif:
    """The reader's own serif, for scripts without outlines; widths are careful guesses."""

    cap_height = 0.72

    def width(self, text: str) -> float:
        """Return about how wide the line runs, in ems."""
        return sum(map(_guessed_width, text))

    def draw(
        self, canvas: Canvas, text: str, x: float, y: float, size: float, *, fill: str
    ) -> None:
        """Write the line as text."""
        canvas.text(text, x, y, size, fill=fill, weight=700)


def _guessed_width(character: str) -> float:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0.0
    if unicodedata.east_asian_width(character) in WIDE:
        return 1.0
    return 0.85 if is_tall(character) else 0.62


def is_tall(text: str) -> bool:
    """Whether the text has letters of a script that needs more room."""
    return any(ord(character) in script for character in text for script in TALL)


@lru_cache(maxsize=8)
def outlines(name: str) -> Outlines:
    """Return a face, read once."""
    return Outlines(name)


def lettering(text: str, face: str) -> tuple[Lettering, str]:
    """Return what sets this text, and the text as it is set: the gothic is all capitals."""
    text = typographic(text)
    for name in (face, "sans"):
        spelled = text.upper() if name == "gothic" else text
        outlined = outlines(FACES[name])
        if outlined.covers(spelled):
            return outlined, spelled
    return SystemSerif(), text


def small(text: str) -> Lettering:
    """Return what sets a line of small print."""
    return outlines(SMALL) if outlines(SMALL).covers(text) else SystemSerif()


@dataclass(frozen=True, slots=True)
class Setting:
    """Text broken into lines at a size."""

    face: Lettering
    lines: tuple[str, ...]
    size: float
    leading: float

    @property
    def height(self) -> float:
        """From the top of the first line's capitals to the last baseline."""
        return self.size * (self.face.cap_height + self.leading * (len(self.lines) - 1))

    @property
    def width(self) -> float:
        """The widest line."""
        return max(self.face.width(line) for line in self.lines) * self.size

    @property
    def hang(self) -> float:
        """How far the last line hangs below its baseline."""
        return self.size * descent(self.lines[-1])

    def draw(self, canvas: Canvas, x: float, top: float, fill: str) -> float:
        """Draw the lines from the top of the first capitals; return the last baseline."""
        baseline = top + self.size * self.face.cap_height
        for line in self.lines:
            self.face.draw(canvas, line, x, baseline, self.size, fill=fill)
            baseline += self.size * self.leading
        return baseline - self.size * self.leading


def typographic(text: str) -> str:
    """Curl straight quotation marks and apostrophes, as a typesetter would."""
    text = OPENING_QUOTE.sub("\u201c", text)
    return text.replace('"', "\u201d").replace("'", "\u2019")


def words_of(text: str) -> list[str]:
    """Split where a line may break: at spaces, or anywhere in scripts written without them."""
    words = text.split()
    if len(words) == 1 and (
        len(text) > MAX_WORD_LENGTH
        or any(unicodedata.east_asian_width(sign) in WIDE for sign in text)
    ):
        return list(clusters(text.strip()))
    return words


def descent(line: str) -> float:
    """Return how far the line hangs below its baseline, in ems."""
    return DESCENT if any(sign in DESCENDING for sign in line) else 0.0


def fit(
    text: str, face: str, *, width: float, height: float, largest: float, leading: float = 1.0
) -> Setting:
    """Break the text so that it can be set as large as the box allows."""
    letters, text = lettering(text, face)
    if isinstance(letters, SystemSerif):
        leading = max(leading, TALL_LEADING if is_tall(text) else MIN_LEADING)
    words = words_of(text) or ["\u2013"]
    joint = " " if " " in text.strip() else ""
    while len(words) > MAX_WORDS:
        words = [joint.join(words[i : i + 2]) for i in range(0, len(words), 2)]
    best: Setting | None = None
    for count in range(1, min(len(words), MAX_LINES) + 1):
        lines = balanced(words, joint, count, letters)
        widest = max(letters.width(line) for line in lines) or 1.0
        high = letters.cap_height + leading * (len(lines) - 1) + descent(lines[-1])
        size = min(largest, width / widest, height / high)
        # The same size in fewer lines is calmer.
        if best is None or size > best.size * 1.04:
            best = Setting(letters, lines, size, leading)
    assert best is not None  # noqa: S101 - words is never empty
    return best


def balanced(words: list[str], joint: str, count: int, letters: Lettering) -> tuple[str, ...]:
    """Break words into ``count`` lines whose widest is as narrow as can be."""
    total = len(words)
    space = letters.width(joint) if joint else 0.0
    sums = list(accumulate((letters.width(word) + space for word in words), initial=0.0))

    def cost(start: int, end: int) -> float:
        dangles = end < total and words[end - 1].lower() in DANGLING
        return (sums[end] - sums[start] - space) * (DANGLING_COST if dangles else 1.0)

    # best[k][end]: the widest line when the first `end` words are on k lines, and where it began
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for line in range(1, count + 1):
        best.append(
            {
                end: min(
                    (max(best[line - 1][start][0], cost(start, end)), start)
                    for start in range(line - 1, end)
                    if start in best[line - 1]
                )
                for end in range(line, total - (count - line) + 1)
            }
        )
    lines: list[str] = []
    end = total
    for line in range(count, 0, -1):
        start = best[line][end][1]
        lines.append(joint.join(words[start:end]))
        end = start
    return tuple(reversed(lines))
