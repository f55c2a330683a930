"""A form that could not be taken: what was typed goes back to the page, ready to be sent again."""

import json
from http import HTTPStatus

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData

# Typed again rather than written into a page.
PASSWORD_FIELDS = frozenset({"password", "current", "repeated", "code"})
HIDDEN_FIELDS = frozenset({"once", "token", "key", "next", "back", "base", "step", "cart", "seen"})
HIDDEN_STARTS = ("expected_", "accept_")
# Sending once more may work without any change.
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
    """The text fields of a form, where it was sent, and which of its fields were files."""

    model_config = ConfigDict(frozen=True)

    action: str
    fields: tuple[tuple[str, str], ...] = ()
    passwords: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What a person may want to read again: the name of each field and its text."""
        return [
            (name.replace("_", " ").replace("/", " "), value)
            for name, value in self.fields
            if value.strip() and name not in HIDDEN_FIELDS and not name.startswith(HIDDEN_STARTS)
        ]


def find_sent_form(request: Request) -> SentForm | None:
    """Return the form that came with ``request``; None if it has none."""
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
    """Return the form that a page of ours carried along as JSON; None if it is no such text."""
    try:
        return SentForm.model_validate(json.loads(text)) if text else None
    except (ValidationError, ValueError, RecursionError):
        return None
