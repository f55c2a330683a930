"""Bytes that no row speaks of: what a crash between the two left behind is taken away.

An upload puts the bytes, commits the row, then looks whether the bytes are still there. A sweep
moves them aside, then looks whether a row has come. Whichever was last sees the other: bytes that
a row speaks of are never lost. What was moved aside is removed by a later sweep.
"""

import logging
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.files.caption_models import CaptionFile
from app.catalog.files.models import FilmFile
from app.catalog.files.names import sha256_in
from app.catalog.transfer.sent import FOLDER as IMPORTS
from app.catalog.transfer.sent import still_wanted
from app.core import clock
from app.core.storage import FileGoneError, Storage

log = logging.getLogger(__name__)

ASIDE = "aside/"
# Longer than any upload takes from its first byte to its row.
LEFT_ALONE = timedelta(days=1)
BATCH = 500


def sweep(readers: sessionmaker[Session], storage: Storage) -> int:
    """Move orphans older than a day aside, and remove what an earlier sweep moved. Return how many.

    Raises:
        UnavailableError: the storage does not answer; the next sweep goes on.
    """
    names = storage.names()
    aside = [name for name in names if name.startswith(ASIDE)]
    removed = _settle(readers, storage, aside)
    present = [name for name in names if not name.startswith(ASIDE)]
    moved = []
    for name in _unknown(readers, present):
        try:
            if clock.now() - storage.written_at(name) < LEFT_ALONE:
                continue
            storage.move(name, to=ASIDE + name)
        except FileGoneError:
            continue  # another sweep was quicker
        moved.append(ASIDE + name)
    # Only now: a row that came in the meantime finds its bytes again.
    unknown = set(_unknown(readers, [name.removeprefix(ASIDE) for name in moved]))
    for name in moved:
        if name.removeprefix(ASIDE) not in unknown:
            storage.move(name, to=name.removeprefix(ASIDE))
    if moved or removed:
        log.info("files.swept", extra={"moved": len(unknown), "removed": removed})
    return len(unknown) + removed


def _settle(readers: sessionmaker[Session], storage: Storage, aside: Collection[str]) -> int:
    """Bring back what a sweep that died had moved from under a row; remove the rest."""
    names = [name.removeprefix(ASIDE) for name in aside]
    unknown = set(_unknown(readers, names))
    removed = 0
    for name in names:
        try:
            if name in unknown:
                storage.remove(ASIDE + name)
                removed += 1
            elif not storage.has(name):
                storage.move(ASIDE + name, to=name)
            else:
                storage.remove(ASIDE + name)
        except FileGoneError:
            continue  # another sweep was quicker
    return removed


def _unknown(readers: sessionmaker[Session], names: Collection[str]) -> list[str]:
    """Return those names that belong to no row, withdrawn rows counting as rows."""
    hashes = sorted({sha256_in(name) for name in names} - {""})
    sent = {name: name.removeprefix(IMPORTS) for name in names if name.startswith(IMPORTS)}
    known: set[str] = set()
    with readers() as session:
        for start in range(0, len(hashes), BATCH):
            part = hashes[start : start + BATCH]
            for column in (FilmFile.sha256, CaptionFile.sha256):
                known.update(session.scalars(select(column).where(column.in_(part))))
        wanted = still_wanted(session, sent.values())
    return [name for name in names if sha256_in(name) not in known and sent.get(name) not in wanted]
