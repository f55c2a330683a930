"""Errors that a caller can act on, and how they leave as HTTP (RFC 9457 problem details)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class FieldProblemOut(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(
        description="Which field: a JSON pointer into the body (`#/lines/0/quantity`), a query "
        "parameter (`?/limit`), a part of the path (`path:/slug`), a header "
        "(`header:/x-order-token`) or a cookie (`cookie:/rr_cart`)"
    )
    detail: str


class Problem(BaseModel):
    """The body of every error response (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "invalid-input",
                    "title": "The request has invalid fields",
                    "status": 422,
                    "detail": "1 field is invalid.",
                    "errors": [{"pointer": "#/buyer/size", "detail": "Enter the FTE enrollment."}],
                }
            ]
        }
    )

    type: str = Field(description="Stable identifier to branch on, e.g. `state-conflict`")
    title: str = Field(description="The same short phrase for every problem of this type")
    status: int
    detail: str = Field(description="What went wrong in this request")
    errors: list[FieldProblemOut] = Field(
        description="Problems by field; empty if none applies to a field"
    )
    request_id: str = Field(description="Include this ID when you contact us")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field. ``pointer`` is a JSON pointer such as ``#/buyer/size``."""

    pointer: str
    detail: str


class AppError(Exception):
    """Base of every expected error. A subclass sets the three class attributes."""

    type: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[HTTPStatus]

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = headers


class NotFoundError(AppError):
    """Also raised for things the caller may not see, so that existence does not leak."""

    type = "not-found"
    title = "Not found"
    status = HTTPStatus.NOT_FOUND


class MovedError(Exception):
    """What was asked for by a former name stands at another address now: no error, a redirect."""

    def __init__(self, gone: str, kept: str) -> None:
        """Name the part of the address that is another now: ``/people/jess``, and what it is."""
        super().__init__(f"{gone} is {kept} now")
        self.gone = gone
        self.kept = kept


MOVED: dict[int | str, dict[str, object]] = {
    int(HTTPStatus.PERMANENT_REDIRECT): {
        "description": "A former or merged slug",
        "headers": {"Location": {"schema": {"type": "string"}, "description": "The current URL"}},
    }
}


class ConflictError(AppError):
    """The request is well formed, but the present state of things does not allow it."""

    type = "conflict"
    title = "Not allowed in the current state"
    status = HTTPStatus.CONFLICT


class InvalidInputError(AppError):
    """A rule that the shape alone does not show was broken; ``errors`` says where."""

    type = "invalid-input"
    title = "The request has invalid fields"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    @classmethod
    def of(cls, *errors: FieldProblem) -> "InvalidInputError":
        """Return the error for these fields, with a count as its detail."""
        count = "1 field is" if len(errors) == 1 else f"{len(errors)} fields are"
        return cls(f"{count} invalid.", errors=errors)


class BadRequestError(AppError):
    """The request could not be read at all."""

    type = "bad-request"
    title = "The request can't be read"
    status = HTTPStatus.BAD_REQUEST


class TooLargeError(AppError):
    """The body is larger than this store accepts."""

    type = "too-large"
    title = "Request too large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaTypeError(AppError):
    """The body is of another type than this address reads, or of none that is named."""

    type = "unsupported-media-type"
    title = "Unsupported media type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooManyRequestsError(AppError):
    """The caller should slow down; ``Retry-After`` says for how long."""

    type = "too-many-requests"
    title = "Too many requests"
    status = HTTPStatus.TOO_MANY_REQUESTS


class UnavailableError(AppError):
    """Something this needs does not answer now; trying again is right."""

    type = "unavailable"
    title = "Temporarily unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE


def responses(*errors: type[AppError]) -> dict[int | str, dict[str, object]]:
    """Document errors on a route: ``responses=responses(NotFoundError)``."""
    documented: dict[int | str, dict[str, object]] = {}
    for error in errors:
        entry = documented.setdefault(
            int(error.status),
            {
                "description": "",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        )
        entry["description"] = f"{entry['description']}\n- `{error.type}`: {error.title}".strip()
    return documented
