"""Motifs that are constructed: wedges, strips of film, rooms, splinters, figures."""

import math

from app.posters.canvas import Box, Point, circle, number, polar
from app.posters.lettering import lettering
from app.posters.motifs.art import Art


def wedge(art: Art) -> None:
    """Drive a wedge into a disk, with bars across."""
    art.fill()
    x, y, radius = art.w * 0.6, art.h * 0.42, art.short * 0.33
    art.canvas.disk(x, y, radius, art.ink)
    tip = (x - radius * 0.02, y + radius * 0.04)
    points = [(-art.w * 0.05, art.h * 0.05), tip, (art.w * 0.04, art.h * 0.72)]
    art.canvas.polygon(points, art.accent)
    for index, length in enumerate((0.9, 0.55, 0.75)):
        bar = Box(art.w * 0.3, art.h * (0.76 + 0.06 * index), art.long * length, art.short * 0.028)
        art.canvas.rect(bar, (art.ink, art.accent, art.shade)[index], turn=-24)
    for index in range(3):
        size = art.short * (0.09 - 0.02 * index)
        spot = Box(art.w * (0.83 - 0.13 * index), art.h * (0.06 + 0.03 * index), size, size)
        art.canvas.rect(spot, (art.shade, art.ink, art.accent)[index], turn=-24)


def ladder(art: Art) -> None:
    """Set two figures side by side: one grows by adding, the other by doubling."""
    art.fill()
    unit = art.h / 19
    left = art.w * 0.1
    wide = art.w * 0.8 / 5
    steps = 5
    for index in range(steps):
        x = left + wide * index
        for color, share, offset in (
            (art.shade, 1 + index, 0.02),
            (art.accent if index == steps - 1 else art.ink, 2**index, 0.5),
        ):
            for step in range(int(share)):
                y = art.h - unit * (step + 2)
                art.canvas.rect(Box(x + wide * offset, y, wide * 0.42, unit * 0.84), color)
    art.canvas.rect(Box(0, art.h - unit * 0.9, art.w, unit * 0.12), art.ink)


def strip(art: Art) -> None:
    """Run strips of film across the area; a disk moves from frame to frame."""
    art.fill()
    angle = art.chance.pick((-28, -22, 24))
    reach = math.hypot(art.w, art.h) * 1.1
    high = art.short * 0.36
    with art.canvas.turned(angle, art.w / 2, art.h / 2):
        for row in range(-2, 3):
            top = art.h / 2 + (row - 0.5) * high * 1.16
            left = art.w / 2 - reach / 2
            art.canvas.rect(Box(left, top, reach, high), art.ink)
            cell = high * 0.86
            for index in range(int(reach / cell) + 1):
                x = left + index * cell
                frame = Box(x, top + high * 0.17, cell * 0.92, high * 0.66)
                art.canvas.rect(frame, art.ground)
                part = (index * 0.13 + row * 0.31) % 1.0
                color = art.accent if row == 0 and (index + 3) % 6 == 0 else art.shade
                art.canvas.disk(
                    x + cell * (0.2 + 0.52 * part),
                    top + high * (0.5 + 0.16 * math.sin(part * 6.28)),
                    high * 0.13,
                    color,
                )
                for hole in range(2):
                    hx = x + cell * (0.1 + 0.5 * hole)
                    for y in (top + high * 0.045, top + high * 0.875):
                        art.canvas.rect(
                            Box(hx, y, cell * 0.2, high * 0.08), art.ground, corner=high * 0.02
                        )


def rooms(art: Art) -> None:
    """Open one door behind another; the figure says how many rooms there are."""
    art.fill()
    count = art.count(3, least=2, most=6)
    colors = (art.shade, art.ink, art.ground)
    box = art.whole
    for index in range(count):
        door = Box(
            box.x + box.w * (0.2 if index % 2 == 0 else 0.16),
            box.y + box.h * 0.17,
            box.w * 0.56,
            box.h * 0.83,
        )
        art.canvas.rect(door, colors[index % 3])
        leaf = door.w * 0.36
        art.canvas.polygon(
            [
                (door.x, door.y),
                (door.x - leaf, door.y + door.h * 0.06),
                (door.x - leaf, door.bottom + door.h * 0.1),
                (door.x, door.bottom),
            ],
            colors[(index + 1) % 3],
        )
        box = door
    light = Box(box.x + box.w * 0.2, box.y + box.h * 0.16, box.w * 0.6, box.h * 0.84)
    art.canvas.rect(light, art.accent)
    art.canvas.polygon(
        [
            (light.x, light.bottom),
            (light.right, light.bottom),
            (light.right + box.w * 0.5, art.h + 5),
            (light.x - box.w * 0.7, art.h + 5),
        ],
        art.accent,
    )


def shards(art: Art) -> None:
    """Break the area into splinters that still almost fit."""
    art.fill(art.palette.ink)
    pieces: list[list[Point]] = [[(0, 0), (art.w, 0), (art.w, art.h), (0, art.h)]]
    for _ in range(13):
        pieces.sort(key=_area, reverse=True)
        pieces[:1] = list(_split(pieces[0], art))
    colors = (art.ground, art.ink, art.shade, art.ground, art.ink)
    marked = art.chance.whole(2, 6)
    for index, piece in enumerate(sorted(pieces, key=_area, reverse=True)):
        color = art.accent if index == marked else colors[index % 5]
        x, y = (sum(p[axis] for p in piece) / len(piece) for axis in (0, 1))
        art.canvas.polygon([(x + (a - x) * 0.955, y + (b - y) * 0.955) for a, b in piece], color)


def _area(piece: list[Point]) -> float:
    pairs = zip(piece, [*piece[1:], piece[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def _split(piece: list[Point], art: Art) -> tuple[list[Point], list[Point]]:
    """Cut a convex piece from its longest side to a side across."""
    count = len(piece)
    sides = [math.dist(piece[i], piece[(i + 1) % count]) for i in range(count)]
    first = sides.index(max(sides))
    second = (first + max(1, count // 2)) % count
    cuts: list[Point] = []
    for side in (first, second):
        a, b = piece[side], piece[(side + 1) % count]
        part = art.chance.real(0.32, 0.68)
        cuts.append((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part))
    order = [piece[(first + 1 + i) % count] for i in range(count)]
    cut = (second - first) % count
    return [cuts[0], *order[:cut], cuts[1]], [cuts[1], *order[cut:], cuts[0]]


def numeral(art: Art) -> None:
    """Set the figure so large that it leaves the area, twice, a little apart."""
    art.fill()
    face, text = lettering(art.figure or str(art.facts.release_year or ""), "gothic")
    if not text:
        return
    size = min(art.w * 1.02 / face.width(text), art.h * 1.12 / face.cap_height)
    x = (art.w - face.width(text) * size) / 2
    y = art.h / 2 + size * face.cap_height / 2
    apart = art.short * 0.035
    face.draw(art.canvas, text, x - apart, y - apart, size, fill=art.shade)
    face.draw(art.canvas, text, x + apart * 0.4, y + apart * 0.4, size, fill=art.ink)
    art.canvas.rect(Box(0, art.h * 0.5 - apart * 0.4, art.w, apart * 0.8), art.accent)


def fan(art: Art) -> None:
    """Swing a bar about its foot and keep every position: movement, as Marey drew it."""
    art.fill()
    count = art.count(9, least=5, most=16)
    reach = art.h * 0.98
    floor = art.h * 0.93
    marked = count * 2 // 3
    order = [*(index for index in range(count) if index != marked), marked]
    for index in order:
        part = index / (count - 1)
        foot = (art.w * (0.16 + 0.6 * part), floor)
        angle = -128 + 78 * part
        color = art.accent if index == marked else (art.shade, art.ink)[index % 2]
        thick = art.short * 0.028
        top = polar(*foot, reach * 0.9, angle)
        art.canvas.line([foot, top], color, thick, "round")
        grip = polar(*foot, reach * 0.56, angle)
        art.canvas.line([grip, polar(*grip, reach * 0.1, angle + 90)], color, thick, "round")
        ends = (polar(*top, reach * 0.07, angle - 90), polar(*top, reach * 0.07, angle + 90))
        art.canvas.line(ends, color, thick * 1.3, "round")
        art.canvas.disk(*foot, thick * 0.95, color)
    art.canvas.rect(Box(0, floor + art.short * 0.035, art.w, art.short * 0.012), art.ink)


def taps(art: Art) -> None:
    """Set pairs of tap shoes seen from below, as a diagram of steps; the figure says how many."""
    art.fill()
    count = art.count(5, least=2, most=9)
    columns = math.ceil(count / 2) if art.w < art.h * 1.3 else count
    rows = math.ceil(count / columns)
    high = min(art.h / rows * 0.74, art.w / columns * 1.15)
    marked = count // 2
    for index in range(count):
        row = index // columns
        held = min(columns, count - row * columns)
        x = art.w * ((index % columns) + 0.5) / held
        y = art.h * (row + 0.5) / rows
        turn = art.chance.real(-34, 34)
        with art.canvas.turned(turn, x, y):
            for side in (-1, 1):
                lift = art.chance.real(-0.09, 0.09) * high
                color = art.accent if index == marked else art.ink
                _sole(art, (x + side * high * 0.22, y + lift), high * side, color)


def _sole(art: Art, center: Point, size: float, color: str) -> None:
    """Draw a sole with its two metal plates; a negative size makes it the left one."""
    x, y = center
    high = abs(size)

    def at(across: float, along: float) -> str:
        return f"{number(x + across * size)} {number(y + along * high)}"

    art.canvas.path(
        f"M{at(-0.02, -0.5)}C{at(0.16, -0.5)} {at(0.2, -0.22)} {at(0.12, 0.04)}"
        f"C{at(0.08, 0.16)} {at(0.13, 0.24)} {at(0.13, 0.35)}"
        f"C{at(0.13, 0.52)} {at(-0.12, 0.52)} {at(-0.12, 0.35)}"
        f"C{at(-0.12, 0.24)} {at(-0.1, 0.16)} {at(-0.13, 0.04)}"
        f"C{at(-0.19, -0.22)} {at(-0.2, -0.5)} {at(-0.02, -0.5)}Z",
        fill=color,
    )
    art.canvas.path(
        f"M{at(-0.02, -0.45)}C{at(0.1, -0.45)} {at(0.13, -0.3)} {at(0.11, -0.2)}"
        f"Q{at(-0.02, -0.27)} {at(-0.13, -0.2)}C{at(-0.15, -0.3)} {at(-0.13, -0.45)}"
        f" {at(-0.02, -0.45)}Z",
        fill=art.ground,
    )
    art.canvas.path(
        f"M{at(-0.08, 0.32)}Q{at(0.005, 0.26)} {at(0.09, 0.32)}C{at(0.1, 0.46)} {at(-0.09, 0.46)}"
        f" {at(-0.08, 0.32)}Z",
        fill=art.ground,
    )


def prints(art: Art) -> None:
    """Scatter photographs on a table, all but one face down in shade."""
    art.fill()
    columns, rows = (3, 4) if art.w < art.h else (5, 3)
    wide, high = art.w / columns, art.h / rows
    spots = [(row, column) for row in range(rows) for column in range(columns)]
    marked = spots[len(spots) // 2]
    for row, column in spots:
        x = (column + 0.5) * wide + wide * art.chance.real(-0.08, 0.08)
        y = (row + 0.5) * high + high * art.chance.real(-0.08, 0.08)
        turn = art.chance.real(-13, 13)
        side = min(wide, high)
        card = Box(x - side * 0.52, y - side * 0.42, side * 1.04, side * 0.84)
        art.canvas.rect(Box(card.x + 6, card.y + 8, card.w, card.h), art.shade, turn=turn)
        art.canvas.rect(card, art.palette.paper, turn=turn)
        picture = card.inset(side * 0.055)
        dark = art.palette.ink
        art.canvas.rect(picture, art.accent if (row, column) == marked else dark, turn=turn)
        with art.canvas.turned(turn, x, y):
            self_shape = art.chance.whole(0, 2)
            tone = art.ground if (row, column) != marked else dark
            if self_shape == 0:
                art.canvas.disk(x, y, side * 0.18, tone)
            elif self_shape == 1:
                base = picture.bottom
                art.canvas.polygon(
                    [(picture.x, base), (x, y - side * 0.14), (picture.right, base)], tone
                )
            else:
                art.canvas.rect(Box(picture.x, y, picture.w, picture.bottom - y), tone)


def gilt(art: Art) -> None:
    """Hang frames within frames; what is in the innermost is a plain disk."""
    art.fill()
    box = art.whole.inset(art.short * 0.06)
    colors = (art.accent, art.ground, art.accent, art.shade, art.accent, art.ink)
    for color in colors:
        art.canvas.rect(box, color)
        box = box.inset(art.short * 0.055)
    x, y = box.x + box.w / 2, box.y + box.h / 2
    radius = min(box.w, box.h) * 0.34
    art.canvas.disk(x, y, radius, art.palette.ink)
    with art.canvas.clipped(circle(x, y, radius)):
        art.canvas.rect(Box(x - radius, y, radius * 2, radius), art.accent)
