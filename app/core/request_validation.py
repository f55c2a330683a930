"""Query parameters: an unknown or repeated one is refused, so that a mistake is noticed."""

from collections import Counter
from email.message import Message
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from app.core.errors import FieldProblem, InvalidInputError, UnsupportedMediaTypeError

JSON, FORM = "application/json", "multipart/form-data"
# JSON has no other encoding (RFC 8259, 8.1).
CHARSETS = frozenset(("utf-8", "utf8"))


# Neither is run in a thread: both take a few microseconds.
async def refuse_unknown(request: Request) -> None:
    """Refuse query parameters that the route does not know, or takes once and finds twice.

    Raises:
        InvalidInputError: names each such parameter, and lists the known ones.
    """
    if not request.query_params:
        return
    known = _find_parameters(request)
    if known is None:
        return
    listed = ", ".join(sorted(known)) or "none"
    problems = [
        FieldProblem(f"?/{name}", f"Unknown parameter. Known: {listed}.")
        for name in request.query_params
        if name not in known
    ]
    problems += _repeated(request, known)
    if problems:
        raise InvalidInputError.of(*problems)


async def refuse_repeated(request: Request) -> None:
    """Refuse query parameters that the route takes once and finds twice, but not unknown ones.

    Raises:
        InvalidInputError: names each such parameter.
    """
    if not request.query_params:
        return
    problems = _repeated(request, _find_parameters(request) or {})
    if problems:
        raise InvalidInputError.of(*problems)


def _repeated(request: Request, known: dict[str, bool]) -> list[FieldProblem]:
    counts = Counter(name for name, _ in request.query_params.multi_items())
    return [
        FieldProblem(f"?/{name}", f"Given {count} times. Send it once.")
        for name, count in counts.items()
        if count > 1 and known.get(name) is False
    ]


def _find_parameters(request: Request) -> dict[str, bool] | None:
    """Return whether the route takes several values, by the parameter's name."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return None
    fields = get_flat_params(route.dependant)
    return {
        field.alias: _is_list(field.field_info.annotation)
        for field in fields
        if not isinstance(field.field_info, Path | Header | Cookie)
    }


def _is_list(annotation: Any) -> bool:  # noqa: ANN401
    """Return whether a parameter is a list or a tuple, or None."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_is_list(part) for part in get_args(annotation))
    return origin in {list, tuple}


async def refuse_other_types(request: Request) -> None:
    """Refuse a body of another type than the route reads, or of none.

    Raises:
        UnsupportedMediaTypeError: names the type that the route reads.
    """
    wanted = _expected_type(request.scope.get("route"))
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


def _expected_type(route: Any) -> str | None:  # noqa: ANN401
    """Return the type of body that a route reads; None if it reads none, or anything."""
    if not isinstance(route, APIRoute):
        return None
    if route.body_field is not None:
        return JSON
    documented = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return FORM if FORM in documented else None


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
