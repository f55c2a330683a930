"""LTI 1.3 launches and deep links (docs/decisions/0039): the one module here that knows joserfc."""
# ruff: noqa: PLC0415 - joserfc takes a while to load, and few requests need it

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.errors import TRY_AGAIN, LoginRefusedError, LoginUnavailableError
from app.access.fetching import FetchError, fetch_bytes
from app.access.models import AccessKey, LtiRegistration
from app.core import clock
from app.core.config import Settings
from app.core.numbers import new_token

LOGIN_PATH, LAUNCH_PATH, KEYS_PATH = "/access/lti/login", "/access/lti/launch", "/access/lti/keys"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINK_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
RESOURCE, DEEP_LINK = "LtiResourceLinkRequest", "LtiDeepLinkingRequest"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256"]
CLOCK_SKEW_SECONDS = 60
KEYS_LIFETIME = timedelta(minutes=10)
TOKEN_LIFETIME_SECONDS = 300
# In the year 3000; what Python can read as a date.
MAX_MOMENT = 32_503_680_000
NOT_VALID = f"The launch from your course could not be verified. {TRY_AGAIN}"
ELSEWHERE = f"The course link leads to another site. {TRY_AGAIN}"
UNKNOWN = "This learning platform is not registered with us. Ask your library."


@dataclass(frozen=True, slots=True)
class Platform:
    """A learning platform, apart from its row."""

    issuer: str
    client_id: str
    deployments: tuple[str, ...]
    login_url: str
    keys_url: str

    @classmethod
    def of(cls, row: LtiRegistration) -> "Platform":
        """Return the platform of a row."""
        return cls(row.issuer, row.client_id, tuple(row.deployments), row.login_url, row.keys_url)

    @property
    def origin(self) -> str:
        """Return the origin that may frame our pages."""
        parts = urlsplit(self.login_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class Launch:
    """What an accepted launch asks for. It names no person."""

    deployment: str
    message: str
    target: str
    """A path of this store."""
    token_id: str
    ends_at: datetime
    return_url: str = ""
    data: str = ""


def find_platform(session: Session, issuer: str, client_id: str) -> LtiRegistration:
    """Return the platform of a login. A platform with one client need not name it.

    Raises:
        LoginRefusedError: it is not registered.
    """
    statement = select(LtiRegistration).where(LtiRegistration.issuer == issuer)
    if client_id:
        statement = statement.where(LtiRegistration.client_id == client_id)
    found = session.scalars(statement.limit(2)).all()
    if len(found) != 1:
        raise LoginRefusedError(UNKNOWN, code="platform")
    return found[0]


def build_login_url(
    settings: Settings, platform: Platform, sent: Mapping[str, str], *, state: str, nonce: str
) -> str:
    """Return the platform's address that answers with a launch."""
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": settings.url(LAUNCH_PATH),
        "login_hint": sent.get("login_hint", ""),
        "state": state,
        "nonce": nonce,
    }
    if sent.get("lti_message_hint"):
        query["lti_message_hint"] = sent["lti_message_hint"]
    mark = "&" if "?" in platform.login_url else "?"
    return f"{platform.login_url}{mark}{urlencode(query)}"


def own_path(settings: Settings, url: str) -> str:
    """Return the path of an address of this store.

    Raises:
        LoginRefusedError: it is another site's.
    """
    parts, own = urlsplit(url), urlsplit(str(settings.base_url))
    path = parts.path or "/"
    if (parts.scheme, parts.netloc.lower()) != (own.scheme, own.netloc) or path.startswith("//"):
        raise LoginRefusedError(ELSEWHERE, code="target")
    return path + (f"?{parts.query}" if parts.query else "")


def read_launch(settings: Settings, platform: Platform, id_token: str, *, nonce: str) -> Launch:
    """Return what a launch asks for, if the platform signed it for us. Asks for its keys.

    Raises:
        LoginRefusedError: it cannot be trusted, or comes from an unknown deployment.
        LoginUnavailableError: the platform's keys could not be read.
    """
    facts = _decode(settings, platform, id_token)
    _check_claims(platform, facts, nonce=nonce)
    message = str(facts.get(f"{CLAIM}message_type", ""))
    deployment = facts.get(f"{CLAIM}deployment_id")
    if deployment not in platform.deployments:
        raise LoginRefusedError(UNKNOWN, code="deployment")
    if message not in {RESOURCE, DEEP_LINK} or facts.get(f"{CLAIM}version") != "1.3.0":
        raise LoginRefusedError(NOT_VALID, code="message")
    link = facts.get(f"{DEEP_LINK_CLAIM}deep_linking_settings")
    settings_of_link: dict[str, Any] = link if isinstance(link, dict) else {}
    return Launch(
        deployment=str(deployment),
        message=message,
        target=own_path(settings, str(facts.get(f"{CLAIM}target_link_uri", ""))),
        token_id=nonce,
        ends_at=datetime.fromtimestamp(int(facts["exp"]) + CLOCK_SKEW_SECONDS, UTC),
        return_url=str(settings_of_link.get("deep_link_return_url", "")),
        data=str(settings_of_link.get("data", "")),
    )


def build_deep_link(
    key: AccessKey,
    platform: Platform,
    *,
    deployment: str,
    data: str,
    title: str,
    url: str,
) -> str:
    """Return the signed answer that puts a film into a course."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    now = int(clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": now,
        "exp": now + TOKEN_LIFETIME_SECONDS,
        "nonce": new_token(),
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": "1.3.0",
        f"{CLAIM}deployment_id": deployment,
        f"{DEEP_LINK_CLAIM}content_items": [
            {"type": "ltiResourceLink", "title": title, "url": url}
        ],
    }
    if data:
        claims[f"{DEEP_LINK_CLAIM}data"] = data
    signing = RSAKey.import_key(key.private_key)
    return jwt.encode({"alg": "RS256", "kid": signing.thumbprint()}, claims, signing)


def write_key_set(key: AccessKey) -> dict[str, Any]:
    """Return the public key with which a platform checks our answers."""
    from joserfc.jwk import RSAKey

    public = RSAKey.import_key(key.private_key)
    facts = public.as_dict(private=False)
    return {"keys": [facts | {"kid": public.thumbprint(), "use": "sig", "alg": "RS256"}]}


def _decode(settings: Settings, platform: Platform, id_token: str) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    for is_retry in (False, True):
        keys = _read_keys(settings, platform.keys_url, is_fresh=is_retry)
        try:
            return dict(
                jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            # A platform may have changed its keys since they were read.
            if is_retry:
                raise LoginRefusedError(NOT_VALID, code="signature") from error
    raise AssertionError


def _check_claims(platform: Platform, facts: Mapping[str, Any], *, nonce: str) -> None:
    now = clock.now().timestamp()
    audience = facts.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    ends, begins = _read_moment(facts.get("exp")), _read_moment(facts.get("iat"))
    checks = (
        ("issuer", facts.get("iss") == platform.issuer),
        ("audience", platform.client_id in audiences),
        ("audience", len(audiences) == 1 or facts.get("azp") == platform.client_id),
        ("time", ends is not None and now < ends + CLOCK_SKEW_SECONDS),
        ("time", begins is not None and begins < now + CLOCK_SKEW_SECONDS),
        ("nonce", bool(nonce) and facts.get("nonce") == nonce),
    )
    for code, is_right in checks:
        if not is_right:
            raise LoginRefusedError(NOT_VALID, code=code)


def _read_moment(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < MAX_MOMENT else None  # type: ignore[operator, arg-type]


_keys: dict[str, tuple[float, dict[str, Any]]] = {}
_keys_lock = threading.Lock()


def _read_keys(settings: Settings, url: str, *, is_fresh: bool) -> Any:  # noqa: ANN401 - JSON
    now = clock.now().timestamp()
    with _keys_lock:
        known = _keys.get(url)
    if known and not is_fresh and 0 <= now - known[0] < KEYS_LIFETIME.total_seconds():
        return known[1]
    try:
        found = json.loads(fetch_bytes(settings, url))
    except (FetchError, ValueError) as error:
        detail = f"Your learning platform does not show its keys now. {TRY_AGAIN}"
        raise LoginUnavailableError(detail) from error
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        detail = f"Your learning platform shows no keys. {TRY_AGAIN}"
        raise LoginUnavailableError(detail)
    with _keys_lock:
        _keys[url] = (now, found)
    return found
