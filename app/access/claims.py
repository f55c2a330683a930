"""Claims: what a viewer proved about where they belong, and for how long it is believed.

A claim names an institution and no person. It is kept in a signed cookie of its own, apart from the
sign-in to an account; a page in a frame, where browsers drop cookies, gets it with its address.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.decisions import Affiliation, Viewer
from app.access.networks import find_range
from app.core import clock
from app.core.config import Settings
from app.core.numbers import new_token
from app.core.request_middleware import settings_of
from app.core.signing import Purpose, sign, unsign
from app.institutions.models import Institution
from app.institutions.queries import find_live
from app.institutions.sessions import COOKIE as MEMBER_COOKIE
from app.institutions.sessions import find_member_session

CLAIM_COOKIE = "rr_access"
LAUNCH_PARAMETER = "launch"
# From a launch to the page that it opens.
LAUNCH_TIMEOUT = timedelta(minutes=2)
KEY_LENGTH = 16


class Method(StrEnum):
    """How a viewer proved where they belong."""

    ACCOUNT = "account"
    NETWORK = "network"
    SAML = "saml"
    OPENID = "openid"
    LTI = "lti"
    EMAIL = "email"
    CLASS_LINK = "class_link"


METHOD_LABELS = {
    Method.ACCOUNT: "Account",
    Method.NETWORK: "Network",
    Method.SAML: "SAML",
    Method.OPENID: "OpenID Connect",
    Method.LTI: "LTI",
    Method.EMAIL: "Email link",
    Method.CLASS_LINK: "Class link",
}


class Claim(BaseModel):
    """A proof that a viewer belongs to an institution. It says nothing else about them."""

    model_config = ConfigDict(frozen=True)

    institution_id: int
    affiliation: Affiliation
    method: Method
    until: datetime
    site: str = ""
    """The name of the site whose network it is; empty: not known."""
    film: str = ""
    """The slug of the one film that the claim is for; empty: every film."""
    key: str = ""
    """A random value, new for each sign-in. It distinguishes sessions."""

    @property
    def viewer(self) -> Viewer:
        """Return what the decision needs to know."""
        return Viewer(self.institution_id, self.affiliation, self.site)

    def is_valid(self, *, film: str = "") -> bool:
        """Return whether the claim has not ended, and is for this film or for every film."""
        return clock.now() < self.until and self.film in {"", film}


def make_claim(
    settings: Settings,
    institution_id: int,
    method: Method,
    *,
    affiliation: Affiliation = Affiliation.MEMBER,
    film: str = "",
    until: datetime | None = None,
) -> Claim:
    """Return a new claim, which ends with the session of access, or at ``until`` if sooner."""
    end = clock.now() + timedelta(minutes=settings.access_session_minutes)
    return Claim(
        institution_id=institution_id,
        affiliation=affiliation,
        method=method,
        until=min(end, until or end),
        film=film,
        key=new_token()[:KEY_LENGTH],
    )


def claim_of(request: Request, session: Session, *, film: str = "") -> Claim | None:
    """Return what the visitor proved, for the film of this slug; None if nothing.

    In this order: a session of access, a sign-in to an account, an LTI launch, the network.
    """
    settings = settings_of(request)
    for claim in (
        _read(settings, Purpose.ACCESS, request.cookies.get(CLAIM_COOKIE, "")),
        _claim_of_member(request, session, settings),
        _read(settings, Purpose.LAUNCH, request.query_params.get(LAUNCH_PARAMETER, "")),
        _claim_of_network(request, session, settings),
    ):
        if claim is not None and claim.is_valid(film=film):
            found = _find_institution(session, claim.institution_id)
            if found is not None:
                return claim.model_copy(update={"institution_id": found.id})
    return None


def set_claim_cookie(response: Response, claim: Claim, *, settings: Settings) -> None:
    """Keep the claim in the browser until it ends."""
    left = int((claim.until - clock.now()).total_seconds())
    response.set_cookie(
        CLAIM_COOKIE,
        _write(settings, Purpose.ACCESS, claim),
        max_age=max(0, left),
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def clear_claim_cookie(response: Response, *, settings: Settings) -> None:
    """Forget the claim."""
    response.delete_cookie(
        CLAIM_COOKIE, secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


def sign_launch(settings: Settings, claim: Claim) -> str:
    """Return the claim for the address of a page in a frame. It opens that page for two minutes."""
    end = min(claim.until, clock.now() + LAUNCH_TIMEOUT)
    return _write(settings, Purpose.LAUNCH, claim.model_copy(update={"until": end}))


def sign_session(settings: Settings, claim: Claim) -> str:
    """Return the claim for the form of a page in a frame. It lasts as long as a session would."""
    end = clock.now() + timedelta(minutes=settings.access_session_minutes)
    return _write(settings, Purpose.LAUNCH, claim.model_copy(update={"until": end}))


def _write(settings: Settings, purpose: Purpose, claim: Claim) -> str:
    return sign(settings, purpose, claim.model_dump_json().encode().hex())


def _read(settings: Settings, purpose: Purpose, signed: str) -> Claim | None:
    value = unsign(settings, purpose, signed) if signed else None
    try:
        return Claim.model_validate_json(bytes.fromhex(value)) if value else None
    except (ValueError, ValidationError):
        return None


def _claim_of_member(request: Request, session: Session, settings: Settings) -> Claim | None:
    found = find_member_session(session, settings, request.cookies.get(MEMBER_COOKIE, ""))
    if found is None or found.member.institution_id is None:
        return None
    return Claim(
        institution_id=found.member.institution_id,
        affiliation=Affiliation.MEMBER,
        method=Method.ACCOUNT,
        until=min(
            found.expires_at, clock.now() + timedelta(minutes=settings.access_session_minutes)
        ),
        key=found.token_hash[:KEY_LENGTH],
    )


def _claim_of_network(request: Request, session: Session, settings: Settings) -> Claim | None:
    """Return the claim of the address, which uvicorn takes from trusted proxies only."""
    found = find_range(session, request.client.host if request.client else "")
    if found is None:
        return None
    return Claim(
        institution_id=found.institution_id,
        affiliation=Affiliation.WALK_IN if found.is_public else Affiliation.MEMBER,
        method=Method.NETWORK,
        until=clock.now() + timedelta(minutes=settings.access_session_minutes),
        site=found.site,
    )


def _find_institution(session: Session, institution_id: int) -> Institution | None:
    found = session.scalar(select(Institution).where(Institution.id == institution_id))
    return find_live(session, found) if found is not None else None
