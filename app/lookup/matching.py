"""Which film a line of a list means: a score from 0 to 100, and why. Pure.

docs/lookup.md says how the score is made and how often it is right.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from math import log
from typing import Generic, TypeVar

from rapidfuzz import fuzz, process

from app.catalog.enums import IdentifierKind
from app.lookup.evidence import judge_director, judge_year, split_names
from app.lookup.title_parsing import ParsedTitle, TitleForm, TitleSection, parse_title

K = TypeVar("K", bound=Hashable)
Having = Iterable[tuple[int, Collection[K]]]
"""Films by their ids, each with all that it has."""


class FilmIdsByKey(Generic[K]):
    """The films that have each key. It is immutable: ``with_changes`` returns another."""

    def __init__(self) -> None:
        self._found: dict[K, list[int]] = {}

    def with_changes(self, removed: Having[K], new: Having[K]) -> "FilmIdsByKey[K]":
        """Return it without films that were in it, and with films that were not.

        It is equal to one made of all films at once. Takes as long as their keys have films.
        """
        left: dict[K, set[int]] = {}
        for film_id, keys in removed:
            for key in keys:
                left.setdefault(key, set()).add(film_id)
        came: dict[K, list[int]] = {}
        for film_id, keys in new:
            for key in keys:
                came.setdefault(key, []).append(film_id)
        made: FilmIdsByKey[K] = FilmIdsByKey()
        made._found = dict(self._found)
        for key in left.keys() | came.keys():
            without = left.get(key, ())
            held = [each for each in self._found.get(key, ()) if each not in without]
            held += came.get(key, ())
            if held:
                made._found[key] = sorted(held)
            else:
                made._found.pop(key, None)
        return made

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)

    def __contains__(self, key: K) -> bool:
        return key in self._found

    def __getitem__(self, key: K) -> Sequence[int]:
        """Return the films that have ``key``, if any."""
        return self._found.get(key, ())


# From here on a film is taken for the one that is meant, if no other comes near.
MATCH_THRESHOLD = 85
MARGIN = 4
# From here on it is worth a look.
CANDIDATE_THRESHOLD = 60
MAX_CANDIDATES = 5
MAX_COMPARED = 16
# How far a likeness of parts can count; whole titles count in full.
SECTION_CAPS = {
    (TitleSection.WHOLE, TitleSection.MAIN): 94,
    (TitleSection.MAIN, TitleSection.WHOLE): 94,
    (TitleSection.WHOLE, TitleSection.SUBTITLE): 84,
    (TitleSection.SUBTITLE, TitleSection.WHOLE): 84,
    (TitleSection.MAIN, TitleSection.MAIN): 82,
}
OTHER_SECTIONS_CAP = 66
# A part of one word ("Berlin") is the whole title of many films.
ONE_WORD_PENALTY = 12
INEXACT_PENALTY = 2
# "Episode 3" is not "Episode 4", however alike the two are written.
OTHER_NUMBER_PENALTY, MISSING_NUMBER_PENALTY = 30, 12
# "For Harbour Eyes Only" is not "For Your Eyes Only": where words that are not alike stand in each
# other's place, no director and year together make a match of it.
OTHER_WORDS_CAP, UNLIKE_WORDS = 72, 60
# A short word with another letter is another word, and "(T)ERROR" is not "Terror": a director makes
# a match of it.
OTHER_LETTER_CAP, SHORT_WORD = 78, 8
OTHER_BRACKETS_CAP = 80
LITTLE_WORDS = frozenset(("and", "at", "by", "for", "from", "in", "of", "on", "to", "with"))
# With an identifier, any title that is not quite another film's will do.
UNLIKE = 50
# No year makes up for a title below this.
MIN_TITLE_SCORE = 45
# The same director in the same year: worth a look, whatever the title.
SAME_DIRECTOR_SCORE = 60
MIN_TYPO_LENGTH, MAX_TYPOS = 4, 3


class MatchOutcome(StrEnum):
    """The outcome of a line."""

    MATCHED = "matched"
    CANDIDATES = "candidates"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MatchQuery:
    """A line of a list. Identifiers are in their standard's written form."""

    title: str = ""
    director: str = ""
    year: int | None = None
    slug: str = ""
    identifiers: tuple[tuple[IdentifierKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FilmEntry:
    """What is known of a film for the sake of finding it."""

    film_id: int
    slug: str
    title: str
    other_titles: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    directors: tuple[str, ...] = ()
    identifiers: tuple[tuple[IdentifierKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A film with how surely it is the one, and why."""

    film: FilmEntry
    score: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The matched film, or those that may be, the likeliest first."""

    outcome: MatchOutcome
    match: MatchCandidate | None = None
    candidates: tuple[MatchCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class _ParsedFilm:
    """A film taken apart once, for all comparisons."""

    entry: FilmEntry
    forms: tuple[TitleForm, ...]
    directors: tuple[frozenset[str], ...]


class MatchIndex:
    """All films, by everything that a list may say of them. Never changes once it is made."""

    def __init__(self) -> None:
        self._known: dict[int, _ParsedFilm] = {}
        self._by_slug: FilmIdsByKey[str] = FilmIdsByKey()
        self._by_identifier: FilmIdsByKey[tuple[IdentifierKind, str]] = FilmIdsByKey()
        self._by_form: FilmIdsByKey[str] = FilmIdsByKey()
        self._by_word: FilmIdsByKey[str] = FilmIdsByKey()
        self._by_name: FilmIdsByKey[str] = FilmIdsByKey()
        self._by_length: dict[int, list[str]] = defaultdict(list)

    @classmethod
    def build(cls, entries: Iterable[FilmEntry]) -> "MatchIndex":
        """Index ``entries``."""
        return cls().with_changes((), entries)

    def with_changes(self, film_ids: Collection[int], entries: Iterable[FilmEntry]) -> "MatchIndex":
        """Return the index with these films as ``entries`` say; one without an entry is gone.

        It answers like an index built from all films.
        """
        new = {entry.film_id: _parse_entry(entry) for entry in entries}
        gone = {key: self._known[key] for key in film_ids if key in self._known}

        def with_new(
            by: FilmIdsByKey[K], keys: Callable[[_ParsedFilm], Collection[K]]
        ) -> FilmIdsByKey[K]:
            before = [(film_id, keys(known)) for film_id, known in gone.items()]
            return by.with_changes(
                before, [(film_id, keys(known)) for film_id, known in new.items()]
            )

        made = MatchIndex()
        made._known = {key: known for key, known in self._known.items() if key not in gone} | new
        made._by_slug = with_new(self._by_slug, lambda known: (known.entry.slug,))
        made._by_identifier = with_new(
            self._by_identifier, lambda known: set(known.entry.identifiers)
        )
        made._by_form = with_new(
            self._by_form,
            lambda known: {key for f in known.forms for key in (f.text, f.joined, f.solid)},
        )
        made._by_word = with_new(
            self._by_word, lambda known: {word for f in known.forms for word in f.text.split()}
        )
        made._by_name = with_new(
            self._by_name, lambda known: {word for words in known.directors for word in words}
        )
        # In one order, whatever changed when: of words as near as each other the first is taken.
        for word in sorted(made._by_word):
            made._by_length[len(word)].append(word)
        return made

    def __len__(self) -> int:
        return len(self._known)

    def match(self, wanted: MatchQuery) -> MatchResult:
        """Return what ``wanted`` means; the same line always gets the same answer."""
        title = parse_title(wanted.title)
        named = self._named(wanted)
        scored = {
            film_id: _score(self._known[film_id], wanted, title, named.get(film_id))
            for film_id in [*named, *self._worth_comparing(wanted, title)]
        }
        ranked = sorted(scored.values(), key=lambda match: (-match.score, match.film.slug))
        worth = [match for match in ranked if match.score >= CANDIDATE_THRESHOLD]
        if not worth:
            return MatchResult(MatchOutcome.NONE)
        best, rest = worth[0], worth[1:]
        # A number that belongs to another film speaks against even the best title.
        others_named = {self._known[film_id].entry.slug for film_id in named} - {best.film.slug}
        is_clear = not others_named and (not rest or best.score - rest[0].score >= MARGIN)
        if best.score >= MATCH_THRESHOLD and is_clear:
            return MatchResult(MatchOutcome.MATCHED, best, tuple(rest[: MAX_CANDIDATES - 1]))
        return MatchResult(MatchOutcome.CANDIDATES, None, tuple(worth[:MAX_CANDIDATES]))

    def _named(self, wanted: MatchQuery) -> dict[int, str]:
        """Return the films that a number or our own name leads to, with the reason."""
        found: dict[int, str] = {}
        for film_id in self._by_slug[wanted.slug]:
            found[film_id] = "Matched by slug"
        for kind, value in wanted.identifiers:
            for film_id in self._by_identifier[kind, value][-1:]:
                found[film_id] = f"Matched by {kind.label}"
        return found

    def _worth_comparing(self, wanted: MatchQuery, title: ParsedTitle) -> list[int]:
        """Return the films worth comparing: the same title, else shared words, or the director."""
        found: dict[int, None] = {}
        for form in title.forms:
            for key in (form.text, form.joined, form.solid):
                found.update(dict.fromkeys(self._by_form[key][:MAX_COMPARED]))
        # The same first part is not yet the same film: "The Princess Diaries: 2 Royal Engagement".
        if not any(self._has_title(film_id, title) for film_id in found):
            found.update(dict.fromkeys(self._sharing_words(title)))
        if wanted.director:
            found.update(dict.fromkeys(self._by_director(wanted.director)))
        return list(found)

    def _has_title(self, film_id: int, title: ParsedTitle) -> bool:
        wholes = {
            form.text for form in self._known[film_id].forms if form.part is TitleSection.WHOLE
        }
        return any(form.part is TitleSection.WHOLE and form.text in wholes for form in title.forms)

    def _sharing_words(self, title: ParsedTitle) -> list[int]:
        # In their order: of films that share as much, those first found are compared.
        words = dict.fromkeys(word for form in title.forms for word in form.text.split())
        unknown = [word for word in words if word not in self._by_word]
        unknown = sorted((w for w in unknown if len(w) >= MIN_TYPO_LENGTH), key=len, reverse=True)
        known = {word: 1.0 for word in words if word in self._by_word}
        for word in unknown[:MAX_TYPOS]:
            for near, likeness in self._near(word):
                known.setdefault(near, likeness / 100)
        weights: dict[int, float] = defaultdict(float)
        for word, share in known.items():
            holders = self._by_word[word]
            weight = share * log(1 + len(self._known) / len(holders))
            for film_id in holders:
                weights[film_id] += weight
        return nlargest(MAX_COMPARED, weights, key=weights.__getitem__)

    def _near(self, word: str) -> list[tuple[str, float]]:
        """Return words of titles that ``word`` may be a misspelling of."""
        near: list[tuple[str, float]] = []
        for length in range(len(word) - 1, len(word) + 2):
            choices = self._by_length.get(length, [])
            found = process.extract(word, choices, scorer=fuzz.ratio, score_cutoff=72, limit=3)
            near += [(choice, score) for choice, score, _ in found]
        return sorted(near, key=lambda each: -each[1])[:3]

    def _by_director(self, director: str) -> list[int]:
        counts: dict[int, int] = defaultdict(int)
        for word in split_names(director):
            for film_id in self._by_name[word][: MAX_COMPARED * 4]:
                counts[film_id] += 1
        return sorted(counts, key=lambda film_id: (-counts[film_id], film_id))[:MAX_COMPARED]


def _parse_entry(entry: FilmEntry) -> _ParsedFilm:
    forms: dict[tuple[str, TitleSection], TitleForm] = {}
    for title in (entry.title, *entry.other_titles):
        for form in parse_title(title).forms:
            forms.setdefault((form.text, form.part), form)
    return _ParsedFilm(entry, tuple(forms.values()), tuple(map(split_names, entry.directors)))


def _score(
    known: _ParsedFilm, wanted: MatchQuery, title: ParsedTitle, named: str | None
) -> MatchCandidate:
    likeness, words = _title_likeness(title.forms, known.forms, known.entry.title)
    if likeness < MIN_TITLE_SCORE and named is None and not wanted.director:
        return MatchCandidate(known.entry, 0, ())
    director = judge_director(wanted.director, title.director, known.entry, known.directors)
    year = judge_year(wanted.year, title.year, known.entry.years)
    why = [words, director.reason, year.reason]
    score = likeness + director.points + year.points
    if director.is_full and (year.is_near or not title.forms):
        score = max(score, SAME_DIRECTOR_SCORE)
    if named is not None:
        why.insert(0, named)
        score = 100 if not title.forms or likeness >= UNLIKE else max(score, CANDIDATE_THRESHOLD)
    score = round(min(100, max(0, score)))
    return MatchCandidate(known.entry, score, tuple(reason for reason in why if reason))


def _title_likeness(
    given: Sequence[TitleForm], known: Sequence[TitleForm], main_title: str
) -> tuple[float, str]:
    best, pair = 0.0, None
    for mine in given:
        for theirs in known:
            likeness = _likeness(mine, theirs)
            if likeness > best:
                best, pair = likeness, (mine, theirs)
    if pair is None:
        return 0.0, ""
    mine, theirs = pair
    is_same = mine.joined == theirs.joined
    words = "Same title" if is_same else "Similar title"
    if best < CANDIDATE_THRESHOLD:
        words = "Different title"
    elif mine.part is not theirs.part:
        words += (
            " except for the subtitle"
            if TitleSection.SUBTITLE not in {mine.part, theirs.part}
            else (", in part")
        )
    elif theirs.part is not TitleSection.WHOLE:
        words += ", in part"
    if theirs.source not in main_title and best >= CANDIDATE_THRESHOLD:
        words += f": it is also known as {theirs.source}"
    return best, words


def _likeness(mine: TitleForm, theirs: TitleForm) -> float:
    both = (mine.part, theirs.part)
    cap = (
        100
        if both == (TitleSection.WHOLE, TitleSection.WHOLE)
        else SECTION_CAPS.get(both, OTHER_SECTIONS_CAP)
    )
    is_part = both != (TitleSection.WHOLE, TitleSection.WHOLE)
    if mine.text == theirs.text:
        likeness = 100.0
    elif mine.joined == theirs.joined or mine.solid == theirs.solid:
        likeness = 99.0
    else:
        likeness = _nearness(mine.text, theirs.text)
    if mine.has_inner_brackets != theirs.has_inner_brackets:
        likeness = min(likeness, OTHER_BRACKETS_CAP)
    likeness = min(likeness, cap)
    if is_part and mine.sequels != theirs.sequels:
        likeness -= (
            OTHER_NUMBER_PENALTY if mine.sequels and theirs.sequels else MISSING_NUMBER_PENALTY
        )
    return likeness - ONE_WORD_PENALTY if is_part and " " not in theirs.text else likeness


def _nearness(mine: str, theirs: str) -> float:
    plain = fuzz.ratio(mine, theirs)
    likeness = max(plain, fuzz.token_sort_ratio(mine, theirs) - 3) - INEXACT_PENALTY
    likeness -= _number_penalty(mine, theirs)
    ours, others = mine.split(), theirs.split()
    if len(ours) == len(others) == 1 and min(len(mine), len(theirs)) < SHORT_WORD:
        return min(likeness, OTHER_LETTER_CAP)
    # Where much else is unlike, no words need be compared.
    if likeness > OTHER_WORDS_CAP and _has_other_words(ours, others):
        return OTHER_WORDS_CAP
    return likeness


def _has_other_words(ours: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether each title has a word that is like no word of the other."""
    lonely = [
        [
            word
            for word in set(here) - set(there) - LITTLE_WORDS
            if len(word) > 1  # "Malls R Us"
            and not process.extractOne(word, there, scorer=fuzz.ratio, score_cutoff=UNLIKE_WORDS)
        ]
        for here, there in ((ours, others), (others, ours))
    ]
    return all(lonely)


def _number_penalty(mine: str, theirs: str) -> int:
    numbers = [{word for word in text.split() if word.isdigit()} for text in (mine, theirs)]
    if numbers[0] == numbers[1]:
        return 0
    return OTHER_NUMBER_PENALTY if all(numbers) else MISSING_NUMBER_PENALTY


def measure_quality(results: Iterable[tuple[str, MatchResult]]) -> Mapping[str, float]:
    """Return how right the answers are: pairs of the slug that is meant (or "") and the answer.

    Precision: of the films matched, how many are the right ones. Recall: of the lines that mean a
    film of ours, how many are matched with it; with candidates, how many show it at all.
    """
    rows = list(results)
    matched = [(slug, result.match.film.slug) for slug, result in rows if result.match]
    right = sum(slug == found for slug, found in matched)
    meant = [(slug, result) for slug, result in rows if slug]
    shown = sum(
        slug in {match.film.slug for match in (result.match, *result.candidates) if match}
        for slug, result in meant
    )
    nothing = [result for slug, result in rows if not slug]
    return {
        "rows": len(rows),
        "rows without a film": len(nothing),
        "matched": len(matched),
        "matched correctly": right,
        "precision": right / len(matched),
        "recall": right / len(meant),
        "recall with candidates": shown / len(meant),
        "left alone where there is none": sum(r.outcome is MatchOutcome.NONE for r in nothing)
        / len(nothing),
    }
