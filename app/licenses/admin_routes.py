"""Staff endpoints of licenses: a list to filter, and one license."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.pagination import Page, PageDep
from app.licenses import queries
from app.licenses.queries import LicenseFilters, get_license_by_number
from app.licenses.routes import NumberPath
from app.licenses.schemas import StaffLicenseOut
from app.licenses.verification import status_today

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(prefix="/admin/licenses", tags=["staff: licenses"], responses=responses(*DENIED))
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]


@router.get("", summary="List licenses")
def list_licenses(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[LicenseFilters, Query()],
) -> Page[StaffLicenseOut]:
    """List licenses, newest first. Needs the scope `orders:read`."""
    rows = queries.find_licenses(session, filters, page)
    shown, cursor = page.cut(rows, queries.license_keys)
    return Page(
        items=[StaffLicenseOut.of(row, status=status_today(row)) for row in shown], next=cursor
    )


@router.get("/{number}", summary="Get a license", responses=responses(NotFoundError))
def get_license_as_staff(
    session: ReadSessionDep, _reader: Reader, number: NumberPath
) -> StaffLicenseOut:
    """Return a license with its licensee, rights, and term. Needs the scope `orders:read`."""
    found = get_license_by_number(session, number)
    return StaffLicenseOut.of(found, status=status_today(found))
