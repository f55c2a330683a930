"""A small pen: writes SVG shapes with short numbers. It knows nothing of films."""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

Point = tuple[float, float]


def number(value: float) -> str:
    """Write a coordinate with one decimal at most."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def polar(x: float, y: float, radius: float, angle: float) -> Point:
    """Return the point at ``angle`` degrees (0 is right, 90 is down) around (x, y)."""
    turn = math.radians(angle)
    return x + radius * math.cos(turn), y + radius * math.sin(turn)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: x and y are its top left corner."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The x of its right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The y of its bottom edge."""
        return self.y + self.h

    def inset(self, by: float) -> "Box":
        """Return the box with a margin taken off on all sides."""
        return Box(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)


class Canvas:
    """Collects the shapes of one drawing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[str] = []
        self._clips = 0

    def __str__(self) -> str:
        return "".join(self._parts)

    def add(self, markup: str) -> None:
        """Add markup that is well-formed already."""
        self._parts.append(markup)

    def rect(self, box: Box, fill: str, *, turn: float = 0.0, corner: float = 0.0) -> None:
        """Fill a rectangle, turned by degrees about its center."""
        extra = f' rx="{number(corner)}"' if corner else ""
        if turn:
            x, y = box.x + box.w / 2, box.y + box.h / 2
            extra += f' transform="rotate({number(turn)} {number(x)} {number(y)})"'
        self._parts.append(
            f'<rect x="{number(box.x)}" y="{number(box.y)}" width="{number(max(box.w, 0))}"'
            f' height="{number(max(box.h, 0))}" fill="{fill}"{extra}/>'
        )

    def disk(self, x: float, y: float, radius: float, fill: str) -> None:
        """Fill a circle."""
        self._parts.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"/>'
        )

    def ring(self, x: float, y: float, radius: float, stroke: str, width: float) -> None:
        """Draw a circle's line."""
        self._parts.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="none"'
            f' stroke="{stroke}" stroke-width="{number(width)}"/>'
        )

    def polygon(self, points: Iterable[Point], fill: str) -> None:
        """Fill a polygon."""
        text = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._parts.append(f'<polygon points="{text}" fill="{fill}"/>')

    def line(self, points: Iterable[Point], stroke: str, width: float, cap: str = "butt") -> None:
        """Draw straight lines from point to point."""
        text = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._parts.append(
            f'<polyline points="{text}" fill="none" stroke="{stroke}"'
            f' stroke-width="{number(width)}" stroke-linecap="{cap}"/>'
        )

    def path(self, data: str, *, fill: str = "none", stroke: str = "", width: float = 0) -> None:
        """Draw path data."""
        extra = f' stroke="{stroke}" stroke-width="{number(width)}"' if stroke else ""
        self._parts.append(f'<path d="{data}" fill="{fill}"{extra}/>')

    def outline(self, data: str, x: float, y: float, scale: float, fill: str) -> None:
        """Fill lettering whose path data is in font units."""
        self._parts.append(
            f'<path transform="translate({number(x)} {number(y)}) scale({scale:.4f})"'
            f' d="{data}" fill="{fill}"/>'
        )

    def text(self, words: str, x: float, y: float, size: float, *, fill: str, weight: int) -> None:
        """Write a line in the reader's own serif: for scripts that the outlines do not cover."""
        family = quoteattr("'Noto Serif', Georgia, 'Times New Roman', serif")
        self._parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{fill}"'
            f' font-family={family} font-weight="{weight}">{escape(words)}</text>'
        )

    @contextmanager
    def inside(self, box: Box) -> Iterator[None]:
        """Draw from the corner of a box, and nothing outside of it."""
        w, h = number(box.w), number(box.h)
        self._parts.append(
            f'<svg x="{number(box.x)}" y="{number(box.y)}" width="{w}" height="{h}"'
            f' viewBox="0 0 {w} {h}">'
        )
        yield
        self._parts.append("</svg>")

    @contextmanager
    def clipped(self, shape: str) -> Iterator[None]:
        """Draw only within a shape, given as SVG markup."""
        self._clips += 1
        name = f"{self._name}-{self._clips}"
        self._parts.append(f'<clipPath id="{name}">{shape}</clipPath><g clip-path="url(#{name})">')
        yield
        self._parts.append("</g>")

    @contextmanager
    def turned(self, angle: float, x: float, y: float) -> Iterator[None]:
        """Draw turned by degrees about a point."""
        self._parts.append(f'<g transform="rotate({number(angle)} {number(x)} {number(y)})">')
        yield
        self._parts.append("</g>")


def circle(x: float, y: float, radius: float) -> str:
    """Return a circle's markup, for clipping."""
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>'


def smooth(points: Sequence[Point], *, closed: bool) -> str:
    """Return a path through the middles of the lines between the points, rounded at each point."""
    if closed:
        points = [*points, points[0], points[1]]
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(points)]
    start = middles[0] if closed else points[0]
    parts = [f"M{number(start[0])} {number(start[1])}"]
    if not closed:
        parts.append(f"L{number(middles[0][0])} {number(middles[0][1])}")
    for control, end in zip(points[1:], middles[1:], strict=False):
        parts.append("Q" + " ".join(number(value) for value in (*control, *end)))
    if closed:
        parts.append("Z")
    else:
        parts.append(f"L{number(points[-1][0])} {number(points[-1][1])}")
    return "".join(parts)
