"""What one page about a film asks, and the words that several of them share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.console.forms.field_types import Field, FieldType, Shape

YEAR_WRONG = "Enter a year from 1888 to 2100, such as 2018."


@dataclass(frozen=True, slots=True)
class FilmPart:
    """One page of the film: its address, its heading, and what it asks."""

    slug: str
    label: str
    shapes: Sequence[Shape]
    lead: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of the document that it speaks of."""
        return tuple(shape.name for shape in self.shapes)


def labels(kinds: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Return the members of an enum with their labels, or with their values as words."""
    return [
        (one.value, getattr(one, "label", None) or one.value.replace("_", " ").capitalize())
        for one in kinds
    ]


def words(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return plain values as choices."""
    return [(value, value.capitalize()) for value in values]


def year(name: str, label: str, *, required: str = "", help_: str = "") -> Field:
    """Return the question for a year."""
    return Field(name, label, FieldType.WHOLE, help=help_, required=required, wrong=YEAR_WRONG)
