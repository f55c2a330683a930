"""A form that was sent twice acts once: a double click, a reload, a second tab of the same page."""

from collections.abc import Callable

from fastapi import Request
from sqlalchemy.orm import Session

from app.core.app_state import app_state
from app.core.errors import FieldProblem, InvalidInputError
from app.core.idempotency import Idempotency, caller_of


def run_once(request: Request, once: str, work: Callable[[Session], object]) -> bool:
    """Do ``work`` in its own transaction, unless this copy of the form did it before.

    Return whether it was done now. When ``work`` raises, nothing is left behind, and the same form
    may be corrected and sent again. The response must wait for this, so that it reports only what
    is committed.

    Raises:
        InvalidInputError: the form has no token that could tell it from its copies.
    """
    if not once:
        raise InvalidInputError.of(FieldProblem("#/once", "Reload the page and try again."))
    form = Idempotency.of_form("console", once, owner=caller_of(request) or "")
    with app_state(request).sessions.begin() as session:
        if not form.claim(session):
            return False
        work(session)
    return True
