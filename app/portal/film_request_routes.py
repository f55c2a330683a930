"""Pages where a teacher asks the library for a film, and where the librarian decides."""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.catalog import queries as films
from app.catalog.models import Film
from app.core import clock, throttle
from app.core.db import ReadSessionDep, SessionDep
from app.core.email_address import format_email_problem
from app.core.errors import AppError, ConflictError, InvalidInputError
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.institutions.member_models import Member
from app.institutions.sessions import MemberDep, OptionalMemberDep
from app.offers.licensing import Buyer, get_licensing
from app.portal import film_requests
from app.portal.film_requests import MAX_NOTE_LENGTH, FilmRequestDraft
from app.portal.models import FilmRequest, FilmRequestState
from app.storefront.cart_routes import add_offers_to_cart
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.storefront.visitor import FILLED_CART, CartTokenDep, remember_buyer, remember_cart
from app.web.rendering import render

router = APIRouter()
HOUR = 60 * 60
MAX_PER_CLIENT, MAX_PER_ADDRESS = 20, 5
MAX_SHOWN = 100
PROBLEMS = {
    "name": "Enter your name",
    "needed_on": "Enter a date from today on, or leave it empty",
    "note": f"Shorten the note to {MAX_NOTE_LENGTH:,} characters",
}
ENTER_EMAIL = "Enter your work email address, like name@example.edu"
Secret = Annotated[str, Query(max_length=200)]


@router.get("/films/{slug}/request")
def request_page(
    request: Request, session: ReadSessionDep, member: OptionalMemberDep, slug: str
) -> Response:
    """Show the form."""
    film = films.film_by_slug(session, slug)
    return _form(request, film, member, {"name": member.name if member else ""}, {})


@router.post("/films/{slug}/request")
def ask_library(
    *,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    member: OptionalMemberDep,
    form: FieldsDep,
    slug: str,
) -> Response:
    """Send the request, or the link that confirms it. The page is the same for every address."""
    film = films.film_by_slug(session, slug)
    draft, problems = _parse(form, member)
    if draft is None:
        return _form(request, film, member, form, problems)
    network = network_of(request)
    throttle.hit(session, "film requests from", network, limit=MAX_PER_CLIENT, seconds=HOUR)
    throttle.hit(
        session, "film requests of", draft.email.lower(), limit=MAX_PER_ADDRESS, seconds=HOUR
    )
    film_requests.ask_for_film(session, film, draft, member, settings)
    return _page(request, "film_request_sent", film=film, email=draft.email, member=member)


@router.get("/film-requests/confirm")
def confirm_page(request: Request, session: ReadSessionDep, token: Secret = "") -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    asked = film_requests.get_unconfirmed(session, token)
    return _page(request, "film_request_confirm", asked=asked, token=token)


@router.post("/film-requests/confirm")
def confirm(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Send the request on."""
    asked = film_requests.confirm_request(session, form.get("token", ""), settings)
    return _page(request, "film_request_confirm", asked=asked, token="")


@router.get("/account/requests")
def requests_page(request: Request, session: ReadSessionDep, member: MemberDep) -> Response:
    """Show the requests, those to decide first."""
    found = film_requests.find_requests(session, member, limit=MAX_SHOWN)
    decides = film_requests.can_decide(member)
    return _page(request, "film_requests", requests=found, decides=decides, member=member)


@router.get("/account/requests/{ref}")
def show_request(
    request: Request, session: ReadSessionDep, member: MemberDep, ref: str
) -> Response:
    """Show a request, and to a librarian the licenses to choose from."""
    asked = film_requests.get_request(session, member, ref)
    return _request_page(request, session, member, asked)


@router.post("/account/requests/{ref}/cart")
def put_in_cart(
    *,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    member: MemberDep,
    form: FieldsDep,
    token: CartTokenDep,
    ref: str,
) -> Response:
    """Add the chosen license to the cart, accept the request, and tell the requester."""
    asked = film_requests.get_request(session, member, ref)
    buyer = _buyer(session, asked)
    skus = [form["offer"]] if form.get("offer") else []
    cart, secret, problems = add_offers_to_cart(session, token, skus, buyer)
    if cart is None or problems:
        detail = "Choose a license" if cart is None else problems[0]
        return _request_page(request, session, member, asked, problems={"offer": detail})
    film_requests.accept_request(session, asked, member, settings)
    response = RedirectResponse(FILLED_CART, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    remember_cart(request, response, token=secret, lines=len(cart.lines))
    remember_buyer(request, response, buyer)
    return response


@router.post("/account/requests/{ref}/decline")
def decline(
    *,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    member: MemberDep,
    form: FieldsDep,
    ref: str,
) -> Response:
    """Decline the request, and tell the requester why."""
    asked = film_requests.get_request(session, member, ref)
    reason = form.get("reason", "").strip()
    try:
        film_requests.decline_request(session, asked, member, reason=reason, settings=settings)
    except InvalidInputError as error:
        problems = {"reason": error.errors[0].detail}
        return _request_page(request, session, member, asked, problems=problems, reason=reason)
    except ConflictError as error:
        return _request_page(request, session, member, asked, failure=error)
    return RedirectResponse(
        f"/account/requests/{asked.ref}", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


def _parse(
    form: Mapping[str, str], member: Member | None
) -> tuple[FilmRequestDraft | None, dict[str, str]]:
    """Return the request, or what is wrong with which field."""
    email = member.email if member else form.get("email", "")
    values = {
        "email": email,
        "name": form.get("name", ""),
        "needed_on": form.get("needed_on") or None,
        "note": form.get("note", "").strip(),
    }
    problems: dict[str, str] = {}
    try:
        draft = FilmRequestDraft.model_validate(values)
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            problems[name] = PROBLEMS.get(name) or format_email_problem(problem, ENTER_EMAIL)
        return None, problems
    if draft.needed_on is not None and draft.needed_on < clock.today():
        return None, {"needed_on": PROBLEMS["needed_on"]}
    return draft, {}


def _buyer(session: Session, asked: FilmRequest) -> Buyer:
    institution = film_requests.institution_of(session, asked)
    return Buyer(institution.customer_class, institution.size, institution.country)


def _form(
    request: Request,
    film: Film,
    member: Member | None,
    values: Mapping[str, str],
    problems: dict[str, str],
) -> Response:
    return _page(
        request,
        "film_request_form",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        film=film,
        member=member,
        values=values,
        problems=problems,
        longest=MAX_NOTE_LENGTH,
    )


def _request_page(
    request: Request,
    session: Session,
    member: Member,
    asked: FilmRequest,
    *,
    problems: dict[str, str] | None = None,
    reason: str = "",
    failure: AppError | None = None,
) -> Response:
    decides = film_requests.can_decide(member)
    can_accept = decides and asked.state is not FilmRequestState.ACCEPTED
    buyer = _buyer(session, asked)
    licensing = get_licensing(session, asked.film, buyer, on=clock.today()) if can_accept else None
    refused = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    held: list[tuple[str, date | None]] = [
        (license_.offer_title, license_.ends_on)
        for license_ in film_requests.find_held_licenses(session, member, asked.film_id)
    ]
    return _page(
        request,
        "film_request",
        status_code=failure.status if failure else refused,
        asked=asked,
        member=member,
        decides=decides,
        licensing=licensing,
        country=buyer.country,
        held=held,
        problems=problems or {},
        reason=reason,
        failure=failure.detail if failure else "",
    )


def _page(
    request: Request, name: str, *, status_code: int = HTTPStatus.OK, **context: object
) -> Response:
    response = render(request, f"portal/{name}.html", status_code=status_code, **context)
    response.headers.update(PRIVATE)
    return response
