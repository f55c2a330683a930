"""``If-Match`` and ``If-None-Match`` (RFC 9110).

A change is made only if nobody changed the thing since it was read, and an answer is sent only to
those who do not have it.
"""

import hashlib
import re
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from app.core.errors import AppError, FieldProblem, InvalidInputError

ANY = "*"
# A tag behind W/ says that two states are as good as the same: not enough to write over one.
TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
TAGS = re.compile(rf"\s*(?:{TAG.pattern}\s*(?:,\s*|$))+")
MAX_LENGTH = 1000


class PreconditionFailedError(AppError):
    """What the caller read is not what there is now. Nothing was changed."""

    type = "precondition-failed"
    title = "The resource has changed"
    status = HTTPStatus.PRECONDITION_FAILED


class IfMatch:
    """What the caller knows the thing by; nothing, if the request does not say."""

    def __init__(self, tags: frozenset[str] | None = None) -> None:
        self._tags = tags

    def check(self, present: BaseModel) -> None:
        """Let a change of ``present`` happen only if it is as the caller read it.

        Raises:
            PreconditionFailedError: it is not.
        """
        if self._tags is not None and etag_of(present) not in self._tags:
            detail = "It has changed since you read it. Read it again before you change it."
            raise PreconditionFailedError(detail, headers={"ETag": etag_of(present)})


def has_tag(request: Request, tag: str) -> bool:
    """Return whether the caller has the answer with this ETag, so that 304 will do."""
    given = request.headers.get("if-none-match", "")
    known = {part.strip().removeprefix("W/") for part in given.split(",")}
    return ANY in known or tag.removeprefix("W/") in known


def state_tag(*parts: object) -> str:
    """Return the ETag of an answer that is made of nothing but ``parts``, without making it."""
    digest = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass"))
    return f'W/"{digest.hexdigest()[:24]}"'


def etag_of(answer: BaseModel) -> str:
    """Return the ETag of a thing in its API shape: another for each state of it."""
    digest = hashlib.sha256(answer.model_dump_json().encode("utf-8", "surrogatepass"))
    return f'"{digest.hexdigest()[:24]}"'


def if_match(
    header: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=MAX_LENGTH,
            description="The `ETag` you read. If it has changed, the request fails with 412.",
        ),
    ] = None,
) -> IfMatch:
    """Read the request's precondition.

    Raises:
        InvalidInputError: it is no list of ETags.
    """
    if header is None or header.strip() == ANY:
        return IfMatch()
    if not TAGS.fullmatch(header):
        problem = 'Send the ETag exactly as received, with quotation marks: "5f0c", or *.'
        raise InvalidInputError.of(FieldProblem("header:/If-Match", problem))
    return IfMatch(frozenset(tag for weak, tag in TAG.findall(header) if not weak))


IfMatchDep = Annotated[IfMatch, Depends(if_match)]
