"""What the fonts of documents can print, asked before a page is set."""

from pathlib import Path

import pytest

from app.core import fonts
from tests.names import BOXED, NAMES

pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_the_scripts_of_universities_have_fonts(name: str) -> None:
    assert fonts.printable(name) == name
    assert fonts.unprintable(name) == []


@pytest.mark.parametrize("name", BOXED.values(), ids=BOXED)
def test_what_no_font_has_becomes_a_box_and_the_rest_stays(name: str) -> None:
    missing = fonts.unprintable(name)

    assert missing != []
    printed = fonts.printable(name)
    assert fonts.BOX in printed
    assert all(letter not in printed for letter in missing)
    assert printed.isascii() is False
    assert ("College" in printed) == ("College" in name)


def test_every_letter_of_mathematics_can_be_set() -> None:
    letters = "".join(fonts.printable(chr(point)) for point in fonts.MATH_LETTERS)

    assert len(letters) > 900
    assert fonts.without_odd_clusters(letters) == letters


def test_a_mark_that_no_font_sets_on_its_letter_is_left_out() -> None:
    assert fonts.without_odd_clusters("Room 1\u0e48 A\u064b e\u0301") == "Room 1 A e\u0301"


def test_what_turns_the_direction_is_not_printed() -> None:
    assert fonts.printable("Example \u202eegelloC\ufeff") == "Example egelloC"


def test_long_runs_may_break_and_words_may_not() -> None:
    assert fonts.breakable("Universitätsbibliothek") == "Universitätsbibliothek"
    assert fonts.BREAK in fonts.breakable("x" * 40)
    assert fonts.BREAK not in fonts.breakable("มหาวิทยาลัย" * 10)
    assert fonts.breakable("x" * 40).replace(fonts.BREAK, "") == "x" * 40


def test_a_font_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    fonts.check_fonts("")
    with pytest.raises(FileNotFoundError, match="REELRIGHT_FONTS_FOLDER"):
        fonts.check_fonts(str(tmp_path / "none"))


def test_the_font_folder_adds_characters(tmp_path: Path) -> None:
    from fontTools.fontBuilder import FontBuilder  # noqa: PLC0415 - slow to load
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: PLC0415

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 500))
    pen.lineTo((500, 0))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "box"])
    builder.setupCharacterMap({0x2A6A5: "box"})
    builder.setupGlyf({".notdef": pen.glyph(), "box": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "box": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable(
        {"familyName": "Extra", "styleName": "Regular", "fullName": "Extra", "psName": "Extra"}
    )
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "extra.ttf")

    assert fonts.printable("\U0002a6a5", str(tmp_path)) == "\U0002a6a5"
    assert fonts.printable("\U0002a6a5") == fonts.BOX


def test_han_letters_take_the_forms_of_their_country() -> None:
    assert fonts.families_for("直", "TW")[-1] == "Noto Sans CJK TC"
    assert fonts.families_for("東京の大学", "US")[-1] == "Noto Sans CJK JP"
    assert fonts.families_for("서울 大學", "US")[-1] == "Noto Sans CJK KR"
    assert fonts.families_for("北京大学", "US")[-1] == "Noto Sans CJK SC"
