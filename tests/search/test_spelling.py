"""Typos: which words are read as which, and which are left alone."""

import pytest

from app.catalog.search_words import words
from app.search.spelling import find_corrections, find_word
from app.search.text_index import Fields, TextIndex

pytestmark = pytest.mark.once

SEEN = {
    "titles": ["Stalinism", "Putin's Witnesses", "History of Photography", "Cry", "Route 1917"],
    "people": ["Jessica Gorter", "Vitaly Mansky", "Marina Gotter"],
    "body": ["Oligarchs and the countries of the Soviet Union, photographed", "gorter gorter"],
}


@pytest.fixture(scope="module")
def index() -> TextIndex:
    films = [
        ([words(text) for text in SEEN["titles"]], SEEN["people"], SEEN["body"]),
    ]
    titles, people, body = films[0]
    flat = [word for found in titles for word in found]
    rows: list[tuple[int, Fields]] = [
        (0, (flat, words(" ".join(people)), [], words(" ".join(body)))),
        (1, (["gorter"], [], [], [])),
    ]
    return TextIndex().with_films(rows)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("stalinsm", "stalinism"),  # left out
        ("stalinismm", "stalinism"),  # put in
        ("stailnism", "stalinism"),  # swapped
        ("stalinizm", "stalinism"),  # another
        ("stalimizm", "stalinism"),  # two wrong in a long word
        ("xtalinism", "stalinism"),
        ("jesica gorter", "jessica gorter"),
        ("gorter jesica", "gorter jessica"),
        ("Jesíca GORTER", "jessica gorter"),
        ("gortor", "gorter"),  # nearer to more films than gotter
        ("histroy", "history"),
        ("the histroy of photograpy", "the history of photography"),
        ("oligrach", "oligarchs"),
        ("contries", "countries"),
        ("stalinism", None),
        ("stalinisms", None),
        ("stal", None),  # a beginning
        ("gor", None),
        ("cri", None),
        ("cxy", None),  # too short to guess
        ("cyr", None),
        ("rout", None),  # "route" is another word than a word of four letters
        ("oligarchic", None),  # another ending
        ("gxxter", None),  # two wrong in a short word
        ("1971", None),  # numbers are not guessed
        ("zzzzzz", None),
        ("stalinsm zzzzzz", None),  # nothing would be found in any case
        ("stal gorter", None),  # only the last word may be a beginning
        ("to the", None),
    ],
)
def test_words_that_no_film_has_are_read_as_the_nearest(
    index: TextIndex, typed: str, meant: str | None
) -> None:
    texts = [text for field in SEEN.values() for text in field]
    found = next(find_corrections(index, typed, lambda stemmed: find_word(stemmed, texts)), None)

    assert (found.shown if found else None) == meant
