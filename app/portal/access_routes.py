"""How people of an institution reach films: kept by its own librarians."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.access import lti, registrations, saml
from app.access.configuration import (
    AccessIn,
    NetworkIn,
    PlatformIn,
    SamlIn,
    read_access,
    read_platforms,
    read_saml,
    save_access,
)
from app.access.registrations import PlatformDraft, SamlDraft
from app.access.trouble import REASONS, find_trouble
from app.core import clock
from app.core.config import Settings
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import AppError, NotFoundError
from app.core.forms import FormDep
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep, settings_of
from app.institutions.member_models import Member, MemberRole
from app.institutions.models import Institution
from app.institutions.queries import get_institution
from app.institutions.sessions import MemberDep
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter(prefix="/account/access")
BLANK_ROWS, MAX_ROWS = 3, 60
NOT_FOUND = "There is no such page for your account."
PLATFORM_NAMES = ("issuer", "client_id", "login_url", "keys_url")
SAML_NAMES = ("entity_id", "metadata_url", "signing_certificate", "metadata_xml")


@router.get("")
def access_page(
    request: Request,
    session: ReadSessionDep,
    member: MemberDep,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show every way in, the forms, and what to paste elsewhere."""
    return _draw(request, session, member, done=bool(done))


@router.post("")
def save_networks(
    request: Request, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Save networks and the other settings."""
    rows = _read_rows(form)
    typed = {
        "networks": [row.model_dump() for row in rows],
        "has_email_links": "has_email_links" in form,
        "proxy_prefix": str(form.get("proxy_prefix", "")),
        "contact": str(form.get("contact", "")),
    }

    def work(institution: Institution) -> None:
        draft = AccessIn.model_validate(typed)
        save_access(session, institution, draft, actor=member.actor)

    return _save(request, session, member, form, "networks", typed, work)


@router.post("/saml")
def save_saml(
    request: Request, session: SessionDep, settings: SettingsDep, member: MemberDep, form: FormDep
) -> Response:
    """Set or remove the SAML provider."""
    typed = {name: str(form.get(name, "")) for name in SAML_NAMES}

    def work(institution: Institution) -> None:
        draft = None
        if form.get("step") != "remove":
            draft = SamlDraft(**SamlIn.model_validate(typed).model_dump())
        registrations.set_saml(session, settings, institution, draft, actor=member.actor)

    return _save(request, session, member, form, "saml", typed, work)


@router.post("/platforms")
def add_platform(
    request: Request, session: SessionDep, settings: SettingsDep, member: MemberDep, form: FormDep
) -> Response:
    """Add a learning platform."""
    typed: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in PLATFORM_NAMES}
    typed["deployments"] = str(form.get("deployments", "")).split()

    def work(institution: Institution) -> None:
        facts = PlatformIn.model_validate(typed).model_dump()
        draft = PlatformDraft(**facts)
        registrations.add_platform(session, settings, institution, draft, actor=member.actor)

    return _save(request, session, member, form, "platforms", typed, work)


@router.post("/platforms/remove")
def remove_platform(session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """Remove a learning platform."""
    institution = _managed(session, member, for_change=True)
    number = str(form.get("platform", ""))
    platform_id = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0  # noqa: PLR2004
    registrations.remove_platform(session, institution, platform_id, actor=member.actor)
    return _redirect()


@router.get("/ezproxy.txt")
def ezproxy_stanza(session: ReadSessionDep, member: MemberDep, settings: SettingsDep) -> Response:
    """Return the stanza for EZproxy's configuration."""
    _managed(session, member)
    return Response(write_stanza(settings), media_type="text/plain; charset=utf-8", headers=PRIVATE)


def write_stanza(settings: Settings) -> str:
    """Return what EZproxy's config.txt needs to proxy this store's pages."""
    base = settings.url("")
    host = settings.base_url.host or ""
    media_host = urlsplit(settings.media_base_url).hostname
    # Media need no cookie and no address: the proxy's line is spared.
    never = f"NeverProxy {media_host}\n" if media_host else ""
    return f"Title {settings.seller_name}\nURL {base}\nHJ {base}\nDJ {host}\n{never}"


def _managed(session: Session, member: Member, *, for_change: bool = False) -> Institution:
    """Return the institution whose access the member keeps; others get 404."""
    if member.institution is None or not member.has_role(MemberRole.LIBRARIAN):
        raise NotFoundError(NOT_FOUND)
    return get_institution(session, member.institution.ref, for_change=for_change)


def _read_rows(form: FormData) -> list[NetworkIn]:
    rows = [
        NetworkIn.model_construct(
            range=str(form.get(f"networks/{position}/range", ""))[:200],
            site=str(form.get(f"networks/{position}/site", ""))[:200],
            is_public=f"networks/{position}/is_public" in form,
        )
        for position in range(MAX_ROWS)
    ]
    rows += [
        NetworkIn.model_construct(range=line[:200], site="", is_public=False)
        for line in str(form.get("more", "")).splitlines()
    ]
    return [row for row in rows if row.range.strip()]


def _save(  # noqa: PLR0917 - three forms, one way
    request: Request,
    session: Session,
    member: Member,
    form: FormData,
    part: str,
    typed: Mapping[str, Any],
    work: Callable[[Institution], None],
) -> Response:
    institution = _managed(session, member, for_change=True)
    once = str(form.get("once", ""))
    try:
        # A form that is refused may be corrected and sent again.
        with session.begin_nested():
            if Idempotency.of_form(part, once, owner=f"member {member.id}").claim(session):
                work(institution)
    except (ValidationError, AppError) as error:
        session.expire_all()
        problems = _problems(error)
        return _draw(request, session, member, part=part, problems=problems, typed=typed)
    return _redirect()


def _problems(error: ValidationError | AppError) -> dict[str, str]:
    if isinstance(error, ValidationError):
        return {"/".join(map(str, each["loc"])): "Enter a shorter text." for each in error.errors()}
    return {each.pointer.removeprefix("#/"): each.detail for each in error.errors} or {
        "": error.detail
    }


def _redirect() -> Response:
    return RedirectResponse(
        "/account/access?done=saved", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


def _draw(
    request: Request,
    session: Session,
    member: Member,
    *,
    part: str = "",
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, Any] | None = None,
    done: bool = False,
) -> Response:
    institution = _managed(session, member)
    settings = settings_of(request)
    row = registrations.find_saml(session, institution)
    forms: dict[str, Mapping[str, Any]] = {
        "networks": read_access(session, institution),
        "saml": dict.fromkeys(SAML_NAMES, "") | read_saml(row),
        "platforms": dict.fromkeys(PLATFORM_NAMES, "") | {"deployments": []},
    }
    if typed is not None:
        forms[part] = typed
    networks = list(forms["networks"]["networks"])
    blank = {"range": "", "site": "", "is_public": False}
    response = render(
        request,
        "portal/access.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        institution=institution,
        networks=networks + [blank] * (BLANK_ROWS if len(networks) < MAX_ROWS - BLANK_ROWS else 0),
        own=forms["networks"],
        saml=forms["saml"],
        platform=forms["platforms"],
        platforms=list(
            zip(
                registrations.find_platforms(session, institution),
                read_platforms(session, institution),
                strict=True,
            )
        ),
        registered=row,
        saml_state=registrations.describe_validity(row, clock.now()) if row else "",
        saml_problem=saml.find_problem(),
        problems=problems or {},
        done=done,
        once=new_token(),
        addresses={
            "metadata": settings.url(saml.METADATA_PATH),
            "acs": settings.url(saml.ACS_PATH),
            "login": settings.url(lti.LOGIN_PATH),
            "launch": settings.url(lti.LAUNCH_PATH),
            "keys": settings.url(lti.KEYS_PATH),
        },
        stanza=write_stanza(settings),
        trouble=find_trouble(session, institution),
        reasons=REASONS,
    )
    response.headers.update(PRIVATE)
    return response
