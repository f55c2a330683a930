"""Values that others keep for us and cannot change: cookies, and keys in the links of emails."""

from enum import StrEnum
from functools import cache
from hashlib import sha256

from itsdangerous import BadSignature, Signer

from app.core.config import Settings


class Purpose(StrEnum):
    """What a signed value is for: a signature holds for one purpose only."""

    BUYER = "buyer"
    LOGIN_DEVICE = "login device"
    MEDIA = "media"
    DOWNLOAD = "download"
    ALERTS = "alerts"
    NOTE_REPLIES = "note replies"
    OPENID = "openid connect"
    RENEWALS = "renewals"
    STATEMENTS = "statements"
    APPROVALS = "approvals"
    ACCESS = "access"
    LAUNCH = "launch"
    CLASS_LINK = "class link"
    COURSE = "course"


def sign(settings: Settings, purpose: Purpose, value: str) -> str:
    """Return ``value`` with its signature. Fit for a cookie or an address, if ``value`` is."""
    return _signer(settings.secret_key.get_secret_value(), purpose).sign(value).decode()


def unsign(settings: Settings, purpose: Purpose, signed: str) -> str | None:
    """Return the value that was signed; None if the store did not sign it for this purpose.

    Base64 ignores the last two bits of a signature's last letter, so four spellings would verify.
    Only the one that the store wrote is accepted.
    """
    return unsign_with(settings.secret_key.get_secret_value(), purpose, signed)


def unsign_with(secret: str, purpose: Purpose, signed: str) -> str | None:
    """Return what :func:`unsign` does, for callers that remember answers by the secret."""
    signer = _signer(secret, purpose)
    try:
        value = signer.unsign(signed.encode("utf-8", "replace"))
    except BadSignature:
        return None
    return value.decode() if signer.sign(value).decode() == signed else None


@cache
def _signer(secret: str, purpose: Purpose) -> Signer:
    return Signer(secret, salt=purpose, digest_method=sha256)
