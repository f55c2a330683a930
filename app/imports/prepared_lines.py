"""Accepted lines, prepared for writing and stored on disk until the whole file is checked.

Most of the preparation is normalizing text for the search index. For a large file a second process
does that; its results keep the order of the file.
"""

import gc
import marshal
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from app.catalog import search_index
from app.imports.bulk_writes import FilmChange, NewFilm
from app.imports.line_plans import LinePlan
from app.imports.lines import Json
from app.imports.scratch_database import ScratchDatabase

# Starting a process takes a second or two, as long as some thousands of films.
LARGE_BYTES = 5_000_000
MAX_WAITING_BATCHES = 4


class PreparedLine(NamedTuple):
    """A line that creates or changes a film, with resolved documents in JSON types."""

    number: int
    film_id: int | None
    present: Json | None
    document: Json
    entry: search_index.Entry

    def as_new(self) -> NewFilm:
        """Return the film that the line creates."""
        return NewFilm(self.document, self.entry)

    def as_change(self, document: Json) -> FilmChange:
        """Return the change of the film into ``document``."""
        assert self.film_id is not None  # noqa: S101 - callers select lines with a film
        return FilmChange(self.film_id, self.present or {}, document, self.entry)


class Spool:
    """The accepted lines of a file, batch by batch, in the scratch database."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        scratch: ScratchDatabase,
        helper: Executor | None = None,
    ) -> None:
        """Prepare lines for the database of ``sessions``, in the process ``helper`` if given."""
        with sessions() as session:
            self._on_postgresql = search_index.is_postgresql(session)
        self._scratch = scratch
        self._helper = helper
        self._waiting: deque[Future[bytes]] = deque()

    def add(self, plans: Sequence[LinePlan]) -> None:
        """Store those of these lines that change anything."""
        lines = [
            (plan.line.number, plan.film_id, plan.present, plan.document.model_dump(mode="json"))
            for plan in plans
            if plan.document is not None and not plan.problems and not plan.is_repeat
        ]
        # For plain values marshal is faster than pickle and JSON.
        data = marshal.dumps([plan for plan in lines if plan[2] != plan[3]])
        if self._helper is None:
            self._scratch.store_batch(prepare_batch(data, self._on_postgresql))
            return
        while len(self._waiting) >= MAX_WAITING_BATCHES:
            self._scratch.store_batch(self._waiting.popleft().result())
        self._waiting.append(self._helper.submit(prepare_batch, data, self._on_postgresql))

    def batches(self) -> Iterator[list[PreparedLine]]:
        """Yield the stored batches in the order of the file, once all are added."""
        while self._waiting:
            self._scratch.store_batch(self._waiting.popleft().result())
        for data in self._scratch.batches():
            yield [PreparedLine(*values) for values in marshal.loads(data)]  # noqa: S302 - our own, of now


def prepare_batch(data: bytes, on_postgresql: bool) -> bytes:  # noqa: FBT001 - as ``search.entry``
    """Add the entry of the search index to each line."""
    lines = marshal.loads(data)  # noqa: S302 - our own, of this run
    return marshal.dumps([(*line, search_index.entry(line[3], on_postgresql)) for line in lines])


@contextmanager
def helper_for(file_bytes: int) -> Iterator[Executor | None]:
    """Yield a second process for a large file, or None for a small one."""
    if file_bytes < LARGE_BYTES:
        yield None
        return
    # Not forked: this process may have threads, and connections that it must not share.
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_start_helper) as helper:
        yield helper


def _start_helper() -> None:
    """Exit this process as soon as its parent ends, even if the parent was killed."""
    # Plain values have no cycles, and collecting garbage takes a tenth of the time.
    gc.disable()
    parent = parent_process()
    assert parent is not None  # noqa: S101 - it was started by one

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()
