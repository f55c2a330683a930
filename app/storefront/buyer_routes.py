"""The page of the buyer, who is stored in a signed cookie."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import SessionDep
from app.orders import carts
from app.storefront.buyer_form import (
    CLASS_CHOICES,
    SIZE_HELP,
    parse_buyer_form,
    size_question,
    size_questions,
)
from app.storefront.forms import FieldsDep
from app.storefront.visitor import (
    BuyerDep,
    CartTokenDep,
    local_path,
    remember_buyer,
)
from app.web.rendering import render

router = APIRouter()


@router.get("/buyer")
def buyer_page(
    request: Request, buyer: BuyerDep, next_path: Annotated[str, Query(alias="next")] = "/films"
) -> Response:
    """Show the form for the buyer."""
    values = {"country": "US"}
    if buyer:
        size = "" if buyer.size is None else str(buyer.size)
        values = {"class": str(buyer.customer_class), "size": size, "country": buyer.country}
    return _page(request, values, {}, next_path)


@router.get("/who", include_in_schema=False)
def former_page(request: Request) -> Response:
    """Redirect the former address of the page, with its query."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/buyer{query}", status_code=HTTPStatus.PERMANENT_REDIRECT)


@router.post("/buyer")
def save_buyer(
    request: Request,
    session: SessionDep,
    form: FieldsDep,
    token: CartTokenDep,
) -> Response:
    """Save the buyer, and update the prices of the cart."""
    next_path = local_path(form.get("next", ""))
    buyer, problems = parse_buyer_form(form)
    if buyer is None:
        return _page(request, form, problems, next_path, HTTPStatus.UNPROCESSABLE_ENTITY)
    cart = carts.find_cart(session, token)
    if cart is not None:
        carts.update_buyer(session, cart, buyer=buyer)
    response = RedirectResponse(next_path, status_code=HTTPStatus.SEE_OTHER)
    remember_buyer(request, response, buyer)
    return response


def _page(
    request: Request,
    values: dict[str, str],
    problems: dict[str, str],
    next_path: str,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    code = values.get("class", "")
    chosen = next((name for name in size_questions() if name == code), None)
    return render(
        request,
        "storefront/buyer.html",
        status_code=status,
        values=values,
        problems=problems,
        next_path=local_path(next_path),
        classes=CLASS_CHOICES,
        size_label=size_questions()[chosen] if chosen else size_question(None),
        size_help=SIZE_HELP,
        size_questions=size_questions(),
    )
