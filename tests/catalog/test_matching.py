"""Matching lists to films: how well on the labeled list, and rule by rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.evidence import names_words
from app.catalog.kinds import IdentifierKind
from app.catalog.matching import CERTAIN, FilmEntry, MatchIndex, Outcome, Wanted
from app.catalog.title_forms import Part, parsed, words_of
from tests.catalog import matching_quality

pytestmark = pytest.mark.once

RIVER = FilmEntry(1, "the-river", "The River", years=(1938,), directors=("Pare Lorentz",))
OTHER_RIVER = FilmEntry(2, "the-river-1951", "The River", years=(1951,), directors=("Jean Renoir",))
GRASS = FilmEntry(3, "grass", "Grass: A Nation's Battle for Life", years=(1925,))
EPISODE = FilmEntry(4, "episode", "Money, Part III", identifiers=((IdentifierKind.UPC, "1"),))
INDEX = MatchIndex.of([RIVER, OTHER_RIVER, GRASS, EPISODE])


def found(**wanted: object) -> str:
    result = INDEX.match(Wanted(**wanted))  # type: ignore[arg-type]
    return result.match.film.slug if result.match else str(result.outcome)


def test_labeled_list_is_long_enough_and_keeps_what_was_measured() -> None:
    figures = matching_quality.measured()
    assert figures["rows"] >= 200
    assert figures["rows without a film"] >= 40
    assert figures["precision"] == 1.0
    assert figures["recall"] >= 0.977
    assert figures["recall with candidates"] == 1.0
    assert figures["left alone where there is none"] >= 0.958


def test_two_films_of_one_title_are_told_apart_by_year_or_director() -> None:
    assert found(title="The River") == Outcome.CANDIDATES
    assert found(title="River, The", year=1951) == "the-river-1951"
    assert found(title="the river", year=1937) == "the-river"
    assert found(title="River", director="Renoir, Jean") == "the-river-1951"
    assert found(title="The River", director="Mark Rydell", year=1984) == Outcome.NONE


def test_a_number_finds_its_film_unless_the_title_is_quite_another() -> None:
    upc = ((IdentifierKind.UPC, "1"),)
    assert found(identifiers=upc) == "episode"
    assert found(title="Money 3", identifiers=upc) == "episode"
    result = INDEX.match(Wanted(title="Grass: A Nation's Battle for Life", identifiers=upc))
    assert [each.film.slug for each in result.candidates] == ["grass", "episode"]


def test_an_episode_of_another_number_is_not_taken_for_ours() -> None:
    assert found(title="Money, Part 3") == "episode"
    assert found(title="Money, Part 4") == Outcome.CANDIDATES


def test_a_one_word_part_of_a_title_needs_something_beside_it() -> None:
    assert found(title="Grass") == Outcome.CANDIDATES
    assert found(title="Grass", year=1925) == "grass"


def test_reasons_say_what_speaks_for_and_against() -> None:
    match = INDEX.match(Wanted(title="The River", director="Pare Lorentz", year=1937)).match
    assert match is not None
    assert match.score == 100
    assert match.why == (
        "The title is the same",
        "Pare Lorentz directed it",
        "The year is 1938, one off",
    )


def test_our_own_slug_finds_the_film() -> None:
    assert found(slug="grass") == "grass"
    assert found(slug="no-such-film") == Outcome.NONE


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("L'Atalante", "latalante"),
        ("Les glaneurs et la glaneuse", "glaneurs et la glaneuse"),
        ("glaneurs et la glaneuse, Les [DVD]", "glaneurs et la glaneuse"),
        ("The Man with the Movie Camera", "man with movie camera"),
        ("Part III", "part 3"),
        ("RED SOUL (Blu-ray)", "red soul"),
        ("Black & White", "black and white"),
        ("The A", "the a"),
    ],
)
def test_a_title_is_brought_into_one_form(title: str, form: str) -> None:
    assert next(f.text for f in parsed(title).forms if f.part is Part.WHOLE) == form


def test_a_title_gives_up_its_year_its_director_and_its_other_titles() -> None:
    title = parsed("How I Am (Wie ich bin) (2007) / directed by Ingrid Demetz")
    assert title.year == 2007
    assert names_words(title.director) == {"ingrid", "demetz"}
    assert {"how i am", "wie ich bin"} <= {form.text for form in title.forms}
    assert {form.text for form in parsed("Le fils aka The Son").forms} == {"fils", "son"}


def test_words_are_folded_and_numbers_are_digits() -> None:
    assert words_of("Łódź, Part XIV") == ["lodz", "part", "14"]
    assert words_of("Свидетели") == ["свидетели"]


@given(st.text(max_size=400), st.text(max_size=60), st.integers(1, 9999) | st.none())
def test_anything_typed_gets_an_answer_within_bounds(
    title: str, director: str, year: int | None
) -> None:
    result = INDEX.match(Wanted(title=title, director=director, year=year))
    assert (result.match is not None) == (result.outcome is Outcome.MATCHED)
    for match in result.candidates:
        assert 0 <= match.score <= 100
    assert result.match is None or result.match.score >= CERTAIN


def test_an_index_changed_film_by_film_answers_as_one_made_of_all() -> None:
    entries = list(matching_quality.sample_entries())
    stale = [replace(each, title=f"Old {each.title}", directors=("Nobody",)) for each in entries]
    gone = FilmEntry(len(entries), "gone", entries[0].title, directors=entries[0].directors)
    index = MatchIndex.of([*stale[::2], gone])
    asked = list(matching_quality.labeled())[::3]

    index = index.changed([each.film_id for each in entries[:9]], entries[:9])
    index = index.changed([each.film_id for each in (*entries[9:], gone)], entries[9:])

    whole = MatchIndex.of(entries)
    assert len(index) == len(whole)
    assert [index.match(each) for each, _ in asked] == [whole.match(each) for each, _ in asked]
