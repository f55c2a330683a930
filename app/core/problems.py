"""Turn every error into one shape: problem details for programs, a page for people."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from app.core.errors import (
    AppError,
    BadRequestError,
    FieldProblem,
    InvalidInputError,
    MovedError,
    NotFoundError,
)
from app.core.methods import allowed_methods
from app.core.request_middleware import request_id

log = logging.getLogger(__name__)

ErrorPage = Callable[[Request, int, str, str, Sequence[FieldProblem]], Response]
PROGRAM_PATHS = ("/api/", "/webhooks/", "/health/")
# Where one of our own errors has the same meaning, its word is used.
PROBLEM_TYPES = {400: "bad-request", 413: "too-large", 429: "too-many-requests"}
# Errors that a cache keeps unless it is told otherwise (RFC 9110, 15.1).
CACHEABLE_ERRORS = frozenset((404, 405, 410, 414, 501))
TITLES = {
    400: "The request can't be read",
    401: "Authentication required",
    403: "You don't have permission",
    404: "Not found",
    405: "Method not allowed",
    406: "No acceptable format",
    413: "Request too large",
    415: "Unsupported media type",
    421: "Unknown host",
    429: "Too many requests",
    500: "Something went wrong on our end",
    503: "Temporarily unavailable",
}


# For people: what is wrong with what stands in an address, by the type of pydantic's error.
PAGE_MESSAGES = {
    "enum": "Choose one of: {expected}.",
    "literal_error": "Choose one of: {expected}.",
    "int_parsing": "Enter a whole number.",
    "bool_parsing": "Enter true or false.",
    "greater_than_equal": "Enter {ge} or more.",
    "less_than_equal": "Enter {le} or less.",
    "string_too_long": "Enter up to {max_length} characters.",
    "too_long": "Choose up to {max_length} values.",
    "string_pattern_mismatch": "Choose a valid value.",
}


def install(app: FastAPI, *, error_page: ErrorPage) -> None:
    """Answer every error as problem details, or with ``error_page`` where a person is reading."""

    def answer(
        request: Request,
        *,
        kind: str,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        headers = {**_cache_headers(status), **(headers or {})}
        if wants_page(request):
            page = error_page(request, status, title, detail, errors)
            # It shows its visitor's cart.
            headers["Cache-Control"] = f"private, {headers['Cache-Control']}"
            page.headers.update({**headers, "Vary": "Accept, Cookie"})
            return page
        body = {
            "type": kind,
            "title": title,
            "status": status,
            "detail": detail,
            "errors": [{"pointer": e.pointer, "detail": e.detail} for e in errors],
            "request_id": request_id(),
        }
        return Response(
            # What the caller sent may be told again, and JSON can hold halves of characters.
            json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
            status_code=status,
            headers=headers,
            media_type="application/problem+json",
        )

    @app.exception_handler(AppError)
    def _expected(request: Request, error: AppError) -> Response:
        log.info("request.refused", extra={"type": error.type, "detail": error.detail})
        return answer(
            request,
            kind=error.type,
            status=error.status,
            title=error.title,
            detail=error.detail,
            errors=error.errors,
            headers=error.headers,
        )

    app.exception_handler(MovedError)(_redirect_moved)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        return _expected(request, _parse_validation_error(request, error))

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        kind = PROBLEM_TYPES.get(error.status_code, phrase.lower().replace(" ", "-"))
        return answer(
            request,
            kind=kind,
            status=error.status_code,
            title=TITLES.get(error.status_code, phrase),
            detail=str(error.detail),
            # The framework names the methods of one route only, and not those of a page's address.
            headers={"Allow": ", ".join(allowed_methods(request.scope))}
            if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
            else error.headers,
        )

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeoutError)
    def _database(request: Request, error: OperationalError | PoolTimeoutError) -> Response:
        log.warning("database.unavailable", exc_info=error)
        return answer(
            request,
            kind="unavailable",
            status=503,
            title=TITLES[503],
            detail="The database is busy or unavailable. Nothing was changed. Try again.",
            headers={"Retry-After": "2"},
        )

    @app.exception_handler(DataError)
    @app.exception_handler(UnicodeEncodeError)
    def _not_storable(request: Request, error: DataError | UnicodeEncodeError) -> Response:
        if "\x00" in request.scope["path"]:
            # SQLite looks and finds nothing, PostgreSQL refuses to look: there is nothing.
            return _expected(request, NotFoundError("The URL contains an invalid character."))
        # Fields are checked before; this is for what slips through, as half a character in JSON.
        log.warning("database.not_storable", exc_info=error)
        return answer(
            request,
            kind=PROBLEM_TYPES[400],
            status=400,
            title=TITLES[400],
            detail="The request contains an invalid character or number. Nothing was changed.",
        )

    @app.exception_handler(Exception)
    def _bug(request: Request, error: Exception) -> Response:
        log.error("request.crashed", exc_info=error)
        return answer(
            request,
            kind="internal-error",
            status=500,
            title=TITLES[500],
            detail="Nothing was changed. Try again, and contact us if it keeps happening.",
        )


def _cache_headers(status: int) -> dict[str, str]:
    """Return how long an error may be kept, and that a page and a document stand at one address.

    Without a word a cache may keep what is not there, and wrong methods, as long as it likes.
    """
    kept = "no-cache, max-age=0" if status in CACHEABLE_ERRORS else "no-store"
    return {"Vary": "Accept", "Cache-Control": kept}


def _redirect_moved(request: Request, moved: MovedError) -> Response:
    """Lead to the same address with the name of today."""
    path = f"{request.url.path}/".replace(f"{moved.gone}/", f"{moved.kept}/", 1).removesuffix("/")
    query = request.url.query
    target = f"{path}?{query}" if query else path
    # Permanent as it is, an undone merge takes it back.
    headers = {"Cache-Control": "no-cache, max-age=0"}
    return RedirectResponse(target, HTTPStatus.PERMANENT_REDIRECT, headers)


def wants_page(request: Request) -> bool:
    """Whether the answer is read by a person in a browser."""
    if request.url.path.startswith(PROGRAM_PATHS):
        return False
    return "text/html" in request.headers.get("accept", "")


def _parse_validation_error(request: Request, error: RequestValidationError) -> AppError:
    """Return what was wrong, field by field; a page at an address of the wrong shape is none."""
    found = error.errors()
    if wants_page(request) and any(e["loc"][0] == "path" for e in found):
        return NotFoundError("No page has this URL.")
    if found and found[0]["type"] == "json_invalid":
        return _json_error(found[0], error.body)
    messages = PAGE_MESSAGES if wants_page(request) else {}
    return InvalidInputError.of(
        *(FieldProblem(_pointer(e["loc"]), _message(e, messages)) for e in found)
    )


def _message(error: Mapping[str, Any], messages: Mapping[str, str]) -> str:
    if error["type"] in messages:
        return messages[error["type"]].format(**error.get("ctx", {}))
    # pydantic puts its own words before those of our validators
    return str(error["msg"]).removeprefix("Value error, ")


def _json_error(problem: Mapping[str, Any], text: object) -> BadRequestError:
    """Return the error for a body that is no JSON, with the place where reading it stopped."""
    place = problem["loc"][-1]
    reason = str(problem.get("ctx", {}).get("error", "")).rstrip(".")
    if not isinstance(text, str) or not isinstance(place, int):
        return BadRequestError(f"The body is not valid JSON: {reason}.")
    line = text.count("\n", 0, place) + 1
    column = place - text.rfind("\n", 0, place)
    where = f"line {line}, column {column}"
    return BadRequestError(
        f"The body is not valid JSON: {reason} at {where}.",
        errors=[FieldProblem("#", f"{reason} at {where}")],
    )


def _pointer(location: Sequence[Any]) -> str:
    """Return a JSON pointer for a body field, or ``/name`` behind the part for anything else.

    >>> _pointer(("body", "lines", 0, "quantity"))
    '#/lines/0/quantity'
    >>> _pointer(("query", "limit"))
    '?/limit'
    >>> _pointer(("query", "subject", 1))
    '?/subject'
    >>> _pointer(("path", "slug")), _pointer(("header", "x-order-token"))
    ('path:/slug', 'header:/x-order-token')
    """
    part, *rest = location
    if part == "query":
        del rest[1:]  # of a parameter with several values each is given under the one name
    prefix = {"body": "#", "query": "?"}.get(str(part), f"{part}:")
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in rest)
    return prefix + "".join(f"/{step}" for step in steps)
