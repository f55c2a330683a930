"""Checkout over the API, and the webhook of Stripe."""

import logging
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session, sessionmaker

from app.billing.errors import TaxUnresolvedError
from app.core.errors import NotFoundError, responses
from app.orders.queries import get_number_for_buyer
from app.orders.routes import NumberPath, TokenDep
from app.payments import checkout, events
from app.payments.errors import (
    AlreadyPaidError,
    BadSignatureError,
    EventNotHandledError,
    EventUnreadableError,
    ModeMismatchError,
    NotAnEventError,
    NotPayableError,
    OtherModeError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentsUnreadableError,
)
from app.payments.gateway import StripeGateway
from app.payments.schemas import CheckoutOut, ReceivedOut
from app.payments.state import StoreState, store_state

api = APIRouter(tags=["orders"])
webhooks = APIRouter(prefix="/webhooks", tags=["webhooks"])
log = logging.getLogger(__name__)


@api.post(
    "/orders/{number}/checkout",
    summary="Open the payment page of an order",
    responses=responses(
        NotFoundError,
        AlreadyPaidError,
        NotPayableError,
        TaxUnresolvedError,
        PaymentsRefusedError,
        PaymentsUnavailableError,
        PaymentsUnreadableError,
    ),
)
def start_checkout(
    request: Request,
    number: NumberPath,
    token: TokenDep,
) -> CheckoutOut:
    """Return the URL of a page where the order can be paid by card or bank debit.

    Safe to repeat: an open page is returned again, and an expired one is replaced.
    """
    state = store_state(request)
    with state.readers() as session:
        known = get_number_for_buyer(session, number, token)
    url = checkout.start_checkout(state.sessions, state.gateway, state.settings, number=known)
    return CheckoutOut(url=url)


@webhooks.post(
    "/stripe",
    summary="Receive an event from Stripe",
    responses=responses(BadSignatureError, NotAnEventError, OtherModeError, EventNotHandledError),
    openapi_extra={
        "requestBody": {
            "description": "An event from Stripe. The signature covers the raw body.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def receive_stripe_event(
    request: Request,
    stripe_signature: Annotated[str, Header(description="Stripe's signature for the body")] = "",
) -> ReceivedOut:
    """Store an event from Stripe, then process it.

    If acting upon it fails the answer is 503 and Stripe sends it again: in test mode three times
    over a few hours (https://docs.stripe.com/webhooks#retries). Our worker tries more often.
    """
    body = await request.body()
    await run_in_threadpool(_receive, store_state(request), body, stripe_signature)
    return ReceivedOut()


def _receive(state: StoreState, body: bytes, signature: str) -> None:
    sessions: sessionmaker[Session] = state.sessions
    gateway: StripeGateway = state.gateway
    try:
        event = gateway.verify(body, signature)
    except ModeMismatchError as error:
        raise OtherModeError(str(error)) from error
    except EventUnreadableError as error:
        log.warning("stripe.unreadable_event", extra={"error": str(error)[:200]})
        detail = f"The event can't be read: {error}"
        raise NotAnEventError(detail) from error
    except ValueError as error:
        log.warning("stripe.bad_signature", extra={"error": str(error)[:200]})
        detail = "The signature does not match the body or is too old."
        raise BadSignatureError(detail) from error
    with state.readers() as session:
        if events.is_handled(session, event.id):
            return  # sent again; no write needed
    store_id = state.settings.store_id
    with sessions.begin() as session:
        is_new = events.store_event(session, event)
    try:
        if is_new:
            events.process_event(sessions, gateway, store_id=store_id, event=event)
        else:
            events.handle_event(sessions, gateway, store_id=store_id, event_id=event.id)
    except Exception as error:
        # Kept with the event, whatever it was; the worker tries again, and so may Stripe.
        detail = f"Event {event.id} is stored and will be retried."
        raise EventNotHandledError(detail, headers={"Retry-After": "5"}) from error
