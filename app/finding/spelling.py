"""Small typos forgiven: words that no film has are read as the nearest word that one has."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.catalog.search_words import plain_words, stem, terms
from app.finding.text import TextIndex

# A word of so many letters may have so many wrong: swapped, left out, put in, or another.
ONE_WRONG = 4
TWO_WRONG = 8
MOST_NEAR = 40


@dataclass(frozen=True, slots=True)
class Correction:
    """What was looked for instead of what was typed."""

    typed: str
    words: str


def corrected(
    text: TextIndex, typed: str, written: Callable[[str], str | None]
) -> Correction | None:
    """Return ``typed`` with each word that no film has put right; None if nothing is to be.

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
        last.is_prefix and text.begins(last.forms[0])
    ):
        unknown.add(last.forms[0])
    if not unknown:
        return None
    stems = {word: _nearest(text, word) for word in unknown}
    nearest = {word: found and written(found) for word, found in stems.items()}
    if None in nearest.values():
        return None
    return Correction(typed, " ".join(nearest.get(word) or word for word in found))


def _nearest(text: TextIndex, word: str) -> str | None:
    """Return the stem in the index that is nearest; None if none is near."""
    if len(word) < ONE_WRONG or word.isdigit():
        return None
    wrong = 1 if len(word) < TWO_WRONG else 2
    stemmed = stem(word)
    near = process.extract(
        stemmed, text.words, scorer=OSA.distance, score_cutoff=wrong, limit=MOST_NEAR
    )
    if not near:
        return None
    best = min(
        near, key=lambda each: (each[1], each[0][0] != stemmed[0], -text.count(each[0]), each[0])
    )
    return str(best[0])


def word_with(stemmed: str, texts: Iterable[str | None]) -> str | None:
    """Return the first word of ``texts`` that has this stem; None if there is none.

    >>> word_with("movi", ["Old", "Silent Movies"])
    'movies'
    """
    found = (word for text in texts if text for word in plain_words(text) if stem(word) == stemmed)
    return next(found, None)
