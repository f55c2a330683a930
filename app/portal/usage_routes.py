"""What an institution used, for those who buy for it, and the keys of its harvesters."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import AppError, ConflictError, InvalidInputError, NotFoundError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep, settings_of
from app.institutions.member_models import Member
from app.institutions.models import Institution
from app.institutions.sessions import MemberDep
from app.portal import usage_view
from app.portal.usage_view import METRIC_LABELS, SHOWN, read_year
from app.portal.visibility import sees_usage
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.usage.keys import create_counter_key, find_counter_keys, revoke_counter_key
from app.usage.models import CountMetric
from app.usage.report_formats import write_tsv
from app.usage.report_kinds import REPORT_KINDS
from app.usage.report_query import parse_query
from app.usage.reports import build_report
from app.web.rendering import render

router = APIRouter(prefix="/account")
USAGE = "/account/usage"
Year = Annotated[int | None, Query(ge=2000, le=2999)]


@router.get("/usage.csv")
def usage_csv(session: ReadSessionDep, member: MemberDep, year: Year = None) -> Response:
    """Return the use of a year by film and month as CSV."""
    use = read_year(session, _institution(session, member), year)
    name = f"usage-{use.year}.csv"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(usage_view.write_csv(use), media_type="text/csv", headers=headers)


@router.get("/usage")
def usage_page(
    request: Request, session: ReadSessionDep, member: MemberDep, year: Year = None
) -> Response:
    """Show the use of a year, the cost of a use, COUNTER reports, and keys."""
    return _page(request, session, _institution(session, member), year=year)


@router.get("/usage/{report}.tsv")
def usage_report(
    session: ReadSessionDep,
    settings: SettingsDep,
    member: MemberDep,
    report: str,
    year: Year = None,
) -> Response:
    """Return a COUNTER report of a year as a table."""
    institution = _institution(session, member)
    kind = REPORT_KINDS.get(report)
    if kind is None:
        detail = f"Report “{report[:20]}” not found."
        raise NotFoundError(detail)
    use = read_year(session, institution, year)
    last = use.months[-1].month if use.months else 12
    period = {"begin_date": f"{use.year}-01", "end_date": f"{use.year}-{last:02}"}
    query = parse_query(kind, period, platform=settings.seller_name)
    table = write_tsv(build_report(session, settings, institution, kind, query))
    name = f"{kind.id}-{use.year}.tsv"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(table, media_type="text/tab-separated-values", headers=headers)


@router.post("/usage/keys")
def make_key(request: Request, session: SessionDep, member: MemberDep, form: FieldsDep) -> Response:
    """Make a key for a harvester, and show it this once."""
    institution = _institution(session, member)
    once = Idempotency.of_form("counter-key", form.get("once", ""), owner=member.ref)
    label = form.get("label", "")
    try:
        # A refused form may be corrected and sent again.
        with session.begin_nested():
            if not once.claim(session):
                return _redirect()
            secret = create_counter_key(session, institution, label, actor=member.actor)
    except (InvalidInputError, ConflictError) as error:
        return _page(request, session, institution, label=label, failure=error)
    return _page(request, session, institution, secret=secret)


@router.post("/usage/keys/revoke")
def revoke_key(session: SessionDep, member: MemberDep, form: FieldsDep) -> Response:
    """End a key."""
    institution = _institution(session, member)
    revoke_counter_key(session, institution.id, form.get("ref", ""), actor=member.actor)
    return _redirect()


def _institution(session: Session, member: Member) -> Institution:
    if member.institution_id is None or not sees_usage(member):
        detail = "There is no such page for your account."
        raise NotFoundError(detail)
    return session.get_one(Institution, member.institution_id)


def _redirect() -> RedirectResponse:
    return RedirectResponse(f"{USAGE}#keys", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _page(
    request: Request,
    session: Session,
    institution: Institution,
    *,
    year: int | None = None,
    secret: str = "",
    label: str = "",
    failure: AppError | None = None,
) -> Response:
    detail = failure.errors[0].detail if failure and failure.errors else failure and failure.detail
    response = render(
        request,
        "portal/usage.html",
        status_code=failure.status if failure else HTTPStatus.OK,
        institution=institution,
        use=read_year(session, institution, year),
        metrics=[(metric, METRIC_LABELS[metric]) for metric in SHOWN],
        requests=CountMetric.TOTAL_ITEM_REQUESTS,
        reports=REPORT_KINDS,
        keys=find_counter_keys(session, institution.id),
        api_url=settings_of(request).url("/r51"),
        secret=secret,
        label=label,
        problems={"label": detail} if detail else {},
        once=new_token(),
    )
    response.headers.update(PRIVATE)
    return response
