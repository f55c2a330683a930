"""Signed paths of media. Who has one reads one package until it expires, and nothing else.

The token is in the path, not in a query or a cookie: the relative addresses of a playlist keep
it, players without cookies send it, and it works in a frame and behind a campus proxy.
"""

from datetime import datetime
from functools import lru_cache

from app.core import clock
from app.core.config import Settings
from app.core.signing import Purpose, sign, unsign_with


def media_token(settings: Settings, *, package: str, play: str, until: datetime) -> str:
    """Return the token that opens ``package`` for ``play`` until a moment, as the path has it."""
    signed = sign(settings, Purpose.MEDIA, f"{package}.{int(until.timestamp())}.{play}")
    return signed.removeprefix(f"{package}.")


def media_path(token: str, package: str, file: str) -> str:
    """Return the address of a file of a package."""
    return f"/media/{token}/{package}/{file}"


def read_token(settings: Settings, token: str, package: str) -> str | None:
    """Return the play that a token was made for; None if it opens nothing here and now."""
    opened = _open(settings.secret_key.get_secret_value(), f"{package}.{token}")
    if opened is None:
        return None
    expires, play = opened
    return play if clock.now().timestamp() < expires else None


@lru_cache(maxsize=10_000)
def _open(secret: str, signed: str) -> tuple[int, str] | None:
    """Check a signature once: a player sends the same token with every range that it asks for."""
    value = unsign_with(secret, Purpose.MEDIA, signed)
    if value is None:
        return None
    _package, expires, play = value.rsplit(".", 2)
    return int(expires), play
