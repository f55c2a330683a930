"""What a motif draws on: an area with its corner at (0, 0), three inks and a ground."""

import re
from dataclasses import dataclass

from app.posters.canvas import Box, Canvas
from app.posters.facts import PosterFacts
from app.posters.palettes import Palette
from app.posters.seeded_random import SeededRandom


@dataclass(frozen=True, slots=True)
class Art:
    """One area of art. ``figure`` is the number or the word that the seed file asks for, or ""."""

    canvas: Canvas
    w: float
    h: float
    palette: Palette
    chance: SeededRandom
    facts: PosterFacts
    figure: str = ""

    @property
    def ground(self) -> str:
        """The color of the area itself."""
        return self.palette.ground

    @property
    def ink(self) -> str:
        """The ink that draws."""
        return self.palette.inks[0]

    @property
    def accent(self) -> str:
        """The ink of the one thing that is different."""
        return self.palette.inks[1]

    @property
    def shade(self) -> str:
        """The ink that stays behind."""
        return self.palette.inks[2]

    @property
    def short(self) -> float:
        """The shorter side."""
        return min(self.w, self.h)

    @property
    def long(self) -> float:
        """The longer side."""
        return max(self.w, self.h)

    @property
    def whole(self) -> Box:
        """The area as a box."""
        return Box(0, 0, self.w, self.h)

    def fill(self, color: str | None = None) -> None:
        """Lay the ground."""
        self.canvas.rect(self.whole, color or self.ground)

    def count(self, default: int, *, least: int = 1, most: int = 200) -> int:
        """Return the figure as a count, within what the motif can draw."""
        digits = re.search(r"\d{1,6}", self.figure)
        return max(least, min(most, int(digits.group()) if digits else default))
