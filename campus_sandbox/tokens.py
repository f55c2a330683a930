"""Signed tokens of the campus, for OpenID Connect and for LTI."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from campus_sandbox.keys import CampusKey

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINK = "https://purl.imsglobal.org/spec/lti-dl/claim/"


def key_set(key: CampusKey) -> dict[str, Any]:
    """Return the public key."""
    own = RSAKey.import_key(key.private_key)
    facts = own.as_dict(private=False)
    return {"keys": [facts | {"kid": own.thumbprint(), "use": "sig", "alg": "RS256"}]}


def sign_token(key: CampusKey, claims: Mapping[str, Any], *, seconds: int = 300) -> str:
    """Return a token with these claims; ``iat`` and ``exp`` are added."""
    now = int(time.time())
    own = RSAKey.import_key(key.private_key)
    header = {"alg": "RS256", "kid": own.thumbprint()}
    return jwt.encode(header, {"iat": now, "exp": now + seconds, **claims}, own)


def launch_claims(
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    deployment: str,
    target: str,
    return_url: str = "",
) -> dict[str, Any]:
    """Return the claims of a launch; with ``return_url`` that of a deep link."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": client_id,
        "sub": secrets.token_hex(8),
        "nonce": nonce,
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": deployment,
        f"{LTI}target_link_uri": target,
        f"{LTI}message_type": "LtiDeepLinkingRequest" if return_url else "LtiResourceLinkRequest",
        f"{LTI}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
    }
    if return_url:
        claims[f"{DEEP_LINK}deep_linking_settings"] = {
            "deep_link_return_url": return_url,
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "data": secrets.token_hex(4),
        }
    return claims
