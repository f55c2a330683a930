"""Bodies of requests: what an address does not read is refused before its fields are checked."""

from email.message import Message
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from app.core.errors import UnsupportedMediaTypeError

JSON, FORM = "application/json", "multipart/form-data"
# JSON has no other encoding (RFC 8259, 8.1).
CHARSETS = frozenset(("utf-8", "utf8"))


async def refuse_other_types(request: Request) -> None:
    """Refuse a body of another type than the route reads, or of none.

    Raises:
        UnsupportedMediaTypeError: names the type that the route reads.
    """
    wanted = _wanted(request.scope.get("route"))
    if wanted is None or not _has_body(request.headers):
        return
    content_type = request.headers.get("content-type", "")
    header = Message()
    header["content-type"] = content_type or "none/none"
    given = header.get_content_type()
    is_json = wanted == JSON and given.startswith("application/") and given.endswith("+json")
    if given != wanted and not is_json:
        said = f"not {content_type[:80]!r}" if content_type else "and set Content-Type"
        detail = f"Send the body as {wanted}, {said}."
        raise UnsupportedMediaTypeError(detail, headers={"Accept": wanted})
    charset = header.get_param("charset")
    if wanted == JSON and isinstance(charset, str) and charset.lower() not in CHARSETS:
        detail = f"Send JSON in UTF-8, not in {charset[:80]!r}."
        raise UnsupportedMediaTypeError(detail, headers={"Accept": JSON})


def _wanted(route: Any) -> str | None:  # noqa: ANN401
    """Return the type of body that a route reads; None if it reads none, or anything."""
    if not isinstance(route, APIRoute):
        return None
    if route.body_field is not None:
        return JSON
    documented = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return FORM if FORM in documented else None


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
