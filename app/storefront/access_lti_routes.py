"""LTI 1.3: launches from a learning platform, and films put into a course."""

import re
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from app.access import lti
from app.access.claims import LAUNCH_PARAMETER, Method, make_claim, set_claim_cookie, sign_launch
from app.access.errors import TRY_AGAIN, LoginRefusedError
from app.access.keys import LTI, get_key
from app.access.logins import begin_login, finish_login, refuse_replay
from app.access.lti import DEEP_LINK, Launch, Platform
from app.access.models import AccessLogin, LoginKind, LtiRegistration
from app.catalog import queries
from app.core import clock
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.cross_site import allow_other_sites
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep, settings_of
from app.core.signing import Purpose, sign, unsign
from app.storefront.access_view import count_refusal, draw_access_page
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE

router = APIRouter()
DEEP_LINK_SECONDS = 60 * 60
MAX_CLIP_SECONDS = 24 * 60 * 60
WATCH = re.compile(r"/watch/[a-z0-9-]+")
CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})|(\d{1,5})")
Value = Annotated[str, Query(max_length=2000)]


class CourseContext(BaseModel):
    """A page on which a teacher chooses a film for a course, between its requests."""

    platform_id: int
    deployment: str
    return_url: str
    data: str
    ends_at: int


@router.get(lti.KEYS_PATH)
def lti_keys(request: Request) -> Response:
    """Return the public key with which a platform checks what we send."""
    with app_state(request).sessions.begin() as session:
        return JSONResponse(lti.write_key_set(get_key(session, LTI)))


@router.get(lti.LOGIN_PATH)
def lti_login_by_link(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    settings: SettingsDep,
    iss: Value = "",
    client_id: Value = "",
    login_hint: Value = "",
    lti_message_hint: Value = "",
    target_link_uri: Value = "",
    lti_deployment_id: Value = "",
    lti_storage_target: Value = "",
) -> Response:
    """Begin a launch that a platform sends by link."""
    del lti_deployment_id, lti_storage_target
    sent = {
        "iss": iss,
        "client_id": client_id,
        "login_hint": login_hint,
        "lti_message_hint": lti_message_hint,
        "target_link_uri": target_link_uri,
    }
    return _begin(request, settings, sent)


@router.post(lti.LOGIN_PATH)
@allow_other_sites
def lti_login(request: Request, settings: SettingsDep, form: FieldsDep) -> Response:
    """Begin a launch that a platform sends by form."""
    return _begin(request, settings, form)


@router.post(lti.LAUNCH_PATH)
@allow_other_sites
def lti_launch(request: Request, settings: SettingsDep, form: FieldsDep) -> Response:
    """Take a launch. The platform's keys are read outside any transaction."""
    state = app_state(request)
    with state.sessions.begin() as session:
        login = finish_login(session, LoginKind.LTI, form.get("state", ""))
        row = _platform_of(session, login)
        platform = Platform.of(row)
    try:
        launch = lti.read_launch(
            settings, platform, form.get("id_token", ""), nonce=login.nonce.partition(" ")[2]
        )
        with state.sessions.begin() as session:
            refuse_replay(session, platform.issuer, launch.token_id, until=launch.ends_at)
    except LoginRefusedError as error:
        count_refusal(request, login.institution_id, Method.LTI, error)
        raise
    if launch.message == DEEP_LINK:
        return _choose(request, settings, row, launch)
    claim = make_claim(settings, login.institution_id, Method.LTI)
    target = launch.target
    if request.headers.get("sec-fetch-dest") in {"iframe", "frame"}:
        # Browsers drop cookies in frames: the page gets its proof with its address.
        path, _, query = target.partition("?")
        path = f"{path}/embed" if WATCH.fullmatch(path) else path
        proof = f"{LAUNCH_PARAMETER}={sign_launch(settings, claim)}"
        target = f"{path}?{query}&{proof}" if query else f"{path}?{proof}"
    response = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    set_claim_cookie(response, claim, settings=settings)
    return response


@router.post("/access/lti/choose")
def choose_film(request: Request, settings: SettingsDep, form: FieldsDep) -> Response:
    """Check the film and the clip, and draw the form that puts them into the course."""
    context = _read_context(settings, form.get("context", ""))
    problems = {}
    clip = ""
    try:
        clip = _read_clip(form.get("starts", ""), form.get("ends", ""))
    except ValueError as error:
        problems["starts"] = str(error)
    with app_state(request).sessions.begin() as session:
        row = session.get(LtiRegistration, context.platform_id)
        if row is None:
            raise LoginRefusedError(lti.UNKNOWN, code="platform")
        platform, key = Platform.of(row), get_key(session, LTI)
        film = queries.find_typed_film(session, form.get("film", ""))
    if film is None:
        problems["film"] = "Enter the title of a film as it is in our catalog, or its address."
    if film is None or problems:
        return _draw_choice(request, platform, form.get("context", ""), problems, form)
    url = settings.url(f"/watch/{film.slug}") + (f"?t={clip}" if clip else "")
    token = lti.build_deep_link(
        key,
        platform,
        deployment=context.deployment,
        data=context.data,
        title=film.title,
        url=url,
    )
    page = draw_access_page(
        request, "lti_add", film=film, clip=clip, token=token, return_url=context.return_url
    )
    return _allow_frame(page, platform, context.return_url)


def _begin(request: Request, settings: Settings, sent: dict[str, str]) -> Response:
    # Refused before the platform is asked: a launch to another site has no place here.
    target = lti.own_path(settings, sent.get("target_link_uri", ""))
    nonce, secret = new_token(), new_token()
    with app_state(request).sessions.begin() as session:
        row = lti.find_platform(session, sent.get("iss", ""), sent.get("client_id", ""))
        begin_login(
            session,
            LoginKind.LTI,
            row.institution_id,
            target=target[:500],
            state=secret,
            nonce=f"{row.id} {nonce}",
        )
        platform = Platform.of(row)
    url = lti.build_login_url(settings, platform, sent, state=secret, nonce=nonce)
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _platform_of(session: Session, login: AccessLogin) -> LtiRegistration:
    row = session.get(LtiRegistration, int(login.nonce.partition(" ")[0]))
    if row is None:
        raise LoginRefusedError(lti.UNKNOWN, code="platform")
    return row


def _choose(request: Request, settings: Settings, row: LtiRegistration, launch: Launch) -> Response:
    if urlsplit(launch.return_url).scheme not in {"https", "http"}:
        raise LoginRefusedError(lti.NOT_VALID, code="message")
    context = CourseContext(
        platform_id=row.id,
        deployment=launch.deployment,
        return_url=launch.return_url,
        data=launch.data,
        ends_at=int(clock.now().timestamp()) + DEEP_LINK_SECONDS,
    )
    signed = sign(settings, Purpose.COURSE, context.model_dump_json().encode().hex())
    return _draw_choice(request, Platform.of(row), signed, {}, {})


def _draw_choice(
    request: Request,
    platform: Platform,
    context: str,
    problems: dict[str, str],
    typed: dict[str, str],
) -> Response:
    page = draw_access_page(
        request,
        "lti_choose",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        context=context,
        problems=problems,
        typed=typed,
    )
    return _allow_frame(page, platform, str(settings_of(request).base_url))


def _allow_frame(page: Response, platform: Platform, sends_to: str) -> Response:
    """Let the platform show the page in a frame, and the page's form reach it."""
    parts = urlsplit(sends_to)
    page.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        f"frame-ancestors 'self' {platform.origin}; "
        f"form-action 'self' {parts.scheme}://{parts.netloc}"
    )
    return page


def _read_context(settings: Settings, signed: str) -> CourseContext:
    value = unsign(settings, Purpose.COURSE, signed)
    try:
        context = CourseContext.model_validate_json(bytes.fromhex(value or ""))
    except (ValueError, ValidationError) as error:
        raise LoginRefusedError(lti.NOT_VALID, code="message") from error
    if context.ends_at < clock.now().timestamp():
        detail = f"This page was open for too long. {TRY_AGAIN}"
        raise LoginRefusedError(detail, code="time")
    return context


def _read_clip(starts: str, ends: str) -> str:
    """Return ``60,120`` for a clip from 1:00 to 2:00; empty for the whole film.

    >>> _read_clip("1:00", "2:00"), _read_clip("", ""), _read_clip("90", "")
    ('60,120', '', '90')
    """
    first, last = (_read_time(each) for each in (starts, ends))
    if first is None and last is None:
        return ""
    if last is not None and (first or 0) >= last:
        msg = "Enter a start before the end."
        raise ValueError(msg)
    return f"{first or 0}" + (f",{last}" if last is not None else "")


def _read_time(text: str) -> int | None:
    if not text.strip():
        return None
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        msg = "Enter times like 1:30 or 1:02:30."
        raise ValueError(msg)
    hours, minutes, seconds, plain = found.groups()
    total = int(plain) if plain else int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    if total > MAX_CLIP_SECONDS:
        msg = "Enter times within the film."
        raise ValueError(msg)
    return total
