"""What a form can be made of: fields, groups of fields, and rows that repeat.

A field's name in the page is its JSON pointer without the ``#/``: ``versions/0/label``. So what a
service says of a pointer lands beside the field, however deep it lies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

TODAY = "today"
"""What an empty date means where somebody says when they last looked."""


class FieldType(StrEnum):
    """How a field is typed and read."""

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
    ENTRY = "entry"
    TERRITORY = "territory"


@dataclass(frozen=True, slots=True)
class Field:
    """One question. ``required`` says what to write when nothing is; empty: it may stay empty."""

    name: str
    label: str
    kind: FieldType = FieldType.LINE
    help: str = ""
    required: str = ""
    wrong: str = ""
    """What to write when the answer is refused for its form or size."""
    choices: Sequence[tuple[str, str]] = ()
    longest: int = 300
    empty: object = None
    """What an empty answer means; inside groups and rows, None leaves it out."""
    aside: bool = False
    """Asked rarely: shown behind "More"."""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that belong together, as one object."""

    name: str
    label: str
    fields: "Sequence[Shape]"
    help: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that repeat, each of the same fields. ``one`` is what a row is called."""

    name: str
    label: str
    item_label: str
    fields: "Sequence[Shape]"
    help: str = ""
    most: int = 300
    blame: str = ""
    """The field that an error of a whole row belongs to; empty: the row itself."""


Shape = Field | FieldGroup | Rows


def at(shapes: Sequence[Shape], path: Sequence[str | int]) -> Shape | None:
    """Return the shape that a pointer's parts lead to; None if they lead nowhere.

    The parts of a row lead to its ``Rows``; those of one line of several to their field.
    """
    found: Shape | None = None
    inside = shapes
    for part in path:
        if isinstance(part, int) or part.isdigit():
            continue
        found = next((shape for shape in inside if shape.name == part), None)
        if found is None:
            return None
        inside = () if isinstance(found, Field) else found.fields
    return found


def fields_of(shapes: Sequence[Shape]) -> Iterator[Field]:
    """Return every field, also those inside groups and rows."""
    for shape in shapes:
        if isinstance(shape, Field):
            yield shape
        else:
            yield from fields_of(shape.fields)
