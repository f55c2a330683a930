"""Payments for staff programs: refunds, and the inbox of events."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import require_scopes
from app.accounts.permissions import Scope
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.fields import OrderNumber
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.pagination import Page, PageDep
from app.orders.errors import OrderClosedError
from app.orders.models import Refund
from app.orders.queries import get_order_by_number
from app.orders.refunds import request_refund
from app.orders.routes import NumberPath
from app.payments import events, queries, stripe_refunds
from app.payments.errors import EventHandledError, EventNotHandledError
from app.payments.schemas import DismissIn, EventOut, RefundIn, RefundOut
from app.payments.state import store_state

EventPath = Annotated[
    str,
    Path(max_length=255, pattern=r"^[A-Za-z0-9_]+$", examples=["evt_1QvYkL2eZvKYlo2C"]),
]

router = APIRouter(
    prefix="/admin",
    tags=["staff: payments"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)


@router.post(
    "/orders/{number}/refund",
    summary="Refund an order",
    responses=responses(
        NotFoundError, OrderClosedError, InvalidInputError, IdempotencyKeyReusedError
    ),
)
def refund_order(
    request: Request,
    number: NumberPath,
    body: RefundIn,
    idempotency: IdempotencyDep,
    actor: Annotated[Actor, Depends(require_scopes(Scope.REFUNDS_WRITE))],
) -> RefundOut:
    """Refund an order in full or in part. Needs the scope `refunds:write`.

    If Stripe cannot be reached the answer says `requested`, and the worker sees it through. The
    same `Idempotency-Key` again makes no second refund, and gives this one as it is by then.
    """
    state = store_state(request)
    new_ids: list[int] = []

    with state.sessions.begin() as session:

        def create() -> RefundOut:
            order = get_order_by_number(session, number)
            refund = request_refund(
                session,
                order,
                allocations=stripe_refunds.allocate_rest(order)
                if body.allocations is None
                else body.allocations,
                effect=body.license_effect,
                reason=body.reason.strip(),
                actor=actor,
            )
            new_ids.append(refund.id)
            return RefundOut.of(refund, order_number=order.number)

        answer = idempotency.run_once(session, RefundOut, create)
    if new_ids:
        refund = stripe_refunds.try_advance_refund(
            state.sessions, state.gateway, refund_id=answer.id, actor=actor
        )
    else:
        # The stored answer may be out of date.
        with state.readers() as session:
            refund = session.get_one(Refund, answer.id)
    return RefundOut.of(refund, order_number=answer.order_number)


@router.get("/events", summary="List payment events")
def list_events(
    session: ReadSessionDep,
    page: PageDep,
    _: Annotated[Actor, Depends(require_scopes(Scope.EVENTS_READ))],
    stuck: Annotated[bool | None, Query(description="Whether the event is stuck")] = None,
    order_number: OrderNumber | None = None,
) -> Page[EventOut]:
    """List Stripe's events, newest first. Needs the scope `events:read`."""
    rows = queries.find_events(session, page, stuck=stuck, order_number=order_number)
    shown, cursor = page.cut(rows, queries.event_keys)
    return Page[EventOut](items=[EventOut.of(event) for event in shown], next=cursor)


@router.post(
    "/events/{event_id}/retry",
    summary="Retry a payment event",
    responses=responses(NotFoundError, EventNotHandledError),
)
def retry_event(
    request: Request,
    event_id: EventPath,
    _: Annotated[Actor, Depends(require_scopes(Scope.EVENTS_WRITE))],
) -> EventOut:
    """Process an event again. A processed event does not change. Needs `events:write`."""
    state = store_state(request)
    try:
        events.handle_event(
            state.sessions,
            state.gateway,
            store_id=state.settings.store_id,
            event_id=event_id,
        )
    except NotFoundError:
        with state.readers() as session:
            queries.get_event(session, event_id)  # none such: that is the answer
        raise _not_handled(event_id, "its subject is not recorded here") from None
    except Exception as error:
        raise _not_handled(event_id, str(error)) from error
    with state.readers() as session:
        return EventOut.of(queries.get_event(session, event_id))


@router.post(
    "/events/{event_id}/dismiss",
    summary="Dismiss a payment event",
    responses=responses(NotFoundError, EventHandledError),
)
def dismiss_event(
    session: SessionDep,
    event_id: EventPath,
    body: DismissIn,
    actor: Annotated[Actor, Depends(require_scopes(Scope.EVENTS_WRITE))],
) -> EventOut:
    """Dismiss an event that needs no action. Needs `events:write`.

    The event is kept with the reason. The worker stops retrying, but you can still retry it.
    """
    return EventOut.of(events.dismiss(session, event_id, reason=body.reason, actor=actor))


def _not_handled(event_id: str, why: str) -> EventNotHandledError:
    return EventNotHandledError(f"Event {event_id} can't be processed yet: {why}.")
