"""Reading licenses."""

import hmac
from collections.abc import Sequence

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFoundError
from app.core.fields import Day, OrderNumber, SearchText
from app.core.numbers import parse_number
from app.core.pagination import PageParams, id_of, instant_of
from app.licenses.models import License
from app.licenses.states import LicenseStatus


class LicenseFilters(BaseModel, frozen=True):
    """The parameters of a list of licenses; what is None does not matter. Days are inclusive."""

    status: LicenseStatus | None = None
    order_number: OrderNumber | None = None
    granted_from: Day | None = Field(default=None, description="First day of the grant")
    granted_to: Day | None = Field(default=None, description="Last day of the grant")
    ends_from: Day | None = Field(default=None, description="Last day on or after this date")
    ends_to: Day | None = Field(default=None, description="Last day on or before this date")
    q: SearchText | None = Field(
        default=None,
        description="A license or order number, licensee, film title, or PO number",
    )


def get_license_by_number(session: Session, number: str) -> License:
    """Return the license, for staff; the number may be as typed.

    Raises:
        NotFoundError: no license has this number.
    """
    normalized = parse_number(number, "RL")
    license_ = None
    if normalized is not None:
        license_ = session.scalar(select(License).where(License.number == normalized))
    if license_ is None:
        raise _no_license(number)
    return license_


def get_license_for_holder(session: Session, number: str, token: str) -> License:
    """Return the license if ``token`` is its own.

    Raises:
        NotFoundError: no such license, or not this token.
    """
    license_ = get_license_by_number(session, number)
    if not hmac.compare_digest(license_.access_token.encode(), token.encode(errors="replace")):
        raise _no_license(number)
    return license_


def find_replacement(session: Session, license_: License) -> str | None:
    """Return the number of the license that is used instead of a corrected one, the newest."""
    if license_.status is not LicenseStatus.REPLACED:
        return None
    number = license_.number
    while (
        newer := session.scalar(select(License.number).where(License.replaces == number))
    ) is not None:
        number = newer
    return number


def find_licenses(session: Session, filters: LicenseFilters, page: PageParams) -> Sequence[License]:
    """Return up to ``limit + 1`` licenses, newest first; the one too many says more follow."""
    statement = (
        select(License)
        .where(*_conditions(filters))
        .order_by(License.created_at.desc(), License.id.desc())
    )
    keys = page.keys(2)
    if keys is not None:
        created, ident = instant_of(keys[0]), id_of(keys[1])
        statement = statement.where(
            or_(
                License.created_at < created,
                and_(License.created_at == created, License.id < ident),
            )
        )
    return session.scalars(statement.limit(page.limit + 1)).all()


def license_keys(license_: License) -> tuple[str, int]:
    """Return the sort keys of ``license_`` in the list, for its cursor."""
    return license_.created_at.isoformat(), license_.id


def _conditions(filters: LicenseFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.status is not None:
        conditions.append(has_status(filters.status))
    if filters.order_number is not None:
        conditions.append(License.order_number == filters.order_number.upper())
    if filters.granted_from is not None:
        conditions.append(License.granted_on >= filters.granted_from)
    if filters.granted_to is not None:
        conditions.append(License.granted_on <= filters.granted_to)
    if filters.ends_from is not None:
        conditions.append(License.ends_on >= filters.ends_from)
    if filters.ends_to is not None:
        conditions.append(License.ends_on <= filters.ends_to)
    if filters.q:
        word = filters.q.strip().lower()
        conditions.append(
            or_(
                *(
                    func.lower(column).startswith(word, autoescape=True)
                    for column in (License.number, License.order_number)
                ),
                *(
                    func.lower(column).contains(word, autoescape=True)
                    for column in (License.licensee, License.film_title, License.po_number)
                ),
            )
        )
    return conditions


def has_status(status: LicenseStatus) -> ColumnElement[bool]:
    """Return the condition of a status, counting as expired what the hourly job is yet to move.

    By the day of UTC: where the licensee is, the day may be another for some hours.
    """
    over = License.ends_on < clock.today()
    begun = License.starts_on <= clock.today()
    if status is LicenseStatus.SCHEDULED:
        return and_(License.status == status, ~begun)
    running = License.status.in_([LicenseStatus.ACTIVE, LicenseStatus.SUSPENDED])
    started = or_(running, and_(License.status == LicenseStatus.SCHEDULED, begun))
    if status is LicenseStatus.EXPIRED:
        return or_(License.status == status, and_(started, over))
    if status in {LicenseStatus.ACTIVE, LicenseStatus.SUSPENDED}:
        same = License.status == status
        if status is LicenseStatus.ACTIVE:
            same = or_(same, and_(License.status == LicenseStatus.SCHEDULED, begun))
        return and_(same, or_(License.ends_on.is_(None), ~over))
    return License.status == status


def _no_license(number: str) -> NotFoundError:
    detail = f"License “{number[:40]}” not found."
    return NotFoundError(detail)
