"""A form that was sent twice acts once: a double click, a reload, a second tab of the same page."""

import hashlib
from collections.abc import Callable

from fastapi import Request
from sqlalchemy.orm import Session

from app.core.db import insert_ignore
from app.core.errors import FieldProblem, InvalidInputError
from app.core.idempotency import IdempotencyRecord


def perform(request: Request, once: str, work: Callable[[Session], object]) -> bool:
    """Do ``work`` in a transaction of its own, unless this copy of the form did it before.

    Return whether it was done now. When ``work`` raises, nothing is left behind, and the same form
    may be corrected and sent again. The answer must wait for this, so the commit is never behind
    the page that reports it.

    Raises:
        InvalidInputError: the form has no token that could tell it from its copies.
    """
    with request.app.state.sessions.begin() as session:
        if not first_time(session, once):
            return False
        work(session)
    return True


def first_time(session: Session, once: str) -> bool:
    """Note that the form ``once`` is being acted upon; False if it was before.

    A twin that comes at the same moment waits here for the first one's commit.
    """
    if not once:
        raise InvalidInputError.of(FieldProblem("#/once", "load the page again and repeat"))
    digest = hashlib.sha256(f"console form\n{once}".encode()).hexdigest()
    values = {"key_hash": digest, "request_hash": digest}
    return insert_ignore(session, IdempotencyRecord, values, index_elements=["key_hash"])
