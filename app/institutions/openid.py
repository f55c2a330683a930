"""Sign-in with OpenID Connect (docs/decisions/0029): the one module that knows Authlib.

The network is asked outside any transaction. What is remembered between the two requests of a
sign-in is in a signed cookie of the browser that began it.
"""
# ruff: noqa: PLC0415 - Authlib takes a fifth of a second to load, and few requests need it

import json
import logging
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Response
from pydantic import BaseModel, ValidationError

from app.core import clock
from app.core.config import Settings
from app.core.email_address import parse_email
from app.core.signing import Purpose, sign, unsign
from app.institutions.errors import AddressNotAllowedError, ProviderFailedError

log = logging.getLogger(__name__)
CALLBACK_PATH = "/account/sign-in/callback"
FLOW_TIMEOUT = timedelta(minutes=10)
METADATA_LIFETIME = timedelta(hours=1)
NETWORK_TIMEOUT_SECONDS = 8
CLOCK_SKEW_SECONDS = 60
# Signatures by a key of the provider; never by the client's secret, and never none.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
FAILED = "The sign-in did not work. Try again, or sign in by email."


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and this store's registration with it."""

    issuer: str
    client_id: str
    client_secret: str


class Flow(BaseModel):
    """A sign-in that was begun and is not finished."""

    provider: str
    """Empty: the store's own; else the `ref` of an institution."""
    state: str
    nonce: str
    verifier: str
    target: str
    started_at: int

    def to_cookie(self, settings: Settings) -> str:
        """Return the signed value of a cookie."""
        return sign(settings, Purpose.OPENID, self.model_dump_json().encode().hex())

    def set_cookie(self, response: Response, name: str, settings: Settings) -> None:
        """Keep it, signed, in the browser that began it."""
        response.set_cookie(
            name,
            self.to_cookie(settings),
            max_age=int(FLOW_TIMEOUT.total_seconds()),
            secure=settings.secure_cookies,
            httponly=True,
            samesite="lax",
        )


def store_provider(settings: Settings) -> Provider | None:
    """Return the provider of the settings, if any."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret.get_secret_value()
    return Provider(settings.oidc_issuer, settings.oidc_client_id, secret)


def start_flow(
    settings: Settings,
    provider: Provider,
    *,
    name: str,
    target: str,
    callback: str = CALLBACK_PATH,
) -> tuple[str, Flow]:
    """Return the provider's address to send the browser to, and what its browser must remember.

    Raises:
        ProviderFailedError: the provider does not describe itself.
    """
    metadata = _read_metadata(provider.issuer)
    flow = Flow(
        provider=name,
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        target=target,
        started_at=int(clock.now().timestamp()),
    )
    with _client(settings, provider, callback) as client:
        url, _ = client.create_authorization_url(
            metadata["authorization_endpoint"],
            state=flow.state,
            nonce=flow.nonce,
            code_verifier=flow.verifier,
        )
    return str(url), flow


def read_flow(settings: Settings, cookie: str, *, state: str) -> Flow:
    """Return what the browser remembers of a sign-in that comes back with ``state``.

    Raises:
        AddressNotAllowedError: it began none, too long ago, or another one.
    """
    value = unsign(settings, Purpose.OPENID, cookie)
    try:
        flow = Flow.model_validate_json(bytes.fromhex(value or ""))
    except (ValueError, ValidationError) as error:
        raise AddressNotAllowedError(FAILED) from error
    age = clock.now().timestamp() - flow.started_at
    if not secrets.compare_digest(flow.state.encode(), state.encode()) or not (
        0 <= age <= FLOW_TIMEOUT.total_seconds()
    ):
        raise AddressNotAllowedError(FAILED)
    return flow


def fetch_email(
    settings: Settings, provider: Provider, flow: Flow, *, code: str, callback: str = CALLBACK_PATH
) -> str:
    """Exchange the code, check the ID token, and return the verified address in it.

    Raises:
        ProviderFailedError: the provider answered with an error, or with a token that is not valid.
        AddressNotAllowedError: it did not verify the address.
    """
    from authlib.common.errors import AuthlibBaseError
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from requests import RequestException

    metadata = _read_metadata(provider.issuer)
    try:
        with _client(settings, provider, callback) as client:
            token = client.fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=flow.verifier,
                timeout=NETWORK_TIMEOUT_SECONDS,
            )
            keys: Any = _get_json(client, metadata["jwks_uri"])
            decoded = jwt.decode(
                token["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS
            )
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {"iss": {"value": provider.issuer}, "aud": {"value": provider.client_id}},
                {
                    "nonce": flow.nonce,
                    "client_id": provider.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=CLOCK_SKEW_SECONDS)
            facts: dict[str, Any] = dict(decoded.claims)
            if "email" not in facts and metadata.get("userinfo_endpoint"):
                told = _get_json(client, metadata["userinfo_endpoint"], with_token=True)
                # Another person's answer may not be mixed in (OpenID Connect Core, 5.3.2).
                facts = told if told.get("sub") == facts["sub"] else facts
    except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError) as error:
        log.warning("openid.failed", extra={"issuer": provider.issuer, "error": repr(error)[:300]})
        raise ProviderFailedError(FAILED) from error
    return _verified_email(facts)


def _verified_email(facts: dict[str, Any]) -> str:
    email = facts.get("email")
    if facts.get("email_verified") is not True or not isinstance(email, str):
        detail = "The provider did not confirm your email address. Sign in by email instead."
        raise AddressNotAllowedError(detail)
    try:
        return parse_email(email).lower()
    except ValueError as error:
        detail = "The provider named no usable email address. Sign in by email instead."
        raise AddressNotAllowedError(detail) from error


def _client(settings: Settings, provider: Provider, callback: str) -> Any:  # noqa: ANN401 - Authlib has no types
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope="openid email profile",
        redirect_uri=settings.url(callback),
        code_challenge_method="S256",
    )


_metadata: dict[str, tuple[float, dict[str, Any]]] = {}
_metadata_lock = threading.Lock()


def _read_metadata(issuer: str) -> dict[str, Any]:
    """Return how a provider describes itself (OpenID Connect Discovery), at most an hour old."""
    from requests import RequestException, Session

    now = clock.now().timestamp()
    with _metadata_lock:
        known = _metadata.get(issuer)
    if known is not None and 0 <= now - known[0] < METADATA_LIFETIME.total_seconds():
        return known[1]
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        with Session() as client:
            found = _get_json(client, address)
        _check_metadata(issuer, found)
    except (RequestException, ValueError) as error:
        log.warning("openid.no_metadata", extra={"issuer": issuer, "error": repr(error)[:300]})
        raise ProviderFailedError(FAILED) from error
    with _metadata_lock:
        _metadata[issuer] = (now, found)
    return found


def _check_metadata(issuer: str, found: dict[str, Any]) -> None:
    # Another issuer's description would send people, and their codes, elsewhere.
    if found.get("issuer") != issuer:
        msg = f"the issuer is {found.get('issuer')!r}"
        raise ValueError(msg)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not str(found.get(name, "")).startswith(("https://", "http://127.0.0.1:")):
            msg = f"{name} is missing, or no https address"
            raise ValueError(msg)


def _get_json(client: Any, address: str, *, with_token: bool = False) -> dict[str, Any]:  # noqa: ANN401
    more = {} if with_token or not hasattr(client, "token_auth") else {"withhold_token": True}
    answer = client.get(address, timeout=NETWORK_TIMEOUT_SECONDS, allow_redirects=False, **more)
    answer.raise_for_status()
    found = json.loads(answer.content)
    if not isinstance(found, dict):
        msg = "not a JSON object"
        raise ValueError(msg)  # noqa: TRY004 - of a remote answer
    return found
