"""Reading licenses."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.pagination import PageParams, id_of
from app.licenses.models import License
from app.licenses.states import LicenseStatus

NUMBER = re.compile(r"RL-[0-9A-HJKMNP-TV-Z]{8}")


@dataclass(frozen=True, slots=True)
class LicenseFilters:
    """Which licenses staff want to see; what is None does not matter."""

    status: LicenseStatus | None = None
    q: str | None = None


def license_by_number(session: Session, number: str) -> License:
    """Return the license, as anyone inside the house may see it.

    Raises:
        NotFoundError: no license has this number.
    """
    wanted = number.strip().upper()
    found = None
    if NUMBER.fullmatch(wanted):
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


def licenses(session: Session, filters: LicenseFilters, page: PageParams) -> Sequence[License]:
    """Return up to ``limit + 1`` licenses, newest first; the one too many says that more follow."""
    statement = select(License).order_by(License.id.desc()).where(*_conditions(filters))
    keys = page.keys(1)
    if keys is not None:
        statement = statement.where(License.id < id_of(keys[0]))
    return session.scalars(statement.limit(page.limit + 1)).all()


def licenses_of_order(session: Session, order_number: str) -> Sequence[License]:
    """Return the licenses that an order led to, in the order of its lines."""
    return session.scalars(
        select(License).where(License.order_number == order_number).order_by(License.id)
    ).all()


def _conditions(filters: LicenseFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.status is not None:
        found.append(License.status == filters.status)
    if filters.q:
        word = filters.q.strip().lower()
        found.append(
            or_(
                func.lower(License.number).startswith(word, autoescape=True),
                func.lower(License.order_number).startswith(word, autoescape=True),
                func.lower(License.licensee).contains(word, autoescape=True),
                func.lower(License.film_title).contains(word, autoescape=True),
                func.lower(License.po_number).contains(word, autoescape=True),
            )
        )
    return found


def _no_license(number: str) -> NotFoundError:
    detail = f"there is no license {number[:40]!r} that you may see"
    return NotFoundError(detail)
