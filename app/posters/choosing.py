"""What a poster is made of: by the film's hints first, then by its subjects, then by chance."""

from collections.abc import Collection
from dataclasses import dataclass

from app.posters.facts import PosterFacts
from app.posters.lettering import FACES
from app.posters.motifs import MOTIFS
from app.posters.palettes import BLACK_AND_WHITE, COLORS, PALETTES
from app.posters.seeded_random import SeededRandom

LAYOUTS = ("swiss", "crown", "bleed", "disc", "slant", "column", "label", "stack")
# The motifs that suit a subject; the first subject of a film that is listed here decides.
SUBJECT_MOTIFS: dict[str, tuple[str, ...]] = {
    "african american studies": ("overlap", "tiles", "songs"),
    "aging": ("rings", "songs"),
    "agriculture and food": ("grain", "furrows"),
    "archival film": ("archive", "strip", "prints"),
    "art and artists": ("tiles", "weave", "gilt"),
    "asian studies": ("relief", "arches"),
    "biography": ("rings", "divided", "numeral"),
    "business and economics": ("stripes", "ladder"),
    "children and youth": ("voices", "tiles", "keys"),
    "cities and communities": ("towers", "tiles"),
    "collective memory": ("archive", "rings", "divided"),
    "disability": ("fan", "waves", "voices"),
    "education": ("voices", "keys", "tiles"),
    "environment": ("contours", "strata", "relief"),
    "family": ("overlap", "rooms"),
    "film history": ("lens", "strip", "rays", "frames"),
    "globalization": ("stripes", "overlap", "towers"),
    "health and medicine": ("dial", "waves", "frames"),
    "history": ("archive", "strata", "frames"),
    "human rights": ("crowd", "bars", "arches"),
    "indigenous peoples": ("survey", "contours", "strata"),
    "labor": ("ladder", "towers", "rails"),
    "middle east": ("shards", "peaks"),
    "music and dance": ("songs", "waves", "fan"),
    "nuclear energy": ("spiral", "rings"),
    "politics and government": ("eyes", "wedge", "rays"),
    "prisons and justice": ("bars", "crowd"),
    "russia": ("wedge", "divided", "peaks"),
    "science and society": ("grain", "dial", "frames"),
    "soviet union": ("wedge", "strip"),
    "sports": ("track", "fan"),
    "stalinism": ("divided", "archive"),
    "ukraine": ("furrows", "strata"),
    "war and conflict": ("shards", "rooms"),
    "women's studies": ("arches", "overlap", "weave"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the poster will be made of."""

    layout: str
    palette: str
    face: str
    motif: str


def choose(facts: PosterFacts, chance: SeededRandom) -> Choice:
    """Choose; a hint that names nothing we have counts as no hint."""
    inks = BLACK_AND_WHITE if facts.color == "bw" else COLORS
    drawn = Choice(
        layout=chance.pick(LAYOUTS),
        palette=chance.pick(inks),
        face=chance.pick(tuple(FACES)),
        motif=chance.pick(_motifs(facts)),
    )
    return Choice(
        layout=_hint(facts, "layout", LAYOUTS) or drawn.layout,
        palette=_hint(facts, "palette", PALETTES) or drawn.palette,
        face=_hint(facts, "face", FACES) or drawn.face,
        motif=_hint(facts, "motif", MOTIFS) or drawn.motif,
    )


def _hint(facts: PosterFacts, name: str, known: Collection[str]) -> str:
    value = facts.hints.get(name, "")
    return value if value in known else ""


def _motifs(facts: PosterFacts) -> tuple[str, ...]:
    for subject in facts.subjects:
        suited = SUBJECT_MOTIFS.get(subject.casefold())
        if suited:
            return suited
    return tuple(MOTIFS)
