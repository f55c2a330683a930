"""The page of an order, under its secret link: status, documents, and payment."""

from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.addresses import Address
from app.billing.exemptions import has_pending
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import AppError, ConflictError, InvalidInputError, NotFoundError
from app.exports.order_records import has_records
from app.licenses.time_zones import time_zone_of
from app.offers.licensing import Buyer
from app.offers.terms import duration_phrase
from app.orders import carts
from app.orders.carriers import carrier_label
from app.orders.confirmation import confirm_order
from app.orders.errors import ApproverNeededError
from app.orders.models import Order
from app.orders.next_steps import awaits_first_payment, can_be_changed
from app.orders.purchase_order_view import can_be_uploaded
from app.orders.queries import get_order_for_buyer
from app.orders.serializers import order_out
from app.orders.states import OrderState
from app.payments import back_to_cart
from app.payments import checkout as payments
from app.payments.errors import (
    NotChangeableError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentsUnreadableError,
)
from app.payments.queries import find_attempts
from app.payments.state import store_state
from app.payments.states import ReturnOutcome
from app.storefront.forms import FieldsDep
from app.storefront.order_view import (
    PURCHASE_ORDER_LABELS,
    is_just_placed,
    order_statuses,
    payment_notice,
)
from app.storefront.visitor import FILLED_CART, CartTokenDep, buyer_words, remember_cart
from app.web.rendering import render

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]
PRIVATE = {
    "Cache-Control": "private, no-store",
    # The address contains a secret, so no referrer has it. The origin stays, because with
    # "no-referrer" forms would have the origin "null".
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


@router.get("/orders/{number}")
def show_order(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    session: ReadSessionDep,
    number: str,
    token: Token = "",
    placed: str = "",
    uploaded: str = "",
    payment: Annotated[str, Query(max_length=20)] = "",
    at: Annotated[str, Query(max_length=20)] = "",
    confirm: Token = "",
    confirmed: str = "",
) -> Response:
    """Show the order to holders of its link; others get 404."""
    order = get_order_for_buyer(session, number, token)
    seconds = int(at) if at.isascii() and at.isdigit() else None
    return draw_order_page(
        request,
        session,
        order,
        payment=payment,
        at=seconds,
        placed=bool(placed),
        uploaded=bool(uploaded),
        confirm=confirm,
        confirmed=bool(confirmed),
    )


@router.post("/orders/{number}/confirm")
def confirm(request: Request, form: FieldsDep, number: str) -> Response:
    """Confirm the order for who reads the emails to its address; others get 404."""
    state = store_state(request)
    token = form.get("token", "")
    try:
        with state.sessions.begin() as session:
            order = get_order_for_buyer(session, number, token)
            if not _is_from_email(order, form.get("confirm", "")):
                detail = f"Order “{number[:40]}” not found."
                raise NotFoundError(detail)
            confirm_order(
                session,
                order,
                settings=state.settings,
                actor=Actor.guest(order.email),
                reason="by the link in an email",
            )
            path = order_path(order)
    except ApproverNeededError as error:
        with state.readers() as session:
            fresh = get_order_for_buyer(session, number, token)
            return draw_order_page(
                request, session, fresh, failure=error, title="Order not confirmed"
            )
    return RedirectResponse(
        f"{path}&confirmed=yes", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


@router.post("/orders/{number}/pay")
def pay(request: Request, form: FieldsDep, number: str) -> Response:
    """Redirect to the open payment page, or to a new one."""
    state = store_state(request)
    token = form.get("token", "")
    with state.readers() as session:
        order = get_order_for_buyer(session, number, token)
    try:
        url = payments.start_checkout(
            state.sessions, state.gateway, state.settings, number=order.number
        )
    except ConflictError:
        # The order was paid or closed since; its page says which.
        url = order_path(order)
    except (PaymentsUnavailableError, PaymentsRefusedError, PaymentsUnreadableError) as error:
        with state.readers() as session:
            fresh = get_order_for_buyer(session, number, token)
            page = draw_order_page(request, session, fresh, failure=error)
        page.headers.update(error.headers or {})
        return page
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


@router.post("/orders/{number}/cart")
def return_to_cart(
    request: Request, form: FieldsDep, number: str, cart_token: CartTokenDep
) -> Response:
    """Cancel the unpaid order and move its lines back to the cart."""
    state = store_state(request)
    token = form.get("token", "")
    with state.readers() as session:
        order = get_order_for_buyer(session, number, token)

    def restore(session: Session, order: Order) -> tuple[str, int]:
        buyer = Buyer(order.customer_class, order.size, order.country)
        cart, secret = carts.find_cart(session, cart_token), cart_token or ""
        if cart is None:
            cart, secret = carts.create_cart(session, buyer=buyer)
        carts.restore_lines(session, cart, order.lines, buyer=buyer)
        return secret, len(cart.lines)

    try:
        secret, lines = back_to_cart.close_unpaid(
            state.sessions, state.gateway, number=order.number, restore=restore
        )
    except NotChangeableError:
        # A repeated request, or the order was paid since; its page says which.
        return RedirectResponse(
            order_path(order), status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
        )
    except (PaymentsUnavailableError, InvalidInputError) as error:
        with state.readers() as session:
            fresh = get_order_for_buyer(session, number, token)
            page = draw_order_page(
                request, session, fresh, failure=error, title="Order not changed"
            )
        page.headers.update(error.headers or {})
        return page
    response = RedirectResponse(FILLED_CART, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    remember_cart(request, response, token=secret, lines=lines)
    return response


@router.get("/orders/{number}/return")
def return_from_payment(
    request: Request,
    number: str,
    token: Token = "",
    session_id: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """Sync the payment with Stripe, then redirect to the order."""
    state = store_state(request)
    with state.readers() as session:
        order = get_order_for_buyer(session, number, token)
    outcome = payments.handle_return(
        state.sessions, state.gateway, number=order.number, session_id=session_id
    )
    at = f"&at={int(clock.now().timestamp())}" if outcome is ReturnOutcome.UNKNOWN else ""
    return RedirectResponse(
        f"{order_path(order)}&payment={outcome}{at}",
        status_code=HTTPStatus.SEE_OTHER,
        headers=PRIVATE,
    )


def draw_order_page(
    request: Request,
    session: Session,
    order: Order,
    *,
    payment: str = "",
    at: int | None = None,
    placed: bool = False,
    failure: AppError | None = None,
    title: str = "",
    uploaded: bool = False,
    po_problems: Mapping[str, str] | None = None,
    po_number: str = "",
    confirm: str = "",
    confirmed: bool = False,
) -> Response:
    """Draw the page of an order, with what became of the form that was sent last."""
    attempts = find_attempts(session, order.id)
    notice = payment_notice(order, attempts, payment=payment, at=at, failure=failure)
    if notice is not None and title:
        notice = replace(notice, title=title)
    buyer = Buyer(order.customer_class, order.size, order.country)
    status = failure.status if failure else HTTPStatus.OK
    shown = order_out(session, order)
    in_review = shown.purchase_order is not None and shown.purchase_order.state == "received"
    response = render(
        request,
        "storefront/order.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if po_problems else status,
        order=shown,
        token=order.access_token,
        axes=order_statuses(order),
        lasting=duration_phrase,
        notice=notice,
        placed=placed and is_just_placed(order),
        zone=time_zone_of(Address.model_validate(order.billing)),
        again=bool(attempts),
        can_be_changed=can_be_changed(order),
        in_review=in_review and awaits_first_payment(order),
        carrier_label=carrier_label,
        po_labels=PURCHASE_ORDER_LABELS,
        uploaded=uploaded,
        can_upload=can_be_uploaded(order),
        can_change_po=order.state is OrderState.SUBMITTED or not order.po_number,
        problems=po_problems or {},
        po_number=po_number or order.po_number or "",
        has_records=has_records(order),
        buyer_words=buyer_words(buyer),
        pending_exemption=has_pending(session, order.number),
        confirm=confirm if order.is_unconfirmed and _is_from_email(order, confirm) else "",
        confirmed=confirmed and order.confirmed_at is not None,
    )
    response.headers.update(PRIVATE)
    return response


def _is_from_email(order: Order, confirm: str) -> bool:
    """Return whether the link is one that was emailed to the order's address."""
    return compare_digest(confirm.encode(), order.confirmation_token.encode())


def order_path(order: Order) -> str:
    """Return the address of the order's page, with its token."""
    return f"/orders/{order.number}?token={order.access_token}"
