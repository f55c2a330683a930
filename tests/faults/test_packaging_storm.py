"""Packaging under kill -9 at random instants: each ends complete or failed, and nothing is left."""

import os
import random
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.config import Settings
from app.core.storage import Storage
from app.media import packages
from app.media.master_models import Package
from app.media.master_states import PackageState
from app.media.packaging_context import spool_folder, work_folder
from app.orphan_cleanup import remove_orphans
from tests.media.masters import film_file, package_of, receive, renditions, short_version
from tests.processes import Store

pytestmark = [pytest.mark.fault, pytest.mark.slow]

# REELRIGHT_TEST_KILLS=20 for a long storm.
KILLS = int(os.environ.get("REELRIGHT_TEST_KILLS", "3"))
ENDED = (PackageState.READY, PackageState.FAILED)
SETTLE_SECONDS = 240


def programs_of(folder: Path) -> list[int]:
    """Return the running programs that work in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"ffmpeg" in command and str(folder).encode() in command:
            found.append(int(entry.name))
    return found


def wait_for_end(sessions: sessionmaker[Session], ref: str) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with sessions() as session:
            if package_of(session, ref).state in ENDED:
                return
        time.sleep(0.2)
    message = "the package has no end"
    raise AssertionError(message)


def test_a_worker_killed_at_random_instants_leaves_one_whole_package(
    database_url: str, sessions: sessionmaker[Session], settings: Settings, tmp_path: Path
) -> None:
    chance = random.Random(14)  # noqa: S311 - no secret hangs on it
    store = Store(tmp_path, database_url)
    with sessions.begin() as session:
        version_id = short_version(session)
    path = film_file(tmp_path / "film.mp4", size="1920x1080", seconds=40)
    ref = receive(sessions, settings, version_id, path)
    try:
        for _ in range(KILLS):
            store.start("work")
            # Starting takes seconds; then any instant of the work may be it.
            time.sleep(chance.uniform(3, 9))
            store.kill("work")
            time.sleep(0.3)
            assert programs_of(work_folder(settings)) == []
            with sessions() as session:
                contents = packages.find_ready(session, version_id)
                package = package_of(session, ref)
                assert (contents is not None) is (package.state is PackageState.READY)
        store.start("work")
        wait_for_end(sessions, ref)
        time.sleep(0.5)
    finally:
        store.stop()
    with sessions() as session:
        package = package_of(session, ref)
        assert package.state is PackageState.READY, package.problem
        labels = [row.label for row in renditions(session, package)]
        assert len(session.scalars(select(Package)).all()) == 1
        contents = packages.find_ready(session, version_id)
    assert labels == ["360p", "720p", "1080p", "audio-rus", "thumbnails"]
    assert contents is not None
    storage = Storage(str(tmp_path / "files"))
    with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
        remove_orphans(sessions, storage)
        remove_orphans(sessions, storage)
    assert len(storage.names()) == 1 + len(contents.stored_files)
    assert list(work_folder(settings).iterdir()) == []
    assert [p for p in spool_folder(settings).iterdir() if p.is_file()] == []
    assert programs_of(work_folder(settings)) == []
