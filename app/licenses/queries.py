"""Reading licenses."""

import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.numbers import parse_number
from app.licenses.models import License


def license_by_number(session: Session, number: str) -> License:
    """Return the license, as anyone inside the house may see it; a number is read as typed.

    Raises:
        NotFoundError: no license has this number.
    """
    wanted = parse_number(number, "RL")
    found = None
    if wanted is not None:
        found = session.scalar(select(License).where(License.number == wanted))
    if found is None:
        raise _no_license(number)
    return found


def license_for_holder(session: Session, number: str, token: str) -> License:
    """Return the license if ``token`` is its own; else it does not exist for this caller.

    Raises:
        NotFoundError: no such license, or not this token.
    """
    license_ = license_by_number(session, number)
    if not hmac.compare_digest(license_.access_token.encode(), token.encode(errors="replace")):
        raise _no_license(number)
    return license_


def _no_license(number: str) -> NotFoundError:
    detail = f"there is no license {number[:40]!r} that you may see"
    return NotFoundError(detail)
