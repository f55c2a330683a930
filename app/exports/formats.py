"""The three ways in which records are written: binary, MARCXML, and mnemonic text."""

from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from pymarc import Field, Record
from pymarc.marcxml import MARC_XML_NS, MARC_XML_SCHEMA, XSI_NS, record_to_xml_node


class RecordFormat(StrEnum):
    """The end of a record's address."""

    MRC = "mrc"
    XML = "xml"
    MRK = "mrk"


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """How a file in one format is typed, begun and ended."""

    media_type: str
    head: bytes = b""
    foot: bytes = b""


WRITINGS = {
    RecordFormat.MRC: FormatSpec("application/marc"),
    RecordFormat.XML: FormatSpec(
        "application/marcxml+xml",
        head=(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{MARC_XML_NS}" '
            f'xmlns:xsi="{XSI_NS}" xsi:schemaLocation="{MARC_XML_SCHEMA}">\n'
        ).encode(),
        foot=b"</collection>\n",
    ),
    RecordFormat.MRK: FormatSpec("text/plain; charset=utf-8"),
}
# What has a meaning of its own in mnemonic text.
MNEMONICS = str.maketrans({"$": "{dollar}", "{": "{lcub}", "}": "{rcub}", "\\": "{bsol}"})


def written(record: Record, form: RecordFormat) -> bytes:
    """Return the record by itself, as it stands in a file between its head and its foot."""
    if form is RecordFormat.MRC:
        return record.as_marc()
    if form is RecordFormat.XML:
        # The lengths in the leader are counted as the binary form is made.
        node: ET.Element = record_to_xml_node(record)  # type: ignore[no-untyped-call]
        return ET.tostring(node, encoding="unicode").encode() + b"\n"
    lines = [f"=LDR  {record.leader}", *(_line(field) for field in record.fields)]
    return ("\n".join(lines) + "\n\n").encode()


def _line(field: Field) -> str:
    if field.control_field:
        return f"={field.tag}  {(field.data or '').replace(' ', chr(92))}"
    marks = "".join(field.indicators or ()).replace(" ", "\\")
    said = "".join(f"${part.code}{part.value.translate(MNEMONICS)}" for part in field.subfields)
    return f"={field.tag}  {marks}{said}"
