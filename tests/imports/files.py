"""Files of films for tests, and a store that takes them in."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from sqlalchemy.orm import Session, sessionmaker

from app.imports import running
from app.imports.checking import check
from app.imports.formats import READERS, format_of, write_films
from app.imports.lines import (
    FileFormat,
    ImportFileError,
    ImportLine,
    Json,
    LineOutcome,
    LineResult,
    Readers,
)
from app.imports.reading import all_documents
from app.imports.scratch import Scratch
from app.imports.spool import Spool
from tests.catalog.films import EDITOR

FILM: Json = {
    "slug": "a-river",
    "title": "A River",
    "release_year": 2020,
    "synopsis": "A ferry and a dam.",
    "status": "published",
    "versions": [{"label": "Feature", "runtime_minutes": 80, "spoken": ["eng"]}],
    "credits": [{"name": "Ana Ferrer", "role": "director"}],
}


def film(slug: str, **changes: object) -> Json:
    """Return the values of a film that keeps every rule, but for ``changes``."""
    return FILM | {"slug": slug, "title": slug.replace("-", " ").title()} | changes


def json_lines(*films: Json) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in films)


def workbook(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bomb(megabytes: int) -> bytes:
    """Return a small workbook whose sheet unpacks to so much."""
    out = io.BytesIO(workbook(["title"], ["x"]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/more.xml", b" " * megabytes * 1_000_000)
    return out.getvalue()


def grown(book: bytes, cell: str, text: str) -> bytes:
    """Return a workbook in which a cell says more than a spreadsheet would let anybody type."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(cell.encode(), text.encode()))
    return out.getvalue()


def written(form: FileFormat, *documents: Json) -> bytes:
    """Return a file of these documents."""
    out = io.BytesIO()
    write_films(documents, form, out)
    return out.getvalue()


def lines_of(data: bytes) -> list[ImportLine]:
    """Return the films of a file in any format."""
    file = io.BytesIO(data)
    return list(READERS[format_of(file)](file))


def refusal_of(data: bytes) -> str:
    """Return why a file cannot be read, or not to its end."""
    try:
        lines_of(data)
    except ImportFileError as error:
        return str(error)
    return ""


def told(results: Iterable[LineResult]) -> dict[int, tuple[str, str, list[tuple[str, str]]]]:
    """Return line by line: the outcome, the slug, and each problem's pointer and words."""
    return {
        each.number: (
            each.outcome.value,
            each.slug,
            [(problem.pointer, problem.detail) for problem in each.problems],
        )
        for each in results
    }


class Store:
    """A store's database, and what an operator or a member of staff does with files."""

    def __init__(
        self, sessions: sessionmaker[Session], folder: Path, readers: Readers = READERS
    ) -> None:
        self._sessions = sessions
        self._folder = folder
        self._readers = readers

    def check(self, data: bytes) -> list[LineResult]:
        """Return what a file would do."""
        with Scratch() as scratch:
            source = self._source(data)
            return list(check(self._sessions, self._sessions, source.lines(), scratch))

    def take(
        self,
        data: bytes,
        *,
        meanwhile: Callable[[], None] | None = None,
        helper: Executor | None = None,
        has_sure_titles: bool = False,
    ) -> dict[LineOutcome, int]:
        """Apply the good lines of a file; return how many came to what.

        ``has_sure_titles`` confirms titles that a spreadsheet may have changed.

        ``meanwhile`` is what others do between the check and the writing.
        """
        with Scratch() as scratch:
            source = self._source(data, has_sure_titles=has_sure_titles)
            spool = Spool(self._sessions, scratch, helper)
            list(check(self._sessions, self._sessions, source.lines(), scratch, spool))
            if meanwhile:
                meanwhile()
            list(running.run_import(self._sessions, source, spool, scratch, actor=EDITOR))
            return scratch.count()

    def films(self) -> list[Json]:
        """Return the documents of all films."""
        with self._sessions() as session:
            return list(all_documents(session))

    def export(self, form: FileFormat) -> bytes:
        """Return a file of all films."""
        with self._sessions() as session:
            return written(form, *all_documents(session))

    def _source(self, data: bytes, *, has_sure_titles: bool = False) -> running.ImportSource:
        path = self._folder / "films"
        path.write_bytes(data)
        return running.ImportSource.of(path, self._readers, has_sure_titles=has_sure_titles)


def counts(**given: int) -> dict[Any, int]:
    """Return the counts of an import, those not given being 0."""
    return {outcome: given.get(outcome.value, 0) for outcome in LineOutcome}
