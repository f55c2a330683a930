"""What a process remembers of packages and cut plays, so that sending a range asks no database."""

import time
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.licenses.models import License
from app.media.package_contents import PackageContents
from app.media.packages import find_playable
from app.streaming.play_models import Play
from app.streaming.plays import CUTTING

# A revoked license stops its plays this much later, and one segment.
CUT_SECONDS = 1.0
# The files of a package never change; that it is gone is seen this much later.
CONTENTS_SECONDS = 10.0
MAX_PACKAGES = 1000


@dataclass
class MediaCache:
    """Packages and cut plays of one application, read again when they are old."""

    readers: sessionmaker[Session]
    _contents: dict[str, tuple[float, PackageContents | None]] = field(default_factory=dict)
    _cut: frozenset[str] = frozenset()
    _cut_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def contents(self, ref: str, *, is_fresh: bool = False) -> PackageContents | None:
        """Return a package that is or was ready; ``is_fresh`` reads it now."""
        now = time.monotonic()
        read_at, found = self._contents.get(ref, (float("-inf"), None))
        if is_fresh or now - read_at > CONTENTS_SECONDS:
            with self.readers() as session:
                found = find_playable(session, ref)
            with self._lock:
                if len(self._contents) > MAX_PACKAGES:
                    self._contents.clear()
                self._contents[ref] = (now, found)
        return found

    def is_cut(self, play: str) -> bool:
        """Return whether the license of a play was suspended or revoked."""
        if time.monotonic() - self._cut_at > CUT_SECONDS:
            with self._lock:
                if time.monotonic() - self._cut_at > CUT_SECONDS:
                    self._cut = self._read_cut()
                    self._cut_at = time.monotonic()
        return play in self._cut

    def _read_cut(self) -> frozenset[str]:
        with self.readers() as session:
            return frozenset(
                session.scalars(
                    select(Play.ref)
                    .join(License, License.id == Play.license_id)
                    .where(License.status.in_(CUTTING), Play.ends_at > clock.now())
                )
            )


_CACHES: WeakKeyDictionary[Engine, MediaCache] = WeakKeyDictionary()


def media_cache(engine: Engine, readers: sessionmaker[Session]) -> MediaCache:
    """Return the cache of an application, one for each of its engines."""
    return _CACHES.setdefault(engine, MediaCache(readers))
