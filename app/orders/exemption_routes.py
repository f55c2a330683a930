"""HTTP endpoints of the exemption certificates of an order, for buyers."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.accounts.actors import Actor
from app.accounts.keys import recognize
from app.billing.certificate_files import (
    StoredFile,
    ensure_certificate,
    inspect_certificate,
    store_certificate,
)
from app.billing.errors import ExemptionLimitError
from app.billing.exemption_drafts import FIELDS, parse_draft
from app.billing.exemption_schemas import ExemptionOut, describe_draft
from app.billing.exemptions import find_exemptions, submit_exemption
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyKeyDep, IdempotencyKeyReusedError
from app.media.upload_form import FileUploadForm, form_with_file, open_file_form
from app.orders.queries import get_order_by_number, get_order_for_buyer
from app.orders.routes import HeldOrder, NumberPath, TokenDep
from app.orders.taxes import exemption_holder

router = APIRouter(prefix="/orders/{number}/exemptions", tags=["orders"])
FILE_FORM = form_with_file(
    "The certificate as a PDF, JPEG, or PNG of up to 10 MB",
    fields=describe_draft(),
    required=["form", "states"],
)


async def read_file_form(request: Request, _number: HeldOrder) -> AsyncIterator[FileUploadForm]:
    """Read the form, once its sender has proved to hold the order."""
    async with open_file_form(request, FIELDS) as form:
        yield form


@router.post(
    "",
    summary="Send an exemption certificate",
    status_code=HTTPStatus.CREATED,
    responses=responses(
        NotFoundError, InvalidInputError, ExemptionLimitError, IdempotencyKeyReusedError
    ),
    openapi_extra=FILE_FORM,
    dependencies=[Depends(recognize)],
)
def send_exemption(
    request: Request,
    *,
    number: HeldOrder,
    sent: Annotated[FileUploadForm, Depends(read_file_form)],
    idempotency_key: IdempotencyKeyDep,
) -> ExemptionOut:
    """Send a certificate for review. Tax applies until staff approve it.

    The same file twice has no effect.
    """
    state = app_state(request)
    draft = parse_draft(sent.values)
    upload = inspect_certificate(sent.read(), sent.file.filename or "")
    store_certificate(state.storage, upload)
    key = idempotency_key.about(number, draft.model_dump_json(), upload.sha256)
    with state.sessions.begin() as session:

        def work() -> ExemptionOut:
            order = get_order_by_number(session, number)
            actor, file = Actor.guest(order.email), StoredFile.of(upload)
            holder = exemption_holder(order)
            return ExemptionOut.of(submit_exemption(session, draft, file, holder, actor=actor))

        answer = key.run_once(session, ExemptionOut, work)
    ensure_certificate(state.storage, upload)
    return answer


@router.get("", summary="List exemption certificates", responses=responses(NotFoundError))
def list_order_exemptions(
    session: ReadSessionDep, number: NumberPath, token: TokenDep
) -> list[ExemptionOut]:
    """List the certificates that were sent with the order, newest first."""
    order = get_order_for_buyer(session, number, token)
    rows = find_exemptions(session, institution_id=None, order_number=order.number)
    return [ExemptionOut.of(row) for row in rows]
