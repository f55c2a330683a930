"""An order's page, behind its secret link: what happens next, documents, paying (again)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.db import ReadSessionDep
from app.core.errors import ConflictError
from app.exports.order_records import licensed_lines
from app.offers.licensing import Buyer
from app.offers.terms import lasting
from app.orders.carriers import carrier_label
from app.orders.models import Order
from app.orders.presenting import order_out
from app.orders.queries import order_for_buyer
from app.payments import checkout as payments
from app.payments.errors import PaymentsRefusedError, PaymentsUnavailableError
from app.payments.queries import attempts_of
from app.storefront.forms import FieldsDep
from app.storefront.order_view import axes, payment_notice
from app.storefront.visitor import buyer_words
from app.web.csrf import CsrfDep
from app.web.rendering import render

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]
PRIVATE = {
    "Cache-Control": "private, no-store",
    # The address carries the order's secret: it is told to no one, not even to ourselves.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@router.get("/orders/{number}")
def show_order(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    session: ReadSessionDep,
    number: str,
    token: Token = "",
    placed: str = "",
    payment: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the order to whoever holds its link; to others there is none."""
    order = order_for_buyer(session, number, token)
    return _page(request, session, order, payment=payment, placed=bool(placed))


@router.post("/orders/{number}/pay")
def pay(request: Request, _csrf: CsrfDep, form: FieldsDep, number: str) -> Response:
    """Send the buyer to the payment page: the open one, or a new one if that has ended."""
    state = request.app.state
    token = form.get("token", "")
    with state.readers() as session:
        order = order_for_buyer(session, number, token)
    try:
        where = payments.start(state.sessions, state.gateway, state.settings, number=order.number)
    except ConflictError:
        # Paid meanwhile, or closed: the page says which.
        where = _order_path(order)
    except (PaymentsUnavailableError, PaymentsRefusedError) as error:
        with state.readers() as session:
            fresh = order_for_buyer(session, number, token)
            page = _page(
                request, session, fresh, payment="unavailable", status=HTTPStatus(error.status)
            )
        page.headers.update(error.headers or {})
        return page
    return RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


@router.get("/orders/{number}/return")
def come_back(
    request: Request,
    number: str,
    token: Token = "",
    session_id: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """Take in what became of the payment page, then show the order."""
    state = request.app.state
    with state.readers() as session:
        order = order_for_buyer(session, number, token)
    outcome = payments.return_visit(
        state.sessions, state.gateway, number=order.number, session_id=session_id
    )
    return RedirectResponse(
        f"{_order_path(order)}&payment={outcome}",
        status_code=HTTPStatus.SEE_OTHER,
        headers=PRIVATE,
    )


def _page(
    request: Request,
    session: Session,
    order: Order,
    *,
    payment: str = "",
    placed: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    attempts = attempts_of(session, order.id)
    buyer = Buyer(order.customer_class, order.size, order.country)
    response = render(
        request,
        "storefront/order.html",
        status_code=status,
        order=order_out(session, order),
        token=order.access_token,
        axes=axes(order),
        lasting=lasting,
        notice=payment_notice(order, attempts, payment=payment),
        placed=placed,
        again=bool(attempts),
        carrier_label=carrier_label,
        has_records=bool(licensed_lines(order)),
        buyer_words=buyer_words(buyer),
    )
    response.headers.update(PRIVATE)
    return response


def _order_path(order: Order) -> str:
    return f"/orders/{order.number}?token={order.access_token}"
