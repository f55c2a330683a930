"""Pages of a list: keyset pagination, so that page 1000 costs what page 1 does."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from app.core.errors import FieldProblem, InvalidInputError

T = TypeVar("T")
Key = str | int | float
# The largest id that a row can have: PostgreSQL refuses a larger number outright.
MAX_ID = 2**31 - 1


class PageParams(BaseModel):
    """The pagination parameters."""

    limit: int = Field(default=50, ge=1, le=200, description="Rows per page")
    cursor: str | None = Field(
        default=None, max_length=2000, description="`next` of the previous page"
    )

    def keys(self, count: int) -> list[Key] | None:
        """Return the sort keys of the last row seen, or None on the first page.

        Raises:
            InvalidInputError: the cursor is not one that we gave for a list of ``count`` sort keys.
        """
        if self.cursor is None:
            return None
        try:
            keys = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
        except (ValueError, binascii.Error, RecursionError):
            keys = None
        if (
            not isinstance(keys, list)
            or len(keys) != count
            or not all(type(key) in (str, int, float) for key in keys)
            or any(isinstance(key, int) and abs(key) >= 2**63 for key in keys)
            or any(isinstance(key, str) and not _is_storable(key) for key in keys)
        ):
            raise _cursor_error()
        return keys

    def cut(
        self, rows: Sequence[T], keys: Callable[[T], Sequence[Key]]
    ) -> tuple[Sequence[T], str | None]:
        """Return the rows of this page, and the cursor of the next; None if this is the last.

        ``rows`` is one row more than the limit, where there are as many; ``keys`` are a row's.
        """
        shown = rows[: self.limit]
        return shown, encode_cursor(*keys(shown[-1])) if len(rows) > self.limit else None


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(
        description=("Pass as `cursor` for the next page; null on the last page")
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return a plain name, as generated clients make a class of it: ``OrderOutPage``."""
        return "".join(each.__name__ for each in params) + cls.__name__


def encode_cursor(*keys: Key) -> str:
    """Return the opaque cursor that continues behind the row with these sort keys."""
    return base64.urlsafe_b64encode(json.dumps(keys, separators=(",", ":")).encode()).decode()


def instant_of(key: Key) -> datetime:
    """Return the instant that a sort key says.

    Raises:
        InvalidInputError: it says none, so the cursor is not one of ours.
    """
    try:
        instant = datetime.fromisoformat(str(key))
        # Within a day of either end of the calendar an instant has no UTC.
        in_utc = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _cursor_error() from None
    if instant.tzinfo is None:
        raise _cursor_error()
    return in_utc


def id_of(key: Key) -> int:
    """Return the row's id that a sort key says.

    Raises:
        InvalidInputError: no row can have it, so the cursor is not one of ours.
    """
    if not isinstance(key, int) or abs(key) > MAX_ID:
        raise _cursor_error()
    return key


def _is_storable(text: str) -> bool:
    """Whether both databases take it: no NUL, and no half of a character."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _cursor_error() -> InvalidInputError:
    return InvalidInputError.of(
        FieldProblem("?/cursor", "Pass `next` of the previous page, unchanged.")
    )


PageDep = Annotated[PageParams, Query()]
