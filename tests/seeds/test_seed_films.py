"""The sample catalog keeps its own rules, which seeds/README.md states."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from app.catalog import seed_schema
from app.catalog.enums import AccoladeKind, CreditRole, PressKind, WatchKind
from app.catalog.seed_schema import FilmSeed
from app.posters.layouts import LAYOUTS
from app.posters.lettering import FACES
from app.posters.motifs import MOTIFS
from app.posters.palettes import PALETTES

SEEDS = Path(__file__).parents[2] / "seeds"
FILMS = {film.slug: film for film in seed_schema.films(SEEDS)}
COLLECTIONS = seed_schema.collections(SEEDS)

pytestmark = pytest.mark.once

every_film = pytest.mark.parametrize("film", FILMS.values(), ids=FILMS.keys())


def sentences(text: str) -> list[str]:
    """Split a synopsis; "St. Petersburg" and "W. H. Auden" are not ends of sentences."""
    whole = re.sub(r"\b(St|Dr|[A-Z])\. ", r"\1 ", " ".join(text.split()))
    return [part for part in re.split(r"(?<=[.?!])\s+", whole) if part]


def test_the_catalog_holds_at_least_37_films() -> None:
    assert len(FILMS) >= 37


def test_no_two_films_share_a_title() -> None:
    titles = Counter(film.title.casefold() for film in FILMS.values())
    assert [title for title, count in titles.items() if count > 1] == []


@every_film
def test_a_synopsis_has_two_to_five_sentences(film: FilmSeed) -> None:
    assert 2 <= len(sentences(film.synopsis)) <= 5
    assert "\n" not in film.synopsis


@every_film
def test_a_synopsis_reports_and_does_not_praise(film: FilmSeed) -> None:
    praise = r"stunning|powerful|gripping|must-see|masterpiece|unforgettable|heart-?warming|moving "
    assert not re.search(praise, f"{film.synopsis} {film.tagline}".casefold())


@every_film
def test_a_film_has_what_its_page_and_its_poster_need(film: FilmSeed) -> None:
    assert film.tagline
    assert film.versions
    assert film.versions[0].spoken
    assert film.countries
    assert film.subjects


@every_film
def test_related_films_are_in_the_catalog_and_are_others(film: FilmSeed) -> None:
    related = [relation.slug for relation in film.related]
    assert len(related) == len(set(related))
    assert film.slug not in related
    assert [slug for slug in related if slug not in FILMS] == []


@every_film
def test_no_year_comes_before_the_one_it_follows(film: FilmSeed) -> None:
    years = [year for year in (film.production_year, film.release_year) if year]
    assert years == sorted(years)


def test_every_subject_is_shared_by_several_films() -> None:
    uses = Counter(subject for film in FILMS.values() for subject in film.subjects)
    assert [subject for subject, count in uses.items() if count < 2] == []
    assert 25 <= len(uses) <= 40


def test_collections_name_films_of_the_catalog_once_each() -> None:
    for collection in COLLECTIONS:
        assert len(collection.films) == len(set(collection.films)) >= 4
        assert [slug for slug in collection.films if slug not in FILMS] == []
        assert 1 <= len(sentences(collection.summary)) <= 2


def test_every_film_stands_in_a_collection() -> None:
    shelved = {slug for collection in COLLECTIONS for slug in collection.films}
    assert set(FILMS) - shelved == set()


def test_up_next_after_the_red_soul_is_as_the_platform_lists_it() -> None:
    russia = next(item for item in COLLECTIONS if item.name == "Russia & the Former Soviet Union")
    assert russia.films[:4] == ["the-red-soul", "art-and-oligarchs", "putins-witnesses", "pripyat"]


def test_only_go_public_credits_no_director() -> None:
    silent = [
        film.slug
        for film in FILMS.values()
        if not any(credit.role is CreditRole.DIRECTOR for credit in film.credits)
    ]
    assert silent == ["go-public"]


def test_the_red_soul_is_complete_in_its_facts() -> None:
    film = FILMS["the-red-soul"]
    assert (film.release_year, film.copyright_year, film.color.value) == (2018, 2017, "mixed")
    assert [(cut.label, cut.runtime_minutes) for cut in film.versions] == [
        ("Feature", 90),
        ("Streaming master", 92),
    ]
    assert {(*cut.spoken, *cut.subtitles) for cut in film.versions} == {("rus", "eng")}
    assert film.subjects == [
        "Russia",
        "Soviet Union",
        "Stalinism",
        "Collective memory",
        "Human rights",
        "History",
    ]
    assert [relation.slug for relation in film.related] == [
        "the-scientist-the-imposter-and-stalin",
        "the-son",
        "svetlana-about-svetlana",
        "the-3-rooms-of-melancholia",
        "three-songs-about-motherland",
    ]


def test_the_red_soul_is_complete_to_its_last_accolade() -> None:
    accolades = FILMS["the-red-soul"].accolades
    assert [(item.year, item.kind) for item in accolades] == [
        (2017, AccoladeKind.WORLD_PREMIERE),
        (2018, AccoladeKind.SELECTION),
        (2018, AccoladeKind.SELECTION),
        (2018, AccoladeKind.SELECTION),
        (2018, AccoladeKind.SELECTION),
    ]
    assert accolades[0].section == "Feature-Length Competition"


def test_the_red_soul_has_every_kind_of_press_but_a_plain_article() -> None:
    press = FILMS["the-red-soul"].press
    assert Counter(item.kind for item in press) == {
        PressKind.REVIEW: 4,
        PressKind.ENDORSEMENT: 2,
        PressKind.PODCAST: 1,
        PressKind.INTERVIEW: 1,
    }
    podcast = next(item for item in press if item.kind is PressKind.PODCAST)
    assert podcast.length_seconds == 10 * 60 + 47
    assert (podcast.by, podcast.guest) == ("Matt Micucci", "Jessica Gorter")
    assert podcast.festival_section == "Feature-Length Competition"
    interview = next(item for item in press if item.kind is PressKind.INTERVIEW)
    assert (interview.by, interview.published_on) == ("Melanie Goodfellow", date(2017, 11, 18))
    unsigned = next(item for item in press if not item.by)
    assert "92-minute" in (unsigned.note or "")


def test_the_red_soul_can_be_watched_at_home_and_through_a_partner() -> None:
    film = FILMS["the-red-soul"]
    assert [(link.platform, link.kind) for link in film.watch_links] == [
        ("OVID.tv", WatchKind.SUBSCRIPTION)
    ]
    assert [link.platform for link in film.partner_links] == ["Docuseek"]


@every_film
def test_every_hint_for_the_poster_is_one_that_is_understood(film: FilmSeed) -> None:
    assert film.poster.keys() <= {"layout", "palette", "face", "motif", "figure"}
    assert film.poster["layout"] in LAYOUTS
    assert film.poster["palette"] in PALETTES
    assert film.poster["face"] in FACES
    assert film.poster["motif"] in MOTIFS
