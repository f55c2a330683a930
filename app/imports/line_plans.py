"""Plans of lines: the film that each line is about, and what it changes.

The rules are the same functions that ``film_service`` calls.
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
from app.imports.bulk_writes import film_ids
from app.imports.film_documents import load_documents
from app.imports.identity import find_films, find_owners
from app.imports.lines import FieldChange, ImportLine, Json, LineOutcome, LineResult
from app.imports.scratch_database import ScratchDatabase

MAX_TEXT_LENGTH = 300
# Plain messages for the most common mistakes in tables.
PROBLEM_TEXTS = {
    "missing": "Enter a value.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "greater_than_equal": "Enter {ge} or more.",
    "less_than_equal": "Enter {le} or less.",
}
SLUG = re.compile(SLUG_PATTERN)
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class LinePlan:
    """A line and its effect. It is rejected if it has a problem."""

    line: ImportLine
    slug: str = ""
    film_id: int | None = None
    present: Json | None = None
    document: FilmDocument | None = None
    """Resolved; only if there is no problem."""
    missing_relations: list[tuple[int, str]] = field(default_factory=list)
    """Positions and slugs of relations to films that do not exist."""
    problems: list[FieldProblem] = field(default_factory=list)
    new_people: dict[str, PersonFacts] = field(default_factory=dict)
    is_repeat: bool = False
    """Whether an earlier line is about the same film; this one is written after it."""

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
        after = self.document.model_dump(mode="json")
        return tuple(
            FieldChange(name, self.present[name], value)
            for name, value in after.items()
            if value != self.present[name]
        )

    def result(self) -> LineResult:
        """Return the result of the line."""
        differences = () if self.problems else self.differences
        if self.problems:
            outcome = LineOutcome.REJECTED
        elif self.film_id is None:
            outcome = LineOutcome.CREATED
        else:
            outcome = LineOutcome.CHANGED if differences else LineOutcome.UNCHANGED
        return LineResult(
            self.line.number,
            # In a rejected line these may hold characters that PostgreSQL refuses.
            CONTROL_CHARACTERS.sub(" ", self.slug)[:SLUG_LENGTH],
            CONTROL_CHARACTERS.sub(" ", self.title)[:MAX_TEXT_LENGTH],
            outcome,
            differences,
            tuple(self.problems),
        )

    def keys(self) -> Iterator[str]:
        """Yield the slug and the identifiers, which no other line of the file may have."""
        # A slug that was derived for a rejected line is free for another.
        if self.slug and (self.document is not None or "slug" in self.line.values):
            yield self.slug
        if self.document is not None:
            for number in self.document.identifiers:
                yield f"{number.kind.label} {number.value}"


def plan_lines(
    session: Session, lines: Sequence[ImportLine], *, scratch: ScratchDatabase | None = None
) -> list[LinePlan]:
    """Return the plans of these lines.

    ``scratch`` holds people and films of earlier lines that are not written yet.
    """
    plans = [LinePlan(line, problems=list(line.problems)) for line in lines]
    _match_films(session, [plan for plan in plans if not plan.problems], scratch)
    for plan in plans:
        # A title that the film already has needs no confirmation.
        if (plan.present or {}).get("title") != plan.line.values.get("title"):
            plan.problems += plan.line.doubts
        if not plan.problems:
            _build_document(plan)
    _apply_rules(session, [plan for plan in plans if plan.document is not None], scratch)
    return plans


def problems_of(error: AppError) -> list[FieldProblem]:
    """Return the problems by field; an error without fields is about the whole film."""
    return list(error.errors) or [FieldProblem("#", error.detail)]


def document_from(values: Json) -> FilmDocument:
    """Return the document of these fields.

    Raises:
        LineError: names each invalid field.
    """
    try:
        return FilmDocument.model_validate(values)
    except ValidationError as error:
        raise LineError(
            [
                FieldProblem("/".join(("#", *map(str, problem["loc"]))), _format_problem(problem))
                for problem in error.errors(include_url=False, include_input=False)
            ]
        ) from error


class LineError(ValueError):
    """Fields of a line are invalid; ``problems`` says which and why."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("invalid film document")
        self.problems = problems


def _match_films(session: Session, plans: list[LinePlan], scratch: ScratchDatabase | None) -> None:
    """Set the film of each line, and its present document."""
    find_films(session, plans, scratch)
    valid = [plan for plan in plans if len(plan.slug) <= SLUG_LENGTH and SLUG.fullmatch(plan.slug)]
    ids = film_ids(session, [plan.slug for plan in valid])
    present = load_documents(session, list(ids.values())) if ids else {}
    for plan in valid:
        if plan.slug in ids:
            plan.film_id = ids[plan.slug]
            plan.present = present[plan.film_id]


def _build_document(plan: LinePlan) -> None:
    """Set the document of a line if its fields are valid."""
    values = plan.line.apply_to(plan.present)
    if plan.slug:
        values["slug"] = plan.slug
    try:
        plan.document = document_from(values)
    except LineError as error:
        # A slug is derived from the title, so a missing title is one problem and not two.
        is_derived = "slug" not in plan.line.values and not plan.slug
        plan.problems += [
            problem
            for problem in error.problems
            if not (is_derived and problem.pointer == "#/slug")
        ]


def _apply_rules(session: Session, plans: list[LinePlan], scratch: ScratchDatabase | None) -> None:
    """Resolve names, and check the rules that depend on the rest of the catalog."""
    documents = [plan.document for plan in plans if plan.document is not None]
    known = known_names(session, documents)
    related_slugs = {part.slug for document in documents for part in document.related if part.slug}
    related_ids = film_ids(session, [*related_slugs]) if related_slugs else {}
    owners = find_owners(
        session, [(n.kind, n.value) for plan in documents for n in plan.identifiers]
    )
    if scratch is not None:
        slugs = {part.person or slugify(part.name) for plan in documents for part in plan.credits}
        known.people.update(scratch.people(slugs - known.people.keys()))
    for plan in plans:
        _apply_rules_to(plan, known, owners, related_ids)


def _apply_rules_to(
    plan: LinePlan, known: KnownNames, owners: dict[Number, str], related_ids: dict[str, int]
) -> None:
    if plan.document is None:
        return
    try:
        check_publishable(plan.document)
        document = resolve(plan.document, known)
        check_identifiers(document, owners)
        check_relations(document, {part.slug for part in document.related if part.slug})
    except AppError as error:
        plan.problems += problems_of(error)
        plan.document = None
        return
    plan.document = document
    if document.related:
        plan.missing_relations = [
            (position, part.slug)
            for position, part in enumerate(document.related)
            if part.slug is not None and part.slug not in related_ids
        ]
    for credit in document.credits:
        facts = PersonFacts(credit.name, credit.sort_name or "", credit.kind or PersonKind.PERSON)
        slug = credit.person or ""
        if slug not in known.people:
            plan.new_people[slug] = facts
        known.people[slug] = facts
    for name in document.subjects:
        known.subjects.setdefault(slugify(name), name)


def _format_problem(error: ErrorDetails) -> str:
    template = PROBLEM_TEXTS.get(error["type"])
    text = template.format(**error.get("ctx", {})) if template else error["msg"]
    return text.removeprefix("Value error, ")[:MAX_TEXT_LENGTH]
