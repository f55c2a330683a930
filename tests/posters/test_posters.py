"""Every film gets a poster of its own: valid, small, harmless, and the same each time."""

import re
from pathlib import Path

import pytest
from lxml import etree

from app.catalog import seed_schema
from app.catalog.enums import CreditRole
from app.posters import RATIOS, PosterFacts, poster_svg
from app.posters.choosing import choose
from app.posters.layouts import LAYOUTS
from app.posters.motifs import MOTIFS
from app.posters.poster import Ratio
from app.posters.seeded_random import SeededRandom

pytestmark = pytest.mark.once

SVG = "{http://www.w3.org/2000/svg}"
MAX_BYTES = 60_000
SEEDS = Path(__file__).parents[2] / "seeds"
FILMS = [
    PosterFacts(
        slug=film.slug,
        title=film.title,
        directors=tuple(
            credit.name for credit in film.credits if credit.role is CreditRole.DIRECTOR
        ),
        release_year=film.release_year,
        runtime_minutes=film.versions[0].runtime_minutes,
        countries=tuple(film.countries),
        subjects=tuple(film.subjects),
        color=film.color.value,
        hints=film.poster,
    )
    for film in seed_schema.films(SEEDS)
]
LONG_TITLE = (
    "The Extraordinary and Entirely Uneventful Life of the Last Lighthouse Keeper on the Coast "
    "of an Island That No One Visits"
)
HARMLESS = {
    "svg",
    "title",
    "rect",
    "circle",
    "polygon",
    "polyline",
    "path",
    "text",
    "g",
    "clipPath",
}

every_ratio = pytest.mark.parametrize("ratio", RATIOS)


def drawn(facts: PosterFacts, ratio: Ratio = "portrait") -> etree._Element:
    """Draw and parse, which fails if the markup is not well-formed."""
    return etree.fromstring(poster_svg(facts, ratio=ratio).encode())


def facts(**values: object) -> PosterFacts:
    """Return the facts of a film that nobody made, with these changed."""
    plain = {"slug": "a-film", "title": "A Film", "release_year": 2018, "runtime_minutes": 90}
    return PosterFacts(**{**plain, **values})  # type: ignore[arg-type]


@every_ratio
@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.slug)
def test_a_film_of_the_catalog_has_a_small_and_harmless_poster(
    film: PosterFacts, ratio: Ratio
) -> None:
    markup = poster_svg(film, ratio=ratio)
    assert len(markup.encode()) <= MAX_BYTES
    root = etree.fromstring(markup.encode())
    assert root.get("role") == "img"
    assert film.title in (root.findtext(f"{SVG}title") or "")
    assert {etree.QName(node).localname for node in root.iter()} <= HARMLESS
    names = {str(name) for node in root.iter() for name in node.attrib}
    assert not {name for name in names if name.startswith("on") or name in {"href", "style"}}
    assert re.findall(r"url\((?!#)|https?:", markup.replace(SVG[1:-1], "")) == []


def test_no_two_films_of_the_catalog_look_alike() -> None:
    looks = {
        (choose(film, SeededRandom(film.slug)).motif, film.hints.get("palette")) for film in FILMS
    }
    assert len(looks) == len(FILMS)


def test_a_poster_is_the_same_each_time() -> None:
    assert [poster_svg(film) for film in FILMS] == [poster_svg(film) for film in FILMS]


def test_films_without_hints_differ_by_slug_alone() -> None:
    posters = {poster_svg(facts(slug=f"film-{index}")) for index in range(40)}
    assert len(posters) == 40


@every_ratio
@pytest.mark.parametrize("motif", MOTIFS)
def test_a_motif_fits_every_layout(motif: str, ratio: Ratio) -> None:
    for layout in LAYOUTS:
        film = facts(hints={"layout": layout, "motif": motif}, runtime_minutes=251)
        markup = poster_svg(film, ratio=ratio)
        etree.fromstring(markup.encode())
        assert len(markup.encode()) <= MAX_BYTES
        assert not re.search("nan|inf|[0-9]e-", markup)


@every_ratio
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "title",
    [LONG_TITLE, "M", "x" * 300, "a " * 150, "Wie? Ein Film: Mit: Punkten", "- : -"],
    ids=["long", "short", "one word", "many words", "colons", "signs"],
)
def test_an_odd_title_is_still_a_poster(title: str, layout: str, ratio: Ratio) -> None:
    drawn(facts(title=title, hints={"layout": layout}), ratio)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "title", ["山河故人と失われた海の記憶", "طعم الكرز", "ჯიმ შვანთე", "Ночь 夜"]
)
def test_a_title_in_another_script_is_set_as_text(title: str, layout: str) -> None:
    root = drawn(facts(title=title, hints={"layout": layout}))
    words = "".join(node.text or "" for node in root.iter(f"{SVG}text"))
    assert words.replace(" ", "") == title.replace(" ", "")


@pytest.mark.parametrize("title", ["Свидетели Путина", "Łódź, Žižek & Ærø", "Les années «90»"])
def test_latin_and_cyrillic_titles_are_outlined(title: str) -> None:
    root = drawn(facts(title=title, directors=("Vitaly Mansky",)))
    assert root.findall(f".//{SVG}text") == []


def test_markup_in_a_title_stays_words() -> None:
    title = "<script>alert('x')</script> & \"山\" \x00\x08"
    root = drawn(facts(title=title, directors=("<b>",)))
    assert root.findall(f".//{SVG}script") == []
    assert root.findtext(f"{SVG}title") == (
        "Poster of <script>alert('x')</script> & \"山\" , directed by <b>, 2018, 90 min"
    )


def test_a_film_without_director_year_or_length_says_nothing_of_them() -> None:
    root = drawn(facts(release_year=None, runtime_minutes=0))
    assert root.findtext(f"{SVG}title") == "Poster of A Film"


def test_the_description_names_directors_year_and_length() -> None:
    root = drawn(facts(directors=("Chris Marker", "Yannick Bellon")))
    assert root.findtext(f"{SVG}title") == (
        "Poster of A Film, directed by Chris Marker, Yannick Bellon, 2018, 90 min"
    )
