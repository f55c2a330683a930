"""Bytes that no row speaks of: what a crash between the two left behind is taken away.

An upload puts the bytes, commits the row, then looks whether the bytes are still there. A sweep
moves them aside, then looks whether a row has come. The last one sees the other: bytes that
a row speaks of are never lost. What was moved aside is removed by a later sweep.
"""

import logging
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.models import PurchaseOrderFile
from app.billing.tax_models import TaxExemption
from app.billing.vendor_models import VendorDocument
from app.catalog.file_models import FilmFile
from app.core import clock
from app.core.storage import FileMissingError, Storage
from app.imports.uploads import STORAGE_FOLDER as IMPORTS
from app.imports.uploads import find_needed
from app.media.caption_models import CaptionFile
from app.media.kept_files import find_kept
from app.media.storage_names import sha256_in

log = logging.getLogger(__name__)

QUARANTINE = "aside/"
# Longer than any upload takes from its first byte to its row.
LEFT_ALONE = timedelta(days=1)
BATCH_SIZE = 500
# Where rows name the files that belong to them.
COLUMNS = (FilmFile.sha256, CaptionFile.sha256, PurchaseOrderFile.sha256, VendorDocument.sha256)


def remove_orphans(readers: sessionmaker[Session], storage: Storage) -> int:
    """Move orphans older than a day aside, and remove what an earlier sweep moved. Return how many.

    Raises:
        UnavailableError: the storage does not answer; the next sweep goes on.
    """
    names = storage.names()
    aside = [name for name in names if name.startswith(QUARANTINE)]
    removed = _settle(readers, storage, aside)
    present = [name for name in names if not name.startswith(QUARANTINE)]
    moved = []
    for name in _unknown(readers, present):
        try:
            if clock.now() - storage.written_at(name) < LEFT_ALONE:
                continue
            storage.move(name, to=QUARANTINE + name)
        except FileMissingError:
            continue  # another sweep was quicker
        moved.append(QUARANTINE + name)
    # Only now: a row that came in the meantime finds its bytes again.
    unknown = set(_unknown(readers, [name.removeprefix(QUARANTINE) for name in moved]))
    for name in moved:
        if name.removeprefix(QUARANTINE) not in unknown:
            storage.move(name, to=name.removeprefix(QUARANTINE))
    if moved or removed:
        log.info("files.swept", extra={"moved": len(unknown), "removed": removed})
    return len(unknown) + removed


def _settle(readers: sessionmaker[Session], storage: Storage, aside: Collection[str]) -> int:
    """Bring back what a sweep that died had moved from under a row; remove the rest."""
    names = [name.removeprefix(QUARANTINE) for name in aside]
    unknown = set(_unknown(readers, names))
    removed = 0
    for name in names:
        try:
            if name in unknown:
                storage.remove(QUARANTINE + name)
                removed += 1
            elif not storage.exists(name):
                storage.move(QUARANTINE + name, to=name)
            else:
                storage.remove(QUARANTINE + name)
        except FileMissingError:
            continue  # another sweep was quicker
    return removed


def _unknown(readers: sessionmaker[Session], names: Collection[str]) -> list[str]:
    """Return those names that belong to no row, withdrawn rows counting as rows."""
    hashes = sorted({sha256_in(name) for name in names} - {""})
    sent = {name: name.removeprefix(IMPORTS) for name in names if name.startswith(IMPORTS)}
    known: set[str] = set()
    with readers() as session:
        for start in range(0, len(hashes), BATCH_SIZE):
            part = hashes[start : start + BATCH_SIZE]
            for column in COLUMNS:
                known.update(session.scalars(select(column).where(column.in_(part))))
            certificate = TaxExemption.file["sha256"].as_string()
            known.update(session.scalars(select(certificate).where(certificate.in_(part))))
        wanted = find_needed(session, sent.values())
        played = find_kept(session, names, at=clock.now())
    return [
        name
        for name in names
        if sha256_in(name) not in known and sent.get(name) not in wanted and name not in played
    ]
