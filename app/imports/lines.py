"""What a file says of one film, whatever its format; and what becomes of it. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.catalog import identifiers
from app.catalog.enums import CreditRole, IdentifierKind
from app.catalog.titles import slugify, sort_title
from app.core.errors import FieldProblem
from app.core.text import normalize

Json = dict[str, Any]
"""A film's document, or some of its fields, as JSON has it."""


class ImportFileError(ValueError):
    """The file cannot be read at all, or not from here on; the message says where and why."""


class FileFormat(StrEnum):
    """The formats for import and export of films."""

    JSON_LINES = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"
    MARC = "mrc"
    MARCXML = "xml"

    @property
    def label(self) -> str:
        """Return the name that people know it by."""
        return {
            FileFormat.JSON_LINES: "JSON Lines",
            FileFormat.CSV: "CSV",
            FileFormat.XLSX: "Excel workbook",
            FileFormat.MARC: "MARC 21",
            FileFormat.MARCXML: "MARCXML",
        }[self]

    @property
    def line_word(self) -> str:
        """Return what one film takes up: a line, a row, a record."""
        if self in {FileFormat.MARC, FileFormat.MARCXML}:
            return "record"
        return "row" if self is FileFormat.XLSX else "line"


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One film of a file.

    ``number`` is the line, row or record, from 1. ``values`` are fields of a film's document, not
    checked yet. A line that is ``whole`` empties what it leaves out; another leaves it as it is.
    """

    number: int
    values: Json
    whole: bool = False
    version: Json = field(default_factory=dict)
    """Facts of the main version: ``runtime_minutes``, ``spoken``, ``subtitles``."""
    numbers: tuple[tuple[IdentifierKind, str], ...] = ()
    """Identifiers that the film has, perhaps among others."""
    makers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Who has these roles, by name; who has others stays as it is."""
    problems: tuple[FieldProblem, ...] = ()
    """Why the line could not be read; then it says nothing."""
    may_repeat: bool = False
    """Whether more lines may be about this film, as records of its disc and of its file are."""
    doubts: tuple[FieldProblem, ...] = ()
    """What a person must confirm before the line is taken as it stands."""
    same: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    """Of fields of which the format can say less than a document, whether it says what is there:
    each takes the present value and the line's, neither of them empty."""

    def __post_init__(self) -> None:
        """Compose letters and their marks: decomposed ones are the same text."""
        for name in ("values", "version", "numbers", "makers"):
            object.__setattr__(self, name, composed(getattr(self, name)))

    def apply_to(self, present: Mapping[str, Any] | None) -> Json:
        """Return the fields of the document that this line makes of ``present``, a document.

        Without one, of nothing: the fields of a new film.
        """
        if present is None or self.whole:
            kept = {"status": present["status"]} if present else {}
            return self._parts(kept | self.values)
        values = self._other_than(present, self.values)
        merged = {**present, **values}
        title_changes = "title" in values and "sort_title" not in values
        if title_changes and present["sort_title"] == sort_title(present["title"]):
            merged["sort_title"] = None
        return self._parts(merged)

    def _other_than(self, present: Mapping[str, Any], values: Json) -> Json:
        """Return those of ``values`` that are not what ``present`` says already."""
        return {
            name: value
            for name, value in values.items()
            if not (
                name in self.same and present.get(name) and self.same[name](present[name], value)
            )
        }

    def _parts(self, merged: Json) -> Json:
        """Add what is said of single parts. A list that is none is left for the check to refuse."""
        versions, parts = (
            merged.get("versions") or [{"label": "Feature"}],
            merged.get("identifiers"),
        )
        if self.version and _is_list_of_parts(versions):
            first, *others = versions
            merged["versions"] = [{**first, **self._other_than(first, self.version)}, *others]
        if self.numbers and _is_list_of_parts(parts or []):
            parts = list(parts or ())
            has = {(part.get("kind"), part.get("value")) for part in parts}
            missing = [number for number in self.numbers if written(*number) not in has]
            merged["identifiers"] = parts + [{"kind": k, "value": v} for k, v in missing]
        if self.makers and _is_list_of_parts(merged.get("credits") or []):
            merged["credits"] = _with_makers(merged.get("credits") or [], self.makers)
        return merged


Reader = Callable[..., Iterator[ImportLine]]
"""Yields the films of a file one at a time; those of tables take a ``Reading`` too. Raises
``ImportFileError`` where it cannot go on."""
Readers = Mapping[FileFormat, Reader]


class LineOutcome(StrEnum):
    """What becomes, or became, of a line."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that a line changes, with both of its values as JSON has them."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class LineResult:
    """What becomes, or became, of a line, and why."""

    number: int
    slug: str
    title: str
    outcome: LineOutcome
    differences: tuple[FieldChange, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    instead_of: LineOutcome | None = None
    """What was said of this line before a later one showed otherwise."""


def format_value(value: object) -> str:
    """Return a field's value on one line, for people.

    >>> format_value(["NL", "RU"]), format_value(None)
    ('NL, RU', 'nothing')
    >>> format_value([{"label": "Feature", "note": None}])
    'label Feature'
    """
    if isinstance(value, list):
        mark = "; " if any(isinstance(each, dict) for each in value) else ", "
        return mark.join(map(format_value, value)) or "nothing"
    if isinstance(value, dict):
        told = ((name, each) for name, each in value.items() if each not in (None, [], ""))
        return ", ".join(f"{name} {format_value(each)}" for name, each in told) or "nothing"
    return "nothing" if value in {None, ""} else " ".join(str(value).split())


def written(kind: IdentifierKind, value: str) -> tuple[str, str]:
    """Return a number in its standard's written form, as a document has it.

    A wrong one is returned as it is given: what is wrong is told when the document is checked.
    """
    try:
        return kind.value, identifiers.normalized(kind, value)
    except ValueError:
        return kind.value, value


def composed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the value with all its text in its one normal form."""
    if isinstance(value, str):
        return normalize(value)
    if isinstance(value, dict):
        return {composed(name): composed(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(composed, value))
    return value


def _with_makers(parts: Sequence[Json], makers: Mapping[str, Sequence[str]]) -> list[Json]:
    """Return credits in which these people, and no others, have these roles.

    Who has a role already keeps what else is said of them, and their place if nobody is new.
    """
    found = list(parts)
    for role, names in makers.items():
        having = {slugify(str(part.get("name") or "")): part for part in found if _is(part, role)}
        wanted = {slugify(name): {"role": role, "name": name} for name in names}
        if having.keys() == wanted.keys():
            continue
        first = next((n for n, part in enumerate(found) if _is(part, role)), len(found))
        place = sum(not _is(part, role) for part in found[:first])
        place = 0 if role == CreditRole.DIRECTOR and not having else place
        others = [part for part in found if not _is(part, role)]
        now = [having.get(slug, part) for slug, part in wanted.items()]
        found = [*others[:place], *now, *others[place:]]
    return found


def _is(part: Json, role: str) -> bool:
    return part.get("role") == role


def _is_list_of_parts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)
