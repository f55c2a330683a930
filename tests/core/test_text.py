"""The one normal form of text, at every entrance."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from app.core.email_address import Email
from app.core.text import TextConstraints, clean, isolate, normalize, normalize_query
from app.orders.drafts import Line
from tests.names import EVERY_NAME

pytestmark = pytest.mark.once
LINE = TypeAdapter(Line)
EMAIL = TypeAdapter(Email)


@pytest.mark.parametrize("name", EVERY_NAME.values(), ids=EVERY_NAME)
def test_no_name_loses_what_its_script_needs(name: str) -> None:
    assert normalize(name) == name
    assert LINE.validate_python(name) == name


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Example \u202eegelloC", "Example egelloC"),
        ("\u2067Example\u2069 College\u200f", "Example College"),
        ("Exam\u200bple\u2060 Col\u00adlege\ufeff", "Example College"),
        ("Exam\u200dple \u200cCollege", "Example College"),
        ("College \U000e0041\U000e0042", "College "),
        ("\u3164Example\u2800", "Example"),
        ("Universite\u0301 Lumie\u0300re", "Universit\u00e9 Lumi\u00e8re"),
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "\ud55c\uad6d"),
        # These joiners and selectors say how letters are drawn.
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\u845b\U000e0100", "\u845b\U000e0100"),
    ],
)
def test_what_cannot_be_seen_goes_and_letters_are_composed(typed: str, stored: str) -> None:
    assert normalize(typed) == stored


@pytest.mark.parametrize("typed", ["\u200b", "\u2060 \u202e", "\u3164", "\ufeff\u00ad", "\u200d"])
def test_a_name_of_invisible_characters_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python(typed)


@pytest.mark.parametrize("control", "\x00\x1b\x9b\n\u2028\x85\uffff")
def test_a_name_with_control_characters_is_refused(control: str) -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python(f"a{control}b")


def test_the_length_is_that_of_the_normal_form() -> None:
    # Typed as 8 code points, stored as 4.
    short = TypeAdapter(Annotated[str, TextConstraints(max_length=4)])
    assert short.validate_python("e\u0301" * 4) == "\u00e9" * 4


def test_line_ends_are_one() -> None:
    assert clean("a\r\nb\rc\u2029d") == "a\nb\nc\nd"


@pytest.mark.parametrize(
    ("query", "normal"),
    [
        (b"q=cafe%CC%81+noir&x=1", b"q=caf%C3%A9+noir&x=1"),
        (b"q=a%26b%2Bc&n=%C3%A9", b"q=a%26b%2Bc&n=%C3%A9"),
        (b"q=%E2%80%AEabc", b"q=abc"),
        (b"q=%FF%FE", b"q=%FF%FE"),
    ],
)
def test_query_strings_are_normalized(query: bytes, normal: bytes) -> None:
    assert normalize_query(query) == normal


def test_names_from_right_to_left_are_isolated_in_sentences() -> None:
    assert isolate("Example College") == "Example College"
    assert isolate("\u05d0\u05d1") == "\u2068\u05d0\u05d1\u2069"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ada@example.edu", "ada@example.edu"),
        (" ada@example.edu ", "ada@example.edu"),
        ("a\u200bda@exam\u00adple\u2060.edu", "ada@example.edu"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("o'brien+films@example.edu", "o'brien+films@example.edu"),
    ],
)
def test_addresses_are_stored_as_they_are_sent_to(typed: str, stored: str) -> None:
    assert EMAIL.validate_python(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "j\u00f6rg@example.edu",
        "\u7528\u6237@example.edu",
        "first..last@example.edu",
        "ada.@example.edu",
        ".ada@example.edu",
        "ada@example",
        "ada@-example.edu",
        "ada@example..edu",
        "ada@[192.0.2.1]",
        '"ada b"@example.edu',
        "Ada <ada@example.edu>",
        "ada@example.edu, bo@example.edu",
        f"{'a' * 65}@example.edu",
        "ada@example.edu\nBcc: x@example.edu",
    ],
)
def test_addresses_that_nothing_reaches_are_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        EMAIL.validate_python(typed)
