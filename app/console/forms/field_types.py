"""Definitions of forms: fields, groups of fields, and repeated rows.

A field's name on the page is its JSON pointer without ``#/``, such as ``versions/0/label``, so an
error of a service appears next to its field.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

TODAY = "today"
"""The value of an empty date that stands for today."""


class FieldType(StrEnum):
    """The input and the parser of a field."""

    LINE = "line"
    TEXT = "text"
    LINES = "lines"
    WHOLE = "whole"
    DATE = "date"
    URL = "url"
    LENGTH = "length"
    PERCENT = "percent"
    MONEY = "money"
    CHOICE = "choice"
    CHECK = "check"
    CHECKS = "checks"
    LANGUAGE = "language"
    LANGUAGES = "languages"
    COUNTRIES = "countries"
    FILM = "film"
    OFFER = "offer"
    ENTRY = "entry"
    TERRITORY = "territory"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. A field without a ``required`` message is optional."""

    name: str
    label: str
    kind: FieldType = FieldType.LINE
    help: str = ""
    required: str = ""
    invalid: str = ""
    """What to write when the answer is refused for its form or size."""
    choices: Sequence[tuple[str, str]] = ()
    max_length: int = 300
    empty: object = None
    """What an empty answer means; inside groups and rows, None leaves it out."""
    is_advanced: bool = False
    """Asked rarely: shown behind "More"."""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields of one object."""

    name: str
    label: str
    fields: "Sequence[Shape]"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Repeated rows of the same fields. ``item_label`` names one row."""

    name: str
    label: str
    item_label: str
    fields: "Sequence[Shape]"
    help: str = ""
    max_rows: int = 300
    error_field: str = ""
    """The field that an error of a whole row belongs to; empty: the row itself."""


Shape = Field | FieldGroup | Rows


def enum_choices(members: Iterable[StrEnum], **labels: str) -> list[tuple[str, str]]:
    """Return the values of an enum with labels: from ``labels``, its own, or its value."""
    return [
        (
            member.value,
            labels.get(member.value)
            or getattr(member, "label", None)
            or member.value.replace("_", " ").capitalize(),
        )
        for member in members
    ]


def find_shape(shapes: Sequence[Shape], path: Sequence[str | int]) -> Shape | None:
    """Return the field, group, or rows that a pointer's parts lead to, or None.

    The parts of a row lead to its ``Rows``; those of an item of a list to its field.
    """
    shape_at_path: Shape | None = None
    inside = shapes
    for part in path:
        if isinstance(part, int) or part.isdigit():
            continue
        shape_at_path = next((shape for shape in inside if shape.name == part), None)
        if shape_at_path is None:
            return None
        inside = () if isinstance(shape_at_path, Field) else shape_at_path.fields
    return shape_at_path
