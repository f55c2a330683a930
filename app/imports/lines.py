"""A line of a file of films in any format, and its result. Pure."""

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
"""A film's document, or some of its fields, in JSON types."""


class ImportFileError(ValueError):
    """The file is unreadable, as a whole or from here on; the message says where and why."""


class FileFormat(StrEnum):
    """The formats for import and export of films."""

    JSON_LINES = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"
    MARC = "mrc"
    MARCXML = "xml"

    @property
    def label(self) -> str:
        """Return the name that people know the format by."""
        return {
            FileFormat.JSON_LINES: "JSON Lines",
            FileFormat.CSV: "CSV",
            FileFormat.XLSX: "Excel workbook",
            FileFormat.MARC: "MARC 21",
            FileFormat.MARCXML: "MARCXML",
        }[self]

    @property
    def line_word(self) -> str:
        """Return the unit of one film: a line, a row, or a record."""
        if self in {FileFormat.MARC, FileFormat.MARCXML}:
            return "record"
        return "row" if self is FileFormat.XLSX else "line"


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One film of a file.

    ``number`` is the line, row or record, from 1. ``values`` are fields of a film's document, not
    checked yet. With ``is_whole``, fields that are left out become empty; else they stay.
    """

    number: int
    values: Json
    is_whole: bool = False
    main_version: Json = field(default_factory=dict)
    """Facts of the main version: ``runtime_minutes``, ``spoken``, ``subtitles``."""
    identifiers: tuple[tuple[IdentifierKind, str], ...] = ()
    """Identifiers to add to those of the film."""
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of people by role. Roles that are not named keep theirs."""
    problems: tuple[FieldProblem, ...] = ()
    """Why the line could not be read; the rest is empty then."""
    may_repeat: bool = False
    """Whether other lines may be about this film, as records of its disc and of its file are."""
    doubts: tuple[FieldProblem, ...] = ()
    """What a person must confirm before the line is accepted."""
    comparisons: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    """Comparisons of the present value of a field with the line's, neither empty, for formats that
    hold less than a document. Equal values do not change the field."""

    def __post_init__(self) -> None:
        """Normalize text: composed and decomposed letters are the same."""
        for name in ("values", "main_version", "identifiers", "people"):
            object.__setattr__(self, name, normalize_value(getattr(self, name)))

    def apply_to(self, present: Mapping[str, Any] | None) -> Json:
        """Return the document ``present`` with this line applied; None means a new film."""
        if present is None or self.is_whole:
            defaults = {"status": present["status"]} if present else {}
            return self._merge_parts(defaults | self.values)
        values = self._drop_equal(present, self.values)
        merged = {**present, **values}
        title_changes = "title" in values and "sort_title" not in values
        if title_changes and present["sort_title"] == sort_title(present["title"]):
            merged["sort_title"] = None
        return self._merge_parts(merged)

    def _drop_equal(self, present: Mapping[str, Any], values: Json) -> Json:
        """Return those of ``values`` that differ from ``present``."""
        return {
            name: value
            for name, value in values.items()
            if not (
                name in self.comparisons
                and present.get(name)
                and self.comparisons[name](present[name], value)
            )
        }

    def _merge_parts(self, merged: Json) -> Json:
        """Merge the main version, identifiers and people. Validation rejects malformed lists."""
        versions, parts = (
            merged.get("versions") or [{"label": "Feature"}],
            merged.get("identifiers"),
        )
        if self.main_version and _is_list_of_parts(versions):
            first, *others = versions
            merged["versions"] = [{**first, **self._drop_equal(first, self.main_version)}, *others]
        if self.identifiers and _is_list_of_parts(parts or []):
            parts = list(parts or ())
            present = {(part.get("kind"), part.get("value")) for part in parts}
            missing = [
                number
                for number in self.identifiers
                if normalize_identifier(*number) not in present
            ]
            merged["identifiers"] = parts + [{"kind": k, "value": v} for k, v in missing]
        if self.people and _is_list_of_parts(merged.get("credits") or []):
            merged["credits"] = _merge_people(merged.get("credits") or [], self.people)
        return merged


Reader = Callable[..., Iterator[ImportLine]]
"""Yields the films of a file one at a time; those of tables take a ``TableReading`` too. Raises
``ImportFileError`` when the file becomes unreadable."""
Readers = Mapping[FileFormat, Reader]


class LineOutcome(StrEnum):
    """The outcome of a line."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that a line changes, with its values before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class LineResult:
    """The result of a line, of a check or of an import."""

    number: int
    slug: str
    title: str
    outcome: LineOutcome
    differences: tuple[FieldChange, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    instead_of: LineOutcome | None = None
    """The outcome that this one corrects, after a later line changed it."""


def format_value(value: object) -> str:
    """Return a field's value on one line, for people.

    >>> format_value(["NL", "RU"]), format_value(None)
    ('NL, RU', 'nothing')
    >>> format_value([{"label": "Feature", "note": None}])
    'label Feature'
    """
    if isinstance(value, list):
        separator = "; " if any(isinstance(item, dict) for item in value) else ", "
        return separator.join(map(format_value, value)) or "nothing"
    if isinstance(value, dict):
        pairs = ((name, item) for name, item in value.items() if item not in (None, [], ""))
        return ", ".join(f"{name} {format_value(item)}" for name, item in pairs) or "nothing"
    return "nothing" if value in {None, ""} else " ".join(str(value).split())


def normalize_identifier(kind: IdentifierKind, value: str) -> tuple[str, str]:
    """Return an identifier in the standard form, or unchanged if it is invalid."""
    try:
        return kind.value, identifiers.normalized(kind, value)
    except ValueError:
        return kind.value, value


def normalize_value(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the value with all its text normalized."""
    if isinstance(value, str):
        return normalize(value)
    if isinstance(value, dict):
        return {normalize_value(name): normalize_value(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(normalize_value, value))
    return value


def _merge_people(parts: Sequence[Json], people: Mapping[str, Sequence[str]]) -> list[Json]:
    """Return credits in which these people, and no others, have these roles.

    People who have a role already keep their other facts, and all keep their order if none is new.
    """
    result = list(parts)
    for role, names in people.items():
        present = {
            slugify(str(part.get("name") or "")): part for part in result if _has_role(part, role)
        }
        expected = {slugify(name): {"role": role, "name": name} for name in names}
        if present.keys() == expected.keys():
            continue
        first = next((n for n, part in enumerate(result) if _has_role(part, role)), len(result))
        position = sum(not _has_role(part, role) for part in result[:first])
        position = 0 if role == CreditRole.DIRECTOR and not present else position
        other_parts = [part for part in result if not _has_role(part, role)]
        role_credits = [present.get(slug, part) for slug, part in expected.items()]
        result = [*other_parts[:position], *role_credits, *other_parts[position:]]
    return result


def _has_role(part: Json, role: str) -> bool:
    return part.get("role") == role


def _is_list_of_parts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)
