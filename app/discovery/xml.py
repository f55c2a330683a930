"""XML trees for feeds, sitemaps, and harvesters."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = Any  # lxml ships no types
# Characters that XML 1.0 does not allow, not even escaped.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def root(namespace: str, name: str, prefixes: Mapping[str | None, str] | None = None) -> Element:
    """Return a document's root element with ``namespace`` as the default namespace."""
    spaces = {None: namespace, **(prefixes or {})}
    return etree.Element(f"{{{namespace}}}{name}", nsmap=spaces)


def add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element and return it; ``name`` without a namespace is in its parent's."""
    if not name.startswith("{"):
        name = f"{{{etree.QName(parent).namespace}}}{name}"
    element = etree.SubElement(
        parent, name, {key: plain(value) for key, value in attributes.items()}
    )
    if text is not None:
        element.text = plain(text)
    return element


def plain(text: str) -> str:
    """Return ``text`` without the characters that XML does not allow."""
    return UNPRINTABLE.sub("", text)


def serialize(document: Element) -> bytes:
    """Return the document as UTF-8 with its declaration."""
    return bytes(etree.tostring(document, xml_declaration=True, encoding="UTF-8"))


def instant(when: datetime) -> str:
    """Return ``2026-11-22T10:00:00Z``, in whole seconds as these formats demand."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
