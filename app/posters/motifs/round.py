"""Motifs made of circles and of what turns around a point."""

import math
from itertools import pairwise

from app.posters.canvas import Box, circle, number, polar
from app.posters.motifs.art import Art

FULL = 360.0


def divided(art: Art) -> None:
    """Draw one set of rings, cut down the middle, one half slipped: two views of one thing."""
    art.fill()
    count = 7
    step = art.short * 0.46 / (count + 0.5)
    x, y = art.w / 2, (art.h - step) / 2
    for left in (True, False):
        # The left half reaches a little under the right one, so that no seam shows.
        half = Box(0, 0, x + 2, art.h) if left else Box(x, 0, art.w - x, art.h)
        with art.canvas.inside(half):
            if not left:
                art.canvas.rect(Box(0, 0, half.w, half.h), art.ink)
            cx, cy = (x, y) if left else (0.0, y + step)
            colors = (art.ink, art.ground) if left else (art.ground, art.ink)
            for index in range(count, 0, -1):
                art.canvas.disk(cx, cy, index * step, colors[(count - index) % 2])
            art.canvas.disk(cx, cy, step, art.accent)


def rings(art: Art) -> None:
    """Draw rings of uneven width, as of a tree: time that has passed."""
    art.fill()
    x = art.w * art.chance.real(0.3, 0.7)
    y = art.h * art.chance.real(0.35, 0.6)
    radius = art.long * 0.72
    marked = art.chance.whole(4, 7)
    index = 0
    while radius > art.short * 0.04:
        color = (art.ink, art.ground)[index % 2]
        art.canvas.disk(x, y, radius, art.accent if index == marked * 2 else color)
        radius -= art.short * art.chance.real(0.016, 0.062)
        index += 1


def spiral(art: Art) -> None:
    """Draw a tunnel that winds down to a point of light."""
    art.fill()
    x, y = art.w * 0.5, art.h * 0.52
    turns, steps = 7, 72
    outer = math.hypot(art.w, art.h) / 2 + art.short * 0.1
    edges: list[list[tuple[float, float]]] = [[], []]
    for index in range(turns * steps + 1):
        part = index / (turns * steps)
        radius = outer * (1 - part) ** 1.7 + art.short * 0.03
        angle = part * turns * FULL
        thick = radius * 0.13
        edges[0].append(polar(x, y, radius + thick, angle))
        edges[1].append(polar(x, y, radius - thick, angle))
    art.canvas.polygon([*edges[0], *reversed(edges[1])], art.ink)
    art.canvas.disk(x, y, art.short * 0.035, art.accent)


def wheel(art: Art) -> None:
    """Draw a great wheel that stands still, its gondolas hanging."""
    art.fill()
    x, y = art.w * 0.5, art.h * 0.52
    radius, cars = art.short * 0.38, 20
    art.canvas.polygon(
        [(x, y), (x - radius * 0.62, art.h + 9), (x - radius * 0.5, art.h + 9), (x, y)], art.shade
    )
    for side in (-1, 1):
        foot = x + side * radius * 0.62
        art.canvas.line([(x, y), (foot, art.h + 20)], art.ink, art.short * 0.016)
    for ring in (1.0, 0.9):
        art.canvas.ring(x, y, radius * ring, art.ink, art.short * 0.006)
    missing = art.chance.whole(2, cars - 3)
    for index in range(cars):
        angle = index * FULL / cars
        spoke = [polar(x, y, radius * 0.08, angle), polar(x, y, radius, angle)]
        art.canvas.line(spoke, art.ink, art.short * 0.0035)
        cx, cy = polar(x, y, radius, angle)
        size = art.short * 0.052
        color = art.accent if index == missing else art.ink
        art.canvas.disk(cx, cy, size * 0.16, color)
        art.canvas.path(
            f"M{number(cx - size / 2)} {number(cy + size * 0.42)}h{number(size)}"
            f"a{number(size / 2)} {number(size / 2)} 0 0 1 {number(-size)} 0z",
            fill=color,
        )
        art.canvas.line([(cx, cy), (cx, cy + size * 0.42)], color, art.short * 0.004)
    art.canvas.disk(x, y, radius * 0.08, art.ink)


def lens(art: Art) -> None:
    """Draw the blades of an aperture around an open eye."""
    art.fill()
    x, y, blades = art.w / 2, art.h / 2, art.count(9, least=5, most=16)
    outer, inner = art.short * 0.46, art.short * 0.15
    art.canvas.disk(x, y, outer, art.ink)
    for index in range(blades):
        angle = index * FULL / blades
        step = FULL / blades
        tip = polar(x, y, inner, angle)
        following = polar(x, y, inner, angle + step)
        rim = [polar(x, y, outer, angle + 58 + step * part) for part in (0, 0.34, 0.67, 1.0)]
        color = art.shade if index % 3 == 0 else art.ground if index % 3 == 1 else art.ink
        art.canvas.polygon([tip, *rim, following], color)
        art.canvas.line([tip, rim[0]], art.ink, art.short * 0.004)
    art.canvas.disk(x, y, inner * 0.98, art.accent)
    art.canvas.disk(x, y, inner * 0.46, art.palette.ink)
    art.canvas.disk(x - inner * 0.16, y - inner * 0.16, inner * 0.12, art.palette.paper)


def rays(art: Art) -> None:
    """Throw beams from one corner, as a projector does."""
    art.fill()
    x, y = art.w * art.chance.real(0.12, 0.3), art.h * art.chance.real(0.72, 0.9)
    beams, reach = art.count(26, least=12, most=60), math.hypot(art.w, art.h) * 1.2
    step = FULL / beams
    for index in range(beams):
        angle = index * step
        color = art.accent if index == round(beams * 0.87) else art.ink
        wide = step * (0.5 if color == art.ink else 0.8)
        art.canvas.polygon(
            [(x, y), polar(x, y, reach, angle), polar(x, y, reach, angle + wide)], color
        )
    art.canvas.disk(x, y, art.short * 0.13, art.ground)
    art.canvas.disk(x, y, art.short * 0.085, art.accent)


def dial(art: Art) -> None:
    """Draw the dial of a scale, its needle past the middle."""
    art.fill()
    x, y, radius = art.w / 2, art.h * 0.62, art.short * 0.5
    with art.canvas.clipped(f'<path d="M0 0H{number(art.w)}V{number(y)}H0Z"/>'):
        art.canvas.disk(x, y, radius, art.ink)
        art.canvas.disk(x, y, radius * 0.62, art.accent)
    marks = 40
    for index in range(marks + 1):
        angle = 180 + index * 180 / marks
        long = index % 5 == 0
        art.canvas.line(
            [
                polar(x, y, radius * 0.97, angle),
                polar(x, y, radius * (0.78 if long else 0.88), angle),
            ],
            art.ground,
            art.short * (0.012 if long else 0.005),
        )
    tip = polar(x, y, radius * 0.92, 180 + 122)
    left, right = polar(x, y, radius * 0.05, 212), polar(x, y, radius * 0.05, 32)
    art.canvas.polygon([left, tip, right], art.palette.ink)
    art.canvas.disk(x, y, radius * 0.08, art.palette.ink)
    art.canvas.rect(Box(0, y, art.w, art.short * 0.02), art.ink)


def eyes(art: Art) -> None:
    """Fill the area with eyes; one does not look where the others look."""
    art.fill()
    columns = 4 if art.w < art.h * 1.2 else 6
    size = art.w / columns
    rows = math.ceil(art.h / (size * 0.62))
    odd = (art.chance.whole(1, rows - 2), art.chance.whole(1, columns - 2))
    for row in range(rows + 1):
        for column in range(-1, columns + 1):
            x = (column + 0.5 + (row % 2) / 2) * size
            y = (row + 0.3) * size * 0.62
            a, b = size * 0.44, size * 0.27
            mark = (row, column) == odd
            art.canvas.path(
                f"M{number(x - a)} {number(y)}Q{number(x)} {number(y - 2 * b)} {number(x + a)}"
                f" {number(y)}Q{number(x)} {number(y + 2 * b)} {number(x - a)} {number(y)}Z",
                fill=art.accent if mark else art.ink,
            )
            look = -0.12 if mark else 0.12
            art.canvas.disk(x + size * look, y, size * 0.155, art.ground)
            art.canvas.disk(x + size * look * 1.3, y, size * 0.06, art.accent)


def arches(art: Art) -> None:
    """Stand nested arches side by side; the figure says how many."""
    art.fill()
    count = art.count(3, least=1, most=5)
    wide = art.w / count
    marked = art.chance.whole(0, count - 1)
    for index in range(count):
        x = wide * (index + 0.5)
        foot = art.h + 5
        colors = (art.ink, art.ground, art.accent if index == marked else art.shade, art.ground)
        lift = art.h * (0.12 + 0.07 * ((index + 1) % 3))
        for layer in range(7):
            half = wide * 0.47 * (1 - layer / 7.4)
            top = lift + wide * 0.47 * layer / 7.4 + half
            art.canvas.path(
                f"M{number(x - half)} {number(foot)}V{number(top)}A{number(half)} {number(half)}"
                f" 0 0 1 {number(x + half)} {number(top)}V{number(foot)}Z",
                fill=colors[layer % 4],
            )


def dome(art: Art) -> None:
    """Build a dome of snow blocks under a low sun."""
    art.fill()
    x, foot, radius = art.w * 0.46, art.h * 0.82, art.short * 0.44
    art.canvas.disk(art.w * 0.8, art.h * 0.26, art.short * 0.12, art.accent)
    with art.canvas.clipped(f'<path d="M0 0H{number(art.w)}V{number(foot)}H0Z"/>'):
        rows = 6
        for row in range(rows):
            outer = radius * (1 - row / (rows + 1.2))
            art.canvas.disk(x, foot, outer, art.ground)
            art.canvas.disk(x, foot, outer - art.short * 0.008, art.ink)
            blocks = 11 - row
            for block in range(blocks + 1):
                angle = 180 + (block + (row % 2) / 2) * 180 / blocks
                inner = radius * (1 - (row + 1) / (rows + 1.2))
                line = [polar(x, foot, inner, angle), polar(x, foot, outer, angle)]
                art.canvas.line(line, art.ground, art.short * 0.008)
        art.canvas.disk(x, foot, radius * 0.17, art.shade)
    art.canvas.rect(Box(0, foot, art.w, art.h), art.ink)
    for index in range(5):
        y = foot + (art.h - foot) * (index + 1) / 6
        start = art.w * art.chance.real(0, 0.5)
        line = [(start, y), (start + art.w * art.chance.real(0.2, 0.5), y)]
        art.canvas.line(line, art.shade, art.short * 0.006)


def track(art: Art) -> None:
    """Draw the lanes of a running track, with two medals inside."""
    art.fill()
    lanes, x = 8, art.w * 0.3
    step = art.short * 0.052
    for lane in range(lanes + 1):
        inset = lane * step - step * 2
        radius = max(art.h / 2 - inset, step)
        art.canvas.path(
            f"M{number(art.w + 50)} {number(inset)}H{number(x)}A{number(radius)} {number(radius)}"
            f" 0 0 0 {number(x)} {number(art.h - inset)}H{number(art.w + 50)}",
            stroke=art.ink,
            width=art.short * 0.007,
        )
    y, size = art.h / 2, art.short * 0.13
    for index in range(2):
        cx = art.w * 0.44 + index * size * 1.5
        color = art.accent
        art.canvas.disk(cx, y, size, art.ground)
        art.canvas.disk(cx, y, size * 0.95, color)
        art.canvas.ring(cx, y, size * 0.72, art.ground, art.short * 0.007)


def overlap(art: Art) -> None:
    """Lay circles over each other; where they meet, they change color."""
    art.fill()
    count = art.count(3, least=2, most=5)
    radius = min(art.h * 0.36, art.w / (count + 1) * 0.82)
    gap = radius * 1.05
    left = art.w / 2 - gap * (count - 1) / 2
    centers = [(left + gap * i, art.h * (0.46 + 0.07 * (i % 2))) for i in range(count)]
    colors = (art.ink, art.accent, art.shade)
    for index, (x, y) in enumerate(centers):
        art.canvas.disk(x, y, radius, colors[index % 3])
    for (ax, ay), (bx, by) in pairwise(centers):
        with art.canvas.clipped(circle(ax, ay, radius)):
            art.canvas.disk(bx, by, radius, art.ground)
