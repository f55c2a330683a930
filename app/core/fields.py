"""Values in a request or a seed file, taken as the published schema says they are written.

Pydantic by itself takes 1 for a truth, "90" for a number and 0 for the first day of 1970.
"""

import datetime as dt
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}")


def _as_written(value: object) -> object:
    """Take a day as the schema says it is written (RFC 3339 full-date), not a count of seconds."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value  # as YAML reads it
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return value
    msg = "Enter a date like 2026-11-22."
    raise ValueError(msg)


Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Day = Annotated[dt.date, BeforeValidator(_as_written)]
SearchText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
"""What someone looks for; PostgreSQL refuses to look for NUL."""
OrderNumber = Annotated[str, Field(max_length=20, pattern=r"^[A-Za-z0-9-]+$")]
"""An order's number as a filter of other lists."""
