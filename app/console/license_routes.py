"""Licenses: the list, the page of one, revoking, reinstating, and correcting."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Scope
from app.console.access import Finance, OrderReader, Sales, Staff
from app.console.fields import (
    EmptyIsNone,
    Line,
    Number,
    PageNumber,
    Search,
    Text,
    parse_date,
    require_text,
)
from app.console.forms.submission import submit
from app.console.lists import Listing
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.licenses.corrections import CORRECTABLE, LicenseCorrection
from app.licenses.entitlements import find_entitlement, get_downloads, issue_again
from app.licenses.lifecycle import reinstate
from app.licenses.models import License
from app.licenses.queries import find_replacement, get_license_by_number
from app.licenses.states import EntitlementKind, LicenseStatus
from app.licenses.verification import status_today
from app.orders.disputes import resolve_lost_dispute
from app.orders.fulfillment import create_shipments, withdraw_lines
from app.orders.queries import get_order_by_number
from app.orders.replacements import correct_license_of_order

router = APIRouter(prefix="/licenses")
# Revoking usually follows a dispute or a refund, so finance decides.

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
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[LicenseStatus | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "-granted",
    number: PageNumber = 1,
) -> Response:
    """Show one page of licenses. Sorted by end, those without an end are left out."""
    ending = [License.ends_on.is_not(None)] if sort.removeprefix("-") == "ends" else []
    return LICENSES.draw(
        request, staff, session, *ending, q=q, status=status, sort=sort, number=number
    )


@router.get("/{number}", summary="One license")
def license_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, number: Number
) -> Response:
    """Show a license and its history."""
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
    """Revoke or reinstate a license, with a reason."""

    def work(session: Session) -> None:
        license_ = get_license_by_number(session, number)
        reason_text = require_text("reason", reason, message="Enter a reason.")
        order = get_order_by_number(session, license_.order_number)
        lines = [line for line in order.lines if line.license_id == license_.id]
        if step == "revoke":
            withdraw_lines(session, order, lines, actor=staff.actor, reason=reason_text)
        else:
            reinstate(session, license_, actor=staff.actor, reason=reason_text)
            create_shipments(session, order)
        resolve_lost_dispute(session, order, actor=staff.actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(request, staff, session, number, problem=error),
        path=f"/console/licenses/{number}",
        done={"revoke": "revoked", "reinstate": "reinstated"}[step],
    )


@router.post("/{number}/link", summary="Issue a download link")
def issue_link(
    request: Request, *, staff: Sales, number: Number, reason: Line = "", once: Line = ""
) -> Response:
    """Replace the download link of a license, and start its count again."""

    def work(session: Session) -> None:
        license_ = get_license_by_number(session, number)
        reason_text = require_text("link_reason", reason, message="Enter a reason.")
        entitlement = get_downloads(session, license_)
        issue_again(session, license_, entitlement, actor=staff.actor, reason=reason_text)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request, staff, session, number, problem=error, typed={"link_reason": reason}
        ),
        path=f"/console/licenses/{number}",
        done="link-issued",
    )


@router.post("/{number}/correct", summary="Correct a license")
def correct_license(
    request: Request,
    *,
    staff: Sales,
    number: Number,
    licensee: Line = "",
    sites: Text = "",
    starts_on: Line = "",
    ends_on: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Replace a license by one with another name, other sites, or other days."""
    typed = {
        "licensee": licensee,
        "sites": sites,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "correct_reason": reason,
    }

    def work(session: Session) -> None:
        license_ = get_license_by_number(session, number)
        names = tuple(" ".join(site.split()) for site in sites.splitlines() if site.strip())
        correction = LicenseCorrection(
            licensee=require_text("licensee", licensee, message="Enter the licensee's name."),
            sites=names,
            starts_on=parse_date("starts_on", starts_on),
            ends_on=parse_date("ends_on", ends_on),
        )
        if correction.ends_on == license_.ends_on and correction.starts_on != license_.starts_on:
            # Left as it was: it moves along with the first day.
            correction = replace(correction, ends_on=None)
        reason_text = require_text(
            "correct_reason", reason, message="Enter a reason. The buyer can read it."
        )
        correct_license_of_order(
            session, license_.number, correction, actor=staff.actor, reason=reason_text
        )

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request, staff, session, number, problem=error, typed=typed
        ),
        path=f"/console/licenses/{number}",
        done="license-corrected",
    )


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    license_ = get_license_by_number(session, number)
    return draw_page(
        request,
        staff,
        "license.html",
        problem=problem,
        typed=typed,
        license=license_,
        status=status_today(license_),
        replaced_by=find_replacement(session, license_),
        entitlement=find_entitlement(session, license_, EntitlementKind.DOWNLOAD),
        correctable=staff.may(Scope.ORDERS_WRITE) and license_.status in CORRECTABLE,
        history=audit.entries_about(session, "license", license_.number),
    )
