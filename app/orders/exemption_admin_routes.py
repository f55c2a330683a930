"""Staff endpoints of exemption certificates. They stand here because some belong to an order."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import InvalidTransitionError, NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.billing import exemptions
from app.billing.certificate_downloads import download_certificate
from app.billing.certificate_files import (
    StoredFile,
    ensure_certificate,
    inspect_certificate,
    store_certificate,
)
from app.billing.errors import ExemptionLimitError
from app.billing.exemption_drafts import FIELDS, parse_draft
from app.billing.exemption_schemas import (
    ExemptionApproveIn,
    ExemptionReasonIn,
    StaffExemptionOut,
    describe_draft,
    merge_values,
)
from app.billing.states import ExemptionState
from app.billing.tax_models import TaxExemption
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.core.request_middleware import SettingsDep
from app.media.upload_form import FileUploadForm, form_with_file, open_file_form
from app.orders.taxes import find_future_owner, find_holder

DENIED = (NotAuthenticatedError, ScopeMissingError)
router = APIRouter(
    prefix="/admin/exemptions", tags=["staff: billing"], responses=responses(*DENIED)
)
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Biller = Annotated[Actor, Depends(require_scopes(Scope.BILLING_WRITE))]
RefPath = Annotated[str, Path(pattern=r"^TE-[0-9A-Z]{8}$", examples=["TE-7K3QF9TD"])]
STAFF_FIELDS = (*FIELDS, "institution", "order")
FILE_FORM = form_with_file(
    "The certificate as a PDF, JPEG, or PNG of up to 10 MB",
    fields={
        **describe_draft(),
        "institution": {"description": "The institution's `ref`, or give `order`"},
        "order": {"description": "The order's number"},
    },
    required=["form", "states"],
)


async def read_file_form(request: Request, _biller: Biller) -> AsyncIterator[FileUploadForm]:
    """Read the form, once its sender may send one."""
    async with open_file_form(request, STAFF_FIELDS) as form:
        yield form


@dataclass(frozen=True)
class ExemptionChange:
    """A change of one certificate, made once per idempotency key."""

    session: SessionDep
    idempotency: IdempotencyDep

    def run(self, ref: str, apply: Callable[[Session, TaxExemption], object]) -> StaffExemptionOut:
        """Apply the change unless its key was used before; return the certificate after it."""

        def work() -> StaffExemptionOut:
            row = exemptions.get_exemption(self.session, ref, for_change=True)
            apply(self.session, row)
            return StaffExemptionOut.of(row)

        return self.idempotency.run_once(self.session, StaffExemptionOut, work)


ChangeDep = Annotated[ExemptionChange, Depends()]


@router.get("", summary="List exemption certificates")
def list_exemptions(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    state: Annotated[ExemptionState | None, Query()] = None,
    institution: Annotated[
        str | None, Query(max_length=20, description="An institution's `ref`")
    ] = None,
) -> Page[StaffExemptionOut]:
    """List certificates, newest first."""
    rows = exemptions.find_exemptions_page(session, page, state=state, institution=institution)
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    return Page(items=[StaffExemptionOut.of(row) for row in shown], next=cursor)


@router.post(
    "",
    summary="Add an exemption certificate",
    status_code=HTTPStatus.CREATED,
    responses=responses(
        NotFoundError, InvalidInputError, ExemptionLimitError, IdempotencyKeyReusedError
    ),
    openapi_extra=FILE_FORM,
)
def post_exemption(
    request: Request,
    *,
    biller: Biller,
    sent: Annotated[FileUploadForm, Depends(read_file_form)],
    idempotency_key: IdempotencyKeyDep,
) -> StaffExemptionOut:
    """Add a certificate that came by email, for an institution or an order. Then approve it."""
    state = app_state(request)
    draft = parse_draft(sent.values)
    upload = inspect_certificate(sent.read(), sent.file.filename or "")
    store_certificate(state.storage, upload)
    of = {name: sent.values.get(name, "") for name in ("institution", "order")}
    key = idempotency_key.about(*of.values(), draft.model_dump_json(), upload.sha256)
    with state.sessions.begin() as session:

        def work() -> StaffExemptionOut:
            holder = find_holder(session, **of)
            file = StoredFile.of(upload)
            row = exemptions.submit_exemption(session, draft, file, holder, actor=biller)
            return StaffExemptionOut.of(row)

        answer = key.run_once(session, StaffExemptionOut, work)
    ensure_certificate(state.storage, upload)
    return answer


@router.get("/{ref}", summary="Get an exemption certificate", responses=responses(NotFoundError))
def get_exemption(session: ReadSessionDep, _reader: Reader, ref: RefPath) -> StaffExemptionOut:
    """Return a certificate with all its details."""
    return StaffExemptionOut.of(exemptions.get_exemption(session, ref))


@router.get(
    "/{ref}/file",
    summary="Download an exemption certificate",
    response_class=StreamingResponse,
    responses=responses(NotFoundError),
)
def get_exemption_file(request: Request, _reader: Reader, ref: RefPath) -> StreamingResponse:
    """Return the certificate as it was sent."""
    with app_state(request).readers() as session:
        row = exemptions.get_exemption(session, ref)
    return download_certificate(request, row)


@router.post(
    "/{ref}/approve",
    summary="Approve an exemption certificate",
    responses=responses(
        NotFoundError, InvalidInputError, InvalidTransitionError, IdempotencyKeyReusedError
    ),
)
def approve_exemption(
    change: ChangeDep, settings: SettingsDep, biller: Biller, ref: RefPath, body: ExemptionApproveIn
) -> StaffExemptionOut:
    """Approve a certificate for what is printed on it. It applies to new orders from then on.

    `POST /admin/orders/{number}/tax/assess` applies it to an unpaid order. Safe to repeat.
    """

    def apply(session: Session, row: TaxExemption) -> None:
        draft = parse_draft(merge_values(row, body))
        owner = find_future_owner(session, row)
        exemptions.approve_exemption(
            session, row, draft=draft, settings=settings, actor=biller, institution=owner
        )

    return change.run(ref, apply)


@router.post(
    "/{ref}/reject",
    summary="Reject an exemption certificate",
    responses=responses(NotFoundError, InvalidTransitionError, IdempotencyKeyReusedError),
)
def reject_exemption(
    change: ChangeDep, settings: SettingsDep, biller: Biller, ref: RefPath, body: ExemptionReasonIn
) -> StaffExemptionOut:
    """Reject a certificate. Its holder reads the reason. Safe to repeat."""

    def apply(session: Session, row: TaxExemption) -> None:
        exemptions.reject_exemption(
            session, row, reason=body.reason, settings=settings, actor=biller
        )

    return change.run(ref, apply)


@router.post(
    "/{ref}/revoke",
    summary="Revoke an exemption certificate",
    responses=responses(NotFoundError, InvalidTransitionError, IdempotencyKeyReusedError),
)
def revoke_exemption(
    change: ChangeDep, settings: SettingsDep, biller: Biller, ref: RefPath, body: ExemptionReasonIn
) -> StaffExemptionOut:
    """Stop an approved certificate from applying to new orders. Safe to repeat."""

    def apply(session: Session, row: TaxExemption) -> None:
        exemptions.revoke_exemption(
            session, row, reason=body.reason, settings=settings, actor=biller
        )

    return change.run(ref, apply)
