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

from app.imports import command_imports
from app.imports.dry_run import check
from app.imports.film_documents import all_documents
from app.imports.formats import READERS, ImportSource, format_of, write_films
from app.imports.lines import (
    FileFormat,
    ImportFileError,
    ImportLine,
    Json,
    LineOutcome,
    LineResult,
    Readers,
)
from app.imports.prepared_lines import Spool
from app.imports.scratch_database import ScratchDatabase
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


def zip_bomb(megabytes: int) -> bytes:
    """Return a small workbook whose sheet unpacks to so much."""
    out = io.BytesIO(workbook(["title"], ["x"]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/more.xml", b" " * megabytes * 1_000_000)
    return out.getvalue()


def replace_in_workbook(book: bytes, cell: str, text: str) -> bytes:
    """Return a workbook in which a cell says more than a spreadsheet would let anybody type."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(cell.encode(), text.encode()))
    return out.getvalue()


def write_file(form: FileFormat, *documents: Json) -> bytes:
    """Return a file of these documents."""
    out = io.BytesIO()
    write_films(documents, form, out)
    return out.getvalue()


def read_lines(data: bytes) -> list[ImportLine]:
    """Return the films of a file in any format."""
    file = io.BytesIO(data)
    return list(READERS[format_of(file)](file))


def read_error(data: bytes) -> str:
    """Return why a file cannot be read, or not to its end."""
    try:
        read_lines(data)
    except ImportFileError as error:
        return str(error)
    return ""


def summarize(results: Iterable[LineResult]) -> dict[int, tuple[str, str, list[tuple[str, str]]]]:
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
        with ScratchDatabase() as scratch:
            source = self._source(data)
            return list(check(self._sessions, self._sessions, source.lines(), scratch))

    def apply(
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
        with ScratchDatabase() as scratch:
            source = self._source(data, has_sure_titles=has_sure_titles)
            spool = Spool(self._sessions, scratch, helper)
            list(check(self._sessions, self._sessions, source.lines(), scratch, spool))
            if meanwhile:
                meanwhile()
            list(command_imports.run_import(self._sessions, source, spool, scratch, actor=EDITOR))
            return scratch.count()

    def films(self) -> list[Json]:
        """Return the documents of all films."""
        with self._sessions() as session:
            return list(all_documents(session))

    def export(self, form: FileFormat) -> bytes:
        """Return a file of all films."""
        with self._sessions() as session:
            return write_file(form, *all_documents(session))

    def _source(self, data: bytes, *, has_sure_titles: bool = False) -> ImportSource:
        path = self._folder / "films"
        path.write_bytes(data)
        return ImportSource.of(path, self._readers, has_sure_titles=has_sure_titles)


def counts(**given: int) -> dict[Any, int]:
    """Return the counts of an import, those not given being 0."""
    return {outcome: given.get(outcome.value, 0) for outcome in LineOutcome}
