"""Values that a visitor's browser keeps for us and cannot change."""

import base64
import hmac

from app.core.config import Settings

SEPARATOR = "~"


def sign(settings: Settings, *, purpose: str, value: str) -> str:
    """Return ``value`` with a signature that holds for this ``purpose`` only, fit for a cookie."""
    text = base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
    return f"{text}{SEPARATOR}{_mac(settings, purpose, text)}"


def unsign(settings: Settings, *, purpose: str, signed: str) -> str | None:
    """Return the value that was signed; None if anything about it was changed."""
    text, _, mac = signed.partition(SEPARATOR)
    expected = _mac(settings, purpose, text)
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), expected.encode()):
        return None
    padded = text + "=" * (-len(text) % 4)
    return base64.urlsafe_b64decode(padded).decode()


def _mac(settings: Settings, purpose: str, text: str) -> str:
    key = settings.secret_key.get_secret_value().encode()
    message = f"{purpose}:{text}".encode("utf-8", "replace")
    return hmac.digest(key, message, "sha256").hex()
