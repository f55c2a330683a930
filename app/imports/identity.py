"""The film that a line is about, by slug, identifier, or title with year and directors."""

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
from app.imports.scratch_database import ScratchDatabase

if TYPE_CHECKING:
    from app.imports.line_plans import LinePlan

EARLIEST_YEAR, LATEST_YEAR = 1888, 2100


class FilmFacts(NamedTuple):
    """The facts that distinguish films of one title."""

    slug: str
    title: str
    year: int
    directors: frozenset[str]

    def is_titled(self, title: str, base: str) -> bool:
        """Return whether it has this title, or had it when its slug was derived.

        Non-ASCII titles are compared as text, because different ones may have equal slugs.
        """
        own, other = folded(self.title), folded(title)
        if not (own.isascii() or other.isascii()):
            return own == other
        return slugify(self.title) == base or self.slug in {base, f"{base}-{self.year}"}

    def may_be_by(self, directors: frozenset[str]) -> bool:
        """Return whether these may be its directors; unknown directors match any name."""
        return not (self.directors and directors) or self.is_by(directors)

    def is_by(self, directors: frozenset[str]) -> bool:
        """Return whether it shares a director, by whole name or family name."""
        return bool(_comparable_names(self.directors) & _comparable_names(directors))


@dataclass(slots=True)
class _EarlierFilms:
    """The films of earlier lines, of this batch and of the scratch database."""

    scratch: ScratchDatabase | None
    films: dict[str, list[FilmFacts]]

    @classmethod
    def of(cls, scratch: ScratchDatabase | None, plans: Iterable["LinePlan"]) -> "_EarlierFilms":
        works = cls(scratch, defaultdict(list))
        for plan in plans:
            works.add(plan)
        return works

    def add(self, plan: "LinePlan") -> None:
        """Add the film of a line."""
        title, year = _title(plan.line), _year(plan.line)
        if not plan.slug or year is None:
            return
        film = FilmFacts(plan.slug, title, year, directors_of(plan.line))
        self.films[base_slug(title)].append(film)

    def of_title(self, base: str) -> list[FilmFacts]:
        """Return the films of this title in the order of the file."""
        earlier = [FilmFacts(*row) for row in self.scratch.works(base)] if self.scratch else []
        return earlier + self.films[base]

    def store(self) -> None:
        """Store those of this batch in the scratch database."""
        if self.scratch is not None:
            for base, works in self.films.items():
                self.scratch.store_works((base, *work) for work in works)


def find_films(session: Session, plans: list["LinePlan"], scratch: ScratchDatabase | None) -> None:
    """Set the slug of the present or new film of plan line.

    The slug of a line decides, else an identifier, else title, year and directors. Films of one
    title with different years or directors are different films.
    """
    unresolved = []
    owners = find_owners(
        session, [n for plan in plans if not _has_slug(plan.line) for n in _identifiers(plan.line)]
    )
    for plan in plans:
        if _has_slug(plan.line):
            slug = plan.line.values["slug"]
            plan.slug = slug if isinstance(slug, str) else ""
            continue
        slugs = sorted({owners[number] for number in _identifiers(plan.line) if number in owners})
        if len(slugs) > 1:
            detail = f"The identifiers belong to different films: {', '.join(slugs)}."
            plan.problems.append(FieldProblem("#/identifiers", detail))
        elif slugs:
            plan.slug = slugs[0]
        else:
            unresolved.append(plan)
    works = _EarlierFilms.of(scratch, [plan for plan in plans if plan.slug])
    there = _load_works(session, unresolved)
    for plan in unresolved:
        _find_by_title(session, plan, there, works)
        works.add(plan)
    works.store()


def _find_by_title(
    session: Session,
    plan: "LinePlan",
    catalog_films: dict[str, list[FilmFacts]],
    works: _EarlierFilms,
) -> None:
    title, year, directors = _title(plan.line), _year(plan.line), directors_of(plan.line)
    base = base_slug(title)
    if not base:
        return
    same_title = [work for work in catalog_films[base] if work.is_titled(title, base)]
    matches = [work for work in same_title if work.year == year and work.may_be_by(directors)]
    same_directors = [work for work in matches if work.is_by(directors)]
    matches = same_directors or matches
    if len(matches) > 1:
        detail = f"Several films have this title and year: {_listed(matches)}. Enter a slug."
        plan.problems.append(FieldProblem("#/slug", detail))
    elif matches:
        plan.slug = matches[0].slug
    elif year is None:
        plan.slug = base
        if same_title and "release_year" not in plan.line.values:
            detail = (
                f"A film with this title exists: {_listed(same_title)}. To change it, enter its "
                f"year, slug, or an identifier."
            )
            plan.problems.append(FieldProblem("#/release_year", detail))
    else:
        earlier = works.of_title(base)
        same = [
            film
            for film in earlier
            if film.year == year and film.may_be_by(directors) and film.is_titled(title, base)
        ]
        taken = {film.slug for film in (*catalog_films[base], *earlier)}
        plan.slug = same[0].slug if same else _free_slug(session, base, year, taken)


def base_slug(title: str) -> str:
    """Return the slug for a film of this title, without a suffix."""
    if not title:
        return ""
    return slugify(title)[:SLUG_LENGTH].strip("-") or "film"


def directors_of(line: ImportLine) -> frozenset[str]:
    """Return the names of the directors that a line gives."""
    names = list(line.people.get(CreditRole.DIRECTOR, ()))
    parts = line.values.get("credits")
    if isinstance(parts, list):
        names += [
            str(part.get("name") or "")
            for part in parts
            if isinstance(part, dict) and part.get("role") == CreditRole.DIRECTOR
        ]
    return frozenset(name for name in names if name)


def find_owners(session: Session, numbers: Sequence[Number]) -> dict[Number, str]:
    """Return the slugs of the films with these identifiers."""
    if not numbers:
        return {}
    rows = session.execute(
        select(Identifier.kind, Identifier.value, Film.slug)
        .join(Film, Film.id == Identifier.film_id)
        .where(is_one_of(session, Identifier.value, {value for _, value in numbers}))
    )
    return {(kind, value): slug for kind, value, slug in rows}


def _load_works(session: Session, plans: Sequence["LinePlan"]) -> dict[str, list[FilmFacts]]:
    """Return the films of the catalog that lines may be about, by the slug of the title."""
    slugs: dict[str, set[str]] = defaultdict(set)
    keys: dict[str, set[str]] = defaultdict(set)
    for plan in plans:
        title, year = _title(plan.line), _year(plan.line)
        if title:
            base = base_slug(title)
            for slug in (base, _with_year(base, year or EARLIEST_YEAR)):
                slugs[slug].add(base)
            for text in (title, sort_title(title)):
                keys[sort_key(text)].add(base)
    films: dict[str, list[FilmFacts]] = defaultdict(list)
    if not keys:
        return films
    statement = select(Film.id, Film.slug, Film.title, Film.release_year, Film.sort_key)
    # All statuses, so that the index on status and key is used.
    of_key = Film.status.in_(list(FilmStatus)) & is_one_of(session, Film.sort_key, keys)
    rows = {
        row.id: row
        for condition in (is_one_of(session, Film.slug, slugs), of_key)
        for row in session.execute(statement.where(condition))
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
        film = FilmFacts(row.slug, row.title, row.release_year, frozenset(directors[row.id]))
        for base in slugs.get(row.slug, set()) | keys.get(row.sort_key, set()):
            films[base].append(film)
    return films


def _free_slug(session: Session, base: str, year: int, taken: set[str]) -> str:
    """Return a free slug: of the title, else with the year, else with a number too."""
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


def _identifiers(line: ImportLine) -> list[Number]:
    """Return the valid identifiers of a line in every form that the catalog may have."""
    pairs: list[tuple[object, object]] = list(line.identifiers)
    parts = line.values.get("identifiers")
    if isinstance(parts, list):
        pairs += [(part.get("kind"), part.get("value")) for part in parts if isinstance(part, dict)]
    numbers: list[Number] = []
    for kind, value in pairs:
        try:
            numbers += identifiers.equivalents(IdentifierKind(str(kind)), str(value))
        except ValueError:
            continue
    return numbers


def _has_slug(line: ImportLine) -> bool:
    return line.values.get("slug") is not None


def _title(line: ImportLine) -> str:
    return " ".join(str(line.values.get("title") or "").split())


def _year(line: ImportLine) -> int | None:
    year = line.values.get("release_year")
    is_year = isinstance(year, int) and EARLIEST_YEAR <= year <= LATEST_YEAR
    return year if is_year else None


def _comparable_names(directors: Iterable[str]) -> set[str]:
    """Return names for comparison: the whole name, and the last word.

    >>> sorted(_comparable_names(["Jessica Gorter"]))
    ['gorter', 'jessica-gorter']
    """
    whole = {slugify(name) for name in directors} - {""}
    return whole | {name.rpartition("-")[2] for name in whole}


def _listed(films: Iterable[FilmFacts]) -> str:
    return ", ".join(f"{film.slug} ({film.year})" for film in films)
