"""The layouts: where art, title and small print stand. Each works upright and lying."""

from collections.abc import Callable
from dataclasses import dataclass

from app.posters.canvas import Box, Canvas, circle
from app.posters.facts import PosterFacts
from app.posters.lettering import descent, lettering, small
from app.posters.palettes import Palette
from app.posters.titles import (
    TitleBlock,
    facts_line,
    small_print,
    small_print_rows,
    title_block,
)

SMALL_PRINT = 0.036
# Words may be set this many times larger than the smallest of them.
WIDEST_STEP = 2.6


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to print: ``art`` fills a box with the film's motif."""

    canvas: Canvas
    w: float
    h: float
    facts: PosterFacts
    palette: Palette
    face: str
    art: Callable[[Box], None]

    @property
    def upright(self) -> bool:
        """Whether it is higher than wide."""
        return self.h > self.w

    @property
    def short(self) -> float:
        """The shorter side."""
        return min(self.w, self.h)

    @property
    def margin(self) -> float:
        """What stays free at the edges."""
        return self.short * 0.068

    @property
    def print_size(self) -> float:
        """The size of the small print."""
        return self.short * SMALL_PRINT

    def paper(self, color: str | None = None) -> None:
        """Cut the sheet."""
        self.canvas.rect(Box(0, 0, self.w, self.h), color or self.palette.paper)

    def small_print(self, box: Box, fill: str) -> float:
        """Set the small print at the foot of a box; return its top."""
        return small_print(
            self.canvas,
            self.facts,
            x=box.x,
            baseline=box.bottom,
            width=box.w,
            size=self.print_size,
            fill=fill,
        )

    def title(self, *, width: float, height: float, largest: float = 0.3) -> TitleBlock:
        """Set the title; ``largest`` is a share of the shorter side."""
        return title_block(
            self.facts.title,
            self.face,
            width=width,
            height=height,
            largest=self.short * largest,
        )


def swiss(sheet: Sheet) -> None:
    """Run the art to the edges above (or right); the words hang from one line at the left."""
    sheet.paper()
    m = sheet.margin
    if sheet.upright:
        block = sheet.title(width=sheet.w - 2 * m, height=sheet.h * 0.27)
        foot = Box(m, 0, sheet.w - 2 * m, sheet.h - m * 0.9)
        top = sheet.small_print(foot, sheet.palette.ink) - m * 0.75 - block.height
        sheet.art(Box(0, 0, sheet.w, top - m * 0.85))
        block.draw(sheet.canvas, m, top, sheet.palette.ink, sheet.palette.ink)
        return
    sheet.art(Box(sheet.w * 0.44, 0, sheet.w * 0.56, sheet.h))
    side_words(sheet, Box(m, m, sheet.w * 0.44 - 2 * m, sheet.h - 2 * m))


def side_words(sheet: Sheet, words: Box) -> None:
    """Set the title at the top of a box and the small print at its foot."""
    top = sheet.small_print(words, sheet.palette.ink)
    block = sheet.title(width=words.w, height=top - words.y - sheet.margin * 0.8)
    block.draw(sheet.canvas, words.x, words.y, sheet.palette.ink, sheet.palette.ink)


def crown(sheet: Sheet) -> None:
    """Set the title on top, as wide as the sheet; art below (or left) runs off the edges."""
    sheet.paper()
    m = sheet.margin
    if sheet.upright:
        block = sheet.title(width=sheet.w - 2 * m, height=sheet.h * 0.32, largest=0.42)
        block.draw(sheet.canvas, m, m * 1.05, sheet.palette.ink, sheet.palette.ink)
        rows = small_print_rows(sheet.facts, sheet.w - 2 * m, sheet.print_size)
        foot = m * 1.05 + block.height + m * 0.75 + sheet.print_size * (1.32 * rows - 0.57)
        sheet.small_print(Box(m, 0, sheet.w - 2 * m, foot), sheet.palette.ink)
        sheet.art(Box(0, foot + m * 0.75, sheet.w, sheet.h - foot - m * 0.75))
        return
    sheet.art(Box(0, 0, sheet.w * 0.56, sheet.h))
    side_words(sheet, Box(sheet.w * 0.56 + m, m, sheet.w * 0.44 - 2 * m, sheet.h - 2 * m))


def bleed(sheet: Sheet) -> None:
    """Print art over the whole sheet, and a plate for the words in the lower left corner."""
    sheet.art(Box(0, 0, sheet.w, sheet.h))
    m = sheet.margin
    room = Box(0, 0, sheet.w * (0.86 if sheet.upright else 0.5), sheet.h * 0.36)
    block = sheet.title(width=room.w - 2 * m, height=room.h - 3 * m, largest=0.17)
    rows = 2 * sheet.print_size * 1.32
    high = block.height + rows + m * 2.3
    plate = Box(0, sheet.h - high, room.w, high)
    sheet.canvas.rect(plate, sheet.palette.paper)
    block.draw(sheet.canvas, m, plate.y + m * 0.95, sheet.palette.ink, sheet.palette.ink)
    sheet.small_print(Box(m, plate.y, room.w - 2 * m, high - m * 0.8), sheet.palette.ink)


def disc(sheet: Sheet) -> None:
    """Print the art in one great disk on plain paper."""
    sheet.paper()
    m = sheet.margin
    if sheet.upright:
        radius = sheet.w * 0.5 - m
        x, y = sheet.w / 2, m + radius
        top = m + radius * 2 + m * 0.8
        words = Box(m, top, sheet.w - 2 * m, sheet.h - m * 0.9 - top)
    else:
        radius = sheet.h * 0.5 - m
        x, y = sheet.w - m - radius, sheet.h / 2
        words = Box(m, m, sheet.w - radius * 2 - 3 * m, sheet.h - 2 * m)
    with sheet.canvas.clipped(circle(x, y, radius)):
        sheet.art(Box(x - radius, y - radius, radius * 2, radius * 2))
    top = sheet.small_print(words, sheet.palette.ink)
    block = sheet.title(width=words.w, height=top - words.y - m * 0.6, largest=0.26)
    block.draw(sheet.canvas, words.x, words.y, sheet.palette.ink, sheet.palette.ink)


def slant(sheet: Sheet) -> None:
    """Print art over the whole sheet, the title on a band that runs across it at a slant."""
    sheet.art(Box(0, 0, sheet.w, sheet.h))
    m = sheet.margin
    angle = -14.0 if sheet.upright else -8.0
    x, y = sheet.w / 2, sheet.h * (0.68 if sheet.upright else 0.62)
    wide = sheet.w * (0.82 if sheet.upright else 0.6)
    block = sheet.title(width=wide, height=sheet.h * 0.25, largest=0.24)
    band = block.height + m * 1.5
    with sheet.canvas.turned(angle, x, y):
        reach = (sheet.w + sheet.h) * 2
        box = Box(x - reach / 2, y - band / 2, reach, band)
        sheet.canvas.rect(box, sheet.palette.ink)
        sheet.canvas.rect(Box(box.x, box.bottom + m * 0.3, reach, m * 0.22), sheet.palette.ink)
        left = x - (sheet.w / 2 - m) * 0.96
        block.draw(
            sheet.canvas, left, y - block.height / 2, sheet.palette.paper, sheet.palette.paper
        )
    foot = Box(m, 0, sheet.w - 2 * m, sheet.h - m * 0.72)
    strip = sheet.print_size * 1.32 * 2 + m * 0.75
    sheet.canvas.rect(Box(0, sheet.h - strip, sheet.w, strip), sheet.palette.paper)
    sheet.small_print(foot, sheet.palette.ink)


def column(sheet: Sheet) -> None:
    """Run a tall strip of art at the right, the title in large letters down the left."""
    sheet.paper()
    m = sheet.margin
    share = 0.4 if sheet.upright else 0.34
    sheet.art(Box(sheet.w * (1 - share), 0, sheet.w * share, sheet.h))
    words = Box(m, m * 1.1, sheet.w * (1 - share) - 1.7 * m, sheet.h - 2.1 * m)
    top = sheet.small_print(words, sheet.palette.ink)
    block = sheet.title(width=words.w, height=(top - words.y) * 0.86, largest=0.34)
    block.draw(sheet.canvas, words.x, words.y, sheet.palette.ink, sheet.palette.ink)


def label(sheet: Sheet) -> None:
    """Stick the label of an archive box, which names the facts, on a sheet of art."""
    sheet.art(Box(0, 0, sheet.w, sheet.h))
    m = sheet.margin
    wide = sheet.w * (0.8 if sheet.upright else 0.5)
    inner = wide - m * 1.5
    block = sheet.title(width=inner, height=sheet.h * 0.2, largest=0.15)
    rows = label_rows(sheet.facts)
    step = sheet.print_size * 1.75
    high = block.height + m * 2.0 + step * len(rows)
    box = Box((sheet.w - wide) / 2, (sheet.h - high) * 0.56, wide, high)
    ink = sheet.palette.ink
    sheet.canvas.rect(box, sheet.palette.paper)
    line = sheet.short * 0.0035
    frame = box.inset(m * 0.28)
    for edge in (
        Box(frame.x, frame.y, frame.w, line),
        Box(frame.x, frame.bottom - line, frame.w, line),
        Box(frame.x, frame.y, line, frame.h),
        Box(frame.right - line, frame.y, line, frame.h),
    ):
        sheet.canvas.rect(edge, ink)
    left = box.x + m * 0.75
    block.draw(sheet.canvas, left, box.y + m * 0.85, ink, ink)
    y = box.y + m * 0.85 + block.height + m * 0.55
    for name, value in rows:
        sheet.canvas.rect(Box(frame.x, y, frame.w, line), ink)
        base = y + step * 0.66
        field = sheet.print_size * 0.72
        small(name).draw(sheet.canvas, name, left, base, field, fill=ink)
        room = inner - sheet.print_size * 4.6
        letters = small(value)
        size = min(sheet.print_size, room / max(letters.width(value), 0.1))
        letters.draw(sheet.canvas, value, left + sheet.print_size * 4.6, base, size, fill=ink)
        y += step


def label_rows(facts: PosterFacts) -> list[tuple[str, str]]:
    """Return the fields of an archive label that are known."""
    rows = [
        ("Director", ", ".join(facts.directors)),
        ("Year", str(facts.release_year or "")),
        ("Minutes", str(facts.runtime_minutes or "")),
    ]
    return [(name, value) for name, value in rows if value]


def stack(sheet: Sheet) -> None:
    """Every word of the title as wide as the sheet; the art takes what is left."""
    sheet.paper()
    m, ink = sheet.margin, sheet.palette.ink
    width = (sheet.w if sheet.upright else sheet.w * 0.5) - 2 * m
    room = sheet.h * (0.54 if sheet.upright else 0.7)
    y = stacked(sheet, Box(m, m * 1.05, width, room))
    if sheet.upright:
        top = sheet.small_print(Box(m, 0, width, sheet.h - m * 0.9), ink)
        sheet.art(Box(0, y + m * 0.8, sheet.w, top - m * 0.75 - (y + m * 0.8)))
    else:
        sheet.small_print(Box(m, 0, width, sheet.h - m), ink)
        sheet.art(Box(sheet.w * 0.5, 0, sheet.w * 0.5, sheet.h))


def stacked(sheet: Sheet, box: Box) -> float:
    """Set the title's words to the width of a box, or as one block; return where they end."""
    ink = sheet.palette.ink
    letters, text = lettering(sheet.facts.title, sheet.face)
    words = text.split()
    gap = sheet.short * 0.028
    sizes = [box.w / max(letters.width(word), 0.1) for word in words]
    high = sum(sizes) * letters.cap_height + gap * (len(words) - 1)
    uneven = max(sizes) > min(sizes) * WIDEST_STEP
    if high > box.h or uneven or ":" in text or any(descent(word) for word in words[:-1]):
        block = sheet.title(width=box.w, height=box.h * 0.9, largest=0.6)
        block.draw(sheet.canvas, box.x, box.y, ink, ink)
        return box.y + block.height
    y = box.y
    for word, size in zip(words, sizes, strict=True):
        y += size * letters.cap_height
        letters.draw(sheet.canvas, word, box.x, y, size, fill=ink)
        y += gap
    return y - gap + descent(words[-1]) * sizes[-1]


LAYOUTS: dict[str, Callable[[Sheet], None]] = {
    layout.__name__: layout for layout in (swiss, crown, bleed, disc, slant, column, label, stack)
}


def described(facts: PosterFacts) -> str:
    """Say in words what the poster says, for readers who do not see it."""
    by = f", directed by {', '.join(facts.directors)}" if facts.directors else ""
    rest = facts_line(facts).replace("  \u00b7  ", ", ")
    return f"Poster of {facts.title}{by}{', ' if rest else ''}{rest}"
