"""The cart: add, change, and remove lines, and show what changed since."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError
from app.core.numbers import new_token
from app.core.request_middleware import settings_of
from app.offers.licensing import Buyer
from app.offers.queries import get_visible_offer
from app.orders import carts
from app.orders.drafts import MAX_LINES, MAX_QUANTITY
from app.orders.models import Cart
from app.orders.next_steps import can_be_changed
from app.quotes.queries import get_quote_for_buyer
from app.quotes.states import QUOTE_TRANSITIONS, QuoteState
from app.storefront.forms import FieldsDep, parse_whole
from app.storefront.visitor import (
    BuyerDep,
    CartTokenDep,
    buyer_words,
    last_order,
    local_path,
    quote_to_replace,
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
    """Show the cart with today's prices, and the change that led here."""
    cart = carts.find_cart(session, token)
    lines = {line.sku: line for line in cart.lines} if cart else {}
    done, sku = "", ""
    if added in lines:
        done, sku = "Added to your cart", added
    elif changed in lines:
        done, sku = (
            f"Quantity changed to {plural(lines[changed].quantity, 'copy', 'copies')}",
            changed,
        )
    elif removed and removed not in lines:
        done, sku = "Removed from your cart", removed
    elif filled and lines:
        done = f"Your cart now has {plural(len(lines), 'license')}"
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
    """Add an offer to the cart."""
    back = local_path(form.get("back", ""))
    if buyer is None:
        buyer_page = f"/buyer?{urlencode({'next': back})}"
        return RedirectResponse(buyer_page, status_code=HTTPStatus.SEE_OTHER)
    cart, secret = _open_cart(session, token, buyer)
    sku = form.get("offer", "")[:MAX_SKU_LENGTH]
    quantity = parse_whole(form.get("quantity", "1"), minimum=1, maximum=MAX_QUANTITY) or 1
    problem = ""
    try:
        carts.add_line(session, cart, sku=sku, quantity=quantity, on=clock.today())
    except InvalidInputError as error:
        problem = _message(error)
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
    """Change the quantity of a line, or remove it."""
    cart = carts.find_cart(session, token)
    if cart is None:
        return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)
    sku = next((line.sku for line in cart.lines if line.id == line_id), "")
    problem = ""
    if "remove" in form:
        carts.remove_line(session, cart, line_id=line_id)
    else:
        quantity = parse_whole(form.get("quantity", ""), minimum=0, maximum=MAX_QUANTITY)
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
    """Record that the visitor has seen the new prices."""
    cart = carts.find_cart(session, token)
    if cart is not None:
        carts.acknowledge_prices(session, cart, on=clock.today())
    return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)


def add_offers_to_cart(
    session: Session, token: str | None, skus: Sequence[str], buyer: Buyer
) -> tuple[Cart | None, str, list[str]]:
    """Add offers to the cart of ``token``, or to a new one, priced for ``buyer``.

    Return the cart, its secret, and why some offers were not added. Offers in the cart are not
    added twice.
    """
    if not skus:
        return None, "", ["Select at least one license."]
    cart, secret = _open_cart(session, token, buyer)
    present = {line.sku for line in cart.lines}
    new = [sku for sku in skus if sku not in present]
    free = MAX_LINES - len(present)
    problems = []
    for sku in new[:free]:
        try:
            carts.add_line(session, cart, sku=sku, on=clock.today())
        except InvalidInputError as error:
            problems += [f"{sku[:120]}: {problem.detail}" for problem in error.errors]
    if len(new) > free:
        problems.append(
            f"A cart holds {MAX_LINES} licenses. {len(new) - free} of your selections were not "
            f"added. Place this order first."
        )
    return cart, secret, problems


def _change(session: Session, cart: Cart, line_id: int, quantity: int | None) -> str:
    """Change the quantity of a line; return the problem with it, if any."""
    if quantity is None:
        return f"Enter a whole number from 1 to {MAX_QUANTITY}"
    try:
        carts.update_line(session, cart, line_id=line_id, quantity=quantity, on=clock.today())
    except InvalidInputError as error:
        return _message(error)
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
        quote_values=_quote_values(request, session),
        once=new_token(),
    )
    # The page may link to an order, and the Back button must not show an outdated cart.
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _quote_values(request: Request, session: Session) -> dict[str, str]:
    """Return the initial values of the form for a quote: those of the quote that it replaces."""
    saved = quote_to_replace(request)
    number, _, token = saved.partition(".")
    try:
        quote = get_quote_for_buyer(session, number, token)
    except NotFoundError:
        return {}
    if QuoteState.SUPERSEDED not in QUOTE_TRANSITIONS[quote.state]:
        return {}
    return {
        "supersedes": saved,
        "email": quote.email,
        "institution": quote.institution,
        "contact_name": quote.contact_name,
    }


def _see_cart(**done: str) -> Response:
    """Redirect to the cart, which confirms the change."""
    query = urlencode({name: sku for name, sku in done.items() if sku})
    return RedirectResponse(f"/cart?{query}" if query else "/cart", HTTPStatus.SEE_OTHER)


def _title(session: Session, sku: str) -> str:
    """Return the film and the license of an offer, or its SKU if it no longer exists."""
    offer = get_visible_offer(session, sku)
    return f"{offer.film.title}: {offer.title}" if offer else sku


def _message(error: InvalidInputError) -> str:
    return " ".join(problem.detail for problem in error.errors) or error.detail


def _open_cart(session: Session, token: str | None, buyer: Buyer) -> tuple[Cart, str]:
    """Return the cart of ``token``, or a new one, priced for ``buyer``, and its secret."""
    cart = carts.find_cart(session, token)
    if cart is None:
        return carts.create_cart(session, buyer=buyer)
    if carts.buyer_of(cart) != buyer:
        carts.update_buyer(session, cart, buyer=buyer)
    return cart, token or ""
