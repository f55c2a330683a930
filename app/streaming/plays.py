"""Plays: one begins when a viewer presses play, and beats keep it alive while the page is open.

A license that ends at midnight lets a play that is under way run to the end of its film; one that
is suspended or revoked cuts it (see ``media_cache``).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.claims import Claim
from app.catalog.file_models import new_ref
from app.core import clock
from app.core.config import Settings
from app.core.errors import AppError, NotFoundError
from app.core.numbers import new_token
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.media.package_contents import PackageContents
from app.streaming.media_paths import media_token
from app.streaming.play_models import Play

# A token for a player that renews it, and for one that cannot.
TOKEN_TIMEOUT = timedelta(minutes=15)
NATIVE_TOKEN_TIMEOUT = timedelta(hours=6)
# A seat is free again after three beats that did not come: lids close without a word.
SEAT_TIMEOUT = timedelta(minutes=3)
# For pauses, and for looking at a scene again.
SLACK = timedelta(hours=2)
# A play is forgotten a day after its end: nothing asks for it any more.
KEPT_AFTER_END = timedelta(days=1)
# What cuts a play that is under way. An expired license lets it run out.
CUTTING = (LicenseStatus.SUSPENDED, LicenseStatus.REVOKED)


class PlayEndedError(AppError):
    """The play has ended, or its license is no longer in effect."""

    type = "play-ended"
    title = "This play has ended"
    status = HTTPStatus.GONE


@dataclass(frozen=True, slots=True)
class MediaGrant:
    """What a player needs to read its package: a token, and for how many seconds it is good."""

    token: str
    seconds: int


@dataclass(frozen=True, slots=True)
class BegunPlay:
    """A play that just began."""

    ref: str
    secret: str
    grant: MediaGrant


def begin(
    session: Session,
    settings: Settings,
    claim: Claim,
    license_: License,
    contents: PackageContents,
    *,
    is_native: bool = False,
) -> BegunPlay:
    """Begin a play of a package under a license that covers the viewer."""
    now = clock.now()
    secret = new_token()
    length = timedelta(milliseconds=contents.duration_ms)
    seconds = int((length + SLACK).total_seconds())
    play = Play(
        ref=new_ref(),
        secret_hash=_hash(secret),
        license_id=license_.id,
        package_ref=contents.ref,
        method=claim.method.value,
        begun_at=now,
        # A browser's own player sends no beats: its seat is taken for as long as the film.
        seat_until=now + (length if is_native else SEAT_TIMEOUT),
        seconds=seconds,
        ends_at=now + timedelta(seconds=seconds),
    )
    session.add(play)
    session.flush()
    return BegunPlay(play.ref, secret, _grant(settings, play, now, is_native=is_native))


def beat(session: Session, settings: Settings, ref: str, secret: str) -> MediaGrant:
    """Keep a play alive, and return a new token for its package.

    While the license is in its dates the end moves on; after them the film may run out.

    Raises:
        NotFoundError: there is no such play, or the secret is not its own.
        PlayEndedError: it has ended, or its license was suspended or revoked.
    """
    now = clock.now()
    row = session.execute(
        select(Play, License).join(License, License.id == Play.license_id).where(Play.ref == ref)
    ).one_or_none()
    if row is None or not hmac.compare_digest(row[0].secret_hash, _hash(secret)):
        detail = "Play not found."
        raise NotFoundError(detail)
    play, license_ = row
    if license_.status in CUTTING:
        detail = "The license for this film is no longer in effect. Ask your library."
        raise PlayEndedError(detail)
    if play.ends_at <= now:
        detail = "This play has ended. Press Watch again to go on where you stopped."
        raise PlayEndedError(detail)
    play.seat_until = now + SEAT_TIMEOUT
    if license_.status is LicenseStatus.ACTIVE:
        play.ends_at = now + timedelta(seconds=play.seconds)
    return _grant(settings, play, now)


def delete_ended(session: Session) -> None:
    """Forget the plays that ended more than a day ago."""
    session.execute(delete(Play).where(Play.ends_at < clock.now() - KEPT_AFTER_END))


def _grant(settings: Settings, play: Play, now: datetime, *, is_native: bool = False) -> MediaGrant:
    until = min(now + (NATIVE_TOKEN_TIMEOUT if is_native else TOKEN_TIMEOUT), play.ends_at)
    token = media_token(settings, package=play.package_ref, play=play.ref, until=until)
    return MediaGrant(token, int((until - now).total_seconds()))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
