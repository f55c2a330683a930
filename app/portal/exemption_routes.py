"""Exemption certificates of an institution, sent by its signed-in people."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.billing.certificate_files import StoredFile, ensure_certificate, store_certificate
from app.billing.errors import ExemptionLimitError
from app.billing.exemption_drafts import FIELDS, FORM_LABELS
from app.billing.exemptions import Holder, find_exemptions, submit_exemption
from app.billing.tax_places import name_place
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import InvalidInputError, NotFoundError
from app.core.forms import open_form
from app.institutions.attachment import lock_live
from app.institutions.member_models import Member
from app.institutions.models import Institution
from app.institutions.sessions import MemberDep
from app.storefront.exemption_routes import (
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    read_certificate,
    read_sent_file,
    text_of,
)
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter(prefix="/account/exemptions")
PATH = "/account/exemptions"


async def read_upload(
    request: Request, member: MemberDep
) -> AsyncIterator[tuple[Member, Institution, FormData]]:
    """Read the form, once its sender has proved to belong to an institution."""
    institution = _institution_of(member)
    async with open_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_FIELD_BYTES
    ) as form:
        yield member, institution, form


@router.get("")
def show_exemptions(
    request: Request, session: ReadSessionDep, member: MemberDep, sent: str = ""
) -> Response:
    """Show the institution's certificates, and the form to send one."""
    institution = _institution_of(member)
    return _page(request, session, member, institution, values={}, problems={}, sent=bool(sent))


@router.post("")
def send_exemption(
    request: Request,
    sender: Annotated[tuple[Member, Institution, FormData], Depends(read_upload)],
) -> Response:
    """Store the certificate for review, or show what is wrong. The same file twice is one."""
    member, institution, form = sender
    state = app_state(request)
    data, name = read_sent_file(form)
    values = {field: text_of(form, field) for field in FIELDS}
    try:
        draft, upload = read_certificate(values, data, name)
        store_certificate(state.storage, upload)
        with state.sessions.begin() as session:
            # A concurrent upload of the same file waits here, and then finds this one.
            live = lock_live(session, institution.id)
            holder = Holder(name=live.name, email=member.email, institution_id=live.id)
            submit_exemption(session, draft, StoredFile.of(upload), holder, actor=member.actor)
    except (InvalidInputError, ExemptionLimitError) as error:
        by_field = {found.pointer.removeprefix("#/"): found.detail for found in error.errors}
        problems = by_field or {"file": error.detail}
        with state.readers() as session:
            return _page(request, session, member, institution, values=values, problems=problems)
    ensure_certificate(state.storage, upload)
    return RedirectResponse(f"{PATH}?sent=yes", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _institution_of(member: Member) -> Institution:
    """Return the person's institution.

    Raises:
        NotFoundError: there is none: the person may be anyone.
    """
    if member.institution is None:
        detail = "Exemption certificates are for people of institutions. Email us to join yours."
        raise NotFoundError(detail)
    return member.institution


def _page(
    request: Request,
    session: Session,
    member: Member,
    institution: Institution,
    *,
    values: Mapping[str, str],
    problems: dict[str, str],
    sent: bool = False,
) -> Response:
    zone = institution.time_zone or app_state(request).settings.seller_time_zone
    rows = find_exemptions(session, institution_id=institution.id)
    response = render(
        request,
        "portal/exemptions.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        member=member,
        exemptions=[(row, [name_place(each) for each in row.places]) for row in rows],
        forms=[(form.value, label) for form, label in FORM_LABELS.items()],
        zone=zone,
        today=clock.today(zone),
        values=values,
        problems=problems,
        sent=sent,
    )
    response.headers.update(PRIVATE)
    return response
