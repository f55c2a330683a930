"""The three formats of records: binary, MARCXML, and mnemonic text."""

from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from pymarc import Field, Record
from pymarc.marcxml import MARC_XML_NS, MARC_XML_SCHEMA, XSI_NS, record_to_xml_node


class RecordFormat(StrEnum):
    """The extension of a record's address."""

    MRC = "mrc"
    XML = "xml"
    MRK = "mrk"


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """The media type, start, and end of a file in one format."""

    media_type: str
    head: bytes = b""
    foot: bytes = b""


FORMAT_SPECS = {
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
# Characters with a special meaning in mnemonic text.
MNEMONICS = str.maketrans({"$": "{dollar}", "{": "{lcub}", "}": "{rcub}", "\\": "{bsol}"})


def encode_record(record: Record, form: RecordFormat) -> bytes:
    """Return one record without the file's head and foot."""
    if form is RecordFormat.MRC:
        return record.as_marc()
    if form is RecordFormat.XML:
        # pymarc counts the lengths in the leader when it builds the binary form.
        node: ET.Element = record_to_xml_node(record)  # type: ignore[no-untyped-call]
        return ET.tostring(node, encoding="unicode").encode() + b"\n"
    lines = [f"=LDR  {record.leader}", *(_line(field) for field in record.fields)]
    return ("\n".join(lines) + "\n\n").encode()


def _line(field: Field) -> str:
    if field.control_field:
        return f"={field.tag}  {(field.data or '').replace(' ', chr(92))}"
    marks = "".join(field.indicators or ()).replace(" ", "\\")
    subfields = "".join(
        f"${part.code}{part.value.translate(MNEMONICS)}" for part in field.subfields
    )
    return f"={field.tag}  {marks}{subfields}"
