"""Which films hold which words, and how well a film answers a question. Pure.

A word counts by the best place it has in a film: its titles, its people, its subjects, anything
else more than once, anything else once. A word that was typed to its end counts more than one that
only begins so. The score of a film is the sum over the words that were asked for.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from app.catalog.search_words import SearchTerm
from app.search.bitmaps import BIT_MASKS

TITLE, PEOPLE, SUBJECTS, BODY_REPEATED, BODY = TIERS = range(5)
# What a word is worth in each place: typed whole, and as a beginning.
WORD_SCORES = (24, 12, 8, 3, 2)
PREFIX_SCORES = (20, 10, 7, 2, 1)
# A word in more films than one in so many is kept as bitmaps: that is smaller, and quicker.
DENSE_SHARE = 32
MAX_PREFIXES = 512
MAX_SINGLE_ENTRIES = 50

Fields = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]
"""The stemmed words of a film's titles, people, subjects and of everything else."""
Tiers = tuple[int, int, int, int, int]
"""For each place the set of films that have the word there; a film counts by the best of its."""


class TextIndex:
    """The words of films by their numbers. It only grows; who asks masks what is gone."""

    def __init__(self) -> None:
        self.size = 0
        # One entry for each film that has the word: the film's number times 8, plus the place.
        self._sparse: dict[str, array[int]] = {}
        self._dense: dict[str, Tiers] = {}
        self._sorted: list[str] | None = None
        self._prefixes: dict[str, Tiers] = {}

    def with_films(self, added: Iterable[tuple[int, Fields]]) -> "TextIndex":
        """Return this index with films added, by their numbers. This one stays as it is."""
        made = TextIndex()
        fresh = _Postings()
        made.size = max(self.size, fresh.take(added))
        made._dense = dict(self._dense)
        made._sparse = dict(self._sparse)
        new = 0
        for word, entries in fresh.entries.items():
            tiers = made._dense.get(word)
            if tiers is not None:
                made._dense[word] = _joined(tiers, entries, made.size)
                continue
            known = made._sparse.get(word)
            new += known is None
            found = entries if known is None else known + entries
            if len(found) * DENSE_SHARE > made.size:
                made._sparse.pop(word, None)
                made._dense[word] = _tiers([found], made.size)
            else:
                # A copy has just the room that it needs.
                made._sparse[word] = found[:]
        if not new:
            made._sorted = self._sorted
        return made

    def __contains__(self, word: str) -> bool:
        return word in self._dense or word in self._sparse

    def count(self, word: str) -> int:
        """Return how many films have had the word."""
        if word in self._dense:
            return self.films_with(word).bit_count()
        return len({entry >> 3 for entry in self._sparse.get(word, ())})

    def films_with(self, word: str) -> int:
        """Return the set of films that have had the word, the same stem counts."""
        one, two, three, four, five = self._word_tiers(word)
        return one | two | three | four | five

    @property
    def words(self) -> list[str]:
        """All words, sorted."""
        if self._sorted is None:
            self._sorted = sorted([*self._dense, *self._sparse])
        return self._sorted

    def has_prefix(self, start: str) -> bool:
        """Whether any word begins so."""
        words = self.words
        place = bisect_left(words, start)
        return place < len(words) and words[place].startswith(start)

    def rank(self, terms: Sequence[SearchTerm], films: int) -> dict[int, int]:
        """Return, by score, those of the set ``films`` that have every term; each film is in one.

        >>> index = TextIndex().with_films([(0, (["red"], [], [], ["son"]))])
        >>> index.rank([SearchTerm(("red",), is_prefix=False)], 1)
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

    def find_in_titles(self, terms: Sequence[SearchTerm], films: int) -> int:
        """Return those of the set ``films`` that have every term in a title."""
        for term in terms:
            found = self._prefix_tiers(term.forms[0])[TITLE] if term.is_prefix else 0
            for form in term.forms:
                found |= self._word_tiers(form)[TITLE]
            films &= found
        return films if terms else 0

    def _hits(self, term: SearchTerm) -> list[tuple[int, int]]:
        """Return what the term is worth where, the most first."""
        hits = [
            (worth, tier)
            for form in term.forms
            for worth, tier in zip(WORD_SCORES, self._word_tiers(form), strict=True)
        ]
        if term.is_prefix:
            tiers = self._prefix_tiers(term.forms[0])
            hits += zip(PREFIX_SCORES, tiers, strict=True)
        return sorted((hit for hit in hits if hit[1]), reverse=True)

    def _word_tiers(self, word: str) -> Tiers:
        dense = self._dense.get(word)
        if dense is not None:
            return dense
        sparse = self._sparse.get(word)
        return (0, 0, 0, 0, 0) if sparse is None else _tiers([sparse], self.size)

    def _prefix_tiers(self, start: str) -> Tiers:
        known = self._prefixes.get(start)
        if known is not None:
            return known
        words = self.words
        prefixed = words[bisect_left(words, start) : bisect_left(words, start + "\U0010ffff")]
        tiers = _tiers([self._sparse[word] for word in prefixed if word in self._sparse], self.size)
        for word in prefixed:
            dense = self._dense.get(word)
            if dense is not None:
                one, two, three, four, five = (a | b for a, b in zip(tiers, dense, strict=True))
                tiers = (one, two, three, four, five)
        if len(self._prefixes) < MAX_PREFIXES:
            self._prefixes[start] = tiers
        return tiers


class _Postings(dict[str, Callable[[int], None]]):
    """For each word what notes one more place of it: half of the work is to look that up."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, array[int]] = {}

    def __missing__(self, word: str) -> Callable[[int], None]:
        noted = self.entries[word] = array("I")
        note = self[word] = noted.append
        return note

    def take(self, films: Iterable[tuple[int, Fields]]) -> int:
        """Note the words of films; return the number above all of theirs."""
        noting = self.__getitem__
        size = 0
        for number, (titles, people, subjects, body) in films:
            size = max(size, number + 1)
            seen: set[str] = set()
            see = seen.add
            often = [word for word in body if word in seen or see(word)]
            fields = (titles, people, subjects, often, seen)
            for place, words in zip(TIERS, fields, strict=True):
                entry = number << 3 | place
                for note in map(noting, words):
                    note(entry)
        return size


def _joined(tiers: Tiers, entries: "array[int]", size: int) -> Tiers:
    """Return the tiers with a few entries more."""
    made = list(tiers)
    if len(entries) < MAX_SINGLE_ENTRIES:
        for entry in entries:
            made[entry & 7] |= 1 << (entry >> 3)
    else:
        made = [one | other for one, other in zip(tiers, _tiers([entries], size), strict=True)]
    one, two, three, four, five = made
    return one, two, three, four, five


def _tiers(found: Iterable[Iterable[int]], size: int) -> Tiers:
    made = [bytearray((size >> 3) + 1) for _ in TIERS]
    for entries in found:
        for entry in entries:
            made[entry & 7][entry >> 6] |= BIT_MASKS[entry >> 3 & 7]
    one, two, three, four, five = (int.from_bytes(tier, "little") for tier in made)
    return one, two, three, four, five
