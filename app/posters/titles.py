"""The words on a poster: the title in one or two sizes, and the small print."""

from dataclasses import dataclass

from app.posters.canvas import Canvas
from app.posters.facts import PosterFacts
from app.posters.lettering import Setting, fit, small, typographic

LEADING = {"gothic": 0.9, "sans": 0.98, "serif": 0.94}
MIN_SPLIT_LENGTH = 22
MAX_DIRECTORS = 3


@dataclass(frozen=True, slots=True)
class TitleBlock:
    """A title set to fill a box, with what follows its colon in a smaller size below."""

    main: Setting
    sub: Setting | None
    gap: float

    @property
    def height(self) -> float:
        """From the top of the first capitals to the foot of the last line."""
        last = self.sub or self.main
        return self.main.height + (self.gap + self.sub.height if self.sub else 0.0) + last.hang

    @property
    def width(self) -> float:
        """The widest line of both."""
        return max(self.main.width, self.sub.width if self.sub else 0.0)

    def draw(self, canvas: Canvas, x: float, top: float, fill: str, second: str) -> None:
        """Draw it; the smaller part in the second ink."""
        last = self.main.draw(canvas, x, top, fill)
        if self.sub:
            self.sub.draw(canvas, x, last + self.gap, second)


def parts(title: str) -> tuple[str, str]:
    """Split "Main: subtitle" in two; a short title stays whole."""
    main, colon, sub = title.partition(": ")
    if not colon or len(title) < MIN_SPLIT_LENGTH:
        return title, ""
    return main, sub.strip()


def title_block(
    title: str, face: str, *, width: float, height: float, largest: float
) -> TitleBlock:
    """Set the title as large as the box allows."""
    main_text, sub_text = parts(title)
    leading = LEADING[face]
    if not sub_text:
        whole = fit(title, face, width=width, height=height, largest=largest, leading=leading)
        return TitleBlock(whole, None, 0.0)
    main = fit(main_text, face, width=width, height=height * 0.6, largest=largest, leading=leading)
    gap = main.size * 0.3
    sub = fit(
        sub_text,
        face,
        width=width,
        height=max(height - main.height - gap, height * 0.16),
        largest=main.size * 0.52,
        leading=leading * 1.06,
    )
    return TitleBlock(main, sub, gap)


def by_line(facts: PosterFacts) -> str:
    """Return who made it, or nothing: some films credit no director."""
    names = [typographic(name) for name in facts.directors[:MAX_DIRECTORS]]
    if not names:
        return ""
    if len(facts.directors) > MAX_DIRECTORS:
        return f"A film by {', '.join(names)} and others"
    if len(names) == 1:
        return f"A film by {names[0]}"
    return f"A film by {', '.join(names[:-1])} and {names[-1]}"


def facts_line(facts: PosterFacts) -> str:
    """Return year and running time, as far as they are known."""
    year = str(facts.release_year) if facts.release_year else ""
    minutes = f"{facts.runtime_minutes} min" if facts.runtime_minutes else ""
    return "  \u00b7  ".join(word for word in (year, minutes) if word)


def small_print_rows(facts: PosterFacts, width: float, size: float) -> int:
    """Return the number of rows of the small print: one if both lines fit next to each other."""
    left, right = by_line(facts), facts_line(facts)
    if not left or not right:
        return 1
    wide = (small(left).width(left) + small(right).width(right)) * size
    return 1 if wide + size * 1.5 <= width else 2


def small_print(
    canvas: Canvas,
    facts: PosterFacts,
    *,
    x: float,
    baseline: float,
    width: float,
    size: float,
    fill: str,
) -> float:
    """Set it with its last row on the baseline; return the top of its first row."""
    left, right = by_line(facts), facts_line(facts)
    if left and right and small_print_rows(facts, width, size) == 1:
        small(left).draw(canvas, left, x, baseline, size, fill=fill)
        edge = x + width - small(right).width(right) * size
        small(right).draw(canvas, right, edge, baseline, size, fill=fill)
        return baseline - size * 0.75
    rows = [line for line in (left, right) if line]
    for row in reversed(rows):
        letters = small(row)
        fitted = min(size, width / max(letters.width(row), 0.1))
        letters.draw(canvas, row, x, baseline, fitted, fill=fill)
        baseline -= size * 1.32
    return baseline + size * (1.32 - 0.75)
