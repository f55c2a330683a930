"""Motifs of land and line: maps, fields, mountains, waves, roads."""

import math

from app.posters.canvas import Box, Point, number, polar, smooth
from app.posters.motifs.art import Art


def _loops(art: Art, count: int) -> list[list[Point]]:
    """Return contour lines around a summit that wanders as it rises."""
    x, y = art.w * art.chance.real(0.4, 0.6), art.h * art.chance.real(0.4, 0.55)
    drift = art.chance.real(0, 360)
    waves = [
        (m, art.chance.real(0.05, 0.3) / m**0.7, art.chance.real(0, 2 * math.pi))
        for m in (2, 3, 4, 5)
    ]
    loops: list[list[Point]] = []
    for level in range(count):
        part = level / count
        radius = art.long * 0.78 * (1 - part) ** 1.15 + art.short * 0.012
        cx, cy = polar(x, y, art.short * 0.3 * part, drift + 60 * part)
        loop: list[Point] = []
        for index in range(44):
            turn = 2 * math.pi * index / 44
            swell = sum(a * math.sin(m * turn + phase + part * 1.3) for m, a, phase in waves)
            r = radius * (1 + swell * (1 - part * 0.35))
            loop.append((cx + r * math.cos(turn), cy + r * math.sin(turn)))
        loops.append(loop)
    return loops


def contours(art: Art) -> None:
    """Draw the contour lines of a hill, every fifth one bold, the summit marked."""
    art.canvas.path(smooth(_lines(art)[-3], closed=True), fill=art.accent)


def _lines(art: Art) -> list[list[Point]]:
    """Draw the contour lines of a hill and return them."""
    art.fill()
    loops = _loops(art, 22)
    for level, loop in enumerate(loops):
        width = art.short * (0.009 if level % 5 == 0 else 0.0042)
        art.canvas.path(smooth(loop, closed=True), stroke=art.ink, width=width)
    return loops


def relief(art: Art) -> None:
    """Stack the layers of a hill, cut as from card."""
    art.fill()
    colors = (art.shade, art.ground, art.ink, art.ground)
    for level, loop in enumerate(_loops(art, 12)):
        art.canvas.path(smooth(loop, closed=True), fill=colors[level % 4])


def survey(art: Art) -> None:
    """Lay the straight lines of a land survey over a hill; one square is claimed."""
    _lines(art)
    side = art.short / 4
    rows, columns = math.ceil(art.h / side), math.ceil(art.w / side)
    row, column = rows // 2, art.chance.whole(1, max(1, columns - 2))
    art.canvas.rect(Box(column * side, row * side - side / 2, side, side), art.accent)
    for index in range(columns + 1):
        x = index * side
        art.canvas.line([(x, 0), (x, art.h)], art.accent, art.short * 0.005)
    for index in range(rows + 1):
        y = index * side - side / 2
        art.canvas.line([(0, y), (art.w, y)], art.accent, art.short * 0.005)


def strata(art: Art) -> None:
    """Lay bands of river or rock across the area, under a disk."""
    art.fill()
    art.canvas.disk(art.w * art.chance.real(0.6, 0.75), art.h * 0.27, art.short * 0.16, art.accent)
    bands = 9
    colors = (art.ink, art.shade, art.ground)
    phase, slope = art.chance.real(0, 6), art.chance.real(1.2, 2.0)
    for band in range(bands):
        base = art.h * (0.36 + 0.64 * band / bands)
        swing = art.h * 0.055 * (1 + band / bands)
        points = [
            (
                art.w * index / 18,
                base
                + swing * math.sin(slope * math.pi * index / 18 * 2 + phase + band * 0.55)
                + swing * 0.5 * math.sin(index * 0.9 + band),
            )
            for index in range(-1, 20)
        ]
        art.canvas.path(
            smooth(points, closed=False) + f"V{number(art.h + 9)}H{number(-art.w)}Z",
            fill=colors[band % 3],
        )


def furrows(art: Art) -> None:
    """Plow a field to the horizon, under a disk that dust has dimmed."""
    art.fill()
    horizon = art.h * 0.42
    art.canvas.disk(art.w * 0.66, horizon * 0.62, art.short * 0.15, art.accent)
    x = art.w * art.chance.real(0.3, 0.45)
    count = art.count(13, least=7, most=30)
    wide = art.w * 3.4
    for index in range(count):
        left = x - wide / 2 + wide * index / count
        art.canvas.polygon(
            [(x, horizon - 2), (left, art.h + 5), (left + wide / count / 2, art.h + 5)], art.ink
        )
    art.canvas.rect(Box(0, horizon - art.short * 0.006, art.w, art.short * 0.012), art.ink)


def rails(art: Art) -> None:
    """Lay a track into the night, towards a signal."""
    art.fill()
    x, horizon = art.w * 0.5, art.h * 0.3
    depth = art.h - horizon
    for index in range(16):
        part = (index / 16) ** 2.2
        y = horizon + depth * part
        half = art.short * (0.02 + 0.58 * part)
        art.canvas.rect(Box(x - half, y, half * 2, max(2.0, art.short * 0.055 * part)), art.shade)
    for side in (-1, 1):
        art.canvas.polygon(
            [
                (x + side * art.short * 0.012, horizon),
                (x + side * art.short * 0.018, horizon),
                (x + side * art.short * 0.46, art.h + 4),
                (x + side * art.short * 0.39, art.h + 4),
            ],
            art.ink,
        )
    for index, radius in enumerate((0.2, 0.15, 0.1)):
        art.canvas.disk(x, horizon, art.short * radius, (art.ink, art.ground, art.accent)[index])


def road(art: Art) -> None:
    """Wind a road over hills to the horizon."""
    art.fill()
    rows = 7
    for row in range(rows):
        y = art.h * (0.3 + 0.12 * row)
        points = [
            (
                art.w * i / 8,
                y + art.h * 0.05 * math.sin(i * 1.15 + row * 2.1) * (0.5 + row / rows),
            )
            for i in range(-1, 10)
        ]
        art.canvas.path(
            smooth(points, closed=False) + f"V{number(art.h + 9)}H{number(-art.w)}Z",
            fill=(art.shade, art.ground)[row % 2],
        )
    left: list[Point] = []
    right: list[Point] = []
    for index in range(41):
        part = index / 40
        y = art.h * (0.31 + 0.7 * part)
        x = art.w * (0.52 + 0.3 * math.sin(part * 8.2) * (0.12 + 0.55 * part))
        half = art.short * (0.006 + 0.17 * part**1.6)
        left.append((x - half, y))
        right.append((x + half, y))
    art.canvas.polygon([*left, *reversed(right)], art.ink)
    art.canvas.disk(art.w * 0.7, art.h * 0.17, art.short * 0.09, art.accent)


def peaks(art: Art) -> None:
    """Raise mountains one behind the other, a line of dots climbing the nearest."""
    art.fill()
    art.canvas.disk(art.w * 0.24, art.h * 0.24, art.short * 0.1, art.accent)
    for row, color in enumerate((art.shade, art.ink)):
        for index in range(4):
            x = art.w * (index * 0.36 - 0.08 + row * 0.17 + art.chance.real(-0.04, 0.04))
            top = art.h * (0.22 + row * 0.17 + art.chance.real(0, 0.14))
            half = (art.h - top) * 0.62
            art.canvas.polygon([(x, top), (x - half, art.h + 5), (x + half, art.h + 5)], color)
            cap = (art.h - top) * 0.2
            run = cap * 0.62
            art.canvas.polygon(
                [
                    (x, top - 4),
                    (x - run - 2, top + cap),
                    (x - run * 0.4, top + cap * 0.72),
                    (x, top + cap * 1.15),
                    (x + run * 0.35, top + cap * 0.75),
                    (x + run + 2, top + cap),
                ],
                art.ground,
            )
    for index in range(26):
        part = index / 25
        x = art.w * (0.02 + 0.96 * part)
        y = art.h * (0.95 - 0.3 * part + 0.02 * math.sin(part * 14))
        art.canvas.disk(x, y, art.short * 0.011, art.accent)


def waves(art: Art) -> None:
    """Draw a voice: level lines that swell where it sounds."""
    art.fill()
    count = 24
    center, spread = art.chance.real(0.42, 0.58), art.chance.real(0.1, 0.16)
    tones = [(art.chance.real(5, 26), art.chance.real(0, 6)) for _ in range(3)]
    marked = count // 2 + art.chance.whole(-3, 3)
    for row in range(count):
        y = art.h * (0.1 + 0.84 * row / (count - 1))
        loud = art.h * 0.15 * math.exp(-(((row / count - 0.52) / 0.33) ** 2))
        points: list[Point] = []
        for index in range(33):
            part = index / 32
            swell = math.exp(-(((part - center) / spread) ** 2))
            tone = sum(math.sin(part * f + p + row * 0.33) for f, p in tones) / 3
            points.append((-20 + (art.w + 40) * part, y - loud * swell * (0.55 + 0.75 * tone)))
        color = art.accent if row == marked else art.ink
        # One shape hides the lines behind and draws its own; its sides lie outside the area.
        path = smooth(points, closed=False) + f"V{number(art.h * 1.2)}H-20V{number(y)}Z"
        width = art.short * (0.012 if row == marked else 0.0065)
        art.canvas.path(path, fill=art.ground, stroke=color, width=width)


def songs(art: Art) -> None:
    """Run broad waves across the area, one a song; the figure says how many."""
    art.fill()
    count = art.count(3, least=2, most=6)
    colors = (art.ink, art.accent, art.shade)
    thick = art.h * 0.62 / count
    for index in range(count):
        base = art.h * (index + 0.5) / count
        phase = art.chance.real(0, 6.28)
        points = [
            (
                art.w * i / 14,
                base + thick * 0.55 * math.sin(i * (0.65 + 0.18 * index) + phase),
            )
            for i in range(-1, 16)
        ]
        for line in range(5):
            shifted = [(x, y + (line - 2) * thick * 0.19) for x, y in points]
            art.canvas.path(
                smooth(shifted, closed=False), stroke=colors[index % 3], width=thick * 0.1
            )


def grain(art: Art) -> None:
    """Sow seeds in rows; in one corner of the field nothing has come up."""
    art.fill()
    size = art.short / 8.5
    rows, columns = math.ceil(art.h / size) + 1, math.ceil(art.w / (size * 0.62)) + 1
    for row in range(rows):
        for column in range(columns):
            x, y = column * size * 0.62 + (row % 2) * size * 0.31, row * size
            bare = x / art.w + (art.h - y) / art.h * 0.85 > 1.12 + 0.1 * art.chance.real()
            a, b = size * 0.4, size * 0.17
            lean = b * art.chance.real(-0.4, 0.4)
            leaf = (
                f"M{number(x)} {number(y - a)}Q{number(x + 2 * b + lean)} {number(y)} {number(x)}"
                f" {number(y + a)}Q{number(x - 2 * b + lean)} {number(y)} {number(x)}"
                f" {number(y - a)}Z"
            )
            if bare:
                art.canvas.disk(x, y, size * 0.045, art.ink)
            else:
                art.canvas.path(leaf, fill=art.accent if art.chance.likely(0.05) else art.ink)
