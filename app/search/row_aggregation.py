"""Reading many small rows as one text for each film or offer.

Most films have the countries, languages and windows of many others. So the database puts the rows
of each together as a text: equal ones are taken apart once, and far fewer rows are read.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, String, cast, func

T = TypeVar("T")
# Neither stands in a name or a code: these are what such characters are for.
COLUMN_SEPARATOR, ROW_SEPARATOR = "\x1f", "\x1e"


def aggregate_columns(*parts: Any) -> ColumnElement[str]:  # noqa: ANN401 - columns of any kind
    """Return the aggregate of these columns of all rows; None is empty. They stand in any order."""
    texts = [func.coalesce(cast(part, String), "") for part in parts]
    told: ColumnElement[str] = texts[0]
    for text in texts[1:]:
        told = told + COLUMN_SEPARATOR + text
    return func.aggregate_strings(told, ROW_SEPARATOR)


def split_rows(text: str) -> list[list[str]]:
    r"""Return the columns of each row that was gathered.

    >>> split_rows("0\x1fUS\x1e1\x1fFR")
    [['0', 'US'], ['1', 'FR']]
    """
    return [row.split(COLUMN_SEPARATOR) for row in text.split(ROW_SEPARATOR)] if text else []


def split_by_position(text: str) -> list[list[str]]:
    """Return the rows by the number in their first column, and without it."""
    return [row[1:] for row in sorted(split_rows(text), key=lambda row: int(row[0]))]


class MemoDict(dict[str, T], Generic[T]):
    """What each text means, made when it is first met."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        made = self[text] = self._make(text)
        return made
