"""What the form for a note takes."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.core.email_address import Email
from app.orders.drafts import Line, Text

MIN_BODY_LENGTH, MAX_BODY_LENGTH = 20, 2000


def _lines(typed: object) -> object:
    """Read a browser's line ends as ours."""
    return typed.replace("\r\n", "\n").replace("\r", "\n") if isinstance(typed, str) else typed


Body = Annotated[
    Annotated[Text, Field(min_length=MIN_BODY_LENGTH, max_length=MAX_BODY_LENGTH)],
    BeforeValidator(_lines),
]
Name = Annotated[Line, Field(max_length=120)]


class NoteDraft(BaseModel):
    """A note as it was typed, checked field by field."""

    model_config = ConfigDict(frozen=True)

    name: Name
    role: Name
    institution: Line
    email: Email
    body: Body
