"""A form that failed: the error page shows its values and can send it again."""

import json
from http import HTTPStatus

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData

# Not repeated in a page.
PASSWORD_FIELDS = frozenset({"password", "current", "repeated", "code"})
HIDDEN_FIELDS = frozenset({"once", "token", "key", "next", "back", "base", "step", "cart", "seen"})
HIDDEN_PREFIXES = ("expected_", "accept_")
# Errors after which the same form may work.
RETRY_STATUSES = frozenset(
    {
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class SentForm(BaseModel):
    """A form: its address, text fields, and names of password and file fields."""

    model_config = ConfigDict(frozen=True)

    action: str
    fields: tuple[tuple[str, str], ...] = ()
    passwords: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def typed(self) -> list[tuple[str, str]]:
        """The labels and values of the visible fields."""
        return [
            (name.replace("_", " ").replace("/", " "), value)
            for name, value in self.fields
            if value.strip() and name not in HIDDEN_FIELDS and not name.startswith(HIDDEN_PREFIXES)
        ]


def find_sent_form(request: Request) -> SentForm | None:
    """Return the form of ``request``, if any."""
    form = getattr(request.state, "sent_form", None)
    if request.method != "POST" or not isinstance(form, FormData):
        return None
    fields, files = [], []
    for name, value in form.multi_items():
        if not isinstance(value, str):
            files.append(name)
        elif name not in PASSWORD_FIELDS:
            fields.append((name, value))
    action = request.url.path
    if request.url.query:
        action += f"?{request.url.query}"
    passwords = [name for name in form if name in PASSWORD_FIELDS]
    return SentForm(
        action=action,
        fields=tuple(fields),
        passwords=tuple(passwords),
        files=tuple(dict.fromkeys(files)),
    )


def parse_sent_form(text: str) -> SentForm | None:
    """Return the form that a page contained as JSON; None for invalid text."""
    try:
        return SentForm.model_validate(json.loads(text)) if text else None
    except (ValidationError, ValueError, RecursionError):
        return None
