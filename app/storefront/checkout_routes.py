"""Checkout: the form, and placing the order before the payment."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.regions import RULES, regions
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import ConflictError, InvalidInputError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import settings_of
from app.institutions.member_models import Member
from app.institutions.sessions import OptionalMemberDep
from app.orders import carts
from app.orders.carts import CartReview
from app.orders.placement import count_order_request, place
from app.payments import checkout as payments
from app.payments.errors import (
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentsUnreadableError,
)
from app.payments.state import store_state
from app.storefront import checkout_form
from app.storefront.forms import FieldsDep
from app.storefront.visitor import CartTokenDep, buyer_words, remember_cart, remember_order
from app.web.prose import prose
from app.web.rendering import render

router = APIRouter()
NEEDS_APPROVER = (
    "This order is over your spending limit. Get a quote from your cart, and share it with an "
    "approver at your institution. They can accept it."
)


class PlacedOrder(BaseModel):
    """The order of a form; a repeated form leads to the same order."""

    number: str
    token: str


class _ToCartError(Exception):
    """The cart cannot be ordered; its page says why."""


class _InvalidFormError(Exception):
    """The form has problems."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__()
        self.problems = problems


@router.get("/checkout")
def show_checkout(request: Request, session: ReadSessionDep, token: CartTokenDep) -> Response:
    """Show the form, or redirect to a cart that cannot be ordered."""
    review = _review(request, session, token)
    if review is None or not review.can_check_out:
        return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)
    values = checkout_form.initial_values(review.buyer)
    return _page(request, review, values, {}, token, once=new_token())


@router.post("/checkout")
def place_order(
    request: Request, form: FieldsDep, cart_cookie: CartTokenDep, member: OptionalMemberDep
) -> Response:
    """Place the order and redirect to the payment, or show the problems by field."""
    sessions = store_state(request).sessions
    # The form has the token too, for a browser that lost its cookies.
    token = cart_cookie or form.get("cart")
    try:
        # In a transaction that ends before the request to Stripe.
        with sessions.begin() as session:
            placed = _placed_once(request, session, form, token, member)
    except _ToCartError:
        return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)
    except _InvalidFormError as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _show_problems(request, form, error.problems, token, status)
    url = f"/orders/{placed.number}?token={placed.token}&placed=yes"
    if form.get("pay") != "po":
        url = find_payment_page(request, placed) or f"{url}&payment=unavailable"
    response = RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER)
    remember_cart(request, response, token=token or "", lines=0)
    remember_order(request, response, number=placed.number, token=placed.token)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _placed_once(
    request: Request,
    session: Session,
    form: Mapping[str, str],
    token: str | None,
    member: Member | None,
) -> PlacedOrder:
    """Place the order and empty the cart, once per form."""
    # Bound to the cart, so that no visitor learns of another's order.
    key = Idempotency.of_form("checkout", form.get("once", ""), owner=token or "")
    settings = settings_of(request)

    def work() -> PlacedOrder:
        cart = carts.find_cart(session, token, for_order=True)
        if cart is None or not cart.lines:
            raise _ToCartError
        review = carts.price_cart(session, cart, on=clock.today(), settings=settings)
        if not review.can_check_out:
            raise _ToCartError
        checkout = checkout_form.parse_checkout(form, review)
        if checkout.draft is None:
            raise _InvalidFormError(checkout.problems)
        email = checkout.draft.buyer.email
        count_order_request(session, request, email=email, limit=settings.orders_per_hour)
        actor = member.actor if member else Actor.guest(email)
        try:
            order = place(session, checkout.draft, settings=settings, actor=actor)
        except InvalidInputError as error:
            problems = checkout_form.problems_by_field(error.errors, form, review)
            raise _InvalidFormError(problems) from error
        if member is not None and member.is_over_limit(order.total_amount):
            raise _InvalidFormError({"": NEEDS_APPROVER})
        carts.clear_cart(session, cart)
        return PlacedOrder(number=order.number, token=order.access_token)

    return key.run_once(session, PlacedOrder, work)


def find_payment_page(request: Request, placed: PlacedOrder) -> str | None:
    """Return the address of the payment page; None if it is unavailable now."""
    state = store_state(request)
    try:
        return payments.start_checkout(
            state.sessions, state.gateway, state.settings, number=placed.number
        )
    except (
        PaymentsUnavailableError,
        PaymentsRefusedError,
        PaymentsUnreadableError,
        ConflictError,
    ):
        return None


def _review(request: Request, session: Session, token: str | None) -> CartReview | None:
    cart = carts.find_cart(session, token)
    if cart is None:
        return None
    return carts.price_cart(session, cart, on=clock.today(), settings=settings_of(request))


def _show_problems(
    request: Request,
    form: Mapping[str, str],
    problems: dict[str, str],
    token: str | None,
    status: HTTPStatus,
) -> Response:
    """Return the form with the entered values, and set the cart cookie again."""
    with store_state(request).sessions() as session:
        review = _review(request, session, token)
        if review is None or review.is_empty:
            return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)
        once = form.get("once") or new_token()
        page = _page(request, review, form, problems, token, once=once, status=status)
    remember_cart(request, page, token=token or "", lines=len(review.lines))
    return page


def _page(
    request: Request,
    review: CartReview,
    values: Mapping[str, str],
    problems: dict[str, str],
    token: str | None,
    *,
    once: str,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    response = render(
        request,
        "storefront/checkout.html",
        status_code=status,
        cart=token or "",
        review=review,
        has_last_day=any(checkout_form.has_last_day(view) for view in review.lines),
        buyer_words=buyer_words(review.buyer),
        texts=[(text, prose(text.body, level=4)) for text in checkout_form.texts_of(review)],
        regions=[name for country in RULES for name in regions(country).values()],
        values=values,
        problems=problems,
        once=once,
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
