"""What a director's name and a year say for or against a film. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rapidfuzz import fuzz

from app.lookup.title_parsing import romanized, split_words

JOINERS = frozenset(("and", "with", "by", "dir", "director", "directed", "et", "al", "jr", "the"))
INITIAL = re.compile(r"[a-z]")
MIN_LIKENESS = 84
MIN_TYPO_LENGTH = 4
FULL, FAMILY, OTHER_PERSON = 8, 5, -25
SAME_YEAR, NEXT_YEAR, NEAR_YEAR, LATER_YEAR, FAR_YEAR = 4, 2, -4, -8, -22
# A list may give the year of the disc, which comes after the film's.
DISC_YEARS = 12
NEAR_YEARS = 3


class HasDirectors(Protocol):
    """A film with the names of its directors."""

    @property
    def directors(self) -> tuple[str, ...]:
        """In the order of the credits."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Points for or against, and the reason as a sentence."""

    points: int = 0
    reason: str = ""
    is_full: bool = False
    is_near: bool = False


def split_names(names: str) -> frozenset[str]:
    """Return the words of one or more names, in whatever order and script they are written."""
    return frozenset(split_words(romanized(names))) - JOINERS


def judge_director(
    given: str, hinted: str, film: HasDirectors, known: Sequence[frozenset[str]]
) -> Evidence:
    """Return what a director's name says; one read out of the title speaks only for a film."""
    if not known or not (given or hinted):
        return Evidence()
    words = split_names(given or hinted)
    if not words:
        return Evidence()
    best = Evidence()
    for name, parts in zip(film.directors, known, strict=True):
        found = _compare_names(words, parts, name)
        if found.points > best.points:
            best = found
    if best.points or not given:
        return best
    return Evidence(OTHER_PERSON, f"Directed by {' and '.join(film.directors[:3])}")


def judge_year(given: int | None, hinted: int | None, years: Sequence[int]) -> Evidence:
    """Return what a year says against those in which the film was made, shown and registered."""
    year = given if given is not None else hinted
    if year is None or not years:
        return Evidence()
    apart = min(abs(year - known) for known in years)
    if apart == 0:
        return Evidence(SAME_YEAR, f"The year is {year}", is_near=True)
    words = f"The year is {' or '.join(map(str, sorted(set(years))))}"
    if apart == 1:
        return Evidence(NEXT_YEAR, f"{words}, one year off", is_near=True)
    if apart <= NEAR_YEARS:
        return Evidence(NEAR_YEAR, f"{words}, {apart} years off")
    if max(years) < year <= max(years) + DISC_YEARS:
        return Evidence(LATER_YEAR, f"{words}, {apart} years earlier")
    return Evidence(FAR_YEAR, f"{words}, {apart} years off")


def _compare_names(words: frozenset[str], parts: frozenset[str], name: str) -> Evidence:
    """Compare the words given, of one name or of several, with one director's name."""
    in_order = [word for word in split_words(romanized(name)) if word in parts]
    family = in_order[-1]
    if not any(_is_alike(family, word) for word in words):
        return Evidence()
    given_names = in_order[:-1]
    shared = [part for part in given_names if any(_is_alike(part, word) for word in words)]
    initials = {word for word in words if INITIAL.fullmatch(word)}
    if shared or not given_names or any(part[0] in initials for part in given_names):
        return Evidence(FULL, f"Directed by {name}", is_full=True)
    # The family name alone, or with another first name: "Esther" and "Esfir" Shub are one.
    points = FAMILY if len(words) == 1 else FAMILY - 3
    return Evidence(points, f"Directed by {name} (family name matches)", is_full=len(words) == 1)


def _is_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < MIN_TYPO_LENGTH:
        return False
    return fuzz.ratio(one, other) >= MIN_LIKENESS
