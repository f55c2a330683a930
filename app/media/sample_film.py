"""The sample film: a minute of drawn leader, in place of a master in the sample data."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.core import clock
from app.core.storage import Storage
from app.media import storage_names
from app.media.master_models import Master, Package, Rendition
from app.media.master_states import (
    PACKAGE_TRANSITIONS,
    MasterState,
    PackageState,
    RenditionKind,
    RenditionState,
)

FOLDER = "sample_film"
SEEDER = Actor.operator("reelright seed")


class SampleFile(BaseModel):
    """A file of the sample film, and what a package says of it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    size_bytes: int
    sha256: str
    kind: RenditionKind | None = None
    label: str = ""
    language: str | None = None
    facts: dict[str, Any] | None = None

    @property
    def storage_name(self) -> str:
        """Where it is kept."""
        if self.kind is None:
            return storage_names.master(self.sha256)
        ending = self.name.rpartition(".")[2]
        return storage_names.packaged("sample", self.label, self.sha256, ending)


class SampleFilm(BaseModel):
    """What ``package.json`` tells."""

    model_config = ConfigDict(extra="forbid")

    duration_ms: int
    master: SampleFile
    chapters: list[dict[str, Any]]
    files: list[SampleFile]

    @property
    def recipe(self) -> str:
        """A name for exactly these files."""
        joined = "".join(file.sha256 for file in self.files)
        return f"sample-{storage_names.digest(joined.encode())[:12]}"


def attach_sample_film(session: Session, seeds: Path) -> list[str]:
    """Give the sample film to the films that the seeds name. Return the slugs of the changed ones.

    A version that has a master of its own keeps it.
    """
    folder = seeds / FOLDER
    if not folder.is_dir():
        return []
    sample = _read(folder)
    slugs = yaml.safe_load((folder / "films.yaml").read_text(encoding="utf-8"))
    rows = session.execute(
        select(Version.id, Film.slug)
        .join(Film, Film.id == Version.film_id)
        .where(Film.slug.in_(slugs))
        .order_by(Version.id)
    )
    changed = [slug for version_id, slug in rows.all() if _attach(session, version_id, sample)]
    return list(dict.fromkeys(changed))


def store_sample_film(storage: Storage, seeds: Path) -> None:
    """Put the files of the sample film into the storage, if they are not there.

    Raises:
        UnavailableError: the storage does not answer.
    """
    folder = seeds / FOLDER
    if not folder.is_dir():
        return
    sample = _read(folder)
    for file in (sample.master, *sample.files):
        if not storage.exists(file.storage_name):
            storage.put(folder / file.name, file.storage_name)


def _read(folder: Path) -> SampleFilm:
    return SampleFilm.model_validate_json((folder / "package.json").read_bytes())


def _attach(session: Session, version_id: int, sample: SampleFilm) -> bool:
    masters = session.scalars(select(Master).where(Master.version_id == version_id)).all()
    if any(not master.is_sample for master in masters):
        return False
    ready = session.scalar(
        select(Package).where(Package.version_id == version_id, Package.state == PackageState.READY)
    )
    if ready is None and masters:
        return False  # staff withdrew it
    if ready is not None and ready.recipe == sample.recipe:
        return False
    if ready is not None:
        transition(
            session,
            ready,
            "state",
            PackageState.SUPERSEDED,
            table=PACKAGE_TRANSITIONS,
            actor=SEEDER,
            reason="a newer sample film",
            object_type="package",
            object_ref=ready.ref,
        )
        ready.superseded_at = clock.now()
        session.flush()
    master = Master(
        version_id=version_id,
        state=MasterState.ACCEPTED,
        original_name="sample-film.mp4",
        size_bytes=sample.master.size_bytes,
        sha256=sample.master.sha256,
        storage_name=sample.master.storage_name,
        is_sample=True,
    )
    session.add(master)
    session.flush()
    package = Package(
        version_id=version_id,
        master_id=master.id,
        state=PackageState.READY,
        recipe=sample.recipe,
        duration_ms=sample.duration_ms,
        own_chapters=sample.chapters,
        ready_at=clock.now(),
    )
    session.add(package)
    session.flush()
    session.add_all(
        _rendition(package, position, file) for position, file in enumerate(sample.files)
    )
    audit.record(
        session,
        actor=SEEDER,
        action="package.sample_attached",
        object_type="package",
        object_ref=package.ref,
        after={"master": master.ref, "recipe": sample.recipe},
    )
    return True


def _rendition(package: Package, position: int, file: SampleFile) -> Rendition:
    if file.kind is None:
        msg = f"{file.name} has no kind"
        raise ValueError(msg)
    return Rendition(
        package_id=package.id,
        kind=file.kind,
        label=file.label,
        position=position,
        language=file.language,
        state=RenditionState.VERIFIED,
        recipe={},
        storage_name=file.storage_name,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        facts=file.facts,
        progress=1000,
    )
