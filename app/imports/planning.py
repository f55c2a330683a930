"""What lines of a file mean for the catalog as it stands: which film each is, and what it changes.

A line must keep every rule that ``writing`` keeps: they are the same functions.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.orm import Session

from app.catalog.documents import SLUG_LENGTH, SLUG_PATTERN, FilmDocument
from app.catalog.enums import PersonKind
from app.catalog.name_resolution import KnownNames, PersonFacts, known_names, resolve
from app.catalog.rules import Number, check_identifiers, check_publishable, check_relations
from app.catalog.titles import slugify
from app.core.errors import AppError, FieldProblem
from app.imports.bulk import film_ids
from app.imports.identity import find_films, owners_of
from app.imports.lines import FieldChange, ImportLine, Json, LineOutcome, LineResult
from app.imports.reading import documents
from app.imports.scratch import Scratch

MAX_TEXT_LENGTH = 300
# What people write into tables most often, in words for people.
PLAINLY = {
    "missing": "Enter a value.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "greater_than_equal": "Enter {ge} or more.",
    "less_than_equal": "Enter {le} or less.",
}
SLUG = re.compile(SLUG_PATTERN)
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class LinePlan:
    """A line, and what it comes to. It is refused if it has a problem."""

    line: ImportLine
    slug: str = ""
    film_id: int | None = None
    present: Json | None = None
    document: FilmDocument | None = None
    """Resolved; only if there is no problem."""
    missing: list[tuple[int, str]] = field(default_factory=list)
    """Relations to films that are not there: their places and slugs."""
    problems: list[FieldProblem] = field(default_factory=list)
    new_people: dict[str, PersonFacts] = field(default_factory=dict)
    is_repeat: bool = False
    """An earlier line of the file is about the same film: this one is written after it."""

    @property
    def title(self) -> str:
        """The film's title, as far as it is known."""
        if self.document is not None:
            return self.document.title
        return str(self.line.values.get("title") or (self.present or {}).get("title") or "")

    @property
    def differences(self) -> tuple[FieldChange, ...]:
        """The fields that change; none for a new film."""
        if self.document is None or self.present is None:
            return ()
        wanted = self.document.model_dump(mode="json")
        return tuple(
            FieldChange(name, self.present[name], value)
            for name, value in wanted.items()
            if value != self.present[name]
        )

    def result(self) -> LineResult:
        """Return what becomes of the line."""
        differences = () if self.problems else self.differences
        if self.problems:
            outcome = LineOutcome.REJECTED
        elif self.film_id is None:
            outcome = LineOutcome.CREATED
        else:
            outcome = LineOutcome.CHANGED if differences else LineOutcome.UNCHANGED
        return LineResult(
            self.line.number,
            # Of a line that is refused these may be anything, also what PostgreSQL does not keep.
            CONTROLS.sub(" ", self.slug)[:SLUG_LENGTH],
            CONTROLS.sub(" ", self.title)[:MAX_TEXT_LENGTH],
            outcome,
            differences,
            tuple(self.problems),
        )

    def keys(self) -> Iterator[str]:
        """Yield what no other line of the file may be about: the slug and the identifiers."""
        # A slug that was made for a line that is refused is free for another.
        if self.slug and (self.document is not None or "slug" in self.line.values):
            yield self.slug
        if self.document is not None:
            for number in self.document.identifiers:
                yield f"{number.kind.label} {number.value}"


def plan_lines(
    session: Session, lines: Sequence[ImportLine], *, scratch: Scratch | None = None
) -> list[LinePlan]:
    """Return what each of these lines comes to.

    ``scratch`` remembers people and films that earlier lines bring, where these are not written
    yet.
    """
    plans = [LinePlan(line, problems=list(line.problems)) for line in lines]
    _find(session, [each for each in plans if not each.problems], scratch)
    for each in plans:
        # What the film is called already needs no question.
        if (each.present or {}).get("title") != each.line.values.get("title"):
            each.problems += each.line.doubts
        if not each.problems:
            _read(each)
    _apply_rules(session, [each for each in plans if each.document is not None], scratch)
    return plans


def problems_of(error: AppError) -> list[FieldProblem]:
    """Return what is wrong field by field; an error without fields is about the whole film."""
    return list(error.errors) or [FieldProblem("#", error.detail)]


def document_from(values: Json) -> FilmDocument:
    """Return the document of these fields.

    Raises:
        LineError: names each field that breaks a rule of the form.
    """
    try:
        return FilmDocument.model_validate(values)
    except ValidationError as error:
        raise LineError(
            [
                FieldProblem("/".join(("#", *map(str, wrong["loc"]))), _words(wrong))
                for wrong in error.errors(include_url=False, include_input=False)
            ]
        ) from error


class LineError(ValueError):
    """A line's fields break rules of the form: which, and how."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("invalid film document")
        self.problems = problems


def _find(session: Session, plans: list[LinePlan], scratch: Scratch | None) -> None:
    """Find which film each line is about, and what the catalog says of it."""
    find_films(session, plans, scratch)
    sane = [each for each in plans if len(each.slug) <= SLUG_LENGTH and SLUG.fullmatch(each.slug)]
    ids = film_ids(session, [each.slug for each in sane])
    present = documents(session, list(ids.values())) if ids else {}
    for each in sane:
        if each.slug in ids:
            each.film_id = ids[each.slug]
            each.present = present[each.film_id]


def _read(each: LinePlan) -> None:
    """Check the form of what a line says."""
    values = each.line.apply_to(each.present)
    if each.slug:
        values["slug"] = each.slug
    try:
        each.document = document_from(values)
    except LineError as error:
        # A slug is made of the title: where that is missing, nobody needs to give a slug too.
        is_made = "slug" not in each.line.values and not each.slug
        each.problems += [
            wrong for wrong in error.problems if not (is_made and wrong.pointer == "#/slug")
        ]


def _apply_rules(session: Session, plans: list[LinePlan], scratch: Scratch | None) -> None:
    """Resolve names, and check what only the rest of the catalog can tell."""
    given = [each.document for each in plans if each.document is not None]
    known = known_names(session, given)
    wanted = {part.slug for document in given for part in document.related if part.slug}
    there = film_ids(session, [*wanted]) if wanted else {}
    owners = owners_of(session, [(n.kind, n.value) for each in given for n in each.identifiers])
    if scratch is not None:
        slugs = {part.person or slugify(part.name) for each in given for part in each.credits}
        known.people.update(scratch.people(slugs - known.people.keys()))
    for each in plans:
        _apply_to(each, known, owners, there)


def _apply_to(
    each: LinePlan, known: KnownNames, owners: dict[Number, str], there: dict[str, int]
) -> None:
    if each.document is None:
        return
    try:
        check_publishable(each.document)
        document = resolve(each.document, known)
        check_identifiers(document, owners)
        check_relations(document, {part.slug for part in document.related if part.slug})
    except AppError as error:
        each.problems += problems_of(error)
        each.document = None
        return
    each.document = document
    if document.related:
        each.missing = [
            (place, part.slug)
            for place, part in enumerate(document.related)
            if part.slug is not None and part.slug not in there
        ]
    for credit in document.credits:
        facts = PersonFacts(credit.name, credit.sort_name or "", credit.kind or PersonKind.PERSON)
        slug = credit.person or ""
        if slug not in known.people:
            each.new_people[slug] = facts
        known.people[slug] = facts
    for name in document.subjects:
        known.subjects.setdefault(slugify(name), name)


def _words(wrong: ErrorDetails) -> str:
    plainly = PLAINLY.get(wrong["type"])
    told = plainly.format(**wrong.get("ctx", {})) if plainly else wrong["msg"]
    return told.removeprefix("Value error, ")[:MAX_TEXT_LENGTH]
