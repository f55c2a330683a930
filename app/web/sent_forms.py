"""A form that could not be taken: what was typed goes back to the page, ready to be sent again."""

import json
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData

from app.core.requests import settings_of

# Of the page, not of the person: a new page brings its own.
PAGE_FIELDS = frozenset({"csrf"})
# Typed again rather than written into a page.
PASSWORD_FIELDS = frozenset({"password", "current", "repeated", "code"})
# In forms whose endpoint draws them again, whatever is wrong with them.
REDRAWN_FIELD = "redrawn"
HIDDEN_FIELDS = frozenset(
    {REDRAWN_FIELD, "once", "token", "key", "next", "back", "base", "step", "cart", "seen"}
)
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
    def can_be_drawn(self) -> bool:
        """Whether its own page comes back filled in when it is sent without a token."""
        return (REDRAWN_FIELD, "yes") in self.fields

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What a person may want to read again: the name of each field and its text."""
        return [
            (name.replace("_", " ").replace("/", " "), value)
            for name, value in self.fields
            if value.strip() and name not in HIDDEN_FIELDS and not name.startswith(HIDDEN_STARTS)
        ]


def find_sent_form(request: Request) -> SentForm | None:
    """Return the form that came with ``request``; None if it has none, or another site sent it."""
    form = getattr(request.state, "sent_form", None)
    if request.method != "POST" or not isinstance(form, FormData) or is_cross_site(request):
        return None
    fields, files = [], []
    for name, value in form.multi_items():
        if not isinstance(value, str):
            files.append(name)
        elif name not in PAGE_FIELDS | PASSWORD_FIELDS:
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


def is_cross_site(request: Request) -> bool:
    """Return whether the browser says that a page of another site sent ``request``."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin", "null")
    # "null" is what a page without a referrer sends, such as our own page of an order.
    ours = {request.url.netloc, urlsplit(str(settings_of(request).base_url)).netloc}
    return origin != "null" and urlsplit(origin).netloc not in ours
