import pytest

from app.storefront.buyer_form import parse_size
from app.storefront.visitor import local_path
from app.web import formats
from app.web.prose import prose

pytestmark = pytest.mark.once


def test_a_license_text_becomes_html_and_its_own_html_is_only_shown() -> None:
    text = "## Term & end\n\nOne **bold**\nline.\n\n- a\n  b\n- <script>\n\n1. first"
    assert str(prose(text)) == (
        "<h2>Term &amp; end</h2>\n<p>One <strong>bold</strong> line.</p>\n"
        "<ul><li>a b</li><li>&lt;script&gt;</li></ul>\n<ol><li>first</li></ol>"
    )
    assert str(prose("## Deep", level=4)) == "<h4>Deep</h4>"


@pytest.mark.parametrize(
    ("typed", "number"),
    [("4,200", "4200"), (" 4 200 ", "4200"), ("1,234,567", "1234567"), ("", None), ("4,2", "4,2")],
)
def test_numbers_are_read_as_people_type_them(typed: str, number: str | None) -> None:
    assert parse_size(typed) == number


@pytest.mark.parametrize("path", ["//evil", "/\\evil", "https://evil", "evil", "/a\nb", ""])
def test_local_path_refuses_other_sites(path: str) -> None:
    assert local_path(path, "/") == "/"


def test_formats() -> None:
    assert formats.plural(1, "film") == "1 film"
    assert formats.plural(1204, "film") == "1,204 films"
    assert formats.clock_time(647) == "10:47"
    assert formats.clock_time(3723) == "1:02:03"
    assert formats.join_words(["a", "b", "c"]) == "a, b and c"
    assert formats.join_names(["a", "b", "c"]) == "a, b and c"
    assert formats.join_names(["a", "b", "c", "d", "e", "f"]) == "a, b and 4 others"
    assert formats.day("2026-11-22") == "November 22, 2026"
    assert formats.money(139800) == "$1,398.00"
    assert formats.countries()[0] == ("US", "United States")
