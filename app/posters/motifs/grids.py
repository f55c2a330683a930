"""Motifs of repeated parts: one minute a frame, one box a shelf, one person a dot."""

import math
from dataclasses import replace

from app.posters.canvas import Box, number
from app.posters.lettering import FACES, outlines
from app.posters.motifs.art import Art

MAX_FRAMES = 130
# Empty cells at the end of a grid look like a mistake.
SPARE_COST = 8
# Where the measure on the wall begins, in centimeters.
MIN_RUN_SECONDS = 140
# Half the width of the river in the cloth, as a share of the cloth.
RIVER = 0.13


def _grid(art: Art, count: int) -> tuple[int, int]:
    """Return the columns and rows that hold ``count`` cells, near square and with few to spare."""

    def fault(columns: int) -> float:
        rows = math.ceil(count / columns)
        spare = (columns * rows - count) / count
        return abs(math.log((art.w / columns) / (art.h / rows))) + SPARE_COST * spare

    columns = min(range(1, count + 1), key=fault)
    return columns, math.ceil(count / columns)


def frames(art: Art) -> None:
    """Draw a frame for every minute of the film; a moon waxes and wanes as it runs."""
    art.fill()
    minutes = max(art.facts.runtime_minutes, 12)
    count = math.ceil(minutes / math.ceil(minutes / MAX_FRAMES))
    pad = art.short * 0.045
    inner = replace(art, w=art.w - 2 * pad, h=art.h - 2 * pad)
    columns, rows = _grid(inner, count)
    wide, high = inner.w / columns, inner.h / rows
    radius = min(wide, high) * 0.39
    for index in range(count):
        x = pad + (index % columns + 0.5) * wide
        y = pad + (index // columns + 0.5) * high
        part = index / (count - 1)
        art.canvas.disk(x, y, radius, art.shade)
        lit = 1 - abs(1 - 2 * part)
        bulge = radius * abs(2 * lit - 1)
        sweep = int(2 * lit > 1)
        side = int(2 * part < 1)
        color = art.accent if index == count // 2 else art.ink
        art.canvas.path(
            f"M{number(x)} {number(y - radius)}A{number(radius)} {number(radius)} 0 0 {side}"
            f" {number(x)} {number(y + radius)}A{number(bulge)} {number(radius)} 0 0"
            f" {sweep if side else 1 - sweep} {number(x)} {number(y - radius)}Z",
            fill=color,
        )


def archive(art: Art) -> None:
    """Fill shelves with archive boxes; one stands out from its row."""
    art.fill(art.palette.ink)
    columns = 4 if art.w < art.h * 1.3 else 6
    rows = max(3, round(art.h / (art.w / columns * 1.25)))
    wide, high = art.w / columns, art.h / rows
    odd = (art.chance.whole(1, rows - 1), art.chance.whole(1, columns - 2))
    for row in range(rows):
        for column in range(columns):
            mark = (row, column) == odd
            lift = high * 0.12 if mark else 0
            box = Box(column * wide + wide * 0.03, row * high + high * 0.1, wide * 0.94, high * 0.9)
            color = art.accent if mark else art.ground
            art.canvas.rect(Box(box.x, box.y - lift, box.w, box.h), color)
            label = Box(box.x + wide * 0.14, box.y - lift + high * 0.14, wide * 0.66, high * 0.26)
            plain = art.palette.paper if art.palette.paper != color else art.palette.ink
            art.canvas.rect(label, plain)
            for line in range(art.chance.whole(1, 3)):
                length = label.w * art.chance.real(0.3, 0.8)
                y = label.y + label.h * (0.28 + 0.24 * line)
                art.canvas.rect(
                    Box(label.x + label.w * 0.09, y, length, high * 0.014), art.palette.ink
                )
            x, y = box.x + box.w / 2, box.y - lift + high * 0.62
            art.canvas.disk(x, y, wide * 0.085, art.palette.ink)
        art.canvas.rect(Box(0, (row + 1) * high - high * 0.035, art.w, high * 0.035), art.shade)


def weave(art: Art) -> None:
    """Weave bands over and under; a river runs through the cloth."""
    art.fill(art.palette.ink)
    columns = max(6, round(art.w / art.short * 8))
    size = art.w / columns
    rows = math.ceil(art.h / size)
    gap = size * 0.09
    phase = art.chance.real(0, 6)
    for row in range(rows):
        middle = columns * (0.5 + 0.24 * math.sin(row * 0.42 + phase))
        for column in range(columns):
            x, y = column * size, row * size
            away = abs(column + 0.5 - middle) / columns
            weft = (row + column) % 2 == 1
            if away < RIVER:
                color = art.accent
            elif away < 2 * RIVER:
                color = art.ink if weft else art.accent
            else:
                color = art.ink if weft else art.ground
            if weft:
                art.canvas.rect(Box(x, y + gap, size + 0.5, size - 2 * gap), color)
            else:
                art.canvas.rect(Box(x + gap, y, size - 2 * gap, size + 0.5), color)


def tiles(art: Art) -> None:
    """Lay quarter circles as tiles; every one is turned, one is of another color."""
    art.fill()
    columns = 4 if art.w < art.h * 1.1 else 6
    size = art.w / columns
    rows = math.ceil(art.h / size)
    odd = (art.chance.whole(0, rows - 1), art.chance.whole(1, columns - 2))
    for row in range(rows):
        for column in range(columns):
            x, y = column * size, row * size
            base, over = art.chance.pick(
                ((art.ground, art.ink), (art.ink, art.ground), (art.shade, art.ink))
            )
            if (row, column) == odd:
                base, over = art.ground, art.accent
            art.canvas.rect(Box(x, y, size + 0.5, size + 0.5), base)
            cx, cy = art.chance.pick(((0, 0), (1, 0), (0, 1), (1, 1)))
            r, s = number(size), number(size)
            corner = f"M{number(x + cx * size)} {number(y + cy * size)}"
            h, v = ("-" if cx else "") + s, ("-" if cy else "") + s
            sweep = 1 if cx == cy else 0
            dx = number(size if cx else -size)
            dy = v
            art.canvas.path(f"{corner}h{h}a{r} {r} 0 0 {sweep} {dx} {dy}z", fill=over)


def voices(art: Art) -> None:
    """Set a rounded bar for each of a number, alike but for the height; one is marked."""
    art.fill()
    count = art.count(50, least=6, most=160)
    pad = art.short * 0.05
    area = replace(art, w=art.w - 2 * pad, h=art.h - 2 * pad)
    columns, rows = _grid(area, count)
    wide, high = area.w / columns, area.h / rows
    odd = art.chance.whole(count // 3, count * 2 // 3)
    thick = min(wide, high) * 0.62
    for index in range(count):
        row, column = divmod(index, columns)
        part = 0.5 + 0.5 * math.sin(column * 1.1 + row * 1.7)
        tall = thick + (high * 0.86 - thick) * (1.0 if index == odd else part)
        x, y = pad + (column + 0.5) * wide, pad + (row + 0.5) * high
        color = art.accent if index == odd else art.ink
        bar = Box(x - thick / 2, y - tall / 2, thick, tall)
        art.canvas.rect(bar, color, corner=thick / 2)


def crowd(art: Art) -> None:
    """Stand people in rows, head and shoulders; of one there is only the outline."""
    art.fill()
    columns = 5 if art.w < art.h * 1.4 else 8
    wide = art.w / (columns - 0.5)
    step = wide * 0.66
    rows = math.ceil(art.h / step) + 1
    odd = (rows // 2 - 1, columns // 2)
    for row in range(rows):
        y = wide * 0.3 + row * step
        for column in range(-1, columns + 1):
            x = (column + (row % 2) / 2) * wide
            gone = (row, column) == odd
            half, neck = wide * 0.44, y + wide * 0.3
            foot = neck + half + step * (0.6 if gone else 1.6)
            body = (
                f"M{number(x - half)} {number(foot)}V{number(neck + half)}"
                f"A{number(half)} {number(half)} 0 0 1 {number(x + half)} {number(neck + half)}"
                f"V{number(foot)}Z"
            )
            color = art.accent if gone else art.ink
            art.canvas.path(body, fill=color, stroke=art.ground, width=wide * 0.05)
            art.canvas.disk(x, y, wide * 0.235, art.ground)
            art.canvas.disk(x, y, wide * 0.19, color)


def stripes(art: Art) -> None:
    """Print the bars of a price code from edge to edge."""
    art.fill()
    x, unit = 0.0, art.w / 92
    index = 0
    marked = art.chance.whole(7, 11)
    while x < art.w:
        bar = unit * art.chance.pick((1, 1, 2, 3, 4))
        color = art.accent if index == marked else art.ink
        wide = unit * 5 if index == marked else bar
        art.canvas.rect(Box(x, 0, wide, art.h), color)
        x += wide + unit * art.chance.pick((1, 1, 2, 3))
        index += 1


def towers(art: Art) -> None:
    """Build a city of plain fronts, windows lit by chance; one wall is painted."""
    art.fill()
    layers = ((0.16, 0.5, art.shade), (0.36, 0.62, art.ink))
    for top, low, color in layers:
        x = -art.w * 0.02
        while x < art.w:
            wide = art.short * art.chance.real(0.11, 0.22)
            y = art.h * art.chance.real(top, low)
            art.canvas.rect(Box(x, y, wide - art.short * 0.008, art.h - y + 5), color)
            if color == art.ink:
                cell = art.short * 0.03
                for row in range(int((art.h - y) / cell / 1.6)):
                    for column in range(int(wide / cell / 1.5)):
                        if art.chance.likely(0.55):
                            lit = art.accent if art.chance.likely(0.1) else art.ground
                            place = Box(
                                x + cell * (0.6 + column * 1.5),
                                y + cell * (0.9 + row * 1.6),
                                cell * 0.8,
                                cell,
                            )
                            art.canvas.rect(place, lit)
            x += wide


def mural(art: Art) -> None:
    """Paint one wall between plain ones."""
    art.fill()
    wall = Box(art.w * 0.2, art.h * 0.1, art.w * 0.58, art.h * 0.82)
    art.canvas.rect(Box(0, art.h * 0.3, art.w * 0.2, art.h), art.shade)
    art.canvas.rect(Box(wall.right, art.h * 0.2, art.w, art.h), art.shade)
    with art.canvas.inside(wall):
        tiles(replace(art, w=wall.w, h=wall.h))
    for row in range(1, 4):
        y = wall.y + wall.h * row / 4
        art.canvas.rect(Box(wall.x, y - art.short * 0.004, wall.w, art.short * 0.008), art.ground)
    art.canvas.rect(Box(0, wall.bottom, art.w, art.h), art.palette.ink)


def bars(art: Art) -> None:
    """Close bars over a disk; one of them is broken."""
    art.fill()
    x, y = art.w * 0.5, art.h * 0.48
    art.canvas.disk(x, y, art.short * 0.34, art.accent)
    count = 9 if art.w < art.h * 1.2 else 13
    wide = art.w / count
    broken = count // 2 + 1
    for index in range(count):
        left = index * wide + wide * 0.3
        if index == broken:
            art.canvas.rect(Box(left, -5, wide * 0.4, art.h * 0.3), art.ink)
            foot = Box(left, art.h * 0.66, wide * 0.4, art.h)
            art.canvas.rect(foot, art.ink)
        else:
            art.canvas.rect(Box(left, -5, wide * 0.4, art.h + 10), art.ink)


def keys(art: Art) -> None:
    """Set the keys of a keyboard; those that spell the title are pressed."""
    art.fill()
    face = outlines(FACES["sans"])
    columns = 5 if art.w < art.h * 1.2 else 8
    size = art.w / (columns + 0.4)
    rows = max(1, int(art.h / size))
    size = min(size, art.h / (rows + 0.3))
    left, top = (art.w - columns * size) / 2, (art.h - rows * size) / 2
    spelled = [sign for sign in art.facts.title.upper() if sign.isalpha() and face.covers(sign)]
    others = [chr(code) for code in range(65, 91) if chr(code) not in spelled]
    total = rows * columns
    start = max(0, (total - len(spelled)) // 2 // columns * columns)
    for index in range(total):
        place = index - start
        pressed = 0 <= place < len(spelled)
        sign = spelled[place] if pressed else art.chance.pick(others or ["X"])
        x, y = left + index % columns * size, top + index // columns * size
        cap = Box(x + size * 0.07, y + size * 0.07, size * 0.86, size * 0.86)
        art.canvas.rect(cap, art.accent if pressed else art.shade, corner=size * 0.14)
        color = art.palette.ink if pressed else art.ink
        wide = face.width(sign) * size * 0.44
        face.draw(
            art.canvas, sign, x + (size - wide) / 2, y + size * 0.655, size * 0.44, fill=color
        )


def ruler(art: Art) -> None:
    """Stand a measure against the wall, a mark at the height asked for."""
    art.fill()
    face = outlines(FACES["gothic"])
    marks = 46
    step = art.h / marks
    x = art.w * 0.16
    for index in range(marks):
        y = art.h - (index + 0.5) * step
        long = index % 10 == 0
        wide = art.w * (0.2 if long else 0.11 if index % 5 == 0 else 0.06)
        art.canvas.rect(Box(x, y, wide, step * (0.3 if long else 0.16)), art.ink)
        if long and index:
            face.draw(
                art.canvas,
                str(MIN_RUN_SECONDS + index),
                x + wide * 1.15,
                y + step * 1.4,
                step * 4,
                fill=art.ink,
            )
    y = art.h - 36 * step
    art.canvas.rect(Box(x, y, art.w, art.short * 0.012), art.accent)
    for index, part in enumerate((0.56, 0.72, 0.88)):
        wide = art.w * 0.115
        top = y if index == 1 else y + art.h * (0.06 + 0.05 * index)
        color = art.accent if index == 1 else art.ink
        head = art.w * 0.048
        art.canvas.disk(art.w * part, top + head, head, color)
        body = Box(art.w * part - wide / 2, top + head * 2.3, wide, art.h)
        art.canvas.rect(body, color, corner=wide * 0.4)
