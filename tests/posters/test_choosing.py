"""Hints decide first, then color and subjects, then chance; inks keep their contrast."""

import pytest

from app.catalog.enums import Color, CreditRole
from app.catalog.models import Film, FilmCountry, FilmSubject, Subject
from app.catalog.parts_models import Credit, Person, Version
from app.posters import PosterFacts, facts_of
from app.posters.choosing import SUBJECT_MOTIFS, choose
from app.posters.motifs import MOTIFS
from app.posters.palettes import BLACK_AND_WHITE, PALETTES, Palette
from app.posters.seeded_random import SeededRandom

pytestmark = pytest.mark.once


def luminance(color: str) -> float:
    """Return the relative luminance as WCAG 2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_words_can_be_read_and_art_can_be_seen(palette: Palette) -> None:
    assert contrast(palette.ink, palette.paper) >= 7
    assert contrast(palette.inks[0], palette.ground) >= 3


def test_hints_decide_and_unknown_hints_do_not() -> None:
    hints = {"layout": "disc", "palette": "harbor", "face": "serif", "motif": "eyes"}
    choice = choose(PosterFacts("a", "A", hints=hints), SeededRandom("a"))
    assert (choice.layout, choice.palette, choice.face, choice.motif) == tuple(hints.values())
    odd = choose(PosterFacts("a", "A", hints=dict.fromkeys(hints, "no such")), SeededRandom("a"))
    assert odd == choose(PosterFacts("a", "A"), SeededRandom("a"))


def test_a_film_without_color_is_printed_without_it() -> None:
    palettes = {
        choose(PosterFacts(f"film-{i}", "A", color="bw"), SeededRandom(f"film-{i}")).palette
        for i in range(30)
    }
    assert palettes == set(BLACK_AND_WHITE)


def test_the_first_known_subject_suggests_the_motif() -> None:
    motifs = {
        choose(
            PosterFacts(f"film-{i}", "A", subjects=("Unheard of", "Nuclear energy", "Labor")),
            SeededRandom(f"film-{i}"),
        ).motif
        for i in range(30)
    }
    assert motifs == set(SUBJECT_MOTIFS["nuclear energy"])


def test_every_suggested_motif_exists() -> None:
    suggested = {motif for motifs in SUBJECT_MOTIFS.values() for motif in motifs}
    assert suggested - set(MOTIFS) == set()


def test_chance_draws_the_same_on_every_machine() -> None:
    chance = SeededRandom("the-red-soul")
    assert [chance.whole(0, 999) for _ in range(6)] == [962, 934, 502, 8, 276, 403]


def test_facts_are_those_of_the_loaded_film() -> None:
    film = Film(
        slug="go",
        title="Go",
        release_year=2013,
        color=Color.MIXED,
        poster={"motif": "voices"},
        versions=[Version(label="Feature", position=0, runtime_minutes=90)],
        credits=[
            Credit(person=Person(name="Dawn"), role=CreditRole.PRODUCER, position=0),
            Credit(person=Person(name="Ilan"), role=CreditRole.DIRECTOR, position=1),
        ],
        country_rows=[FilmCountry(country="US", position=0)],
        subject_rows=[FilmSubject(subject=Subject(slug="labor", name="Labor"), position=0)],
    )
    assert facts_of(film) == PosterFacts(
        slug="go",
        title="Go",
        directors=("Ilan",),
        release_year=2013,
        runtime_minutes=90,
        countries=("US",),
        subjects=("Labor",),
        color="mixed",
        hints={"motif": "voices"},
    )
