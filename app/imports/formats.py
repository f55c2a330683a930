"""Formats of files of films: detection, readers and writers."""

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from app.core.spreadsheets import OLD_EXCEL, ZIPPED, utf_16_of
from app.imports.headings import TableReading
from app.imports.json_lines import format_json_line, read_json_lines
from app.imports.lines import FileFormat, ImportFileError, ImportLine, Json, Readers
from app.imports.tables import read_csv, read_xlsx, write_csv, write_xlsx

# app/exports/marc_films.py adds the readers of library records.
READERS: Readers = {
    FileFormat.JSON_LINES: read_json_lines,
    FileFormat.CSV: read_csv,
    FileFormat.XLSX: read_xlsx,
}
TABLES = frozenset((FileFormat.CSV, FileFormat.XLSX))
HEAD_BYTES = 64
MAX_NAME_LENGTH = 200
# A leader of MARC 21: the record's length, and where its data begins; vendors leave out much else.
LEADER = re.compile(rb"\d{5}.{7}\d{5}", re.DOTALL)


def format_of(file: BinaryIO) -> FileFormat:
    """Return the format of ``file`` by its first bytes, and seek back to its start.

    Raises:
        ImportFileError: it is empty, or a workbook of an Excel before 2007.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        msg = "The file is empty. Choose another file."
        raise ImportFileError(msg)
    if head.startswith(OLD_EXCEL):
        msg = (
            "This file is in an old Excel format. Save it as .xlsx or CSV UTF-8, then upload it "
            "again."
        )
        raise ImportFileError(msg)
    if head.startswith(ZIPPED):
        return FileFormat.XLSX
    utf_16 = utf_16_of(head)
    if utf_16:
        head = head[: HEAD_BYTES // 2 * 2].decode(utf_16, "ignore").removeprefix("\ufeff").encode()
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"{"):
        return FileFormat.JSON_LINES
    if start.startswith(b"<"):
        return FileFormat.MARCXML
    if LEADER.match(start):
        return FileFormat.MARC
    return FileFormat.CSV


@dataclass(frozen=True, slots=True)
class ImportSource:
    """A file of films to import: its name, path, format and readers."""

    name: str
    path: Path
    format: FileFormat
    sha256: str
    readers: Readers
    reading: TableReading
    has_sure_titles: bool = False
    """Whether a person confirmed the titles that a spreadsheet may have changed."""

    @classmethod
    def of(
        cls,
        path: Path,
        readers: Readers,
        *,
        name: str = "",
        mapping: Mapping[str, str] | None = None,
        has_sure_titles: bool = False,
    ) -> "ImportSource":
        """Detect the format of a file. ``mapping`` gives the fields of a table by its headings.

        Raises:
            ImportFileError: it is empty, or has a format without a reader.
            OSError: it cannot be opened.
        """
        with path.open("rb") as file:
            file_format = format_of(file)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if file_format not in readers:
            msg = f"The file looks like {file_format.label}, which can't be imported here."
            raise ImportFileError(msg)
        reading = TableReading(mapping or {})
        file_name = (name or path.name)[:MAX_NAME_LENGTH]
        return cls(file_name, path, file_format, digest, readers, reading, has_sure_titles)

    def lines(self) -> Iterator[ImportLine]:
        """Yield the films of the file, from its start.

        Raises:
            ImportFileError: it becomes unreadable.
        """
        options = (self.reading,) if self.format in TABLES else ()
        self.reading.doubts = 0
        with self.path.open("rb") as file:
            for line in self.readers[self.format](file, *options):
                if not line.doubts:
                    yield line
                elif self.has_sure_titles:
                    yield replace(line, doubts=())
                else:
                    self.reading.doubts += 1
                    yield line


def format_named(name: str) -> FileFormat:
    """Return the format that a file's name ends with.

    Raises:
        ImportFileError: it ends with none of them.
    """
    try:
        return FileFormat(name.rpartition(".")[2].lower())
    except ValueError as error:
        msg = f"Choose a file that ends in .jsonl, .csv, or .xlsx, not {name!r}."
        raise ImportFileError(msg) from error


def write_films(documents: Iterable[Json], file_format: FileFormat, file: BinaryIO) -> int:
    """Write films' documents into ``file``, one at a time; return how many.

    Raises:
        ImportFileError: films are not written in this format, or one does not fit into it.
    """
    count = 0

    def counted() -> Iterator[Json]:
        nonlocal count
        for document in documents:
            count += 1
            yield document

    match file_format:
        case FileFormat.JSON_LINES:
            file.writelines(map(format_json_line, counted()))
        case FileFormat.CSV:
            file.writelines(write_csv(counted()))
        case FileFormat.XLSX:
            write_xlsx(counted(), file)
        case _:
            msg = (
                f"{file_format.label} is generated from offers: see docs/exports.md. "
                "Export .jsonl, .csv, or .xlsx here."
            )
            raise ImportFileError(msg)
    return count
