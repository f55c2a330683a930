"""What a check found good, made ready to be written: kept on disk until all of a file is checked.

Making ready is mostly folding words for the index of search. For a large file a second process does
that, while the first goes on checking; what it gives back comes in the order of the file.
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
from app.imports.bulk import NewFilm
from app.imports.bulk_changes import FilmChange
from app.imports.lines import Json
from app.imports.planning import LinePlan
from app.imports.scratch import Scratch

# To start a process takes a second or two: as long as some thousands of films.
LARGE_BYTES = 5_000_000
MAX_WAITING_BATCHES = 4


class PreparedLine(NamedTuple):
    """A line that creates or changes a film: resolved documents, as JSON has them."""

    number: int
    film_id: int | None
    present: Json | None
    document: Json
    entry: search_index.Entry

    def as_new(self) -> NewFilm:
        """Return the film that it creates."""
        return NewFilm(self.document, self.entry)

    def as_change(self, document: Json) -> FilmChange:
        """Return the change that it makes of its film, into ``document``."""
        assert self.film_id is not None  # noqa: S101 - so is each that is taken for a change
        return FilmChange(self.film_id, self.present or {}, document, self.entry)


class Spool:
    """Where the good lines of a file wait, batch by batch."""

    def __init__(
        self, sessions: sessionmaker[Session], scratch: Scratch, helper: Executor | None = None
    ) -> None:
        """Prepare for the database of ``sessions``; ``helper`` is another process, if there is."""
        with sessions() as session:
            self._on_postgresql = search_index.is_postgresql(session)
        self._scratch = scratch
        self._helper = helper
        self._waiting: deque[Future[bytes]] = deque()

    def add(self, plans: Sequence[LinePlan]) -> None:
        """Keep those of these lines that change anything."""
        told = [
            (each.line.number, each.film_id, each.present, each.document.model_dump(mode="json"))
            for each in plans
            if each.document is not None and not each.problems and not each.is_repeat
        ]
        # Neither pickled nor JSON: these are plain values, and of those it is the quickest form.
        data = marshal.dumps([each for each in told if each[2] != each[3]])
        if self._helper is None:
            self._scratch.keep(made_ready(data, self._on_postgresql))
            return
        while len(self._waiting) >= MAX_WAITING_BATCHES:
            self._scratch.keep(self._waiting.popleft().result())
        self._waiting.append(self._helper.submit(made_ready, data, self._on_postgresql))

    def batches(self) -> Iterator[list[PreparedLine]]:
        """Yield what was kept, in the order of the file, once all is added."""
        while self._waiting:
            self._scratch.keep(self._waiting.popleft().result())
        for data in self._scratch.kept():
            yield [PreparedLine(*each) for each in marshal.loads(data)]  # noqa: S302 - our own, of now


def made_ready(data: bytes, on_postgresql: bool) -> bytes:  # noqa: FBT001 - as ``search.entry``
    """Add to each line's documents what the index of search will keep of it."""
    told = marshal.loads(data)  # noqa: S302 - our own, of this run
    return marshal.dumps([(*each, search_index.entry(each[3], on_postgresql)) for each in told])


@contextmanager
def helper_for(file_bytes: int) -> Iterator[Executor | None]:
    """Give a second process to work on a file of this size; None if it is not worth one."""
    if file_bytes < LARGE_BYTES:
        yield None
        return
    # Not forked: this process may have threads, and connections that it must not share.
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_begin) as helper:
        yield helper


def _begin() -> None:
    """Have this process end as soon as the one that started it is gone, also if that was killed."""
    # Plain values have no cycles: to look for some, again and again, takes a tenth of the time.
    gc.disable()
    parent = parent_process()
    assert parent is not None  # noqa: S101 - it was started by one

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()
