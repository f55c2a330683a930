"""A signed-in person's licenses for programs: JSON, CSV, a calendar, and MARC records.

The same endpoints stand under `/api/v1` and, for browsers and calendars, at the root.
"""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select

from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.idempotency import set_caller
from app.core.pagination import Page, PageParams
from app.core.request_middleware import SettingsDep
from app.exports.formats import RecordFormat
from app.exports.routes import order_response
from app.institutions.errors import SignInNeededError
from app.institutions.member_models import Member
from app.institutions.sessions import OptionalMemberDep
from app.orders.models import Order
from app.portal.keys import find_member_key, record_key_use
from app.portal.license_formats import CALENDAR_TYPE, MemberLicenseOut, write_calendar, write_csv
from app.portal.licenses import (
    LicenseQuery,
    find_member_licenses,
    iterate_licenses,
    license_keys,
)
from app.portal.models import MemberKeyKind
from app.portal.visibility import of_member

router = APIRouter(prefix="/me", tags=["me"])
bearer = HTTPBearer(
    auto_error=False,
    scheme_name="PersonalKey",
    description="A key of your account, `rrm_...`, as a bearer token. A sign-in cookie works too.",
)
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
SIGN_IN = "Sign in, or send `Authorization: Bearer rrm_...` with a key of your account."


class LicenseListParams(LicenseQuery, PageParams):
    """The filters and the page of a list of licenses."""


def get_reader(
    request: Request,
    background: BackgroundTasks,
    member: OptionalMemberDep,
    presented: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Member:
    """Return the person whose key or session cookie the request carries.

    Raises:
        SignInNeededError: it carries neither, or a key that does not work.
    """
    if presented is not None:
        member = _find_key_owner(request, background, presented.credentials, MemberKeyKind.SCRIPT)
    if member is None:
        raise SignInNeededError(SIGN_IN, headers={"WWW-Authenticate": "Bearer"})
    return member


ReaderDep = Annotated[Member, Depends(get_reader)]


@router.get("/licenses", summary="List your licenses", responses=responses(SignInNeededError))
def list_my_licenses(
    session: ReadSessionDep,
    settings: SettingsDep,
    member: ReaderDep,
    params: Annotated[LicenseListParams, Query()],
) -> Page[MemberLicenseOut]:
    """Return the licenses of your institution, the one that ends first first.

    Licenses without an end date come last. A person without an institution gets the licenses of
    the orders of their own email address.
    """
    rows = find_member_licenses(session, member, params, params)
    shown, cursor = params.cut(rows, license_keys)
    items = [MemberLicenseOut.of(row, settings) for row in shown]
    return Page[MemberLicenseOut](items=items, next=cursor)


@router.get(
    "/licenses.csv",
    summary="Get your licenses as CSV",
    response_class=Response,
    responses=responses(SignInNeededError) | {200: {"content": {"text/csv": {}}}},
)
def get_my_licenses_csv(
    session: ReadSessionDep,
    settings: SettingsDep,
    member: ReaderDep,
    query: Annotated[LicenseQuery, Query()],
) -> Response:
    """Return all licenses of the list in one file, in UTF-8, with a header line."""
    body = write_csv(iterate_licenses(session, member, query), settings)
    # The mark tells spreadsheets that the file is in UTF-8.
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="licenses.csv"'}
    return Response(body.encode("utf-8-sig"), media_type="text/csv", headers=headers)


@router.get(
    "/licenses.ics",
    summary="Get the last days of your licenses as a calendar",
    response_class=Response,
    responses=responses(SignInNeededError, NotFoundError)
    | {200: {"content": {"text/calendar": {}}}},
)
def get_my_calendar(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    background: BackgroundTasks,
    session: ReadSessionDep,
    settings: SettingsDep,
    member: OptionalMemberDep,
    presented: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    query: Annotated[LicenseQuery, Query()],
    key: Annotated[
        str, Query(max_length=200, description="The secret of a calendar address of your account")
    ] = "",
) -> Response:
    """Return an all-day event for each license with a last day, for calendar programs.

    A calendar address of your account works without a sign-in, until you revoke it.
    """
    if key:
        reader = _find_key_owner(request, background, key, MemberKeyKind.CALENDAR)
        if reader is None:
            detail = "This calendar address was revoked, or the link is incomplete."
            raise NotFoundError(detail)
    else:
        reader = get_reader(request, background, member, presented)
    name = f"Film licenses, {settings.seller_name}"
    body = write_calendar(iterate_licenses(session, reader, query), settings, name=name)
    return Response(body, media_type=CALENDAR_TYPE, headers=PRIVATE)


@router.get(
    "/orders/{number}/records.{form}",
    summary="Get the MARC 21 records of one of your orders",
    response_class=Response,
    responses=responses(SignInNeededError, NotFoundError)
    | {200: {"content": {"application/marc": {}}}},
)
def get_my_records(
    session: ReadSessionDep,
    settings: SettingsDep,
    member: ReaderDep,
    number: Annotated[str, Path(max_length=40, description="The order's number")],
    form: Annotated[RecordFormat, Path(description="Binary, MARCXML, or mnemonic text")],
) -> Response:
    """Return a record for each film and delivery of the order with an active license."""
    order = session.scalar(select(Order).where(of_member(member), Order.number == number.upper()))
    if order is None:
        detail = f"Order “{number}” not found."
        raise NotFoundError(detail)
    return order_response(session, order, form, settings=settings, profile=None)


def _find_key_owner(
    request: Request, background: BackgroundTasks, key: str, kind: MemberKeyKind
) -> Member | None:
    """Return the person of a key in force, read in a short session of its own."""
    state = app_state(request)
    with state.readers() as session:
        found = find_member_key(session, key, kind)
    if found is None:
        return None
    set_caller(request, f"member {found.member_id}")
    # After the answer: a read stays a read, and a writer's lock is not waited for.
    background.add_task(record_key_use, state.sessions, found.id)
    return found.member
