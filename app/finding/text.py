"""Which films hold which words, and how well a film answers a question. Pure.

A word counts by the best place it has in a film: its titles, its people, its subjects, anything
else more than once, anything else once. A word that was typed to its end counts more than one that
only begins so. The score of a film is the sum over the words that were asked for.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from app.catalog.search_words import Term
from app.finding.bits import BIT

TITLE, PEOPLE, SUBJECTS, OFTEN, ONCE = TIERS = range(5)
# What a word is worth in each place: typed whole, and as a beginning.
WHOLE = (24, 12, 8, 3, 2)
BEGUN = (20, 10, 7, 2, 1)
# A word in more films than one in so many is kept as bitmaps: that is smaller, and quicker.
DENSE_SHARE = 32
KEPT_BEGINNINGS = 512

Fields = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]
"""The stemmed words of a film's titles, people, subjects and of everything else."""
Tiers = tuple[int, int, int, int, int]
"""For each place the set of films that have the word there."""


class TextIndex:
    """The words of films by their numbers. It only grows; who asks masks what is gone."""

    def __init__(self) -> None:
        self.size = 0
        # One entry for each film that has the word: the film's number times 8, plus the place.
        self._sparse: dict[str, array[int]] = {}
        self._dense: dict[str, Tiers] = {}
        self._sorted: list[str] | None = None
        self._begun: dict[str, Tiers] = {}

    def grown(self, added: Iterable[tuple[int, Fields]]) -> "TextIndex":
        """Return this index with films added, by their numbers. This one stays as it is."""
        made = TextIndex()
        size = self.size
        made._dense = dict(self._dense)
        made._sparse = sparse = dict(self._sparse)
        new = 0
        for number, fields in added:
            size = max(size, number + 1)
            for word, place in _best_places(fields).items():
                if word in made._dense:
                    tiers = list(made._dense[word])
                    tiers[place] |= 1 << number
                    made._dense[word] = tuple(tiers)  # type: ignore[assignment]
                    continue
                entry = number << 3 | place
                found = sparse.get(word)
                if found is None:
                    new += 1
                    sparse[word] = array("I", (entry,))
                elif found is self._sparse.get(word):
                    sparse[word] = found + array("I", (entry,))
                else:
                    found.append(entry)
        made.size = size
        for word in [w for w, found in sparse.items() if len(found) * DENSE_SHARE > size]:
            made._dense[word] = _tiers([sparse.pop(word)], size)
        if not new:
            made._sorted = self._sorted
        return made

    def __contains__(self, word: str) -> bool:
        return word in self._dense or word in self._sparse

    def count(self, word: str) -> int:
        """Return how many films have had the word."""
        dense = self._dense.get(word)
        if dense:
            return sum(tier.bit_count() for tier in dense)
        return len(self._sparse.get(word, ()))

    @property
    def words(self) -> list[str]:
        """All words, sorted."""
        if self._sorted is None:
            self._sorted = sorted([*self._dense, *self._sparse])
        return self._sorted

    def begins(self, start: str) -> bool:
        """Whether any word begins so."""
        words = self.words
        place = bisect_left(words, start)
        return place < len(words) and words[place].startswith(start)

    def ranked(self, terms: Sequence[Term], films: int) -> dict[int, int]:
        """Return, by score, those of the set ``films`` that have every term; each film is in one.

        >>> index = TextIndex().grown([(0, (["red"], [], [], ["son"]))])
        >>> index.ranked([Term(("red",), is_prefix=False)], 1)
        {24: 1}
        """
        classes = {0: films}
        for term in terms:
            hits = self._hits(term)
            found: dict[int, int] = {}
            for score, members in classes.items():
                rest = members
                for worth, tier in hits:
                    hit = rest & tier
                    if hit:
                        found[score + worth] = found.get(score + worth, 0) | hit
                        rest ^= hit
            classes = found
        return classes

    def in_titles(self, terms: Sequence[Term], films: int) -> int:
        """Return those of the set ``films`` that have every term in a title."""
        for term in terms:
            found = self._begin(term.forms[0])[TITLE] if term.is_prefix else 0
            for form in term.forms:
                found |= self._whole(form)[TITLE]
            films &= found
        return films if terms else 0

    def _hits(self, term: Term) -> list[tuple[int, int]]:
        """Return what the term is worth where, the most first."""
        hits = [
            (worth, tier)
            for form in term.forms
            for worth, tier in zip(WHOLE, self._whole(form), strict=True)
        ]
        if term.is_prefix:
            tiers = self._begin(term.forms[0])
            hits += zip(BEGUN, tiers, strict=True)
        return sorted((hit for hit in hits if hit[1]), reverse=True)

    def _whole(self, word: str) -> Tiers:
        dense = self._dense.get(word)
        if dense is not None:
            return dense
        sparse = self._sparse.get(word)
        return (0, 0, 0, 0, 0) if sparse is None else _tiers([sparse], self.size)

    def _begin(self, start: str) -> Tiers:
        known = self._begun.get(start)
        if known is not None:
            return known
        words = self.words
        begun = words[bisect_left(words, start) : bisect_left(words, start + "\U0010ffff")]
        tiers = _tiers([self._sparse[word] for word in begun if word in self._sparse], self.size)
        for word in begun:
            dense = self._dense.get(word)
            if dense is not None:
                one, two, three, four, five = (a | b for a, b in zip(tiers, dense, strict=True))
                tiers = (one, two, three, four, five)
        if len(self._begun) < KEPT_BEGINNINGS:
            self._begun[start] = tiers
        return tiers


def _best_places(fields: Fields) -> dict[str, int]:
    titles, people, subjects, body = fields
    best = dict.fromkeys(body, ONCE)
    if len(best) < len(body):
        seen: set[str] = set()
        for word in body:
            if word in seen:
                best[word] = OFTEN
            seen.add(word)
    best.update(dict.fromkeys(subjects, SUBJECTS))
    best.update(dict.fromkeys(people, PEOPLE))
    best.update(dict.fromkeys(titles, TITLE))
    return best


def _tiers(found: Iterable[Iterable[int]], size: int) -> Tiers:
    made = [bytearray((size >> 3) + 1) for _ in TIERS]
    for entries in found:
        for entry in entries:
            made[entry & 7][entry >> 6] |= BIT[entry >> 3 & 7]
    one, two, three, four, five = (int.from_bytes(tier, "little") for tier in made)
    return one, two, three, four, five
