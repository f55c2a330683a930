"""The page on which a buyer sends an exemption certificate for an order, under its secret link."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from app.accounts.actors import Actor
from app.billing.certificate_files import (
    StoredFile,
    ensure_certificate,
    inspect_certificate,
    store_certificate,
)
from app.billing.errors import ExemptionLimitError
from app.billing.exemption_drafts import FIELDS, FORM_LABELS, ExemptionDraft, parse_draft
from app.billing.exemptions import find_exemptions, submit_exemption
from app.billing.tax_places import name_place, tax_place
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import FieldProblem, InvalidInputError
from app.core.forms import open_form
from app.core.request_middleware import settings_of
from app.media.uploads import Upload
from app.orders.models import Order
from app.orders.queries import get_number_for_buyer, get_order_by_number, get_order_for_buyer
from app.orders.taxes import address_for_tax, exemption_holder
from app.payments.state import store_state
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]
MAX_FIELDS = 20
MAX_FIELD_BYTES = 10_000


def read_sent_file(form: FormData) -> tuple[bytes, str]:
    """Return the bytes and the name of the file that was sent; both empty if there is none."""
    file = form.get("file")
    name = (file.filename or "") if isinstance(file, UploadFile) else ""
    return (file.file.read() if isinstance(file, UploadFile) and name else b""), name


def held_order(request: Request, number: str, token: Token = "") -> str:
    """Return the number of the order that the token opens; others get 404."""
    with store_state(request).readers() as session:
        return get_number_for_buyer(session, number, token)


HeldOrder = Annotated[str, Depends(held_order)]


async def read_upload(request: Request, _number: HeldOrder) -> AsyncIterator[FormData]:
    """Read the form, once its sender has proved to hold the order."""
    async with open_form(
        request, max_files=1, max_fields=MAX_FIELDS, max_part_bytes=MAX_FIELD_BYTES
    ) as form:
        yield form


@router.get("/orders/{number}/exemption")
def show_exemption(
    request: Request, session: ReadSessionDep, number: str, token: Token = "", sent: str = ""
) -> Response:
    """Show the form and the certificates that were sent."""
    order = get_order_for_buyer(session, number, token)
    return _page(request, session, order, values={}, problems={}, sent=bool(sent))


@router.post("/orders/{number}/exemption")
def send_exemption(
    request: Request, number: HeldOrder, form: Annotated[FormData, Depends(read_upload)]
) -> Response:
    """Store the certificate for review, or show what is wrong. The same file twice is one."""
    state = store_state(request)
    data, name = read_sent_file(form)
    values = {field: text_of(form, field) for field in FIELDS}
    try:
        draft, upload = read_certificate(values, data, name)
        store_certificate(state.storage, upload)
        with state.sessions.begin() as session:
            order = get_order_by_number(session, number)
            actor, holder = Actor.guest(order.email), exemption_holder(order)
            submit_exemption(session, draft, StoredFile.of(upload), holder, actor=actor)
            path = _path(order)
    except (InvalidInputError, ExemptionLimitError) as error:
        by_field = {found.pointer.removeprefix("#/"): found.detail for found in error.errors}
        with state.readers() as session:
            order = get_order_by_number(session, number)
            problems = by_field or {"file": error.detail}
            return _page(request, session, order, values=values, problems=problems)
    ensure_certificate(state.storage, upload)
    return RedirectResponse(f"{path}&sent=yes", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def read_certificate(
    values: Mapping[str, str], data: bytes, name: str
) -> tuple[ExemptionDraft, Upload]:
    """Return the draft and its file, or all that is wrong with both.

    Raises:
        InvalidInputError: one problem for each field.
    """
    upload = None
    problems: list[FieldProblem] = []
    try:
        upload = inspect_certificate(data, name)
    except InvalidInputError as error:
        problems += error.errors
    try:
        draft = parse_draft(values)
    except InvalidInputError as error:
        raise InvalidInputError.of(*problems, *error.errors) from error
    if upload is None:
        raise InvalidInputError.of(*problems)
    return draft, upload


def _page(
    request: Request,
    session: Session,
    order: Order,
    *,
    values: Mapping[str, str],
    problems: dict[str, str],
    sent: bool = False,
) -> Response:
    place = tax_place(address_for_tax(order))
    rows = find_exemptions(session, institution_id=None, order_number=order.number)
    zone = settings_of(request).seller_time_zone
    response = render(
        request,
        "storefront/exemption.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        order=order,
        token=order.access_token,
        exemptions=[(row, [name_place(each) for each in row.places]) for row in rows],
        place=name_place(place),
        forms=[(form.value, label) for form, label in FORM_LABELS.items()],
        zone=zone,
        today=clock.today(zone),
        values={"states": place.removeprefix("US-"), **values},
        problems=problems,
        sent=sent,
    )
    response.headers.update(PRIVATE)
    return response


def text_of(form: FormData, name: str) -> str:
    """Return the text of a field, or ""."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _path(order: Order) -> str:
    return f"/orders/{order.number}/exemption?token={order.access_token}"
