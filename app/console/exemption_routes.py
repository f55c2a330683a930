"""Exemption certificates: the list, the page of one, and the decisions of staff."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.accounts.permissions import Scope
from app.billing import exemptions
from app.billing.certificate_downloads import download_certificate
from app.billing.certificate_files import (
    StoredFile,
    ensure_certificate,
    inspect_certificate,
    store_certificate,
)
from app.billing.exemption_drafts import FIELDS, FORM_LABELS, parse_draft
from app.billing.exemption_schemas import read_values
from app.billing.states import ExemptionState
from app.billing.tax_models import TaxExemption
from app.billing.tax_places import name_place
from app.console.access import OrderReader, Staff, require_scopes
from app.console.fields import EmptyIsNone, Line, PageNumber, Search, require_text
from app.console.file_forms import FileForm
from app.console.forms.submission import run_once, submit
from app.console.lists import find_entities_page
from app.console.pages import draw_page, see_other
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.forms import open_form
from app.core.numbers import parse_number
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.orders.models import Order
from app.orders.states import OrderState, PaymentState
from app.orders.taxes import find_future_owner, find_holder

router = APIRouter(prefix="/exemptions")
Biller = Annotated[Staff, Depends(require_scopes(Scope.BILLING_WRITE))]
Ref = Annotated[str, Path(pattern=r"^TE-[0-9A-Z]{8}$")]
MAX_ORDERS = 20
FORMS = {form.value: label for form, label in FORM_LABELS.items()}


async def read_upload(request: Request, staff: Biller) -> AsyncIterator[FileForm]:
    """Yield the upload form after the permission check."""
    async with open_form(request, max_files=1, max_fields=20, max_part_bytes=10_000) as form:
        yield FileForm(staff, form)


@router.get("", summary="Exemption certificates")
def exemption_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    state: Annotated[ExemptionState | None, EmptyIsNone, Query()] = None,
    number: PageNumber = 1,
) -> Response:
    """Show one page of certificates, those that wait for review first."""
    return _draw_list(request, staff, session, q=q, state=state, number=number)


@router.post("", summary="Add a certificate")
def add_exemption(
    request: Request, upload_form: Annotated[FileForm, Depends(read_upload)]
) -> Response:
    """Store a certificate that came by email, for an institution or an order."""
    state, staff = app_state(request), upload_form.staff
    values = {name: upload_form.text(name) for name in (*FIELDS, "holder")}
    refs: list[str] = []
    try:
        draft = parse_draft(values)
        chosen = upload_form.file("file")
        data = chosen.file.read() if chosen else b""
        upload = inspect_certificate(data, (chosen.filename or "") if chosen else "")
        store_certificate(state.storage, upload)

        def work(session: Session) -> None:
            typed = values["holder"].strip().upper()
            order = parse_number(typed, "RR") if typed.startswith("RR") else None
            holder = find_holder(session, order=order or "", institution="" if order else typed)
            file = StoredFile.of(upload)
            row = exemptions.submit_exemption(session, draft, file, holder, actor=staff.actor)
            refs.append(row.ref)

        is_new = run_once(request, upload_form.text("once"), work)
    except AppError as error:
        with state.readers() as session:
            return _draw_list(request, staff, session, problem=error, typed=values)
    ensure_certificate(state.storage, upload)
    path = f"/console/exemptions/{refs[0]}" if refs else "/console/exemptions"
    return see_other(path, done="exemption-added" if is_new else "twice")


@router.get("/{ref}", summary="One certificate")
def exemption_page(
    request: Request, staff: OrderReader, session: ReadSessionDep, ref: Ref
) -> Response:
    """Show a certificate with its decisions."""
    return _draw_one(request, staff, session, ref)


@router.get("/{ref}/file", summary="Download a certificate")
def exemption_file(request: Request, _staff: OrderReader, ref: Ref) -> StreamingResponse:
    """Return the certificate as it was sent."""
    with app_state(request).readers() as session:
        row = exemptions.get_exemption(session, ref)
    return download_certificate(request, row)


@router.post("/{ref}/approve", summary="Approve a certificate")
def approve_exemption(
    request: Request,
    *,
    settings: SettingsDep,
    staff: Biller,
    ref: Ref,
    form: Line = "",
    states: Line = "",
    number: Line = "",
    reason_code: Line = "",
    valid_from: Line = "",
    valid_to: Line = "",
    once: Line = "",
) -> Response:
    """Approve a certificate for what staff read on it."""
    typed = {
        "form": form,
        "states": states,
        "number": number,
        "reason_code": reason_code,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }

    def work(session: Session, row: TaxExemption) -> None:
        draft = parse_draft(typed)
        owner = find_future_owner(session, row)
        exemptions.approve_exemption(
            session, row, draft=draft, settings=settings, actor=staff.actor, institution=owner
        )

    return _change(request, staff, ref, once, work, done="exemption-approved", typed=typed)


@router.post("/{ref}/reject", summary="Reject a certificate")
def reject_exemption(
    request: Request,
    *,
    settings: SettingsDep,
    staff: Biller,
    ref: Ref,
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Reject a certificate. The buyer reads the reason."""

    def work(session: Session, row: TaxExemption) -> None:
        why = require_text("reject_reason", reason, message="Enter a reason. The buyer reads it.")
        exemptions.reject_exemption(session, row, reason=why, settings=settings, actor=staff.actor)

    typed = {"reject_reason": reason}
    return _change(request, staff, ref, once, work, done="exemption-rejected", typed=typed)


@router.post("/{ref}/revoke", summary="Revoke a certificate")
def revoke_exemption(
    request: Request,
    *,
    settings: SettingsDep,
    staff: Biller,
    ref: Ref,
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Stop a certificate from applying to new orders."""

    def work(session: Session, row: TaxExemption) -> None:
        why = require_text("revoke_reason", reason, message="Enter a reason. The buyer reads it.")
        exemptions.revoke_exemption(session, row, reason=why, settings=settings, actor=staff.actor)

    typed = {"revoke_reason": reason}
    return _change(request, staff, ref, once, work, done="exemption-revoked", typed=typed)


def _change(
    request: Request,
    staff: Staff,
    ref: str,
    once: str,
    work: Callable[[Session, TaxExemption], None],
    *,
    done: str,
    typed: Mapping[str, str],
) -> Response:
    return submit(
        request,
        once,
        lambda session: work(session, exemptions.get_exemption(session, ref, for_change=True)),
        redraw=lambda session, error: _draw_one(
            request, staff, session, ref, problem=error, typed=typed
        ),
        path=f"/console/exemptions/{ref}",
        done=done,
    )


def _draw_list(
    request: Request,
    staff: Staff,
    session: Session,
    *,
    q: str = "",
    state: ExemptionState | None = None,
    number: int = 1,
    problem: AppError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    statement = select(TaxExemption)
    if state is not None:
        statement = statement.where(TaxExemption.state == state)
    if q:
        statement = statement.where(
            or_(
                func.lower(TaxExemption.holder).contains(q.lower(), autoescape=True),
                func.lower(TaxExemption.number).contains(q.lower(), autoescape=True),
                TaxExemption.ref == q.upper(),
                TaxExemption.order_number == q.upper(),
                TaxExemption.institution.has(Institution.ref == q.upper()),
            )
        )
    is_decided = TaxExemption.state != ExemptionState.PENDING
    rows = find_entities_page(
        session, statement.order_by(is_decided, TaxExemption.id.desc()), page=number
    )
    return draw_page(
        request,
        staff,
        "exemptions.html",
        problem=problem,
        typed=typed,
        rows=rows,
        q=q,
        state=state,
        states=list(ExemptionState),
        names=_names(rows.items),
        forms=FORMS,
        today=clock.today(),
    )


def _draw_one(
    request: Request,
    staff: Staff,
    session: Session,
    ref: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    row = exemptions.get_exemption(session, ref)
    values = read_values(row)
    values["states"] = values["states"].replace("US-", "")
    return draw_page(
        request,
        staff,
        "exemption.html",
        problem=problem,
        typed={**values, **(typed or {})},
        row=row,
        names=_names([row]),
        forms=FORMS,
        orders=_unpaid_orders(session, row),
        history=entries_about(session, "exemption", ref),
        today=clock.today(),
    )


def _names(rows: object) -> dict[str, list[str]]:
    """Return the names of the places of each certificate, by its number."""
    return {
        row.ref: [name_place(place) for place in row.places]
        for row in rows  # type: ignore[attr-defined]
    }


def _unpaid_orders(session: Session, row: TaxExemption) -> list[Order]:
    """Return orders to which staff can still apply the certificate, newest first."""
    mine = [Order.number == (row.order_number or "")]
    if row.institution_id is not None:
        mine.append(Order.institution_id == row.institution_id)
    return list(
        session.scalars(
            select(Order)
            .where(
                or_(*mine),
                Order.state == OrderState.SUBMITTED,
                Order.payment_state == PaymentState.UNPAID,
            )
            .order_by(Order.id.desc())
            .limit(MAX_ORDERS)
        )
    )
