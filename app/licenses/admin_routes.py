"""Staff endpoints of licenses: a list to filter, and one license."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, requires
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.fields import Day
from app.core.pagination import Page, PageDep
from app.licenses import queries
from app.licenses.queries import LicenseFilters, license_by_number
from app.licenses.routes import NumberPath
from app.licenses.schemas import StaffLicenseOut
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin/licenses", tags=["staff: licenses"], responses=responses(*DENIED))
Reader = Annotated[Actor, Depends(requires(Scope.ORDERS_READ))]


def license_filters(
    *,
    status: Annotated[LicenseStatus | None, Query()] = None,
    order_number: Annotated[str | None, Query(max_length=20, pattern=r"^[A-Za-z0-9-]+$")] = None,
    granted_from: Annotated[Day | None, Query(description="First day of the grant")] = None,
    granted_to: Annotated[Day | None, Query(description="Last day of the grant")] = None,
    ends_from: Annotated[Day | None, Query(description="Its last day is this or later")] = None,
    ends_to: Annotated[Day | None, Query(description="Its last day is this or earlier")] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=r"^[^\x00]*$",
            description="A license or order number, a licensee, a film's title or a PO number",
        ),
    ] = None,
) -> LicenseFilters:
    """Read which licenses are wanted."""
    return LicenseFilters(
        status=status,
        order_number=order_number,
        granted_from=granted_from,
        granted_to=granted_to,
        ends_from=ends_from,
        ends_to=ends_to,
        q=q,
    )


@router.get("", summary="List licenses")
def list_licenses(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[LicenseFilters, Depends(license_filters)],
) -> Page[StaffLicenseOut]:
    """List licenses, newest first. Needs the scope `orders:read`."""
    rows = queries.licenses(session, filters, page)
    shown, cursor = page.cut(rows, queries.license_keys)
    return Page(
        items=[StaffLicenseOut.of(row, status=status_today(row)) for row in shown], next=cursor
    )


@router.get("/{number}", summary="Get a license", responses=responses(NotFoundError))
def get_license_as_staff(
    session: ReadSessionDep, _reader: Reader, number: NumberPath
) -> StaffLicenseOut:
    """Return what was granted, to whom, and for how long. Needs the scope `orders:read`."""
    found = license_by_number(session, number)
    return StaffLicenseOut.of(found, status=status_today(found))
