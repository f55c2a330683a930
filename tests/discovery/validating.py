"""Answers held to the grammars of their formats, which are files beside this one."""

from functools import lru_cache
from pathlib import Path

from lxml import etree

SCHEMAS = Path(__file__).parent / "schemas"
MARCXML = Path(__file__).parents[1] / "exports" / "marcxml.rng"
OAI = "{http://www.openarchives.org/OAI/2.0/}"
MARC = "{http://www.loc.gov/MARC21/slim}"


def valid(content: bytes, grammar: str) -> etree._Element:
    """Return the document; one that its grammar does not allow is an error."""
    document = etree.fromstring(content)
    _grammar(SCHEMAS / f"{grammar}.rng").assertValid(document)
    return document


def valid_oai(content: bytes) -> etree._Element:
    """Return an answer to a harvester whose records are valid too, in whichever format."""
    document = valid(content, "oai-pmh")
    for holder in (*document.iter(f"{OAI}metadata"), *document.iter(f"{OAI}setDescription")):
        (made,) = holder
        if made.tag == f"{MARC}record":
            collection = etree.Element(f"{MARC}collection")
            collection.append(etree.fromstring(etree.tostring(made)))
            _grammar(MARCXML).assertValid(collection)
        else:
            _grammar(SCHEMAS / "oai_dc.rng").assertValid(etree.fromstring(etree.tostring(made)))
    return document


@lru_cache
def _grammar(path: Path) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(path))
