"""License verification for the public, and certificates for license holders."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.numbers import parse_number
from app.core.request_middleware import SettingsDep, answer_with
from app.licenses.certificates import certificate_json, certificate_pdf
from app.licenses.queries import get_license_by_number, get_license_for_holder
from app.licenses.states import LicenseStatus
from app.licenses.verification import build_verification
from app.offers.states import DELIVERY_LABELS, Delivery
from app.web.rendering import render

router = APIRouter()
MAX_LENGTH = 200
# The label and the CSS class of each status.
STATUS_LABELS = {
    LicenseStatus.SCHEDULED: ("Not in effect yet", "waiting"),
    LicenseStatus.ACTIVE: ("Active", "done"),
    LicenseStatus.SUSPENDED: ("Suspended", "stopped"),
    LicenseStatus.EXPIRED: ("Expired", "stopped"),
    LicenseStatus.REVOKED: ("Revoked", "stopped"),
    LicenseStatus.REPLACED: ("Replaced", "stopped"),
}
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@router.get("/verify")
def verify_form(
    request: Request, number: Annotated[str | None, Query(max_length=MAX_LENGTH)] = None
) -> Response:
    """Show the form for a license number, or redirect to the license."""
    if number is None:
        return render(request, "storefront/verify.html", number="", problem="", found=None)
    license_number = parse_number(number, "RL")
    if license_number is None:
        problem = "Enter the number on the certificate, like RL-7K3QF9TD"
        return _verify_page(request, number, problem, HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse(f"/verify/{license_number}", status_code=HTTPStatus.SEE_OTHER)


@router.get("/verify/{number}")
def verify(request: Request, session: ReadSessionDep, number: str) -> Response:
    """Show the status of a license to the public, without people or prices."""
    try:
        license_ = get_license_by_number(session, number)
    except NotFoundError:
        problem = "No license has this number. Check it against the certificate."
        return _verify_page(request, number[:MAX_LENGTH], problem, HTTPStatus.NOT_FOUND)
    found = build_verification(session, license_)
    word, shape = STATUS_LABELS[found.status]
    response = render(
        request,
        "storefront/verify.html",
        number=found.number,
        problem="",
        found=found,
        zone=license_.time_zone,
        word=word,
        shape=shape,
        delivery=DELIVERY_LABELS[Delivery(found.delivery)],
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@router.get("/licenses/{number}/certificate.pdf")
def certificate_as_pdf(
    request: Request, session: ReadSessionDep, settings: SettingsDep, number: str, token: str = ""
) -> Response:
    """Return the certificate as PDF to holders of its link."""
    license_ = get_license_for_holder(session, number, token)
    name = f'inline; filename="license-{license_.number}.pdf"'
    return answer_with(
        request,
        partial(certificate_pdf, license_, settings),
        media_type="application/pdf",
        headers={**PRIVATE, "Content-Disposition": name},
    )


@router.get("/licenses/{number}/certificate.json")
def certificate_as_json(
    session: ReadSessionDep, settings: SettingsDep, number: str, token: str = ""
) -> Response:
    """Return the certificate as JSON to holders of its link."""
    license_ = get_license_for_holder(session, number, token)
    return Response(
        certificate_json(license_, settings).model_dump_json(by_alias=True, indent=2),
        media_type="application/json",
        headers=PRIVATE,
    )


def _verify_page(request: Request, number: str, problem: str, status: HTTPStatus) -> Response:
    return render(
        request,
        "storefront/verify.html",
        status_code=status,
        number=number,
        problem=problem,
        found=None,
    )
