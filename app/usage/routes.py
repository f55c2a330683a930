"""The COUNTER API (Release 5.1): reports for harvesters, with a key of the institution.

An IP address opens nothing. Errors are exceptions in COUNTER's own format.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, TooManyRequestsError
from app.core.rate_limits import charge_key
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.institutions.queries import find_live
from app.usage.exceptions import CounterError
from app.usage.folding import find_last_closed_month
from app.usage.keys import find_counter_key, record_key_use
from app.usage.models import CounterKey
from app.usage.report_formats import write_json
from app.usage.report_kinds import RELEASE, REPORT_KINDS
from app.usage.report_query import first_available_month, parse_query
from app.usage.reports import build_report, identify

router = APIRouter(prefix="/r51")
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
P = ParamSpec("P")


def counter_answer(endpoint: Callable[P, Any]) -> Callable[P, JSONResponse]:
    """Return the endpoint with its result as JSON, and its errors as exceptions of COUNTER."""

    @wraps(endpoint)
    def answer(*args: P.args, **kwargs: P.kwargs) -> JSONResponse:
        try:
            return JSONResponse(endpoint(*args, **kwargs), headers=PRIVATE)
        except CounterError as error:
            return JSONResponse(error.note.to_json(), error.status, headers=PRIVATE | error.headers)

    return answer


@router.get("/status", summary="Status of the COUNTER API")
@counter_answer
def get_status(settings: SettingsDep) -> list[dict[str, Any]]:
    """Say that the service works. Open to everyone."""
    return [
        {
            "Description": f"COUNTER reports of {settings.seller_name}",
            "Service_Active": True,
            "Registry_Record": settings.counter_registry_record,
        }
    ]


@router.get("/members", summary="Institutions of a key")
@counter_answer
def list_members(
    request: Request, background: BackgroundTasks, session: ReadSessionDep
) -> list[dict[str, Any]]:
    """Return the one institution whose reports the key opens."""
    institution = _authenticate(request, background, session)
    return [
        {
            "Institution_Name": institution.name,
            "Institution_ID": identify(institution),
            "Customer_ID": institution.ref,
        }
    ]


@router.get("/reports", summary="COUNTER reports")
@counter_answer
def list_reports(
    request: Request, background: BackgroundTasks, session: ReadSessionDep, settings: SettingsDep
) -> list[dict[str, Any]]:
    """Return the reports and the months for which they can be had."""
    _authenticate(request, background, session)
    first = first_available_month(clock.now().date())
    last = find_last_closed_month(session)
    return [
        {
            "Report_Name": kind.name,
            "Report_ID": kind.id,
            "Release": RELEASE,
            "Report_Description": kind.description,
            "Path": settings.url(f"/r51/reports/{name}"),
            "First_Month_Available": f"{first:%Y-%m}",
            "Last_Month_Available": f"{last:%Y-%m}",
        }
        for name, kind in REPORT_KINDS.items()
    ]


@router.get("/reports/{report}", summary="One COUNTER report")
@counter_answer
def get_report(
    request: Request,
    background: BackgroundTasks,
    session: ReadSessionDep,
    settings: SettingsDep,
    report: str,
) -> dict[str, Any]:
    """Return a report in COUNTER's JSON."""
    kind = REPORT_KINDS.get(report)
    if kind is None:
        detail = f"Report “{report[:20]}” not found. There are {', '.join(REPORT_KINDS)}."
        raise NotFoundError(detail)
    institution = _authenticate(request, background, session)
    query = parse_query(kind, request.query_params, platform=settings.seller_name)
    return write_json(build_report(session, settings, institution, kind, query))


def _authenticate(request: Request, background: BackgroundTasks, session: Session) -> Institution:
    """Return the institution whose reports the request may read.

    Raises:
        CounterError: the key or the customer is missing, wrong, or not of one institution.
    """
    params = request.query_params
    key = _find_key(session, params)
    try:
        charge_key(request, f"counter {key.ref}" if key else None)
    except TooManyRequestsError as error:
        raise CounterError(1020, headers=error.headers) from error
    if not params.get("customer_id"):
        raise CounterError(1030, "customer_id")
    if not params.get("api_key") and not params.get("requestor_id"):
        raise CounterError(1030, "api_key or requestor_id")
    if key is None:
        raise CounterError(2020 if params.get("api_key") else 2000)
    named = session.scalar(select(Institution).where(Institution.ref == params["customer_id"]))
    owner = find_live(session, session.get_one(Institution, key.institution_id))
    if named is None or find_live(session, named).id != owner.id:
        raise CounterError(2010)
    background.add_task(record_key_use, app_state(request).sessions, key.id)
    return owner


def _find_key(session: Session, params: Mapping[str, str]) -> CounterKey | None:
    secret = params.get("api_key") or params.get("requestor_id") or ""
    return find_counter_key(session, secret)
