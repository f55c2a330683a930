"""Parts and lengths of stored files, and files that are kept without filling the memory."""

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import UnavailableError
from app.core.storage import CHUNK_BYTES, FileMissingError, Storage

pytestmark = pytest.mark.once


@pytest.fixture(params=["folder", "objects"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    objects = f"memory://{tmp_path.name}"
    return Storage(str(tmp_path / "files") if request.param == "folder" else objects)


def test_span_returns_the_bytes_between(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    data = os.urandom(CHUNK_BYTES + 1000)
    storage.write("a/film", data)

    @given(st.integers(0, len(data)), st.integers(0, len(data) + 10))
    def check(start: int, end: int) -> None:
        assert b"".join(storage.span("a/film", start, end)) == data[start:end]

    check()


def test_put_keeps_a_local_file(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(b"abc" * 1000)
    storage.put(source, "masters/x")
    assert source.exists()
    assert storage.size("masters/x") == 3000
    assert b"".join(storage.span("masters/x", 2998, 3000)) == b"bc"
    storage.put(source, "masters/y", is_moved=True)
    assert not source.exists()
    assert storage.read("masters/y") == storage.read("masters/x")
    assert storage.names() == ["masters/x", "masters/y"]


def test_put_of_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "files"))
    storage.write("first", b"")
    source = tmp_path / "source.bin"
    with source.open("wb") as file:
        file.truncate(60_000_000)
    tracemalloc.start()
    storage.put(source, "masters/x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000
    assert storage.size("masters/x") == 60_000_000


def test_missing_files_are_told_before_the_first_byte(storage: Storage) -> None:
    with pytest.raises(FileMissingError):
        storage.span("nothing", 0, 1)
    with pytest.raises(FileMissingError):
        storage.size("nothing")


def test_put_into_a_storage_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "files"))
    source = tmp_path / "source.bin"
    source.write_bytes(b"abc")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "masters").write_text("in the way")
    with pytest.raises(UnavailableError):
        storage.put(source, "masters/x", is_moved=True)
    assert source.exists()


def test_local_path_and_signed_address_depend_on_the_kind_of_storage(tmp_path: Path) -> None:
    folder = Storage(str(tmp_path / "files"))
    folder.write("a/b", b"x")
    assert folder.local_path("a/b") == tmp_path / "files" / "a" / "b"
    assert folder.signed("a/b", 300) is None
    objects = Storage("memory://films")
    assert objects.local_path("a/b") is None
    assert objects.signed("a/b", 300) is None
