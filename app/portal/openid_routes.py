"""Sign in with OpenID Connect: to the provider, and back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core import throttle
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.errors import MovedError, NotFoundError
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.institutions import openid
from app.institutions.errors import AddressNotAllowedError
from app.institutions.models import Institution
from app.institutions.openid import CALLBACK_PATH, Provider
from app.institutions.providers import find_provider, sign_in_with_provider
from app.institutions.queries import get_institution
from app.institutions.sessions import (
    COOKIE,
    end_member_session,
    open_member_session,
    set_member_cookie,
)
from app.portal.sign_in_routes import HOME, HOUR, MAX_TARGET_LENGTH, Target
from app.storefront.order_routes import PRIVATE
from app.storefront.visitor import local_path

router = APIRouter()
MAX_PER_CLIENT = 100
FLOW_COOKIE = "rr_openid"
NO_PROVIDER = "This institution signs in by email."
Ref = Annotated[str, Query(alias="institution", max_length=20)]
Value = Annotated[str, Query(max_length=2000)]


@router.get("/account/sign-in/start")
def start(
    request: Request, settings: SettingsDep, ref: Ref = "", target: Target = HOME
) -> Response:
    """Send the browser to the store's provider, or to that of an institution."""
    with app_state(request).sessions.begin() as session:
        # A provider that does not answer keeps a thread waiting.
        throttle.hit(
            session, "openid from", network_of(request), limit=MAX_PER_CLIENT, seconds=HOUR
        )
    with app_state(request).readers() as session:
        provider, _ = _provider(session, settings, ref)
    safe_target = local_path(target, HOME)
    url, flow = openid.start_flow(
        settings,
        provider,
        name=ref,
        target=safe_target if len(safe_target) <= MAX_TARGET_LENGTH else HOME,
    )
    response = RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    flow.set_cookie(response, FLOW_COOKIE, settings)
    return response


@router.get(CALLBACK_PATH)
def finish(
    request: Request, settings: SettingsDep, state: Value = "", code: Value = ""
) -> Response:
    """Sign in the person that the provider names. The network is asked outside a transaction."""
    flow = openid.read_flow(settings, request.cookies.get(FLOW_COOKIE, ""), state=state)
    if not code:
        raise AddressNotAllowedError(openid.FAILED)
    with app_state(request).readers() as session:
        provider, _ = _provider(session, settings, flow.provider)
    email = openid.fetch_email(settings, provider, flow, code=code)
    with app_state(request).sessions.begin() as session:
        # Read again: the provider may have been removed since.
        _, institution = _provider(session, settings, flow.provider)
        member = sign_in_with_provider(session, email, of=institution)
        end_member_session(session, request.cookies.get(COOKIE, ""))
        token = open_member_session(
            session, settings, member, user_agent=request.headers.get("user-agent", "")
        )
    response = RedirectResponse(flow.target, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    set_member_cookie(response, token, settings=settings)
    response.delete_cookie(
        FLOW_COOKIE, secure=settings.secure_cookies, httponly=True, samesite="lax"
    )
    return response


def _provider(
    session: Session, settings: Settings, ref: str
) -> tuple[Provider, Institution | None]:
    """Return a provider by the institution's ``ref``, or the store's own; a stranger gets 404."""
    if not ref:
        provider = openid.store_provider(settings)
        if provider is None:
            raise NotFoundError(NO_PROVIDER)
        return provider, None
    try:
        institution = get_institution(session, ref)
    except MovedError as moved:
        institution = get_institution(session, moved.kept)
    except NotFoundError as error:
        raise NotFoundError(NO_PROVIDER) from error
    row = find_provider(session, institution)
    if row is None:
        raise NotFoundError(NO_PROVIDER)
    return Provider(row.issuer, row.client_id, row.client_secret), institution
