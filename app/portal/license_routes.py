"""The page of an institution's licenses, and the keys that read them without a sign-in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import AppError, ConflictError, InvalidInputError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.pagination import PageParams
from app.core.request_middleware import SettingsDep
from app.institutions.member_models import Member
from app.institutions.sessions import MemberDep
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.offers.terms import duration_phrase
from app.orders.deliveries import describe_deliveries
from app.portal.holdings import SOON
from app.portal.keys import create_member_key, find_member_keys, revoke_member_key
from app.portal.license_formats import MemberLicenseOut
from app.portal.licenses import LicenseQuery, find_member_licenses, license_keys
from app.portal.models import MemberKeyKind
from app.portal.visibility import sees_all_orders
from app.renewals.notices import renewal_path
from app.renewals.options import RENEWABLE
from app.storefront.forms import FieldsDep
from app.storefront.license_routes import STATUS_LABELS
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter(prefix="/account")
PAGE_SIZE = 25


class LicensePageParams(LicenseQuery):
    """The filters of the page, and where it begins."""

    cursor: str | None = None


@router.get("/licenses")
def licenses_page(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    member: MemberDep,
    params: Annotated[LicensePageParams, Query()],
) -> Response:
    """Show the licenses, the one that ends first first."""
    page = PageParams(limit=PAGE_SIZE, cursor=params.cursor)
    shown, cursor = page.cut(find_member_licenses(session, member, params, page), license_keys)
    values = params.model_dump(mode="json", exclude_none=True, exclude={"cursor"})
    response = render(
        request,
        "portal/licenses.html",
        member=member,
        licenses=[(MemberLicenseOut.of(row, settings), _days_left(row)) for row in shown],
        download_urls={
            delivery.license: delivery.url
            for delivery in describe_deliveries(
                session, list(shown), base_url=str(settings.base_url).rstrip("/")
            )
            if delivery.state == "ready"
        },
        renewal_urls={
            row.number: renewal_path(settings, [row.number]) for row in shown if _can_renew(row)
        },
        values=values,
        cursor=cursor,
        is_first=params.cursor is None,
        statuses=[(status.value, label) for status, (label, _) in STATUS_LABELS.items()],
        marks=STATUS_LABELS,
        lasting=duration_phrase,
        opens_orders=sees_all_orders(member) or member.institution_id is None,
    )
    response.headers.update(PRIVATE)
    return response


@router.get("/keys")
def keys_page(request: Request, session: ReadSessionDep, member: MemberDep) -> Response:
    """Show the calendar addresses and keys of the person."""
    return _keys_page(request, session, member)


@router.post("/keys")
def make_key(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    member: MemberDep,
    form: FieldsDep,
) -> Response:
    """Make a calendar address or a key, and show it this once."""
    kind = MemberKeyKind.CALENDAR if form.get("kind") == "calendar" else MemberKeyKind.SCRIPT
    once = Idempotency.of_form("member-key", form.get("once", ""), owner=member.ref)
    try:
        # A refused form may be corrected and sent again.
        with session.begin_nested():
            if not once.claim(session):
                return _redirect()
            key = create_member_key(session, member, kind=kind, label=form.get("label", ""))
    except (InvalidInputError, ConflictError) as error:
        return _keys_page(request, session, member, kind=kind, typed=form, failure=error)
    secret = settings.url(f"/me/licenses.ics?key={key}") if kind is MemberKeyKind.CALENDAR else key
    return _keys_page(request, session, member, kind=kind, secret=secret)


@router.post("/keys/revoke")
def revoke_key(session: SessionDep, member: MemberDep, form: FieldsDep) -> Response:
    """End a key."""
    revoke_member_key(session, member, form.get("ref", ""))
    return _redirect()


def _can_renew(license_: License) -> bool:
    return license_.ends_on is not None and status_today(license_) in RENEWABLE


def _redirect() -> RedirectResponse:
    return RedirectResponse("/account/keys", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _keys_page(
    request: Request,
    session: Session,
    member: Member,
    *,
    kind: MemberKeyKind | None = None,
    secret: str = "",
    typed: dict[str, str] | None = None,
    failure: AppError | None = None,
) -> Response:
    detail = failure.errors[0].detail if failure and failure.errors else failure and failure.detail
    response = render(
        request,
        "portal/keys.html",
        status_code=failure.status if failure else HTTPStatus.OK,
        keys=find_member_keys(session, member),
        kind=kind,
        secret=secret,
        label=(typed or {}).get("label", ""),
        problems={f"{kind}-label": detail} if detail else {},
        once=new_token(),
    )
    response.headers.update(PRIVATE)
    return response


def _days_left(license_: License) -> int | None:
    """Return the days until an active license ends; None if that is not soon."""
    if license_.ends_on is None or status_today(license_) is not LicenseStatus.ACTIVE:
        return None
    left = license_.ends_on - clock.today(license_.time_zone)
    return left.days if left <= SOON else None
