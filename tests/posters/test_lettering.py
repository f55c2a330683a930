"""A title is set as large as its box allows, and never larger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.posters.lettering import FACES, balanced, fit, outlines, typographic, words_of
from app.posters.titles import parts, title_block

pytestmark = pytest.mark.once

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 :,.'-!?éßŁж山"


@given(
    title=st.text(LETTERS, min_size=1, max_size=140).filter(str.strip),
    face=st.sampled_from(sorted(FACES)),
    width=st.floats(150, 1500),
    height=st.floats(80, 900),
)
def test_no_title_leaves_its_box(title: str, face: str, width: float, height: float) -> None:
    block = title_block(title, face, width=width, height=height, largest=300)
    assert block.width <= width * 1.03
    assert block.height <= height * 1.03


@given(title=st.text(LETTERS, min_size=1, max_size=140).filter(str.strip))
def test_no_word_is_lost_between_the_lines(title: str) -> None:
    setting = fit(title, "sans", width=600, height=300, largest=200)
    set_letters = "".join("".join(setting.lines).split())
    assert set_letters == "".join(typographic(title).split())


def test_a_short_title_is_as_large_as_it_may_be() -> None:
    assert fit("Go", "gothic", width=2000, height=2000, largest=200).size == 200


def test_lines_are_broken_evenly_and_not_after_an_article() -> None:
    face = outlines(FACES["sans"])
    words = ["The", "Plow", "That", "Broke", "the", "Plains"]
    assert balanced(words, " ", 2, face) == ("The Plow That", "Broke the Plains")
    words = ["Remembrance", "of", "Things", "to", "Come"]
    assert balanced(words, " ", 3, face) == ("Remembrance", "of Things", "to Come")


def test_the_gothic_is_set_in_capitals_where_it_can_be() -> None:
    assert fit("Café", "gothic", width=99, height=99, largest=9).lines == ("CAFÉ",)
    assert fit("Ночь", "gothic", width=99, height=99, largest=9).lines == ("Ночь",)


def test_kerning_draws_letters_together() -> None:
    face = outlines(FACES["sans"])
    assert face.width("AV") < face.width("A") + face.width("V")


def test_scripts_without_spaces_break_anywhere() -> None:
    assert words_of("山河故人") == ["山", "河", "故", "人"]
    assert words_of("Maquilapolis") == ["Maquilapolis"]


def test_a_subtitle_follows_the_colon_of_a_long_title() -> None:
    assert parts("Berlin: Symphony of a Great City") == ("Berlin", "Symphony of a Great City")
    assert parts("Go: Now") == ("Go: Now", "")
    assert parts("The Red Soul") == ("The Red Soul", "")


def test_straight_quotation_marks_are_curled() -> None:
    assert typographic('"Miss" Navajo\'s') == "\u201cMiss\u201d Navajo\u2019s"
