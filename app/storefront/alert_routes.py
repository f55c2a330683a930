"""Film alerts: request, confirm, manage, and unsubscribe by links in emails."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from app.alerts import links, service
from app.alerts.models import AlertSubscriber
from app.alerts.searches import format_query, parse_query
from app.core import throttle
from app.core.cross_site import allow_other_sites
from app.core.db import ReadSessionDep, SessionDep
from app.core.email_address import Email, format_email_problem
from app.core.errors import InvalidInputError
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.storefront.browse_routes import QueryDep
from app.storefront.browsing import FilmListing
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter(prefix="/alerts")
HOUR = 60 * 60
# Each request sends an email to an unconfirmed address.
MAX_PER_CLIENT, MAX_PER_ADDRESS = 20, 5
Secret = Annotated[str, Query(max_length=200)]
ADDRESS = TypeAdapter(Email)
SUCCESS_MESSAGES = {
    "confirmed": "Alert confirmed. We'll email you at most once a week when new films match.",
    "paused": "Alerts paused. You'll get no emails until you resume. New films are included then.",
    "resumed": "Alerts resumed.",
    "removed": "Alert deleted.",
}


@router.get("/new")
def new_alert_page(request: Request, session: ReadSessionDep, query: QueryDep) -> Response:
    """Show the search of the alert, and the form for an address."""
    return _new_alert(request, session, format_query(query), {}, {}, status=HTTPStatus.OK)


@router.post("")
def request_alert_link(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    form: FieldsDep,
) -> Response:
    """Send the confirmation link; the page does not reveal whether the address is known."""
    query = form.get("query", "")
    try:
        description = _describe(session, query)
    except ValueError:
        return RedirectResponse("/films", status_code=HTTPStatus.SEE_OTHER)
    try:
        email = ADDRESS.validate_python(form.get("email", ""))
    except ValidationError as error:
        default = "Enter an email address, like name@example.edu"
        problem = format_email_problem(error.errors()[0], default)
        return _new_alert(request, session, query, {"email": problem}, form)
    address = network_of(request)
    throttle.hit(session, "alerts from", address, limit=MAX_PER_CLIENT, seconds=HOUR)
    throttle.hit(session, "alerts to", email.lower(), limit=MAX_PER_ADDRESS, seconds=HOUR)
    try:
        service.request_alert(session, settings, email=email, query=query, words=description)
    except InvalidInputError as error:
        problem = error.errors[0].detail
        problems = {"email": problem[:1].upper() + problem[1:]}
        return _new_alert(request, session, query, problems, form)
    return _page(request, "asked", email=email, words=description, hours=service.CONFIRM_HOURS)


@router.get("/confirm")
def confirm_page(request: Request, session: ReadSessionDep, token: Secret = "") -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    search = service.get_unconfirmed(session, token)
    return _page(request, "confirm", words=search.words, token=token)


@router.post("/confirm")
def confirm(session: SessionDep, settings: SettingsDep, form: FieldsDep) -> Response:
    """Activate the alert."""
    reader = service.confirm_alert(session, form.get("token", ""))
    return _redirect_to_manage(links.sign_handle(settings, reader), "confirmed")


@router.get("/manage")
def manage_page(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    key: Secret = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show a subscriber's alerts."""
    reader = service.get_subscriber(session, settings, key)
    searches = [
        (search, links.list_url(settings, search))
        for search in reader.searches
        if search.confirmed_at is not None
    ]
    waiting = len(reader.searches) - len(searches)
    return _page(
        request,
        "manage",
        reader=reader,
        searches=searches,
        waiting=waiting,
        key=key,
        done=SUCCESS_MESSAGES.get(done, ""),
    )


@router.post("/manage")
def manage(
    request: Request, session: SessionDep, settings: SettingsDep, form: FieldsDep
) -> Response:
    """Pause, resume, or delete alerts; deleting the last one deletes the address too."""
    key = form.get("key", "")
    reader = service.get_subscriber(session, settings, key)
    action = form.get("action", "")
    steps: Mapping[str, Callable[[], None]] = {
        "paused": lambda: service.pause_emails(reader),
        "resumed": lambda: service.resume_emails(reader),
        "removed": lambda: service.delete_search(session, reader, form.get("query", "")),
    }
    if action in steps:
        last = action == "removed" and _is_last(reader, form.get("query", ""))
        steps[action]()
        if last:
            return _page(request, "ended")
    return _redirect_to_manage(key, action)


@router.get("/unsubscribe")
def unsubscribe_page(
    request: Request, session: ReadSessionDep, settings: SettingsDep, key: Secret = ""
) -> Response:
    """Ask for a confirmation, because email programs open links by themselves."""
    reader = service.get_subscriber(session, settings, key)
    return _page(request, "unsubscribe", key=key, count=len(reader.searches))


@router.post("/unsubscribe")
@allow_other_sites
def unsubscribe(
    request: Request, session: SessionDep, settings: SettingsDep, key: Secret = ""
) -> Response:
    """Delete all alerts and the address, for the page and for email programs (RFC 8058).

    The key is the permission, because email programs send no cookies. Repeating it is harmless.
    """
    handle = links.verify_handle(settings, key)
    if handle is None:
        service.get_subscriber(session, settings, key)
    service.delete_subscriber_by_handle(session, handle or "")
    return _page(request, "ended")


def _new_alert(
    request: Request,
    session: Session,
    query: str,
    problems: Mapping[str, str],
    typed: Mapping[str, str],
    *,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    return _page(
        request,
        "new",
        status=status,
        query=query,
        words=_describe(session, query),
        problems=problems,
        email=typed.get("email", ""),
    )


def _describe(session: Session, query: str) -> str:
    """Return the description of a search: ``“peace”, War, 1990 to 1999``.

    Raises:
        ValueError: The query is not a search.
    """
    chips = FilmListing(session, parse_query(query)).chips()
    return ", ".join(chip.label for chip in chips) or "all films"


def _is_last(reader: AlertSubscriber, query: str) -> bool:
    return all(search.query == query for search in reader.searches)


def _redirect_to_manage(key: str, done: str) -> Response:
    done = done if done in SUCCESS_MESSAGES else ""
    return RedirectResponse(
        f"/alerts/manage?key={key}&done={done}", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


def _page(
    request: Request, step: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object
) -> Response:
    response = render(request, f"storefront/alert_{step}.html", status_code=status, **context)
    response.headers.update(PRIVATE)
    return response
