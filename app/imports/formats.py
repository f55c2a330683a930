"""Which format a file is in, and who reads it."""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from app.core.spreadsheets import OLD_EXCEL, ZIPPED, utf_16_of
from app.imports.json_lines import json_line, read_json_lines
from app.imports.lines import FileFormat, ImportFileError, Json, Readers
from app.imports.tables import read_csv, read_xlsx, write_csv, write_xlsx

# Library records are read by who knows them: see app/exports/marc_films.py.
READERS: Readers = {
    FileFormat.JSON_LINES: read_json_lines,
    FileFormat.CSV: read_csv,
    FileFormat.XLSX: read_xlsx,
}
TABLES = frozenset((FileFormat.CSV, FileFormat.XLSX))
HEAD = 64
# A leader of MARC 21: the record's length, and where its data begins; vendors leave out much else.
LEADER = re.compile(rb"\d{5}.{7}\d{5}", re.DOTALL)


def format_of(file: BinaryIO) -> FileFormat:
    """Return what ``file`` is by how it begins, whatever it is called. It is left at its start.

    Raises:
        FileRefusedError: it is empty, or a workbook of an Excel before 2007.
    """
    head = file.read(HEAD)
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
        head = head[: HEAD // 2 * 2].decode(utf_16, "ignore").removeprefix("\ufeff").encode()
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins.startswith(b"{"):
        return FileFormat.JSON_LINES
    if begins.startswith(b"<"):
        return FileFormat.MARCXML
    if LEADER.match(begins):
        return FileFormat.MARC
    return FileFormat.CSV


def format_named(name: str) -> FileFormat:
    """Return the format that a file's name ends with.

    Raises:
        FileRefusedError: it ends with none of them.
    """
    try:
        return FileFormat(name.rpartition(".")[2].lower())
    except ValueError as error:
        msg = f"Choose a file that ends in .jsonl, .csv, or .xlsx, not {name!r}."
        raise ImportFileError(msg) from error


def write_films(documents: Iterable[Json], form: FileFormat, file: BinaryIO) -> int:
    """Write films' documents into ``file``, one at a time; return how many.

    Raises:
        FileRefusedError: films are not written in this format, or one does not fit into it.
    """
    count = 0

    def counted() -> Iterator[Json]:
        nonlocal count
        for document in documents:
            count += 1
            yield document

    match form:
        case FileFormat.JSON_LINES:
            file.writelines(map(json_line, counted()))
        case FileFormat.CSV:
            file.writelines(write_csv(counted()))
        case FileFormat.XLSX:
            write_xlsx(counted(), file)
        case _:
            msg = (
                f"{form.label} is generated from offers: see docs/exports.md. Export .jsonl, "
                f".csv, or .xlsx here."
            )
            raise ImportFileError(msg)
    return count
