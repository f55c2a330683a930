"""The first step of packaging: store the masters, look into them, and plan what is made."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.enums import LanguageUse
from app.catalog.parts_models import Version, VersionLanguage
from app.media import ffmpeg, ladder, master_service, probing, storage_names
from app.media.caption_models import CaptionFile
from app.media.ladder import DescriptionSource, RenditionPlan
from app.media.master_models import Master, Package, Rendition
from app.media.master_states import (
    MasterRole,
    MasterState,
    PackageState,
    RenditionState,
)
from app.media.packaging_context import WORKER, Task, package_and_master, rendition_rows
from app.media.probing import MasterFacts, MasterRefusedError

CHUNK_BYTES = 1024 * 1024
GONE = "The uploaded file is gone. Upload the master again."
# The end of the film that is played through, to see that it is there.
END_SECONDS = 10
_LOUDNESS = re.compile(r"^\s+I:\s+(-?[\d.]+) LUFS", re.MULTILINE)


def check_masters(task: Task) -> str:
    """Store and check what the package is made of; return the labels of what is to be made.

    Raises:
        MasterRefusedError: the film cannot be packaged; says why.
    """
    with task.context.sessions.begin() as session:
        package, master = package_and_master(session, task.package_id)
        reason = "packaging begins"
        if package.state is PackageState.WANTED:
            master_service.move_package(
                session, package, PackageState.WORKING, actor=WORKER, reason=reason
            )
        if master.state is MasterState.RECEIVED:
            master_service.move_master(
                session, master, MasterState.CHECKING, actor=WORKER, reason=reason
            )
    facts = _check_film(task, master)
    descriptions = _check_descriptions(task, master, facts)
    with task.context.sessions.begin() as session:
        package, master = package_and_master(session, task.package_id)
        if master.state is MasterState.CHECKING:
            master_service.move_master(
                session, master, MasterState.ACCEPTED, actor=WORKER, reason="checks passed"
            )
        master.problem = None
        plans = ladder.plan_renditions(
            master.ref, _name_language(session, package, facts), descriptions
        )
        _add_renditions(session, package, plans)
        return " ".join(plan.label for plan in plans)


def store_master(task: Task, master_id: int) -> Path | None:
    """Move an upload into the storage, unless it is there; return its local path if it has one.

    The hash is in the row before the bytes move, so whatever instant a crash chooses, they are
    found again.

    Raises:
        MasterRefusedError: the upload is gone.
        UnavailableError: the storage does not answer, or is full.
    """
    context = task.context
    with context.readers() as session:
        master = session.get_one(Master, master_id)
    storage = context.storage
    if master.sha256 is None:
        sha256 = _hash(task, master)
        with context.sessions.begin() as session:
            session.get_one(Master, master_id).sha256 = sha256
    else:
        sha256 = master.sha256
    if master.storage_name is None:
        name = storage_names.master(sha256)
        spooled = context.spool / (master.spool_name or "")
        if spooled.is_file():
            storage.put(spooled, name, is_moved=True)
        elif not storage.exists(name):
            raise MasterRefusedError(GONE)
        with context.sessions.begin() as session:
            row = session.get_one(Master, master_id)
            row.storage_name = name
        return storage.local_path(name)
    return storage.local_path(master.storage_name)


def _hash(task: Task, master: Master) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(task, master):
        digest.update(piece)
        if task.context.is_stopping():
            raise ffmpeg.StoppedError
    return digest.hexdigest()


def _pieces(task: Task, master: Master) -> Iterator[bytes]:
    if master.storage_name is not None:
        yield from task.context.storage.chunks(master.storage_name)
        return
    path = task.context.spool / (master.spool_name or "")
    if not path.is_file():
        raise MasterRefusedError(GONE)
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


def _check_film(task: Task, master: Master) -> MasterFacts:
    """Return the facts of a film's master, which the row keeps, once all checks pass."""
    if master.state is MasterState.ACCEPTED and master.probe is not None:
        return MasterFacts.model_validate(master.probe)
    path = store_master(task, master.id)
    with task.folder("check") as folder:
        if path is None:
            with task.context.readers() as session:
                stored = session.get_one(Master, master.id)
            path = task.local_copy(stored.storage_name or "", folder)
        facts = look_into(task, path)
        with task.context.readers() as session:
            version = session.get_one(Version, master.version_id)
            captions_end_ms = _captions_end(session, version)
        probing.check_film(
            facts, runtime_minutes=version.runtime_minutes, captions_end_ms=captions_end_ms
        )
        _check_end(task, path, facts)
        facts = facts.model_copy(update={"loudness": _loudness(task, path, facts)})
    with task.context.sessions.begin() as session:
        session.get_one(Master, master.id).probe = facts.model_dump(mode="json")
    return facts


def look_into(task: Task, path: Path) -> MasterFacts:
    """Return the facts of a file.

    Raises:
        MasterRefusedError: it is no film.
    """
    try:
        told = ffmpeg.probe(task.programs, path)
    except ffmpeg.ProgramError as error:
        raise MasterRefusedError(probing.UNREADABLE) from error
    return probing.read_facts(told)


def _check_end(task: Task, path: Path, facts: MasterFacts) -> None:
    """Play the last seconds: of a file that is cut off, the index may be there and the end not.

    Raises:
        MasterRefusedError: the end is missing.
    """
    seek = ["-sseof", f"-{END_SECONDS}"] if facts.duration_ms > END_SECONDS * 1000 else []
    frames: list[int] = []
    try:
        said = ffmpeg.run(
            task.programs,
            [
                "-v", "info", *seek, *ffmpeg.source(path),
                "-map", f"0:{facts.video_index}", "-f", "null", "-",
            ],
            on_progress=frames.append,
            is_stopping=task.context.is_stopping,
        )  # fmt: skip
    except ffmpeg.StuckError:
        raise
    except ffmpeg.ProgramError as error:
        raise MasterRefusedError(probing.CUT_OFF) from error
    played = max(frames, default=0) / 1000
    wanted = min(facts.duration_ms, END_SECONDS * 1000)
    is_broken = "partial file" in said or "Invalid NAL unit size" in said
    if is_broken or played < wanted / 2:
        raise MasterRefusedError(probing.CUT_OFF)


def _loudness(task: Task, path: Path, facts: MasterFacts) -> float | None:
    """Return the loudness of the film's own sound, in LUFS; None if it has none."""
    own = next((sound for sound in facts.sounds if not sound.is_description), None)
    if own is None:
        return None
    said = ffmpeg.run(
        task.programs,
        [
            "-v", "info", *ffmpeg.source(path), "-map", f"0:{own.index}",
            "-af", "ebur128=framelog=verbose", "-f", "null", "-",
        ],
        is_stopping=task.context.is_stopping,
    )  # fmt: skip
    found = _LOUDNESS.findall(said)
    return float(found[-1]) if found else None


def _check_descriptions(task: Task, film: Master, facts: MasterFacts) -> list[DescriptionSource]:
    """Return the audio descriptions that fit the film; what does not is refused by itself."""
    with task.context.readers() as session:
        masters: Sequence[Master] = session.scalars(
            select(Master)
            .where(
                Master.version_id == film.version_id,
                Master.role == MasterRole.AUDIO_DESCRIPTION,
                Master.state.in_(master_service.USED),
            )
            .order_by(Master.id)
        ).all()
    newest = {master.language: master for master in masters}
    found = []
    for master in newest.values():
        try:
            path = store_master(task, master.id)
            with task.folder("check") as folder:
                with task.context.readers() as session:
                    stored = session.get_one(Master, master.id)
                path = path or task.local_copy(stored.storage_name or "", folder)
                described = look_into(task, path)
            probing.check_description(described, facts)
        except MasterRefusedError as error:
            _settle(task, master, MasterState.REFUSED, str(error))
            continue
        _settle(task, master, MasterState.ACCEPTED, "checks passed", described)
        found.append(
            DescriptionSource(master=master.ref, language=master.language, facts=described)
        )
    return found


def _settle(
    task: Task,
    master: Master,
    target: MasterState,
    reason: str,
    facts: MasterFacts | None = None,
) -> None:
    with task.context.sessions.begin() as session:
        row = session.get_one(Master, master.id, with_for_update=True)
        if row.state is MasterState.RECEIVED:
            master_service.move_master(
                session, row, MasterState.CHECKING, actor=WORKER, reason="packaging begins"
            )
        if row.state is MasterState.CHECKING:
            master_service.move_master(session, row, target, actor=WORKER, reason=reason)
        row.problem = reason if target is MasterState.REFUSED else None
        row.probe = facts.model_dump(mode="json") if facts else row.probe


def _captions_end(session: Session, version: Version) -> int:
    """Return when the last caption of a version goes, in milliseconds."""
    rows = session.scalars(
        select(CaptionFile).where(
            CaptionFile.film_id == version.film_id,
            CaptionFile.version_label == version.label,
            CaptionFile.confirmed_kind.is_not(None),
            CaptionFile.withdrawn_at.is_(None),
        )
    )
    return max((int(row.facts.get("ends_ms", 0)) for row in rows), default=0)


def _name_language(session: Session, package: Package, facts: MasterFacts) -> MasterFacts:
    """Give a sound that names no language the version's own, if it is the only one of its kind."""
    spoken = session.scalars(
        select(VersionLanguage.language)
        .where(
            VersionLanguage.version_id == package.version_id,
            VersionLanguage.use == LanguageUse.SPOKEN,
        )
        .order_by(VersionLanguage.position)
    ).all()
    own = [sound for sound in facts.sounds if not sound.is_description]
    if len(own) != 1 or own[0].language or not spoken:
        return facts
    named = own[0].model_copy(update={"language": spoken[0]})
    sounds = tuple(named if sound is own[0] else sound for sound in facts.sounds)
    return facts.model_copy(update={"sounds": sounds})


def _add_renditions(session: Session, package: Package, plans: Sequence[RenditionPlan]) -> None:
    """Add a row for each file, unless an earlier run did. What was made before is used again."""
    if rendition_rows(session, package):
        return
    made = {
        (row.label, str(row.recipe)): row
        for row in session.scalars(
            select(Rendition)
            .join(Package, Package.id == Rendition.package_id)
            .where(
                Package.version_id == package.version_id,
                Package.state == PackageState.READY,
                Rendition.state == RenditionState.VERIFIED,
            )
        )
    }
    for position, plan in enumerate(plans):
        recipe = plan.model_dump(mode="json")
        same = made.get((plan.label, str(recipe)))
        session.add(
            Rendition(
                package_id=package.id,
                kind=plan.kind,
                label=plan.label,
                position=position,
                language=plan.language,
                state=RenditionState.STORED if same else RenditionState.WANTED,
                recipe=recipe,
                storage_name=same.storage_name if same else None,
                sha256=same.sha256 if same else None,
                size_bytes=same.size_bytes if same else None,
                facts=same.facts if same else None,
                progress=1000 if same else 0,
            )
        )
    session.flush()
