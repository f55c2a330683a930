"""The files of a package: encoded one by one, checked against each other, and kept."""

import hashlib
import logging
import time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core import clock
from app.media import ffmpeg, ladder, master_service, storage_names
from app.media.ladder import RenditionPlan
from app.media.master_models import Master, Package, Rendition
from app.media.master_states import RenditionKind, RenditionState
from app.media.package_contents import ThumbnailGrid
from app.media.packaging_context import WORKER, Task, rendition_rows
from app.media.segment_index import AAC_LC, StreamFacts, parse_ranges, video_codec

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 2.0
TOLERANCE_MS = 100
# Credits that fade out, and the last picture's length, are no cut.
SHORTER_BY_MS = 1_500
CHUNK_BYTES = 1024 * 1024
WHOLE = 1000
DONE = "done"
THUMBNAILS = "thumbnails"


class PackageRefusedError(Exception):
    """What was made does not pass the checks; says what."""


def make_rendition(task: Task, *, label: str) -> str:
    """Encode one file, unless that is done.

    Raises:
        ProgramError, StoppedError, UnavailableError, OSError: see ``packaging.explain``.
    """
    context = task.context
    with context.sessions.begin() as session:
        package = session.get_one(Package, task.package_id)
        row = _row(session, task, label)
        if row.state in {RenditionState.STORED, RenditionState.VERIFIED}:
            return DONE
        if row.state is RenditionState.WANTED:
            master_service.move_rendition(
                session, package, row, RenditionState.ENCODING, actor=WORKER, reason="a run begins"
            )
        row.attempts += 1
        row.progress, row.progress_at, row.problem = 0, clock.now(), None
        plan = RenditionPlan.model_validate(row.recipe)
        source = session.scalars(select(Master).where(Master.ref == plan.master)).one()
        package_ref, storage_name = package.ref, source.storage_name or ""
    with task.folder(label) as folder:
        path = task.local_copy(storage_name, folder)
        facts, made = _encode(task, plan, path, folder, label)
        sha256 = _hash(made)
        size = made.stat().st_size
        ending = "mp4" if plan.kind is RenditionKind.VIDEO else "m4a"
        name = storage_names.packaged(package_ref, label, sha256, ending)
        context.storage.put(made, name, is_moved=True)
    _store(task, label, facts=facts.model_dump(mode="json"), name=name, sha256=sha256, size=size)
    return DONE


def make_thumbnails(task: Task) -> str:
    """Make the small pictures for seeking, of the lightest rendition.

    Raises:
        ProgramError, StoppedError, UnavailableError, OSError: see ``packaging.explain``.
    """
    context = task.context
    with context.readers() as session:
        package = session.get_one(Package, task.package_id)
        rows = rendition_rows(session, package)
    if any(row.label == THUMBNAILS and row.storage_name for row in rows):
        return DONE
    lightest = next(row for row in rows if row.kind is RenditionKind.VIDEO)
    facts = StreamFacts.model_validate(lightest.facts)
    grid = ladder.plan_thumbnails(facts.duration_ms, facts.width or 16, facts.height or 9)
    with task.folder(THUMBNAILS) as folder:
        path = task.local_copy(lightest.storage_name or "", folder)
        made = folder / "thumbnails.jpg"
        words = ["-v", "error", "-i", f"file:{path.absolute()}", *ladder.thumbnail_words(grid)]
        ffmpeg.run(task.programs, [*words, str(made)], is_stopping=context.is_stopping)
        sha256, size = _hash(made), made.stat().st_size
        name = storage_names.packaged(package.ref, THUMBNAILS, sha256, "jpg")
        context.storage.put(made, name, is_moved=True)
    with context.sessions.begin() as session:
        session.add(
            _thumbnail_row(task, grid, position=len(rows), name=name, sha256=sha256, size=size)
        )
    return DONE


def verify(task: Task) -> str:
    """Check that the files are whole, fit each other, and begin and end with pictures.

    Raises:
        PackageRefusedError: they do not; what is wrong is made again by the next run.
        ProgramError, StoppedError, UnavailableError: see ``packaging.explain``.
    """
    context = task.context
    with context.readers() as session:
        package = session.get_one(Package, task.package_id)
        master = session.get_one(Master, package.master_id)
        rows = [row for row in rendition_rows(session, package) if row.kind.is_stream]
    try:
        duration_ms = _compare(rows, (master.probe or {}).get("duration_ms", 0))
        for row in rows:
            _check_bytes(task, row)
            _play_ends(task, row)
    except PackageRefusedError:
        _want_again(task)
        raise
    with context.sessions.begin() as session:
        session.get_one(Package, task.package_id).duration_ms = duration_ms
    return DONE


def _encode(
    task: Task, plan: RenditionPlan, path: Path, folder: Path, label: str
) -> tuple[StreamFacts, Path]:
    media, playlist = folder / "media.mp4", folder / "media.m3u8"
    is_video = plan.kind is RenditionKind.VIDEO
    words = ladder.video_words(plan) if is_video else ladder.sound_words(plan)
    ends = ladder.segment_words(str(media), str(playlist))
    ffmpeg.run(
        task.programs,
        ["-v", "error", *ffmpeg.source(path), *words, *ends],
        on_progress=_Progress(task, label, plan.duration_ms),
        is_stopping=task.context.is_stopping,
    )
    init_length, segments = parse_ranges(playlist.read_text(encoding="utf-8"))
    with media.open("rb") as file:
        init = file.read(init_length)
    facts = StreamFacts(
        codecs=video_codec(init) if is_video else AAC_LC,
        width=plan.width or None,
        height=plan.height or None,
        frame_rate=_rate(plan.frame_rate) if is_video else None,
        channels=None if is_video else 2,
        init_length=init_length,
        segments=segments,
    )
    return facts, media


class _Progress:
    """Writes how far a run has come into its row, every two seconds."""

    def __init__(self, task: Task, label: str, duration_ms: int) -> None:
        self._task = task
        self._label = label
        self._whole = max(1, duration_ms) * 1000
        self._next = 0.0

    def __call__(self, microseconds: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PROGRESS_SECONDS
        try:
            with self._task.context.sessions.begin() as session:
                row = _row(session, self._task, self._label)
                row.progress = min(WHOLE, microseconds * WHOLE // self._whole)
                row.progress_at = clock.now()
        except SQLAlchemyError:
            # An hour's work is not thrown away for a number.
            log.warning("package.progress_lost", exc_info=True)


def _row(session: Session, task: Task, label: str) -> Rendition:
    """Return the row of a file, locked until the transaction ends."""
    return session.scalars(
        select(Rendition)
        .where(Rendition.package_id == task.package_id, Rendition.label == label)
        .with_for_update()
    ).one()


def _store(
    task: Task, label: str, *, facts: dict[str, object], name: str, sha256: str, size: int
) -> None:
    """Note what was made, unless a run at the same time did."""
    with task.context.sessions.begin() as session:
        package = session.get_one(Package, task.package_id)
        row = _row(session, task, label)
        if row.state is not RenditionState.ENCODING:
            return
        row.facts, row.storage_name, row.sha256, row.size_bytes = facts, name, sha256, size
        row.progress, row.progress_at = WHOLE, clock.now()
        session.flush()
        master_service.move_rendition(
            session, package, row, RenditionState.STORED, actor=WORKER, reason="encoded"
        )


def _thumbnail_row(
    task: Task, grid: ThumbnailGrid, *, position: int, name: str, sha256: str, size: int
) -> Rendition:
    return Rendition(
        package_id=task.package_id,
        kind=RenditionKind.THUMBNAILS,
        label=THUMBNAILS,
        position=position,
        state=RenditionState.STORED,
        recipe={},
        storage_name=name,
        sha256=sha256,
        size_bytes=size,
        facts=grid.model_dump(mode="json"),
        progress=WHOLE,
    )


def _compare(rows: list[Rendition], master_ms: int) -> int:
    """Compare lengths and the beginnings of segments. Return the length of the pictures."""
    facts = {row.label: StreamFacts.model_validate(row.facts) for row in rows}
    films = [facts[row.label] for row in rows if row.kind is RenditionKind.VIDEO]
    duration_ms = max(film.duration_ms for film in films)
    for label, each in facts.items():
        if abs(each.duration_ms - duration_ms) > TOLERANCE_MS:
            msg = f"{label} lasts {each.duration_ms} ms instead of {duration_ms} ms"
            raise PackageRefusedError(msg)
    if duration_ms < master_ms - SHORTER_BY_MS:
        msg = f"the pictures last {duration_ms} ms, the master {master_ms} ms"
        raise PackageRefusedError(msg)
    for film in films[1:]:
        if not _same_segments(films[0], film):
            msg = "the segments of the heights begin at different moments"
            raise PackageRefusedError(msg)
    return duration_ms


def _same_segments(one: StreamFacts, other: StreamFacts) -> bool:
    pairs = zip(one.segments, other.segments, strict=False)
    return len(one.segments) == len(other.segments) and all(
        abs(a.duration_us - b.duration_us) < TOLERANCE_MS * 1000 for a, b in pairs
    )


def _check_bytes(task: Task, row: Rendition) -> None:
    facts = StreamFacts.model_validate(row.facts)
    size = task.context.storage.size(row.storage_name or "")
    if not size == facts.size_bytes == row.size_bytes:
        msg = f"{row.label} has {size} bytes instead of {facts.size_bytes}"
        raise PackageRefusedError(msg)


def _play_ends(task: Task, row: Rendition) -> None:
    """Decode the first and the last segment, as a player that gets only these would."""
    facts = StreamFacts.model_validate(row.facts)
    storage, name = task.context.storage, row.storage_name or ""
    first_end = facts.init_length + facts.segments[0].length
    last_start = facts.size_bytes - facts.segments[-1].length
    with task.folder("verify") as folder:
        for start, end in ((facts.init_length, first_end), (last_start, facts.size_bytes)):
            path = folder / f"{start}.mp4"
            with path.open("wb") as file:
                file.writelines(storage.span(name, 0, facts.init_length))
                file.writelines(storage.span(name, start, end))
            words = ["-v", "error", "-xerror", "-i", f"file:{path.absolute()}", "-f", "null", "-"]
            try:
                ffmpeg.run(task.programs, words, is_stopping=task.context.is_stopping)
            except ffmpeg.ProgramError as error:
                msg = f"{row.label} does not play: {error}"
                raise PackageRefusedError(msg) from error


def _want_again(task: Task) -> None:
    """Have all made again: which of them is wrong, the others cannot tell."""
    with task.context.sessions.begin() as session:
        package = session.get_one(Package, task.package_id, with_for_update=True)
        for row in rendition_rows(session, package):
            if row.label == THUMBNAILS:
                session.delete(row)
            elif row.state is RenditionState.STORED:
                master_service.move_rendition(
                    session,
                    package,
                    row,
                    RenditionState.WANTED,
                    actor=WORKER,
                    reason="the checks did not pass",
                )
                row.storage_name = row.sha256 = row.size_bytes = row.facts = None
                row.progress = 0


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _rate(text: str) -> float:
    top, _, bottom = text.partition("/")
    return round(int(top) / int(bottom or 1), 3)
