"""Read films from library records in binary MARC 21 and in MARCXML.

A record says less than a film's document, so an import changes only the fields that the record
has: see docs/importing.md.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from lxml import etree
from pymarc import Field, Indicators, Leader, Record, Subfield
from pymarc.constants import END_OF_RECORD
from pymarc.marc8_mapping import CODESETS

from app.core.errors import FieldProblem
from app.core.spreadsheets import declares_entities
from app.exports.marc_facts import parse_record
from app.imports.lines import FileFormat, ImportFileError, ImportLine, Readers

LENGTH_DIGITS = 5
MIN_RECORD_LENGTH = 25
NAMESPACE = "{http://www.loc.gov/MARC21/slim}"
LEADER_LENGTH = 24
CODING_SCHEME = 9
# ASCII, marks for sorting, joiners, and the extended Latin set, with which a record begins.
EXTENDED_LATIN = 0x45
MARC8_BYTES = {*range(0x80), 0x88, 0x89, 0x8D, 0x8E, *CODESETS[EXTENDED_LATIN]}
# In MARC-8 a mark comes before its letter; without a following letter it is Latin-1.
STRAY_MARK = re.compile(rb"[\xe0-\xfe][^A-Za-z\xa1-\xfe]")


def marc_readers(organization: str) -> Readers:
    """Return the readers of library records; ``organization`` marks the store's own."""
    return {
        FileFormat.MARC: partial(read_marc, organization=organization),
        FileFormat.MARCXML: partial(read_marcxml, organization=organization),
    }


def read_marc(file: BinaryIO, *, organization: str) -> Iterator[ImportLine]:
    """Yield the films of a file of binary records.

    Raises:
        ImportFileError: the file ends within a record, or has other content between records.
    """
    number = 0
    while data := file.read(1):
        if data.isspace():  # some systems put each record on a line
            continue
        number += 1
        location = f"Record {number}, at byte {file.tell()} of the file,"
        data += file.read(LENGTH_DIGITS - 1)
        if not data.isdigit() or len(data) < LENGTH_DIGITS or int(data) < MIN_RECORD_LENGTH:
            msg = f"{location} is not a MARC 21 record: it does not start with its length."
            raise ImportFileError(msg)
        length = int(data)
        data += file.read(length - LENGTH_DIGITS)
        if len(data) < length:
            msg = f"{location} is cut off: it should have {length:,} bytes, but has {len(data):,}."
            raise ImportFileError(msg)
        if not data.endswith(END_OF_RECORD.encode()):
            msg = f"{location} does not end at its stated length."
            raise ImportFileError(msg)
        yield _line(number, data, organization)


def read_marcxml(file: BinaryIO, *, organization: str) -> Iterator[ImportLine]:
    """Yield the films of a file of MARCXML.

    Raises:
        ImportFileError: the file is not well formed, defines entities, or has no record.
    """
    if declares_entities(file):
        msg = "The file contains XML definitions that are not supported."
        raise ImportFileError(msg)
    file.seek(0)
    number = 0
    try:
        elements = etree.iterparse(
            file, tag=f"{NAMESPACE}record", resolve_entities=False, no_network=True
        )
        for _, element in elements:
            number += 1
            yield parse_record(number, _record(element), organization)
            # Free what was read: the file may be larger than memory.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        msg = f"After record {number} the file is not well-formed XML: {error.msg}."
        raise ImportFileError(msg) from error
    if not number:
        msg = f"The file contains no MARCXML records ({NAMESPACE[1:-1]})."
        raise ImportFileError(msg)


def _line(number: int, data: bytes, organization: str) -> ImportLine:
    try:
        record = _decode_record(data)
    except CharacterSetError as error:
        return ImportLine(number, {}, problems=(FieldProblem("#", str(error)),))
    except Exception as error:  # noqa: BLE001 - what a damaged record raises is whatever comes first
        detail = f"The record can't be read: {str(error)[:200]}"
        return ImportLine(number, {}, problems=(FieldProblem("#", detail),))
    return parse_record(number, record, organization)


class CharacterSetError(ValueError):
    """The bytes of a record are not in the character set that its leader names."""


def _decode_record(data: bytes) -> Record:
    """Return a record, whose leader/09 says UTF-8 (``a``) or MARC-8 (blank) and may be wrong.

    Valid UTF-8 is read as UTF-8 even if the leader says MARC-8, because MARC-8 with bytes beyond
    ASCII is never valid UTF-8.

    Raises:
        CharacterSetError: the bytes are neither.
    """
    says_utf8 = data[CODING_SCHEME : CODING_SCHEME + 1] == b"a"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if says_utf8:
            msg = (
                f"The record is marked as UTF-8, but byte {error.start + 1} is not. It may be in "
                f"Latin-1, Windows-1252, or MARC-8. Convert the file to UTF-8."
            )
            raise CharacterSetError(msg) from error
        return _decode_marc8(data)
    return Record(data, to_unicode=True, force_utf8=True, hide_utf8_warnings=True)


def _decode_marc8(data: bytes) -> Record:
    # An escape switches to another set, such as Cyrillic.
    has_unknown = STRAY_MARK.search(data) or any(byte not in MARC8_BYTES for byte in data)
    if b"\x1b" not in data and has_unknown:
        msg = (
            "The record is marked as MARC-8, but is not. It may be in Latin-1 or Windows-1252. "
            "Convert the file to UTF-8."
        )
        raise CharacterSetError(msg)
    return Record(data, to_unicode=True, hide_utf8_warnings=True)


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
