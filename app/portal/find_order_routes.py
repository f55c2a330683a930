"""The page where a buyer who lost a link gets it by email."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from app.core import throttle
from app.core.db import SessionDep
from app.core.email_address import Email, format_email_problem
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.portal.lost_links import send_lost_links
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter()
ADDRESS = TypeAdapter(Email)
HOUR = 60 * 60
MAX_PER_CLIENT, MAX_PER_ADDRESS = 20, 3
ENTER_EMAIL = "Enter the email address of the order, like name@example.edu"


@router.get("/find-my-order")
def find_my_order(request: Request) -> Response:
    """Show the form for an address."""
    return _page(request, email="", problem="")


@router.post("/find-my-order")
def request_links(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Send the links. The answer is the same for every address."""
    typed = form.get("email", "")
    try:
        email = ADDRESS.validate_python(typed)
    except ValidationError as error:
        problem = format_email_problem(error.errors()[0], ENTER_EMAIL)
        return _page(
            request, email=typed, problem=problem, status_code=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    network = network_of(request)
    throttle.hit(session, "lost links from", network, limit=MAX_PER_CLIENT, seconds=HOUR)
    throttle.hit(session, "lost links to", email.lower(), limit=MAX_PER_ADDRESS, seconds=HOUR)
    send_lost_links(session, settings, email=email)
    return _page(request, email=email, problem="", sent=True)


def _page(
    request: Request,
    *,
    email: str,
    problem: str,
    sent: bool = False,
    status_code: int = HTTPStatus.OK,
) -> Response:
    response = render(
        request,
        "portal/find_my_order.html",
        status_code=status_code,
        email=email,
        problems={"email": problem} if problem else {},
        sent=sent,
    )
    response.headers.update(PRIVATE)
    return response
