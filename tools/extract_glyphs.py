r"""Turn font files into the outline tables that the posters are set from. Run by hand, seldom.

    uv run --with fonttools --with brotli --with uharfbuzz \
        tools/extract_glyphs.py jost-800 A.woff2 B.woff2 ...

The fonts are subsets of one weight each (Latin, Latin Extended, Cyrillic), as @fontsource packages
carry them. Outlines become relative SVG path commands, y downwards, scaled to 1,000 units an em;
kerning is measured by shaping every pair of common letters. So the store needs no font library.
"""

import io
import json
import sys
from itertools import pairwise
from pathlib import Path

import uharfbuzz  # type: ignore[import-not-found]
from fontTools.pens.recordingPen import DecomposingRecordingPen  # type: ignore[import-not-found]
from fontTools.ttLib import TTFont  # type: ignore[import-not-found]

GLYPHS = Path(__file__).parent.parent / "app" / "catalog" / "posters" / "glyphs"
EM = 1000
SMALLEST_KERN = 4
FIRST_PRINTABLE = 0x20
LAST_LATIN_EXTENDED_A = 0x17F
CYRILLIC = range(0x400, 0x460)
PUNCTUATION = "–—‘’“”„†•…‹›€№′″"  # noqa: RUF001
KERNED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;-–'’“”!?&"  # noqa: RUF001


def is_wanted(code: int) -> bool:
    """Whether posters may need the character."""
    return (
        FIRST_PRINTABLE <= code <= LAST_LATIN_EXTENDED_A
        or code in CYRILLIC
        or chr(code) in PUNCTUATION
    )


def outline(font: TTFont, name: str, scale: float) -> str:
    """Return the glyph as relative path commands that start at its origin."""
    glyphs = font.getGlyphSet()
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    at = start = (0, 0)
    parts: list[str] = []
    letters = {"lineTo": "l", "curveTo": "c", "qCurveTo": "q"}
    for command, points in pen.value:
        if command in {"closePath", "endPath"}:
            parts.append("z")
            at = start
            continue
        if command == "qCurveTo":
            points = on_curve(points)  # noqa: PLW2901
        rounded = [(round(x * scale), round(-y * scale)) for x, y in points]
        letter = "m" if command == "moveTo" else letters[command]
        step = {"m": 1, "l": 1, "q": 2, "c": 3}[letter]
        for index in range(0, len(rounded), step):
            group = rounded[index : index + step]
            numbers = " ".join(f"{x - at[0]} {y - at[1]}" for x, y in group)
            parts.append(letter + numbers.replace(" -", "-"))
            at = group[-1]
        if letter == "m":
            start = at
    return "".join(parts)


def on_curve(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Write out the on-curve points that TrueType implies between two controls."""
    full: list[tuple[float, float]] = []
    for this, following in pairwise(points):
        full.append(this)
        if following is not points[-1]:
            full.append(((this[0] + following[0]) / 2, (this[1] + following[1]) / 2))
    return [*full, points[-1]]


def kerning(data: bytes, scale: float) -> dict[str, int]:
    """Measure by how much each pair of common letters is set closer or wider."""
    font = uharfbuzz.Font(uharfbuzz.Face(data))

    def advance(text: str, *, kern: bool) -> int:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        uharfbuzz.shape(font, buffer, {"kern": kern, "liga": False, "clig": False, "calt": False})
        return sum(position.x_advance for position in buffer.glyph_positions)

    pairs: dict[str, int] = {}
    for first in KERNED:
        for second in KERNED:
            pair = first + second
            value = round((advance(pair, kern=True) - advance(pair, kern=False)) * scale)
            if abs(value) >= SMALLEST_KERN:
                pairs[pair] = value
    return pairs


def table(paths: list[Path]) -> dict[str, object]:
    """Return the outline table of one face from its subsets, the Latin one first."""
    glyphs: dict[str, list[int | str]] = {}
    kern: dict[str, int] = {}
    cap_height = 0
    for path in paths:
        font = TTFont(path)
        scale = EM / font["head"].unitsPerEm
        cap_height = cap_height or round(font["OS/2"].sCapHeight * scale)
        for code, name in font.getBestCmap().items():
            if is_wanted(code) and chr(code) not in glyphs:
                advance = round(font["hmtx"][name][0] * scale)
                glyphs[chr(code)] = [advance, outline(font, name, scale)]
        if not kern:
            font.flavor = None
            plain = io.BytesIO()
            font.save(plain)
            kern = kerning(plain.getvalue(), scale)
    return {"cap_height": cap_height, "glyphs": glyphs, "kern": kern}


def main() -> None:
    """Write NAME.json beside this file from the font files named after it."""
    name, *files = sys.argv[1:]
    target = GLYPHS / f"{name}.json"
    text = json.dumps(table([Path(file) for file in files]), ensure_ascii=False, sort_keys=True)
    target.write_text(text.replace('], "', '],\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
