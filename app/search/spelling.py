"""Small typos forgiven: words that no film has are read as the nearest word that one has."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.catalog.search_words import plain_words, stem, terms
from app.search.text_index import TextIndex

# A word of so many letters may have so many wrong: swapped, left out, put in, or another. In a
# shorter one a letter makes another word: "cold" is not "could".
MIN_LENGTH_FOR_ONE_TYPO = 5
MIN_LENGTH_FOR_TWO_TYPOS = 8
MAX_CORRECTIONS = 40
# How many words a word may be read as, and how many readings of a question are tried.
MAX_READINGS_OF_WORD, MAX_READINGS = 4, 12


@dataclass(frozen=True, slots=True)
class Correction:
    """The corrected search."""

    typed: str
    shown: str


def find_corrections(
    text: TextIndex, typed: str, written: Callable[[str], str | None]
) -> Iterator[Correction]:
    """Yield ``typed`` with each word that no film has put right, the nearest words first.

    A word that is there is never touched, nor the beginning of one at the end. If one word has
    nothing near it, no other is put right either: nothing would be found in any case. ``written``
    returns how a stem stands in the catalog; None if it no longer does.
    """
    found = plain_words(typed)
    *whole, last = terms(typed)
    unknown = {
        word
        for term in whole
        if not any(form in text for form in term.forms)
        for word in found
        if stem(word) in term.forms
    }
    if not any(form in text for form in last.forms) and not (
        last.is_prefix and text.has_prefix(last.forms[0])
    ):
        unknown.add(last.forms[0])
    readings = {
        word: [
            meant
            for near in _nearest(text, word)[:MAX_READINGS_OF_WORD]
            if (meant := written(near)) is not None
        ]
        for word in unknown
    }
    if not readings:
        return
    for chosen in islice(product(*readings.values()), MAX_READINGS):
        nearest = dict(zip(readings, chosen, strict=True))
        yield Correction(typed, " ".join(nearest.get(word) or word for word in found))


def _nearest(text: TextIndex, word: str) -> list[str]:
    """Return the stems in the index that are near, the nearest first."""
    if len(word) < MIN_LENGTH_FOR_ONE_TYPO or word.isdigit():
        return []
    wrong = 1 if len(word) < MIN_LENGTH_FOR_TWO_TYPOS else 2
    stemmed = stem(word)
    near = process.extract(
        stemmed, text.words, scorer=OSA.distance, score_cutoff=wrong, limit=MAX_CORRECTIONS
    )
    # Two letters wrong at the end are another ending: "communism" is not "communities".
    ends = {word[-1], stemmed[-1]}
    near = [match for match in near if match[1] == 1 or match[0][-1] in ends]
    near.sort(key=lambda m: (m[1], m[0][0] != stemmed[0], -text.count(m[0]), m[0]))
    return [str(match[0]) for match in near]


def find_word(stemmed: str, texts: Iterable[str | None]) -> str | None:
    """Return the first word of ``texts`` that has this stem; None if there is none.

    >>> find_word("movi", ["Old", "Silent Movies"])
    'movies'
    """
    found = (word for text in texts if text for word in plain_words(text) if stem(word) == stemmed)
    return next(found, None)
