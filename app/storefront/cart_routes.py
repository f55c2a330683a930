"""The cart: put in, change, take out, and see what changed meanwhile."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError
from app.core.request_middleware import settings_of
from app.offers.queries import get_visible_offer
from app.orders import carts
from app.orders.drafts import MAX_QUANTITY
from app.orders.models import Cart
from app.orders.next_steps import can_be_changed
from app.storefront.forms import FieldsDep, whole
from app.storefront.visitor import (
    BuyerDep,
    CartTokenDep,
    buyer_words,
    last_order,
    local_path,
    remember_cart,
)
from app.web.formats import plural
from app.web.rendering import render

router = APIRouter()
MAX_SKU_LENGTH = 120
Sku = Annotated[str, Query(max_length=MAX_SKU_LENGTH, pattern=r"^[^\x00]*$")]


@router.get("/cart")
def show_cart(
    *,
    request: Request,
    session: ReadSessionDep,
    token: CartTokenDep,
    added: Sku = "",
    changed: Sku = "",
    removed: Sku = "",
    filled: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """Show the cart with today's prices, and what was just done to it."""
    cart = carts.find_cart(session, token)
    held = {line.sku: line for line in cart.lines} if cart else {}
    done, sku = "", ""
    if added in held:
        done, sku = "Added to your cart", added
    elif changed in held:
        done, sku = (
            f"Quantity changed to {plural(held[changed].quantity, 'copy', 'copies')}",
            changed,
        )
    elif removed and removed not in held:
        done, sku = "Removed from your cart", removed
    elif filled and held:
        done = f"Your cart now has {plural(len(held), 'license')}"
    title = _title(session, sku) if sku else ""
    return _page(request, session, cart, done=done, done_title=title, changed_sku=changed)


@router.post("/cart/lines")
def add_line(
    request: Request,
    session: SessionDep,
    form: FieldsDep,
    buyer: BuyerDep,
    token: CartTokenDep,
) -> Response:
    """Put an offer in the cart, for the buyer that the visitor named."""
    back = local_path(form.get("back", ""))
    if buyer is None:
        who = f"/buyer?{urlencode({'next': back})}"
        return RedirectResponse(who, status_code=HTTPStatus.SEE_OTHER)
    cart = carts.find_cart(session, token)
    secret = token or ""
    if cart is None:
        cart, secret = carts.create_cart(session, buyer=buyer)
    elif carts.buyer_of(cart) != buyer:
        carts.update_buyer(session, cart, buyer=buyer)
    sku = form.get("offer", "")[:MAX_SKU_LENGTH]
    quantity = whole(form.get("quantity", "1"), least=1, most=MAX_QUANTITY) or 1
    problem = ""
    try:
        carts.add_line(session, cart, sku=sku, quantity=quantity, on=clock.today())
    except InvalidInputError as error:
        problem = _words(error)
    response = _page(request, session, cart, problem=problem) if problem else _see_cart(added=sku)
    remember_cart(request, response, token=secret, lines=len(cart.lines))
    return response


@router.post("/cart/lines/{line_id}")
def change_line(
    request: Request,
    session: SessionDep,
    form: FieldsDep,
    token: CartTokenDep,
    line_id: int,
) -> Response:
    """Set how many of a line are wanted, or take it out."""
    cart = carts.find_cart(session, token)
    if cart is None:
        return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)
    sku = next((line.sku for line in cart.lines if line.id == line_id), "")
    problem = ""
    if "remove" in form:
        carts.remove_line(session, cart, line_id=line_id)
    else:
        quantity = whole(form.get("quantity", ""), least=0, most=MAX_QUANTITY)
        problem = _change(session, cart, line_id, quantity)
    if problem:
        typed = {line_id: form.get("quantity", "")}
        return _page(request, session, cart, line_problems={line_id: problem}, typed=typed)
    is_held = any(line.sku == sku for line in cart.lines)
    response = _see_cart(changed=sku) if is_held else _see_cart(removed=sku)
    remember_cart(request, response, token=token or "", lines=len(cart.lines))
    return response


@router.post("/cart/prices")
def accept_prices(session: SessionDep, token: CartTokenDep) -> Response:
    """Note that the visitor has seen the new prices."""
    cart = carts.find_cart(session, token)
    if cart is not None:
        carts.acknowledge_prices(session, cart, on=clock.today())
    return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)


def _change(session: Session, cart: Cart, line_id: int, quantity: int | None) -> str:
    """Change the line; return what is wrong with the number, if anything is."""
    if quantity is None:
        return f"Enter a whole number from 1 to {MAX_QUANTITY}"
    try:
        carts.update_line(session, cart, line_id=line_id, quantity=quantity, on=clock.today())
    except InvalidInputError as error:
        return _words(error)
    return ""


def _page(
    request: Request,
    session: Session,
    cart: Cart | None,
    *,
    done: str = "",
    done_title: str = "",
    changed_sku: str = "",
    problem: str = "",
    line_problems: dict[int, str] | None = None,
    typed: dict[int, str] | None = None,
) -> Response:
    settings = settings_of(request)
    review = carts.price_cart(session, cart, on=clock.today(), settings=settings) if cart else None
    lines = review.lines if review else []
    refused = bool(problem or line_problems)
    order = last_order(request, session)
    response = render(
        request,
        "storefront/cart.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        review=review,
        lines=lines,
        buyer_words=buyer_words(review.buyer) if review else "",
        done=done,
        done_title=done_title,
        changed_sku=changed_sku,
        unpaid=order if order and can_be_changed(order) and not order.po_number else None,
        problem=problem,
        line_problems=line_problems or {},
        typed=typed or {},
        cart_count=len(lines),
        max_quantity=MAX_QUANTITY,
    )
    # It may hold the link to an order, and back from paying nobody sees the cart that was.
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _see_cart(**done: str) -> Response:
    """Return the answer to a form that changed the cart: the cart, which says what was done."""
    query = urlencode({name: sku for name, sku in done.items() if sku})
    return RedirectResponse(f"/cart?{query}" if query else "/cart", HTTPStatus.SEE_OTHER)


def _title(session: Session, sku: str) -> str:
    """Return the film and the license of an offer; its number, if there is none."""
    offer = get_visible_offer(session, sku)
    return f"{offer.film.title}: {offer.title}" if offer else sku


def _words(error: InvalidInputError) -> str:
    return " ".join(problem.detail for problem in error.errors) or error.detail
