"""Which film a line is about: by its slug, by an identifier, by its title, year and directors."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog import identifiers
from app.catalog.documents import SLUG_LENGTH
from app.catalog.enums import CreditRole, FilmStatus, IdentifierKind
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Identifier, Person
from app.catalog.rules import Number
from app.catalog.titles import folded, slugify, sort_key, sort_title
from app.core.db import is_one_of
from app.core.errors import FieldProblem
from app.imports.lines import ImportLine
from app.imports.scratch import Scratch

if TYPE_CHECKING:
    from app.imports.planning import LinePlan

EARLIEST_YEAR, LATEST_YEAR = 1888, 2100


class Work(NamedTuple):
    """What tells films of one title apart."""

    slug: str
    title: str
    year: int
    directors: frozenset[str]

    def is_titled(self, title: str, base: str) -> bool:
        """Return whether it has this title, or had it when its slug was made.

        Transliterated titles may read the same and yet be different ones.
        """
        own, other = folded(self.title), folded(title)
        if not (own.isascii() or other.isascii()):
            return own == other
        return slugify(self.title) == base or self.slug in {base, f"{base}-{self.year}"}

    def may_be_by(self, directors: frozenset[str]) -> bool:
        """Return whether these may be its directors: unknown directors match any name."""
        return not (self.directors and directors) or self.is_by(directors)

    def is_by(self, directors: frozenset[str]) -> bool:
        """Return whether it shares a director, known by the whole name or the family name."""
        return bool(_names(self.directors) & _names(directors))


@dataclass(slots=True)
class _Works:
    """The films that earlier lines bring: those of this batch, and those that scratch knows."""

    scratch: Scratch | None
    own: dict[str, list[Work]]

    @classmethod
    def of(cls, scratch: Scratch | None, given: Iterable["LinePlan"]) -> "_Works":
        works = cls(scratch, defaultdict(list))
        for each in given:
            works.add(each)
        return works

    def add(self, each: "LinePlan") -> None:
        """Note which film a line is about."""
        title, year = _title(each.line), _year(each.line)
        if not each.slug or year is None:
            return
        work = Work(each.slug, title, year, directors_of(each.line))
        self.own[base_slug(title)].append(work)

    def of_title(self, base: str) -> list[Work]:
        """Return the films of this title, the first one first."""
        earlier = [Work(*row) for row in self.scratch.works(base)] if self.scratch else []
        return earlier + self.own[base]

    def keep(self) -> None:
        """Remember those of this batch until the end of the file."""
        if self.scratch is not None:
            for base, works in self.own.items():
                self.scratch.keep_works((base, *work) for work in works)


def find_films(session: Session, plans: list["LinePlan"], scratch: Scratch | None) -> None:
    """Set the slug of the film that each line is about, or of the one that it adds.

    A line with a slug is about the film of that slug; one with an identifier of a film is about
    that film; else title, year and directors decide. Films of one title and different years, or
    with different directors, are different films.
    """
    untold = []
    owners = owners_of(
        session, [n for each in plans if not _has_slug(each.line) for n in _numbers(each.line)]
    )
    for each in plans:
        if _has_slug(each.line):
            given = each.line.values["slug"]
            each.slug = given if isinstance(given, str) else ""
            continue
        owning = sorted({owners[number] for number in _numbers(each.line) if number in owners})
        if len(owning) > 1:
            detail = f"The identifiers belong to different films: {', '.join(owning)}."
            each.problems.append(FieldProblem("#/identifiers", detail))
        elif owning:
            each.slug = owning[0]
        else:
            untold.append(each)
    works = _Works.of(scratch, [each for each in plans if each.slug])
    there = _works_there(session, untold)
    for each in untold:
        _find_by_title(session, each, there, works)
        works.add(each)
    works.keep()


def _find_by_title(
    session: Session, each: "LinePlan", there: dict[str, list[Work]], works: _Works
) -> None:
    title, year, directors = _title(each.line), _year(each.line), directors_of(each.line)
    base = base_slug(title)
    if not base:
        return
    of_title = [work for work in there[base] if work.is_titled(title, base)]
    fitting = [work for work in of_title if work.year == year and work.may_be_by(directors)]
    by_them = [work for work in fitting if work.is_by(directors)]
    fitting = by_them or fitting
    if len(fitting) > 1:
        detail = f"Several films have this title and year: {_listed(fitting)}. Enter a slug."
        each.problems.append(FieldProblem("#/slug", detail))
    elif fitting:
        each.slug = fitting[0].slug
    elif year is None:
        each.slug = base
        if of_title and "release_year" not in each.line.values:
            detail = (
                f"A film with this title exists: {_listed(of_title)}. To change it, enter its "
                f"year, slug, or an identifier."
            )
            each.problems.append(FieldProblem("#/release_year", detail))
    else:
        earlier = works.of_title(base)
        same = [
            work
            for work in earlier
            if work.year == year and work.may_be_by(directors) and work.is_titled(title, base)
        ]
        taken = {work.slug for work in (*there[base], *earlier)}
        each.slug = same[0].slug if same else _free(session, base, year, taken)


def base_slug(title: str) -> str:
    """Return the slug that a film of this title gets if it is free."""
    if not title:
        return ""
    return slugify(title)[:SLUG_LENGTH].strip("-") or "film"


def directors_of(line: ImportLine) -> frozenset[str]:
    """Return the names of the directors that a line gives."""
    names = list(line.makers.get(CreditRole.DIRECTOR, ()))
    parts = line.values.get("credits")
    if isinstance(parts, list):
        names += [
            str(part.get("name") or "")
            for part in parts
            if isinstance(part, dict) and part.get("role") == CreditRole.DIRECTOR
        ]
    return frozenset(name for name in names if name)


def owners_of(session: Session, numbers: Sequence[Number]) -> dict[Number, str]:
    """Return which films have these identifiers, by their slugs."""
    if not numbers:
        return {}
    rows = session.execute(
        select(Identifier.kind, Identifier.value, Film.slug)
        .join(Film, Film.id == Identifier.film_id)
        .where(is_one_of(session, Identifier.value, {value for _, value in numbers}))
    )
    return {(kind, value): slug for kind, value, slug in rows}


def _works_there(session: Session, plans: Sequence["LinePlan"]) -> dict[str, list[Work]]:
    """Return the films of the catalog that lines may be about, by the slugs of the titles."""
    slugs: dict[str, set[str]] = defaultdict(set)
    keys: dict[str, set[str]] = defaultdict(set)
    for each in plans:
        title, year = _title(each.line), _year(each.line)
        if title:
            base = base_slug(title)
            for slug in (base, _with_year(base, year or EARLIEST_YEAR)):
                slugs[slug].add(base)
            for text in (title, sort_title(title)):
                keys[sort_key(text)].add(base)
    found: dict[str, list[Work]] = defaultdict(list)
    if not keys:
        return found
    wanted = select(Film.id, Film.slug, Film.title, Film.release_year, Film.sort_key)
    # With the states an index serves.
    of_key = Film.status.in_(list(FilmStatus)) & is_one_of(session, Film.sort_key, keys)
    rows = {
        row.id: row
        for condition in (is_one_of(session, Film.slug, slugs), of_key)
        for row in session.execute(wanted.where(condition))
    }
    directors: dict[int, set[str]] = defaultdict(set)
    if rows:
        for film_id, name in session.execute(
            select(Credit.film_id, Person.name)
            .join(Credit.person)
            .where(is_one_of(session, Credit.film_id, rows), Credit.role == CreditRole.DIRECTOR)
        ):
            directors[film_id].add(name)
    for row in rows.values():
        work = Work(row.slug, row.title, row.release_year, frozenset(directors[row.id]))
        for base in slugs.get(row.slug, set()) | keys.get(row.sort_key, set()):
            found[base].append(work)
    return found


def _free(session: Session, base: str, year: int, taken: set[str]) -> str:
    """Return a slug that no film has: the title's, else with the year, else with a number too."""
    if base not in taken:
        return base
    dated = _with_year(base, year)
    if dated not in taken:
        return dated
    numbered = (f"{dated[: SLUG_LENGTH - len(str(n)) - 1]}-{n}" for n in count(2))
    return next(
        slug
        for slug in numbered
        if slug not in taken and not session.scalar(select(Film.id).where(Film.slug == slug))
    )


def _with_year(base: str, year: int) -> str:
    return f"{base[: SLUG_LENGTH - len('-2000')].strip('-')}-{year}"


def _numbers(line: ImportLine) -> list[Number]:
    """Return the identifiers of a line in every form under which the catalog may know them.

    Those that cannot be right are left out here, and refused when the document is checked.
    """
    given: list[tuple[object, object]] = list(line.numbers)
    parts = line.values.get("identifiers")
    if isinstance(parts, list):
        given += [(part.get("kind"), part.get("value")) for part in parts if isinstance(part, dict)]
    found: list[Number] = []
    for kind, value in given:
        try:
            found += identifiers.equivalents(IdentifierKind(str(kind)), str(value))
        except ValueError:
            continue
    return found


def _has_slug(line: ImportLine) -> bool:
    return line.values.get("slug") is not None


def _title(line: ImportLine) -> str:
    return " ".join(str(line.values.get("title") or "").split())


def _year(line: ImportLine) -> int | None:
    year = line.values.get("release_year")
    is_year = isinstance(year, int) and EARLIEST_YEAR <= year <= LATEST_YEAR
    return year if is_year else None


def _names(directors: Iterable[str]) -> set[str]:
    """Return names as they are compared: whole, and the last word, which is most often shared.

    >>> sorted(_names(["Jessica Gorter"]))
    ['gorter', 'jessica-gorter']
    """
    whole = {slugify(name) for name in directors} - {""}
    return whole | {name.rpartition("-")[2] for name in whole}


def _listed(works: Iterable[Work]) -> str:
    return ", ".join(f"{work.slug} ({work.year})" for work in works)
