"""Where files are kept: a folder, or a bucket by setting. Bytes under names, and nothing else.

What it keeps is never changed in place by two writers with different bytes: names are hashes.
"""

import errno
import importlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

from app.core.config import Settings
from app.core.errors import UnavailableError

log = logging.getLogger(__name__)

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
# Two kinds of backend: a folder, where a file is written beside its place and moved into it, and
# object stores, where a file appears whole or not at all.
FOLDERS = frozenset({"file", "local"})


class FileMissingError(UnavailableError):
    """A file that a row speaks of is not in the storage: an operator must look."""


class Storage:
    """The files of one store. Every method may take long: never call one inside a transaction."""

    def __init__(self, url: str) -> None:
        """Name a place: a folder's path, or an address as fsspec takes it (``s3://bucket/x``)."""
        self._url = url

    @cached_property
    def _place(self) -> tuple[Any, str]:
        # Loading it takes a fifth of a second, and few processes touch a file at once.
        fsspec = importlib.import_module("fsspec.core")
        system, root = fsspec.url_to_fs(self._url, use_listings_cache=False)
        return system, root.rstrip("/")

    def write(self, name: str, data: bytes) -> None:
        """Keep ``data`` under ``name``, whole or not at all, and dated now.

        Raises:
            UnavailableError: the storage does not answer, or is full.
        """

        def work(system: Any, path: str) -> None:  # noqa: ANN401 - fsspec's, which has no types
            if FOLDERS.isdisjoint(_protocols(system)):
                system.pipe_file(path, data)
                return
            part = f"{path}.{secrets.token_hex(4)}.part"
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            with system.open(part, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            system.mv(part, path)

        self._at(name, work)

    def put(self, path: Path, name: str, *, is_moved: bool = False) -> None:
        """Keep the bytes of a local file under ``name``, whole or not at all, piece by piece.

        With ``is_moved`` the local file is gone afterwards; on one file system nothing is copied.

        Raises:
            UnavailableError: the storage does not answer, or is full.
        """

        def work(system: Any, target: str) -> None:  # noqa: ANN401 - as above
            if FOLDERS.isdisjoint(_protocols(system)):
                system.put_file(str(path), target)
            else:
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
                _put_in_folder(path, Path(target), is_moved=is_moved)

        if not path.is_file():
            raise FileNotFoundError(path)
        self._at(name, work)
        if is_moved:
            path.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """Return what is kept under ``name``.

        Raises:
            FileMissingError: nothing is.
            UnavailableError: the storage does not answer.
        """
        data: bytes = self._at(name, lambda system, path: system.cat_file(path))
        return data

    def chunks(self, name: str) -> Iterator[bytes]:
        """Return what is kept under ``name``, piece by piece; it is opened at once.

        Raises:
            FileMissingError: nothing is.
            UnavailableError: the storage does not answer.
        """
        file = self._at(name, lambda system, path: system.open(path, "rb"))

        def pieces() -> Iterator[bytes]:
            with file:
                while piece := file.read(CHUNK_BYTES):
                    yield piece

        return pieces()

    def span(self, name: str, start: int, end: int) -> Iterator[bytes]:
        """Return the bytes from ``start`` up to, not including, ``end``, piece by piece.

        It is opened at once, so what is missing is told before the first piece is asked for.

        Raises:
            FileMissingError: nothing is kept there.
            UnavailableError: the storage does not answer.
        """
        file = self._at(name, lambda system, path: system.open(path, "rb"))

        def pieces() -> Iterator[bytes]:
            with file:
                file.seek(start)
                left = end - start
                while left > 0 and (piece := file.read(min(CHUNK_BYTES, left))):
                    left -= len(piece)
                    yield piece

        return pieces()

    def size(self, name: str) -> int:
        """Return how many bytes are kept under ``name``.

        Raises:
            FileMissingError: nothing is kept there.
            UnavailableError: the storage does not answer.
        """
        return int(self._at(name, lambda system, path: system.size(path)))

    def local_path(self, name: str) -> Path | None:
        """Return where ``name`` lies if the storage is a folder of this machine. Asks no disk."""
        system, root = self._at("", lambda system, path: (system, path.rstrip("/")))
        return None if FOLDERS.isdisjoint(_protocols(system)) else Path(root) / name

    def signed(self, name: str, seconds: int) -> str | None:
        """Return an address that gives ``name`` to anyone for some seconds; None for a folder.

        Raises:
            UnavailableError: the storage does not answer.
        """

        def work(system: Any, path: str) -> str | None:  # noqa: ANN401 - as above
            try:
                return str(system.sign(path, expiration=seconds))
            except NotImplementedError:
                return None

        return self._at(name, work)

    def exists(self, name: str) -> bool:
        """Whether something is kept under ``name``.

        Raises:
            UnavailableError: the storage does not answer.
        """
        return bool(self._at(name, lambda system, path: system.exists(path)))

    def written_at(self, name: str) -> datetime:
        """Return when ``name`` was written.

        Raises:
            FileMissingError: nothing is kept there.
            UnavailableError: the storage does not answer.
        """
        moment: datetime = self._at(name, lambda system, path: system.modified(path))
        return moment

    def move(self, name: str, to: str) -> None:
        """Give what is kept under ``name`` another name.

        Raises:
            FileMissingError: nothing is kept there.
            UnavailableError: the storage does not answer.
        """

        def work(system: Any, path: str) -> None:  # noqa: ANN401 - as above
            target = path.removesuffix(name) + to
            if not FOLDERS.isdisjoint(_protocols(system)):
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
            system.mv(path, target)

        self._at(name, work)

    def remove(self, name: str) -> None:
        """Let go of what is kept under ``name``.

        Raises:
            FileMissingError: nothing is kept there.
            UnavailableError: the storage does not answer.
        """
        self._at(name, lambda system, path: system.rm_file(path))

    def names(self) -> list[str]:
        """Return every name, sorted.

        Raises:
            UnavailableError: the storage does not answer.
        """

        def work(system: Any, path: str) -> list[str]:  # noqa: ANN401 - as above
            return sorted(found[len(path) :] for found in system.find(path.rstrip("/")))

        return self._at("", work)

    def _at(self, name: str, work: Callable[[Any, str], T]) -> T:
        """Do ``work`` with the file system and the path of ``name``; translate what it raises."""
        try:
            system, root = self._place
            return work(system, f"{root}/{name}")
        except FileNotFoundError as error:
            log.exception("storage.gone", extra={"file": name})
            detail = "A stored file is missing. Contact us."
            raise FileMissingError(detail) from error
        except Exception as error:  # each backend has errors of its own
            log.exception("storage.failed", extra={"file": name})
            detail = "The file storage is not responding. Try again."
            raise UnavailableError(detail, headers={"Retry-After": "10"}) from error


def storage_of(settings: Settings) -> Storage:
    """Return the storage that the settings name.

    Without a setting: a folder beside the SQLite database, else one where the process runs.
    """
    if settings.files_url:
        return Storage(settings.files_url)
    store = make_url(settings.database_url.get_secret_value())
    beside = store.database if store.get_backend_name() == "sqlite" else ""
    return Storage(f"{(beside or 'reelright.db').removesuffix('.db')}-files")


def _put_in_folder(path: Path, target: Path, *, is_moved: bool) -> None:
    if is_moved:
        try:
            path.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            os.utime(target)
            return
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with path.open("rb") as source, part.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _protocols(system: Any) -> set[str]:  # noqa: ANN401 - as above
    told = system.protocol
    return {told} if isinstance(told, str) else set(told)
