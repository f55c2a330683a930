"""The licenses of a signed-in person or their institution, as lists and files show them."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import Date, Select, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, InvalidInputError
from app.core.fields import Day, SearchText
from app.core.pagination import Key, PageParams, id_of
from app.institutions.member_models import Member
from app.licenses.models import License
from app.licenses.queries import has_status
from app.licenses.states import LicenseStatus
from app.portal.visibility import visible_licenses

# Licenses without an end come last.
_ENDS_ON = func.coalesce(License.ends_on, literal(date.max, Date))
_BATCH_SIZE = 200


def _none_if_empty(value: object) -> object:
    """Take an empty field of a form as none."""
    return None if value == "" else value


class LicenseQuery(BaseModel, frozen=True):
    """The filters of a person's licenses; what is None does not matter."""

    status: Annotated[LicenseStatus | None, BeforeValidator(_none_if_empty)] = None
    expires_before: Annotated[Day | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="The license's last day is before this date"
    )
    film: Annotated[SearchText | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Part of the film's title, or its slug"
    )

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is filtered."""
        return self == LicenseQuery()


def find_member_licenses(
    session: Session, member: Member, query: LicenseQuery, page: PageParams
) -> Sequence[License]:
    """Return up to ``limit + 1`` licenses in the order of their last day."""
    statement = _select(member, query)
    keys = page.keys(2)
    if keys is not None:
        ends_on, ident = _day_of(keys[0]), id_of(keys[1])
        after = tuple_(literal(ends_on), literal(ident))
        statement = statement.where(tuple_(_ENDS_ON, License.id) > after)
    return session.scalars(statement.limit(page.limit + 1)).all()


def license_keys(license_: License) -> tuple[str, int]:
    """Return the sort keys of ``license_`` in the list, for its cursor."""
    return (license_.ends_on or date.max).isoformat(), license_.id


def iterate_licenses(session: Session, member: Member, query: LicenseQuery) -> Iterator[License]:
    """Yield all licenses of the list, for a file."""
    yield from session.scalars(_select(member, query).execution_options(yield_per=_BATCH_SIZE))


def _select(member: Member, query: LicenseQuery) -> Select[License]:
    statement = select(License).where(visible_licenses(member))
    if query.status is not None:
        statement = statement.where(has_status(query.status))
    if query.expires_before is not None:
        statement = statement.where(License.ends_on < query.expires_before)
    if query.film:
        word = query.film.strip()
        statement = statement.where(
            or_(
                License.film_slug == word.lower(),
                func.lower(License.film_title).contains(word.lower(), autoescape=True),
                # SQLite lowers only English letters.
                License.film_title.contains(word, autoescape=True),
            )
        )
    return statement.order_by(_ENDS_ON, License.id)


def _day_of(key: Key) -> date:
    try:
        return date.fromisoformat(str(key))
    except ValueError:
        problem = FieldProblem("?/cursor", "Pass `next` of the previous page, unchanged.")
        raise InvalidInputError.of(problem) from None
