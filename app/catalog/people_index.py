"""Everybody with a credit in a published film, by the letter under which they are filed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, distinct, func, select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Person
from app.catalog.titles import folded

# Names that begin with no letter of the Latin alphabet, accents put aside.
OTHER = "other"
Ts = TypeVarTuple("Ts")
FIRST: ColumnElement[str] = func.substr(Person.sort_name, 1, 1)


@dataclass(frozen=True, slots=True)
class Filed:
    """One entry of the index: a name as it is filed, and in how many films it stands."""

    slug: str
    sort_name: str
    film_count: int


def letter_of(beginning: str) -> str:
    """Return the letter under which a name is filed: ``A`` to ``Z``, or ``other``.

    >>> [letter_of(name) for name in ("Ågren", "van Beek", "Łuk", "Østby", "8-bit")]
    ['A', 'V', 'L', 'O', 'other']
    """
    letter = folded(beginning)[:1].upper()
    return letter if "A" <= letter <= "Z" else OTHER


def letters(session: Session) -> dict[str, int]:
    """Return how many people are filed under each letter, those without any left out."""
    people = func.count(distinct(Person.id))
    counts: Counter[str] = Counter()
    for first, count in session.execute(_public(select(FIRST, people)).group_by(FIRST)):
        counts[letter_of(first)] += count
    return dict(sorted(counts.items(), key=lambda item: (item[0] == OTHER, item[0])))


def filed_under(session: Session, letter: str) -> Sequence[Filed]:
    """Return the people of a letter in their order, accents and case put aside."""
    firsts = session.scalars(_public(select(FIRST)).group_by(FIRST))
    films = func.count(distinct(Credit.film_id))
    rows = session.execute(
        _public(select(Person.slug, Person.sort_name, films))
        .where(FIRST.in_([first for first in firsts if letter_of(first) == letter]))
        .group_by(Person.id)
    )
    people = [Filed(slug, sort_name, count) for slug, sort_name, count in rows]
    return sorted(people, key=lambda person: (folded(person.sort_name), person.slug))


def _public(statement: Select[*Ts]) -> Select[*Ts]:
    """Return a query of people for those with a credit that the public sees."""
    return (
        statement.select_from(Person)
        .join(Credit, Credit.person_id == Person.id)
        .join(Film, Film.id == Credit.film_id)
        .where(Film.status == FilmStatus.PUBLISHED)
    )
