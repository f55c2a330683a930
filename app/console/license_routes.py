"""Licenses: the list, the page of one, and ending or restoring it by hand."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Scope
from app.console.access import Staff, require_scopes
from app.console.fields import EmptyIsNone, Line, Number, PageNumber, Search, need
from app.console.lists import Listing
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.licenses.lifecycle import reinstate
from app.licenses.models import License
from app.licenses.queries import get_license_by_number
from app.licenses.states import LicenseStatus
from app.orders.disputes import resolve_lost_dispute
from app.orders.fulfillment import create_shipments, withdraw_lines
from app.orders.queries import get_order_by_number

router = APIRouter(prefix="/licenses")
Reader = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_READ))]
# Ending a license is a matter of money as a rule (a dispute, a refund), so finance decides.
Finance = Annotated[Staff, Depends(require_scopes(Scope.REFUNDS_WRITE))]

LICENSES = Listing(
    "licenses.html",
    select(
        License.number,
        License.licensee,
        License.country,
        License.film_title,
        License.term_words,
        License.starts_on,
        License.ends_on,
        License.status,
        License.order_number,
    ),
    unique=License.id,
    state=License.status,
    sorts={
        "granted": License.created_at,
        "licensee": func.lower(License.licensee),
        "film": func.lower(License.film_title),
        "ends": License.ends_on,
    },
    begins=(License.number, License.order_number),
    contains=(License.licensee, License.film_title, License.po_number),
)


@router.get("", summary="Licenses")
def license_list(
    request: Request,
    *,
    staff: Reader,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[LicenseStatus | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "-granted",
    number: PageNumber = 1,
) -> Response:
    """Show one page of licenses; sorted by their end, those that have one."""
    ending = [License.ends_on.is_not(None)] if sort.removeprefix("-") == "ends" else []
    return LICENSES.draw(
        request, staff, session, *ending, q=q, status=status, sort=sort, number=number
    )


@router.get("/{number}", summary="One license")
def license_page(
    request: Request, staff: Reader, session: ReadSessionDep, number: Number
) -> Response:
    """Show what it grants, to whom, until when, and its history."""
    return _draw(request, staff, session, number)


@router.post("/{number}/status", summary="Revoke or reinstate a license")
def change_license(
    request: Request,
    *,
    staff: Finance,
    number: Number,
    step: Annotated[Literal["revoke", "reinstate"], Form()],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Change its status by hand, with a reason that stays in its history."""

    def work(session: Session) -> None:
        found = get_license_by_number(session, number)
        why = need("reason", reason, otherwise="Enter a reason.")
        order = get_order_by_number(session, found.order_number)
        lines = [line for line in order.lines if line.license_id == found.id]
        if step == "revoke":
            withdraw_lines(session, order, lines, actor=staff.actor, reason=why)
        else:
            reinstate(session, found, actor=staff.actor, reason=why)
            create_shipments(session, order)
        resolve_lost_dispute(session, order, actor=staff.actor)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw(request, staff, session, number, problem=error)
    done = {"revoke": "revoked", "reinstate": "reinstated"}[step] if new else "twice"
    return see_other(f"/console/licenses/{number}", done=done)


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
) -> Response:
    found = get_license_by_number(session, number)
    return page(
        request,
        staff,
        "license.html",
        problem=problem,
        license=found,
        history=audit.entries_about(session, "license", found.number),
    )
