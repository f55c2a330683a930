"""From a master to a package: what is played right, and what is refused in words."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import m3u8
import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from starlette.datastructures import State

from app.catalog.parts_models import Version
from app.core import clock
from app.core.config import Settings
from app.core.storage import Storage
from app.media import ffmpeg, master_service, packages, packaging
from app.media.master_models import Master, Package
from app.media.master_states import MasterRole, MasterState, PackageState, RenditionKind
from app.media.package_contents import PackageContents
from app.media.package_files import render_file
from app.media.packaging_context import PackagingContext, spool_folder, work_folder
from app.orphan_cleanup import remove_orphans
from tests.catalog.films import EDITOR
from tests.due_jobs import run_due_once
from tests.media.masters import (
    QUICK,
    draw,
    film_file,
    package_of,
    pattern,
    programs,
    receive,
    renditions,
    short_version,
    tone,
)


@pytest.fixture
def state(client: TestClient) -> State:
    made: State = client.app.state  # type: ignore[attr-defined]
    programs()
    return made


class Maker:
    """Sends masters to a version and packages them."""

    def __init__(self, state: State, sessions: sessionmaker[Session], settings: Settings) -> None:
        self.state, self.sessions, self.settings = state, sessions, settings
        with sessions.begin() as session:
            self.version_id = short_version(session)

    def send(self, path: Path, role: MasterRole = MasterRole.FILM) -> str:
        return receive(self.sessions, self.settings, self.version_id, path, role=role)

    def make(self, path: Path, role: MasterRole = MasterRole.FILM) -> tuple[Master, Package]:
        ref = self.send(path, role)
        run_due_once(self.state)
        return self.found(ref)

    def found(self, ref: str) -> tuple[Master, Package]:
        with self.sessions() as session:
            master = session.scalars(select(Master).where(Master.ref == ref)).one()
            is_film = master.role is MasterRole.FILM
            film = master if is_film else master_service.find_film_master(session, self.version_id)
            assert film is not None
            return master, package_of(session, film.ref)

    def ready(self) -> PackageContents | None:
        with self.sessions() as session:
            return packages.find_ready(session, self.version_id)


@pytest.fixture
def maker(state: State, sessions: sessionmaker[Session], settings: Settings) -> Maker:
    return Maker(state, sessions, settings)


def unpack(contents: PackageContents, storage: Storage, folder: Path) -> Path:
    """Write a package as a folder, and return its master playlist."""
    folder.mkdir()
    for name in contents.rendered_names:
        (folder / name).write_bytes(render_file(contents, name, storage.read))
    for file in contents.stored_files.values():
        (folder / file.name).write_bytes(storage.read(file.storage_name))
    return folder / "master.m3u8"


def told(playlist: Path) -> dict[str, Any]:
    """Return what ffprobe, as a player of its own, sees in a playlist."""
    command = [programs().ffprobe, "-v", "error", "-allowed_extensions", "ALL", "-show_streams"]
    done = subprocess.run(
        [*command, "-show_format", "-of", "json", "-i", str(playlist)],
        check=True,
        capture_output=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_master_becomes_a_package_that_another_player_plays(maker: Maker, tmp_path: Path) -> None:
    master, package = maker.make(film_file(tmp_path / "film.mov", size="1280x720", seconds=14))
    assert (master.state, package.state) == (MasterState.ACCEPTED, PackageState.READY)
    contents = maker.ready()
    assert contents is not None
    assert contents.ref == package.ref
    labels = [stream.label for stream in contents.streams]
    assert labels == ["360p", "720p", "audio-rus"]
    playlist = unpack(contents, maker.state.storage, tmp_path / "out")
    streams = told(playlist)["streams"]
    assert sorted({s["height"] for s in streams if s["codec_type"] == "video"}) == [360, 720]
    assert "aac" in {s["codec_name"] for s in streams}
    for label in labels:
        media = m3u8.load(str(tmp_path / "out" / f"{label}.m3u8"))
        assert sum(s.duration for s in media.segments) == pytest.approx(14, abs=0.1)
    said = ffmpeg.run(
        programs(),
        ["-v", "warning", "-allowed_extensions", "ALL", "-i", str(playlist), "-f", "null", "-"],
    )
    assert "error" not in said.lower()
    assert contents.thumbnails is not None
    assert contents.thumbnails.grid.count == 7
    # Nothing is left beside what is named.
    assert list(spool_folder(maker.settings).glob("*")) == [work_folder(maker.settings)]
    assert list(work_folder(maker.settings).iterdir()) == []
    names = maker.state.storage.names()
    assert len(names) == 1 + len(contents.stored_files)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        # A DVD's picture is stored narrow and shown wide.
        ([*pattern("720x480", 3), "-vf", "setsar=32/27"], (852, 480)),
        ([*pattern("1080x1920", 3)], (608, 1080)),
        ([*pattern("320x180", 3)], (320, 180)),
        ([*pattern("641x361", 3), "-vf", "scale=640:360"], (640, 360)),
    ],
)
def test_pictures_keep_their_shape(
    maker: Maker, tmp_path: Path, words: list[str], wanted: tuple[int, int]
) -> None:
    path = draw(tmp_path / "film.mkv", *words, *QUICK)
    master, package = maker.make(path)
    assert master.problem is None
    assert package.state is PackageState.READY
    contents = maker.ready()
    assert contents is not None
    best = contents.of_kind(RenditionKind.VIDEO)[-1].facts
    assert (best.width, best.height) == wanted


def test_a_rotated_film_stands_upright(maker: Maker, tmp_path: Path) -> None:
    flat = draw(tmp_path / "flat.mp4", *pattern("640x360", 3), *QUICK)
    turned = tmp_path / "turned.mp4"
    try:
        draw(turned, "-display_rotation", "90", "-i", str(flat), "-c", "copy")
    except subprocess.CalledProcessError:  # before ffmpeg 6
        draw(turned, "-i", str(flat), "-c", "copy", "-metadata:s:v", "rotate=90")
    maker.make(turned)
    contents = maker.ready()
    assert contents is not None
    best = contents.of_kind(RenditionKind.VIDEO)[-1].facts
    assert (best.width, best.height) == (360, 640)


def test_an_interlaced_film_becomes_progressive(maker: Maker, tmp_path: Path) -> None:
    words = [*pattern("720x576", 3), "-vf", "interlace", "-flags", "+ildct+ilme"]
    path = draw(tmp_path / "film.mpg", *words, "-c:v", "mpeg2video", "-q:v", "4")
    master, _ = maker.make(path)
    assert master.probe
    assert master.probe["is_interlaced"]
    contents = maker.ready()
    assert contents is not None
    playlist = unpack(contents, maker.state.storage, tmp_path / "out")
    orders = {s.get("field_order", "progressive") for s in told(playlist)["streams"]}
    assert orders == {"progressive"}


# Before ffmpeg 7 the encoder is told what the pictures are, since then the pictures say it.
HDR = ["-vf", "setparams=color_trc=smpte2084"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])


def script(path: Path) -> None:
    path.with_name("secret.mp4").write_bytes(path.read_bytes())
    path.write_text(f"ffconcat version 1.0\nfile '{path.with_name('secret.mp4')}'\n")


@pytest.mark.parametrize(
    ("name", "words", "spoil", "reason"),
    [
        ("end.mp4", ["-movflags", "+faststart"], cut, "cut off"),
        ("cut.mp4", [], cut, "cannot be read"),
        ("cut.mkv", [], cut, "cut off"),
        ("list.mp4", [], script, "cannot be read"),
        ("sound.mp4", ["-vn"], None, "no pictures"),
        ("text.mp4", [], lambda path: path.write_text("not a film"), "cannot be read"),
        ("empty.mp4", [], lambda path: path.write_bytes(b""), "cannot be read"),
        ("hdr.mp4", [*HDR, "-color_trc", "smpte2084"], None, "HDR"),
    ],
)
def test_what_cannot_be_packaged_is_refused_in_words(  # noqa: PLR0917 - a table
    maker: Maker,
    tmp_path: Path,
    name: str,
    words: list[str],
    spoil: Callable[[Path], object] | None,
    reason: str,
) -> None:
    path = draw(tmp_path / name, *pattern(seconds=30), *tone(30), *QUICK, *words)
    if spoil is not None:
        spoil(path)
    master, package = maker.make(path)
    assert (master.state, package.state) == (MasterState.REFUSED, PackageState.FAILED)
    assert master.problem is not None
    assert reason in master.problem
    assert maker.ready() is None


def test_a_film_of_another_length_is_refused(maker: Maker, tmp_path: Path) -> None:
    path = draw(tmp_path / "long.mp4", *pattern("64x36", 150, "5"), *QUICK)
    master, _ = maker.make(path)
    assert master.problem
    assert "lasts 0:02:30, but the version has a running time of 1 minutes" in master.problem


def test_an_audio_description_is_added_without_encoding_again(maker: Maker, tmp_path: Path) -> None:
    maker.make(film_file(tmp_path / "film.mp4"))
    before = maker.ready()
    assert before is not None
    wrong = draw(tmp_path / "wrong.wav.mkv", *tone(4, 880), "-c:a", "aac")
    master, package = maker.make(wrong, MasterRole.AUDIO_DESCRIPTION)
    assert master.problem
    assert "as long as the film" in master.problem
    assert package.state is PackageState.READY
    right = draw(tmp_path / "right.mkv", *tone(10, 880), "-c:a", "aac")
    master, package = maker.make(right, MasterRole.AUDIO_DESCRIPTION)
    assert (master.state, package.state) == (MasterState.ACCEPTED, PackageState.READY)
    contents = maker.ready()
    assert contents is not None
    assert contents.of_kind(RenditionKind.AUDIO_DESCRIPTION)
    old = {stream.label: stream.storage_name for stream in before.streams}
    new = {stream.label: stream.storage_name for stream in contents.streams}
    assert {label: new[label] for label in old} == old


def test_a_newer_master_takes_the_place_once_it_is_ready(maker: Maker, tmp_path: Path) -> None:
    _, first = maker.make(film_file(tmp_path / "one.mp4"))
    ref = maker.send(film_file(tmp_path / "two.mp4", seconds=8))
    contents = maker.ready()
    assert contents is not None
    assert contents.ref == first.ref
    run_due_once(maker.state)
    _, second = maker.found(ref)
    contents = maker.ready()
    assert contents is not None
    assert contents.ref == second.ref
    # The older one plays on for a day, then its files go.
    with maker.sessions() as session:
        assert packages.find_playable(session, first.ref) is not None
    storage: Storage = maker.state.storage
    remove_orphans(maker.state.readers, storage)
    count = len([name for name in storage.names() if f"/{first.ref}/" in name])
    assert count == 3
    with time_machine.travel(clock.now() + timedelta(days=3), tick=False):
        remove_orphans(maker.state.readers, storage)
        remove_orphans(maker.state.readers, storage)
    names = storage.names()
    assert not [name for name in names if f"packages/{first.ref}/" in name]
    assert len([name for name in names if f"packages/{second.ref}/" in name]) == 3


@pytest.mark.seeded
def test_a_film_of_its_own_takes_the_place_of_the_sample(maker: Maker, tmp_path: Path) -> None:
    with maker.sessions.begin() as session:
        sample = session.scalars(select(Master).where(Master.is_sample)).first()
        assert sample is not None
        maker.version_id = sample.version_id
        session.get_one(Version, sample.version_id).runtime_minutes = 1
    master, _ = maker.make(film_file(tmp_path / "one.mp4"))
    contents = maker.ready()
    assert contents is not None
    assert not contents.is_sample
    with maker.sessions.begin() as session:
        found = packages.find_master(session, maker.version_id)
        assert found is not None
        assert found.ref == master.ref
        master_service.withdraw(
            session, master_service.get_master(session, master.ref), actor=EDITOR
        )
        assert packages.find_master(session, maker.version_id) is None


def test_a_withdrawn_master_is_played_no_more(maker: Maker, tmp_path: Path) -> None:
    master, _ = maker.make(film_file(tmp_path / "one.mp4"))
    with maker.sessions.begin() as session:
        row = master_service.get_master(session, master.ref)
        assert master_service.withdraw(session, row, actor=EDITOR, reason="wrong film")
        assert not master_service.withdraw(session, row, actor=EDITOR)
    assert maker.ready() is None


def test_without_ffmpeg_masters_wait(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film_file(tmp_path / "one.mp4")
    with monkeypatch.context() as patch:
        patch.setattr(packaging, "find_programs", lambda _: None)
        master, package = maker.make(path)
    assert (master.state, package.state) == (MasterState.RECEIVED, PackageState.WANTED)
    assert package.attempts == 0
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=False):
        run_due_once(maker.state)
    assert maker.ready() is not None


def test_a_storage_that_is_away_is_told_and_loses_nothing(maker: Maker, tmp_path: Path) -> None:
    blocked = tmp_path / "files" / "packages"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("in the way")
    ref = maker.send(film_file(tmp_path / "one.mp4"))
    at = clock.now()
    for minutes in (0, 2, 8, 40):
        with time_machine.travel(at + timedelta(minutes=minutes, seconds=1), tick=False):
            run_due_once(maker.state)
    master, package = maker.found(ref)
    assert (master.state, package.state) == (MasterState.ACCEPTED, PackageState.FAILED)
    assert package.attempts == 4
    assert package.problem == "The file storage does not respond, or it is full."
    blocked.unlink()
    with maker.sessions.begin() as session:
        row = session.scalars(select(Package).where(Package.ref == package.ref)).one()
        assert master_service.retry(session, row, actor=EDITOR)
    run_due_once(maker.state)
    assert maker.ready() is not None


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    film = film_file(tmp_path / "one.mp4", seconds=2)
    with pytest.raises(ffmpeg.ProgramError) as error:
        ffmpeg.run(programs(), ["-v", "error", "-i", str(film), "-f", "mpegts", str(full)])
    assert packaging.explain(error.value) == packaging.DISK_FULL


def test_a_stuck_program_is_ended(tmp_path: Path) -> None:
    pipe = tmp_path / "never.ts"
    os.mkfifo(pipe)
    begin = time.monotonic()
    with pytest.raises(ffmpeg.StuckError):
        ffmpeg.run(programs(), ["-i", str(pipe), "-f", "null", "-"], silence_seconds=1)
    assert time.monotonic() - begin < 20


def test_progress_grows() -> None:
    seen: list[int] = []
    words = ["-v", "error", *pattern(seconds=20), "-f", "null", "-"]
    ffmpeg.run(programs(), words, on_progress=seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == pytest.approx(20_000_000, rel=0.02)


def test_a_stop_leaves_the_package_for_the_next_worker(maker: Maker, tmp_path: Path) -> None:
    ref = maker.send(film_file(tmp_path / "one.mp4"))
    context = PackagingContext(
        maker.settings,
        maker.state.sessions,
        maker.state.readers,
        maker.state.storage,
        is_stopping=lambda: bool(renditions_started(maker, ref)),
    )
    _, package = maker.found(ref)
    packaging.package_master(context, lambda _, work: work(), package_id=package.id)
    _, package = maker.found(ref)
    assert (package.state, package.attempts) == (PackageState.WANTED, 0)
    run_due_once(maker.state)
    assert maker.ready() is not None


def renditions_started(maker: Maker, ref: str) -> bool:
    with maker.sessions() as session:
        package = package_of(session, ref)
        return any(row.attempts for row in renditions(session, package))
