"""Reading masters with how far their packages have come: for the console, the API, and commands."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.core.db import is_one_of
from app.media.master_models import Master, Package, Rendition
from app.media.master_states import MasterState, PackageState, RenditionState
from app.media.probing import MasterFacts

WHOLE = 1000
# What is made beside the files: checking, thumbnails, verifying.
UNDER_WAY = (PackageState.WANTED, PackageState.WORKING)


@dataclass(frozen=True, slots=True)
class MasterRow:
    """A master, whose it is, and its newest package."""

    master: Master
    film_slug: str
    film_title: str
    version_label: str
    package: Package | None
    renditions: Sequence[Rendition]

    @property
    def percent(self) -> int:
        """How much of the package's files is made, in percent."""
        streams = [row for row in self.renditions if row.kind.is_stream]
        if not streams:
            return 0
        return sum(row.progress for row in streams) * 100 // (WHOLE * len(streams))

    @property
    def step(self) -> str:
        """What is being done now, in words."""
        if self.package is None or self.package.state not in UNDER_WAY:
            return ""
        encoding = next((r for r in self.renditions if r.state is RenditionState.ENCODING), None)
        if encoding is not None:
            return f"Encoding {encoding.label}"
        if self.package.state is PackageState.WANTED:
            return "Trying again later" if self.package.problem else "Waiting for a worker"
        if self.renditions and self.percent == 100:  # noqa: PLR2004 - percent
            return "Verifying"
        return "Checking the master" if not self.renditions else "Preparing the next file"

    @property
    def problem(self) -> str:
        """What went wrong, in words; empty if nothing did."""
        return self.master.problem or (self.package.problem if self.package else "") or ""

    @property
    def notes(self) -> list[str]:
        """What staff should know of it."""
        if self.master.probe is None:
            return []
        return MasterFacts.model_validate(self.master.probe).notes

    @property
    def can_retry(self) -> bool:
        """Whether a failed package may be tried again."""
        is_failed = self.package is not None and self.package.state is PackageState.FAILED
        return is_failed and self.master.state is not MasterState.WITHDRAWN


def list_masters(
    session: Session, *, film_id: int | None = None, limit: int = 100
) -> list[MasterRow]:
    """Return the newest masters, of one film or of all, the samples left out of all."""
    query = (
        select(Master, Film.slug, Film.title, Version.label)
        .join(Version, Version.id == Master.version_id)
        .join(Film, Film.id == Version.film_id)
        .order_by(Master.id.desc())
        .limit(limit)
    )
    query = (
        query.where(Film.id == film_id)
        if film_id is not None
        else query.where(Master.is_sample.is_(False))
    )
    found = session.execute(query).all()
    masters = [row[0].id for row in found]
    packages: dict[int, Package] = {}
    for package in session.scalars(
        select(Package).where(is_one_of(session, Package.master_id, masters)).order_by(Package.id)
    ):
        packages[package.master_id] = package
    renditions: dict[int, list[Rendition]] = {}
    for rendition in session.scalars(
        select(Rendition)
        .where(is_one_of(session, Rendition.package_id, [p.id for p in packages.values()]))
        .order_by(Rendition.position)
    ):
        renditions.setdefault(rendition.package_id, []).append(rendition)
    rows = []
    for master, slug, title, label in found:
        newest = packages.get(master.id)
        files = renditions.get(newest.id, []) if newest else []
        rows.append(MasterRow(master, slug, title, label, newest, files))
    return rows


def get_row(session: Session, master: Master) -> MasterRow:
    """Return a master with its newest package."""
    film_id = session.scalars(select(Version.film_id).where(Version.id == master.version_id)).one()
    rows = list_masters(session, film_id=film_id, limit=1000)
    return next(row for row in rows if row.master.id == master.id)
