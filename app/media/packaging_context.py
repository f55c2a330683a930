"""What a run of packaging works with: its database, its storage, and folders of its own."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.core.config import Settings
from app.core.storage import Storage
from app.media.ffmpeg import Programs
from app.media.master_models import Master, Package, Rendition

WORKER = Actor.system("packaging")


@dataclass(frozen=True, slots=True)
class PackagingContext:
    """What every run works with."""

    settings: Settings
    sessions: sessionmaker[Session]
    readers: sessionmaker[Session]
    storage: Storage
    is_stopping: Callable[[], bool] = lambda: False

    @property
    def spool(self) -> Path:
        """The folder of uploads that are not in the storage yet."""
        return spool_folder(self.settings)


@dataclass(frozen=True, slots=True)
class Task:
    """One run about one package."""

    context: PackagingContext
    programs: Programs
    package_id: int

    @contextmanager
    def folder(self, label: str) -> Iterator[Path]:
        """Give a fresh folder; those that killed runs left for the same are removed."""
        work = work_folder(self.context.settings)
        prefix = f"{self.package_id}-{label}-"
        work.mkdir(parents=True, exist_ok=True)
        for old in work.glob(f"{prefix}*"):
            shutil.rmtree(old, ignore_errors=True)
        path = work / f"{prefix}{secrets.token_hex(4)}"
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def remove_folders(self) -> None:
        """Remove what earlier runs left behind."""
        for old in work_folder(self.context.settings).glob(f"{self.package_id}-*"):
            shutil.rmtree(old, ignore_errors=True)

    def local_copy(self, storage_name: str, folder: Path) -> Path:
        """Return a stored file as one of this machine: itself, or a copy in ``folder``.

        Raises:
            UnavailableError: the storage does not answer, or the file is missing.
        """
        storage = self.context.storage
        local = storage.local_path(storage_name)
        if local is not None:
            storage.size(storage_name)
            return local
        path = folder / "source"
        with path.open("wb") as file:
            for piece in storage.chunks(storage_name):
                file.write(piece)
        return path


def package_and_master(session: Session, package_id: int) -> tuple[Package, Master]:
    """Return a package with its master."""
    package = session.get_one(Package, package_id)
    return package, session.get_one(Master, package.master_id)


def rendition_rows(session: Session, package: Package) -> Sequence[Rendition]:
    """Return the files of a package, in their order."""
    return session.scalars(
        select(Rendition)
        .where(Rendition.package_id == package.id)
        .order_by(Rendition.position, Rendition.id)
    ).all()


def spool_folder(settings: Settings) -> Path:
    """Return where uploads wait: as set, or beside the SQLite database, or where we run."""
    if settings.spool_folder:
        return Path(settings.spool_folder)
    store = make_url(settings.database_url.get_secret_value())
    beside = store.database if store.get_backend_name() == "sqlite" else ""
    return Path(f"{(beside or 'reelright.db').removesuffix('.db')}-spool")


def work_folder(settings: Settings) -> Path:
    """Return where packages are made."""
    return spool_folder(settings) / "work"
