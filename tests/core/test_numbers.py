"""Public numbers as people type, paste and misread them."""

import pytest

from app.core.numbers import parse_number


@pytest.mark.parametrize(
    "typed",
    [
        "RL-AE6VGJW0",
        "rl ae6vgjwo",
        "  RL - ae6v gjw0 ",
        "RLAE6VGJW0",
        "ae6vgjw0",
        "RL\N{EN DASH}AE6VGJW0",
        "rl_ae6vgjwO.",
        "License RL-AE6VGJW0",
        "https://films.example.org/verify/RL-AE6VGJW0",
        "\N{FULLWIDTH LATIN CAPITAL LETTER R}L-AE6VGJW0",
    ],
)
def test_a_number_is_read_as_typed(typed: str) -> None:
    assert parse_number(typed, "RL") == "RL-AE6VGJW0"


def test_letters_that_look_like_digits_are_read_as_those() -> None:
    assert parse_number("RL-OIl00000", "RL") == "RL-01100000"


@pytest.mark.parametrize(
    "typed", ["", "RL", "RL-AE6VGJW", "RR-AE6VGJW0", "RL-AE6VGJWU", "../etc", "\N{SNOWMAN}"]
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert parse_number(typed, "RL") is None
