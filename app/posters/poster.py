"""A poster as one SVG document: pure, and the same for the same facts."""

import re
from typing import Literal
from xml.sax.saxutils import escape

from app.posters.canvas import Box, Canvas
from app.posters.choosing import choose
from app.posters.facts import PosterFacts
from app.posters.layouts import LAYOUTS, Sheet, described
from app.posters.motifs import MOTIFS, Art
from app.posters.palettes import PALETTES
from app.posters.seeded_random import SeededRandom

Ratio = Literal["portrait", "wide", "card"]
# Width and height in drawing units; the page scales them.
RATIOS: dict[Ratio, tuple[int, int]] = {
    "portrait": (800, 1200),
    "wide": (1600, 900),
    "card": (1200, 800),
}
# What XML 1.0 cannot hold, even escaped.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def poster_svg(facts: PosterFacts, *, ratio: Ratio = "portrait") -> str:
    """Draw the film's poster.

    It loads nothing and runs nothing, so it may be shown as an image under a strict content
    security policy. Titles in scripts without outlines are set in the reader's own serif.
    """
    w, h = RATIOS[ratio]
    chance = SeededRandom(facts.slug)
    choice = choose(facts, chance)
    palette = PALETTES[choice.palette]
    motif = MOTIFS[choice.motif]
    canvas = Canvas(facts.slug)

    def art(box: Box) -> None:
        with canvas.inside(box):
            # The same draws for every ratio: the card must be recognizable as the poster's.
            fresh = SeededRandom(f"{facts.slug}/{choice.motif}")
            motif(Art(canvas, box.w, box.h, palette, fresh, facts, facts.hints.get("figure", "")))

    LAYOUTS[choice.layout](Sheet(canvas, w, h, facts, palette, choice.face, art))
    label = escape(UNPRINTABLE.sub("", described(facts)))
    body = UNPRINTABLE.sub("", str(canvas))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}"'
        f' role="img"><title>{label}</title>{body}</svg>'
    )
