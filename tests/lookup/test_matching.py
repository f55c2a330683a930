"""Matching lists to films: how well on the labeled list, and rule by rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.enums import IdentifierKind
from app.lookup.evidence import split_names
from app.lookup.matching import (
    MATCH_THRESHOLD,
    FilmEntry,
    MatchIndex,
    MatchOutcome,
    MatchQuery,
)
from app.lookup.title_parsing import TitleSection, parse_title, split_words
from tests.lookup import matching_quality

pytestmark = pytest.mark.once

RIVER = FilmEntry(1, "the-river", "The River", years=(1938,), directors=("Pare Lorentz",))
OTHER_RIVER = FilmEntry(2, "the-river-1951", "The River", years=(1951,), directors=("Jean Renoir",))
GRASS = FilmEntry(3, "grass", "Grass: A Nation's Battle for Life", years=(1925,))
EPISODE = FilmEntry(4, "episode", "Money, Part III", identifiers=((IdentifierKind.UPC, "1"),))
INDEX = MatchIndex.build([RIVER, OTHER_RIVER, GRASS, EPISODE])


def found(**wanted: object) -> str:
    result = INDEX.match(MatchQuery(**wanted))  # type: ignore[arg-type]
    return result.match.film.slug if result.match else str(result.outcome)


def test_labeled_list_is_long_enough_and_keeps_what_was_measured() -> None:
    figures = matching_quality.measured()
    assert figures["rows"] >= 200
    assert figures["rows without a film"] >= 40
    assert figures["precision"] == 1.0
    assert figures["recall"] >= 0.982
    assert figures["recall with candidates"] == 1.0
    assert figures["left alone where there is none"] >= 0.958


def test_two_films_of_one_title_are_told_apart_by_year_or_director() -> None:
    assert found(title="The River") == MatchOutcome.CANDIDATES
    assert found(title="River, The", year=1951) == "the-river-1951"
    assert found(title="the river", year=1937) == "the-river"
    assert found(title="River", director="Renoir, Jean") == "the-river-1951"
    assert found(title="The River", director="Mark Rydell", year=1984) == MatchOutcome.NONE


def test_a_number_finds_its_film_unless_the_title_is_quite_another() -> None:
    upc = ((IdentifierKind.UPC, "1"),)
    assert found(identifiers=upc) == "episode"
    assert found(title="Money 3", identifiers=upc) == "episode"
    result = INDEX.match(MatchQuery(title="Grass: A Nation's Battle for Life", identifiers=upc))
    assert [each.film.slug for each in result.candidates] == ["grass", "episode"]


def test_an_episode_of_another_number_is_not_taken_for_ours() -> None:
    assert found(title="Money, Part 3") == "episode"
    assert found(title="Money, Part 4") == MatchOutcome.CANDIDATES


def test_a_one_word_part_of_a_title_needs_something_beside_it() -> None:
    assert found(title="Grass") == MatchOutcome.CANDIDATES
    assert found(title="Grass", year=1925) == "grass"


def test_reasons_say_what_speaks_for_and_against() -> None:
    match = INDEX.match(MatchQuery(title="The River", director="Pare Lorentz", year=1937)).match
    assert match is not None
    assert match.score == 100
    assert match.why == (
        "Same title",
        "Directed by Pare Lorentz",
        "The year is 1938, one year off",
    )


def test_our_own_slug_finds_the_film() -> None:
    assert found(slug="grass") == "grass"
    assert found(slug="no-such-film") == MatchOutcome.NONE


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
    assert next(f.text for f in parse_title(title).forms if f.part is TitleSection.WHOLE) == form


def test_a_title_gives_up_its_year_its_director_and_its_other_titles() -> None:
    title = parse_title("How I Am (Wie ich bin) (2007) / directed by Ingrid Demetz")
    assert title.year == 2007
    assert split_names(title.director) == {"ingrid", "demetz"}
    assert {"how i am", "wie ich bin"} <= {form.text for form in title.forms}
    assert {form.text for form in parse_title("Le fils aka The Son").forms} == {"fils", "son"}


def test_words_are_folded_and_numbers_are_digits() -> None:
    assert split_words("Łódź, Part XIV") == ["lodz", "part", "14"]
    assert split_words("Свидетели") == ["свидетели"]


PRINCESS = FilmEntry(11, "princess-2001", "The Princess Diaries", years=(2001,))
SEQUEL = FilmEntry(12, "princess-2004", "The Princess Diaries 2: Royal Engagement", years=(2004,))
EYES = FilmEntry(13, "for-your-eyes-only", "For Your Eyes Only", years=(1981,))
T_ERROR = FilmEntry(14, "t-error", "(T)ERROR", years=(2015,), directors=("Lyric R. Cabral",))
ERROR = FilmEntry(15, "error", "Error", years=(2001,))
TERROR = FilmEntry(16, "terror", "Terror", years=(1978,))
ORIGINAL = "Человек с киноаппаратом"  # noqa: RUF001
CAMERA = FilmEntry(
    17,
    "camera",
    "Man with a Movie Camera",
    (ORIGINAL,),
    directors=("Дзига Вертов",),
)
SVANETIA = FilmEntry(18, "svanetia", "Salt for Svanetia", ("ჯიმ შვანთე",))
SOUL = FilmEntry(19, "the-red-soul", "The Red Soul", ("De rode ziel",), years=(2017,))
OTHERS = (PRINCESS, SEQUEL, EYES, T_ERROR, ERROR, TERROR, CAMERA, SVANETIA, SOUL)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("TheRedSoul", "the-red-soul"),
        ("theredsoul", "the-red-soul"),
        ("The Red Soul [videorecording (DVD)]", "the-red-soul"),
        ("The Red Soul (DVD [PAL, 2-disc set])", "the-red-soul"),
        ("DeRodeZiel", "the-red-soul"),
        ("The Princess Diaries: 2 Royal Engagment", "princess-2004"),
        ("Princess Diaries II", "princess-2004"),
        ("The Princess Diaries", "princess-2001"),
        ("(T)ERROR", "t-error"),
        ("Error", "error"),
        ("Terror", "terror"),
        ("Chelovek s kinoapparatom", "camera"),
        ("Čelovek s kinoapparatom", "camera"),
        (ORIGINAL.upper(), "camera"),
        ("ჯიმ შვანთე", "svanetia"),
        ("Jim Shvante", "svanetia"),
        ("For Harbour Eyes Only", MatchOutcome.CANDIDATES),
        ("For Yor Eyes Only", "for-your-eyes-only"),
    ],
)
def test_match_title_as_lists_write_it_finds_that_film(title: str, slug: str) -> None:
    result = MatchIndex.build(OTHERS).match(MatchQuery(title=title))
    assert (result.match.film.slug if result.match else result.outcome) == slug


@pytest.mark.parametrize("title", ["Terror", "Error", "T Error"])
def test_match_short_title_with_other_letters_is_never_certain(title: str) -> None:
    index = MatchIndex.build([T_ERROR])
    assert index.match(MatchQuery(title=title)).outcome is not MatchOutcome.MATCHED
    surely = index.match(MatchQuery(title="Terror", director="Lyric Cabral"))
    assert surely.match is not None


def test_match_replaced_word_is_not_outweighed_by_the_year() -> None:
    index = MatchIndex.build([EYES])
    assert index.match(MatchQuery(title="For Harbour Eyes Only", year=1981)).match is None
    assert index.match(MatchQuery(title="For Your Hands Only", year=1981)).match is None


def test_match_names_of_another_script_are_the_same_person() -> None:
    index = MatchIndex.build([CAMERA])
    result = index.match(MatchQuery(title="Man with a Movie Camera", director="Vertov, Dziga"))
    assert result.match is not None
    assert result.match.why[1] == "Directed by Дзига Вертов"


@given(st.text(max_size=400), st.text(max_size=60), st.integers(1, 9999) | st.none())
def test_anything_typed_gets_an_answer_within_bounds(
    title: str, director: str, year: int | None
) -> None:
    result = INDEX.match(MatchQuery(title=title, director=director, year=year))
    assert (result.match is not None) == (result.outcome is MatchOutcome.MATCHED)
    for match in result.candidates:
        assert 0 <= match.score <= 100
    assert result.match is None or result.match.score >= MATCH_THRESHOLD


def test_an_index_changed_film_by_film_answers_as_one_made_of_all() -> None:
    entries = list(matching_quality.sample_entries())
    stale = [replace(each, title=f"Old {each.title}", directors=("Nobody",)) for each in entries]
    gone = FilmEntry(len(entries), "gone", entries[0].title, directors=entries[0].directors)
    index = MatchIndex.build([*stale[::2], gone])
    asked = list(matching_quality.labeled())[::3]

    index = index.with_changes([each.film_id for each in entries[:9]], entries[:9])
    index = index.with_changes([each.film_id for each in (*entries[9:], gone)], entries[9:])

    whole = MatchIndex.build(entries)
    assert len(index) == len(whole)
    assert [index.match(each) for each, _ in asked] == [whole.match(each) for each, _ in asked]
