"""What each part of a film says, in a few words, for the film's page at the console."""

from collections.abc import Mapping
from typing import Any

from app.catalog.differences import format_field, row_name
from app.console.films.part import FilmPart
from app.console.forms.field_types import FieldGroup, Rows

SHOWN = 4
MAX_LENGTH = 240


def summary(part: FilmPart, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each question of a part with its answer; what is empty is left out."""
    found = []
    for shape in part.shapes:
        value = document[shape.name]
        if isinstance(shape, Rows):
            names = [row_name(shape.name, row) for row in value]
            shown = "; ".join(names[:SHOWN])
            more = len(names) - SHOWN
            words = f"{shown}; and {more} more" if more > 0 else shown
        elif isinstance(shape, FieldGroup):
            words = ", ".join(f"{name} {one}" for name, one in value.items())
        elif shape.choices:
            labels = dict(shape.choices)
            chosen = value if isinstance(value, list) else [value]
            words = ", ".join(labels.get(str(one), str(one)) for one in chosen if one)
        else:
            words = format_field(shape.name, value)
        if words:
            cut = f"{words[:MAX_LENGTH].rsplit(' ', 1)[0]}..." if len(words) > MAX_LENGTH else words
            found.append((shape.label, cut))
    return found
