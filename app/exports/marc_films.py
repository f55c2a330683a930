"""Films from library records: MARC 21 as binary and as MARCXML, whoever made them.

A record says less than a film's document, so only the fields that it has are taken: see
docs/importing.md. Handed to the catalog's import by the commands and the application.
"""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from lxml import etree
from pymarc import Field, Indicators, Leader, Record, Subfield
from pymarc.constants import END_OF_RECORD

from app.catalog.transfer.lines import FileFormat, FileRefusedError, Line, Readers
from app.core.errors import FieldProblem
from app.core.sheets import defines
from app.exports.marc_facts import line_of

LENGTH_DIGITS = 5
SHORTEST = 25
NAMESPACE = "{http://www.loc.gov/MARC21/slim}"
LEADER_LENGTH = 24


def marc_readers(organization: str) -> Readers:
    """Return the readers of library records; ``organization`` made those that are our own."""
    return {
        FileFormat.MARC: partial(read_marc, organization=organization),
        FileFormat.MARCXML: partial(read_marcxml, organization=organization),
    }


def read_marc(file: BinaryIO, *, organization: str) -> Iterator[Line]:
    """Yield the films of a file of binary records.

    Raises:
        FileRefusedError: it ends within a record, or where one should begin there is none.
    """
    number = 0
    while data := file.read(1):
        if data.isspace():  # some systems put each record on a line
            continue
        number += 1
        place = f"Record {number}, at byte {file.tell()} of the file,"
        data += file.read(LENGTH_DIGITS - 1)
        if not data.isdigit() or len(data) < LENGTH_DIGITS or int(data) < SHORTEST:
            msg = f"{place} does not begin with its length, as records of MARC 21 do."
            raise FileRefusedError(msg)
        length = int(data)
        data += file.read(length - LENGTH_DIGITS)
        if len(data) < length:
            msg = (
                f"{place} is cut off: it says that it has {length:,} bytes, and has {len(data):,}."
            )
            raise FileRefusedError(msg)
        if not data.endswith(END_OF_RECORD.encode()):
            msg = f"{place} does not end where it says that it does."
            raise FileRefusedError(msg)
        yield _line(number, data, organization)


def read_marcxml(file: BinaryIO, *, organization: str) -> Iterator[Line]:
    """Yield the films of a file of MARCXML.

    Raises:
        FileRefusedError: it is not well formed, defines entities, or holds no record.
    """
    if defines(file):
        msg = "The file holds definitions that no library record needs, so it is not read."
        raise FileRefusedError(msg)
    file.seek(0)
    number = 0
    try:
        found = etree.iterparse(
            file, tag=f"{NAMESPACE}record", resolve_entities=False, no_network=True
        )
        for _, element in found:
            number += 1
            yield line_of(number, _record(element), organization)
            # What was read is let go: the file may be larger than memory.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        msg = f"After record {number} the file is not well-formed XML: {error.msg}."
        raise FileRefusedError(msg) from error
    if not number:
        msg = f"The file holds no record of MARCXML ({NAMESPACE[1:-1]})."
        raise FileRefusedError(msg)


def _line(number: int, data: bytes, organization: str) -> Line:
    try:
        record = Record(data, to_unicode=True, hide_utf8_warnings=True)
    except Exception as error:  # noqa: BLE001 - what a damaged record raises is whatever comes first
        detail = f"the record cannot be read: {str(error)[:200]}"
        return Line(number, {}, problems=(FieldProblem("#", detail),))
    return line_of(number, record, organization)


def _record(element: etree._Element) -> Record:
    record = Record(force_utf8=True)
    leader = (element.findtext(f"{NAMESPACE}leader") or "").ljust(LEADER_LENGTH)[:LEADER_LENGTH]
    record.leader = Leader(leader)
    for control in element.iterfind(f"{NAMESPACE}controlfield"):
        record.fields.append(Field(tag=control.get("tag") or "", data=control.text or ""))
    for field in element.iterfind(f"{NAMESPACE}datafield"):
        subfields = [
            Subfield(part.get("code") or "", part.text or "")
            for part in field.iterfind(f"{NAMESPACE}subfield")
        ]
        indicators = Indicators(field.get("ind1") or " ", field.get("ind2") or " ")
        tag = field.get("tag") or ""
        record.fields.append(Field(tag=tag, indicators=indicators, subfields=subfields))
    return record
