"""Payment events, disputes, and reconciliation with Stripe."""

import json
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.accounts import audit
from app.accounts.permissions import Scope
from app.console.access import EventReader, Staff, require_scopes
from app.console.fields import Line, PageNumber, Search, require_text
from app.console.forms.submission import run_once
from app.console.lists import filter_by_text, find_entities_page, find_rows_page
from app.console.pages import draw_page, see_other
from app.core.db import ReadSessionDep
from app.core.errors import AppError, ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.orders.models import Dispute, Order
from app.orders.states import CLOSED_DISPUTES
from app.payments.events import dismiss, handle_event
from app.payments.models import ReconciliationRun, StripeEvent
from app.payments.state import store_state
from app.payments.states import STUCK_AFTER

log = logging.getLogger(__name__)
router = APIRouter()
EventEditor = Annotated[Staff, Depends(require_scopes(Scope.EVENTS_WRITE))]
EventId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,255}$")]


MAX_REASON_LENGTH = 200


class RetryFailedError(ConflictError):
    """Processing the event failed again. The event keeps the reason."""

    type = "event-retry-failed"
    title = "The event failed again"


@router.get("/events", summary="Payment events")
def event_list(
    request: Request,
    *,
    staff: EventReader,
    session: ReadSessionDep,
    q: Search = "",
    show: Annotated[str, Query(pattern="^(stuck|waiting|all)$")] = "stuck",
    number: PageNumber = 1,
) -> Response:
    """Show events that are stuck, waiting, or all."""
    statement = select(
        StripeEvent.id,
        StripeEvent.type,
        StripeEvent.order_number,
        StripeEvent.received_at,
        StripeEvent.handled_at,
        StripeEvent.outcome,
        StripeEvent.note,
        StripeEvent.attempts,
        StripeEvent.next_attempt_at,
        StripeEvent.last_error,
        StripeEvent.dismissed_at,
        StripeEvent.is_stuck,
    ).order_by(StripeEvent.received_at.desc(), StripeEvent.id.desc())
    if show == "waiting":
        statement = statement.where(
            StripeEvent.handled_at.is_(None), StripeEvent.dismissed_at.is_(None)
        )
    if show == "stuck":
        statement = statement.where(StripeEvent.is_stuck)
    statement = filter_by_text(
        statement, q, begins=(StripeEvent.id, StripeEvent.type, StripeEvent.order_number)
    )
    return draw_page(
        request,
        staff,
        "events.html",
        rows=find_rows_page(session, statement, page=number),
        q=q,
        show=show,
        stuck_after=STUCK_AFTER,
    )


@router.get("/events/{event}", summary="One payment event")
def event_page(
    request: Request, staff: EventReader, session: ReadSessionDep, event: EventId
) -> Response:
    """Show an event and its outcome."""
    return _draw_event(request, staff, session, event)


@router.post("/events/{event}/retry", summary="Retry an event")
def retry_event(request: Request, staff: EventEditor, event: EventId) -> Response:
    """Fetch the event from Stripe and process it. A processed event does not change."""
    state = store_state(request)
    with state.sessions.begin() as session:
        audit.record(
            session,
            actor=staff.actor,
            action="event.retried",
            object_type="event",
            object_ref=_event(session, event).id,
        )
    try:
        handle_event(
            state.sessions, state.gateway, store_id=state.settings.store_id, event_id=event
        )
    except Exception:  # noqa: BLE001 - `handle` keeps the error with the event; the page shows it
        log.warning("console.retry_failed", extra={"event": event})
        detail = "See the error below. The worker keeps retrying."
        with state.readers() as session:
            return _draw_event(request, staff, session, event, problem=RetryFailedError(detail))
    return see_other(f"/console/events/{event}", done="retried")


@router.post("/events/{event}/dismiss", summary="Dismiss an event")
def dismiss_event(
    request: Request, staff: EventEditor, event: EventId, reason: Line = "", once: Line = ""
) -> Response:
    """Dismiss an event that needs no action, with a reason."""

    def work(session: Session) -> None:
        reason_text = require_text(
            "reason", reason, message="Enter a reason for dismissing the event."
        )
        if len(reason_text) > MAX_REASON_LENGTH:
            detail = f"Enter up to {MAX_REASON_LENGTH} characters."
            raise InvalidInputError.of(FieldProblem("#/reason", detail))
        dismiss(session, event, reason=reason_text, actor=staff.actor)

    try:
        run_once(request, once, work)
    except (InvalidInputError, ConflictError) as problem:
        with store_state(request).readers() as session:
            return _draw_event(
                request, staff, session, event, problem=problem, typed={"reason": reason}
            )
    return see_other(f"/console/events/{event}", done="dismissed")


@router.get("/disputes", summary="Disputes")
def dispute_list(
    request: Request,
    *,
    staff: EventReader,
    session: ReadSessionDep,
    show: Annotated[str, Query(pattern="^(open|all)$")] = "open",
    number: PageNumber = 1,
) -> Response:
    """Show disputes, by due date. Staff answer them in Stripe."""
    statement = (
        select(Dispute)
        .options(joinedload(Dispute.order).raiseload("*"))
        .order_by(Dispute.due_by.is_(None), Dispute.due_by, Dispute.created_at.desc())
    )
    if show == "open":
        statement = statement.where(Dispute.status.not_in(CLOSED_DISPUTES))
    return draw_page(
        request,
        staff,
        "disputes.html",
        rows=find_entities_page(session, statement, page=number),
        show=show,
    )


@router.get("/reconciliation", summary="Reconciliation runs")
def run_list(
    request: Request, staff: EventReader, session: ReadSessionDep, number: PageNumber = 1
) -> Response:
    """Show the reconciliation runs, newest first."""
    statement = select(ReconciliationRun).order_by(ReconciliationRun.id.desc())
    return draw_page(
        request, staff, "runs.html", rows=find_entities_page(session, statement, page=number)
    )


@router.get("/reconciliation/{run}", summary="One reconciliation run")
def run_page(
    request: Request,
    staff: EventReader,
    session: ReadSessionDep,
    run: Annotated[int, Path(ge=1, le=2**31 - 1)],
) -> Response:
    """Show the findings of a run, open ones first."""
    reconciliation = session.get(ReconciliationRun, run)
    if reconciliation is None:
        detail = f"Reconciliation run {run} not found."
        raise NotFoundError(detail)
    return draw_page(
        request,
        staff,
        "run.html",
        run=reconciliation,
        findings=sorted(reconciliation.findings, key=lambda finding: bool(finding["is_fixed"])),
    )


def _event(session: Session, event_id: str) -> StripeEvent:
    event = session.get(StripeEvent, event_id)
    if event is None:
        detail = f"Event {event_id} not found."
        raise NotFoundError(detail)
    return event


def _draw_event(
    request: Request,
    staff: Staff,
    session: Session,
    event_id: str,
    *,
    problem: AppError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    event = _event(session, event_id)
    is_known = event.order_number is not None and (
        session.scalar(select(Order.id).where(Order.number == event.order_number)) is not None
    )
    return draw_page(
        request,
        staff,
        "event.html",
        problem=problem,
        typed=typed or {},
        event=event,
        order_is_known=is_known,
        payload=json.dumps(event.payload, indent=2, ensure_ascii=False),
        history=audit.entries_about(session, "event", event.id),
    )
