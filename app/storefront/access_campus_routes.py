"""Logins at a campus: SAML 2.0 and OpenID Connect."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.access import saml
from app.access.claims import Method, make_claim
from app.access.discovery import get_open_institution
from app.access.errors import LoginRefusedError, LoginUnavailableError
from app.access.keys import SAML, get_key
from app.access.logins import begin_login, finish_login, refuse_replay
from app.access.models import AccessKey, LoginKind, SamlRegistration
from app.access.registrations import find_saml, is_usable
from app.core import throttle
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.cross_site import allow_other_sites
from app.core.email_domains import domain_of
from app.core.errors import NotFoundError
from app.core.networks import network_of
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep
from app.institutions import openid
from app.institutions.models import Institution
from app.institutions.openid import Provider
from app.institutions.providers import find_provider
from app.storefront.access_view import Target, count_refusal, open_session, target_of
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE

router = APIRouter()
HOUR, MAX_PER_CLIENT = 60 * 60, 300
FLOW_COOKIE = "rr_access_openid"
OFF = "This institution does not log in with SAML now. Choose another way, or ask your library."
NOT_OF_DOMAIN = "Your account is not at a domain of your institution. Ask your library."
MAX_RESPONSE_LENGTH = 300_000
Ref = Annotated[str, Query(alias="institution", max_length=20, pattern=r"^[A-Za-z0-9-]*$")]
PathRef = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$")]
Value = Annotated[str, Query(max_length=2000)]


@router.get(saml.METADATA_PATH)
def saml_metadata(request: Request, settings: SettingsDep) -> Response:
    """Return the store's own metadata, which a campus or a federation registers."""
    _require_saml()
    with app_state(request).sessions.begin() as session:
        keys = _pair(get_key(session, SAML))
    body = saml.write_metadata(settings, keys)
    return Response(body, media_type="application/samlmetadata+xml")


@router.get(saml.LOGIN_PATH)
def saml_login(
    request: Request, settings: SettingsDep, ref: Ref = "", target: Target = ""
) -> Response:
    """Send the browser to the institution's provider."""
    _require_saml()
    with app_state(request).sessions.begin() as session:
        throttle.hit(session, "saml from", network_of(request), limit=MAX_PER_CLIENT, seconds=HOUR)
        institution, row = _get_saml(session, ref)
        keys = _pair(get_key(session, SAML))
        secret = new_token()
        url, request_id = saml.start_login(
            settings, keys, row.metadata_xml, entity_id=row.entity_id, relay_state=secret
        )
        begin_login(
            session,
            LoginKind.SAML,
            institution.id,
            target=target_of(target=target),
            state=secret,
            nonce=request_id,
        )
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


@router.post(saml.ACS_PATH)
@allow_other_sites
def saml_finish(request: Request, settings: SettingsDep, form: FieldsDep) -> Response:
    """Take the provider's answer. It is read outside any transaction."""
    _require_saml()
    state = app_state(request)
    with state.sessions.begin() as session:
        login = finish_login(session, LoginKind.SAML, form.get("RelayState", ""))
        row = find_saml(session, login.institution_id)
        keys = _pair(get_key(session, SAML))
    try:
        assertion = _read_answer(settings, keys, row, form, request_id=login.nonce)
        with state.sessions.begin() as session:
            refuse_replay(session, assertion.issuer, assertion.id, until=assertion.ends_at)
    except LoginRefusedError as error:
        count_refusal(request, login.institution_id, Method.SAML, error)
        raise
    claim = make_claim(
        settings, login.institution_id, Method.SAML, affiliation=assertion.affiliation
    )
    return open_session(claim, login.target, settings=settings)


@router.get("/access/oidc/{ref}/start")
def openid_login(
    request: Request, settings: SettingsDep, ref: PathRef, target: Target = ""
) -> Response:
    """Send the browser to the institution's OpenID Connect provider."""
    with app_state(request).sessions.begin() as session:
        # A provider that does not answer keeps a thread waiting.
        throttle.hit(
            session, "openid from", network_of(request), limit=MAX_PER_CLIENT, seconds=HOUR
        )
    with app_state(request).readers() as session:
        provider, institution = _get_openid(session, ref)
    url, flow = openid.start_flow(
        settings,
        provider,
        name=institution.ref,
        target=target_of(target=target),
        callback=_callback(institution.ref),
    )
    response = RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    flow.set_cookie(response, FLOW_COOKIE, settings)
    return response


@router.get("/access/oidc/{ref}/callback")
def openid_finish(
    request: Request, settings: SettingsDep, ref: PathRef, state: Value = "", code: Value = ""
) -> Response:
    """Take the provider's answer. The address in it is looked at and forgotten."""
    flow = openid.read_flow(settings, request.cookies.get(FLOW_COOKIE, ""), state=state)
    with app_state(request).readers() as session:
        provider, institution = _get_openid(session, ref)
        domains = {each.domain for each in institution.domains}
    if not code or flow.provider != institution.ref:
        raise LoginRefusedError(openid.FAILED, code="request")
    email = openid.fetch_email(
        settings, provider, flow, code=code, callback=_callback(institution.ref)
    )
    if domain_of(email) not in domains:
        error = LoginRefusedError(NOT_OF_DOMAIN, code="affiliation")
        count_refusal(request, institution.id, Method.OPENID, error)
        raise error
    claim = make_claim(settings, institution.id, Method.OPENID)
    response = open_session(claim, flow.target, settings=settings)
    response.delete_cookie(
        FLOW_COOKIE, secure=settings.secure_cookies, httponly=True, samesite="lax"
    )
    return response


def _read_answer(
    settings: Settings,
    keys: saml.KeyPair,
    row: SamlRegistration | None,
    form: dict[str, str],
    *,
    request_id: str,
) -> saml.Assertion:
    if row is None or not is_usable(row):
        raise LoginRefusedError(OFF, code="metadata")
    return saml.read_response(
        settings,
        keys,
        row.metadata_xml,
        form.get("SAMLResponse", "")[:MAX_RESPONSE_LENGTH],
        entity_id=row.entity_id,
        scopes=row.scopes,
        request_id=request_id,
    )


def _require_saml() -> None:
    if saml.find_problem():
        raise LoginUnavailableError(OFF)


def _get_saml(session: Session, ref: str) -> tuple[Institution, SamlRegistration]:
    institution = get_open_institution(session, ref)
    row = find_saml(session, institution)
    if row is None or not is_usable(row):
        raise NotFoundError(OFF)
    return institution, row


def _get_openid(session: Session, ref: str) -> tuple[Provider, Institution]:
    institution = get_open_institution(session, ref)
    row = find_provider(session, institution)
    if row is None:
        detail = "This institution does not log in with OpenID Connect. Choose another way."
        raise NotFoundError(detail)
    return Provider(row.issuer, row.client_id, row.client_secret), institution


def _callback(ref: str) -> str:
    return f"/access/oidc/{ref}/callback"


def _pair(key: AccessKey) -> saml.KeyPair:
    return saml.KeyPair(key.private_key, key.certificate)
