"""Which format a file is in, and who reads it."""

from typing import BinaryIO

from app.catalog.transfer.json_lines import read_json_lines
from app.catalog.transfer.lines import FileFormat, FileRefusedError, Readers
from app.catalog.transfer.tables import read_csv, read_xlsx
from app.core.sheets import OLD_EXCEL, ZIPPED

# Library records are read by who knows them: see app/exports/marc_films.py.
READERS: Readers = {
    FileFormat.JSON_LINES: read_json_lines,
    FileFormat.CSV: read_csv,
    FileFormat.XLSX: read_xlsx,
}
HEAD = 64
LEADER_DIGITS = 5


def format_of(file: BinaryIO) -> FileFormat:
    """Return what ``file`` is by how it begins, whatever it is called. It is left at its start.

    Raises:
        FileRefusedError: it is empty, or a workbook of an Excel before 2007.
    """
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        msg = "The file is empty."
        raise FileRefusedError(msg)
    if head.startswith(OLD_EXCEL):
        msg = "This is a workbook of an old Excel. Save it as .xlsx or as CSV UTF-8."
        raise FileRefusedError(msg)
    if head.startswith(ZIPPED):
        return FileFormat.XLSX
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins.startswith(b"{"):
        return FileFormat.JSON_LINES
    if begins.startswith(b"<"):
        return FileFormat.MARCXML
    if head[:LEADER_DIGITS].isdigit() and head[LEADER_DIGITS : LEADER_DIGITS + 1].isalpha():
        return FileFormat.MARC
    return FileFormat.CSV
