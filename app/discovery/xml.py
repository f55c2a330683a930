"""XML for feeds, sitemaps and harvesters: made as a tree, so that nothing has to be escaped."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = Any  # lxml ships no types
# What XML 1.0 cannot hold, even escaped.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def root(namespace: str, name: str, prefixes: Mapping[str | None, str] | None = None) -> Element:
    """Return a new document's element; ``namespace`` is the default one of all in it."""
    spaces = {None: namespace, **(prefixes or {})}
    return etree.Element(f"{{{namespace}}}{name}", nsmap=spaces)


def add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element in its parent's namespace, unless ``name`` says another, and return it."""
    if not name.startswith("{"):
        name = f"{{{etree.QName(parent).namespace}}}{name}"
    made = etree.SubElement(parent, name, {key: plain(value) for key, value in attributes.items()})
    if text is not None:
        made.text = plain(text)
    return made


def plain(text: str) -> str:
    """Return ``text`` without the characters that XML cannot hold."""
    return UNPRINTABLE.sub("", text)


def serialize(document: Element) -> bytes:
    """Return the document as UTF-8 with its declaration."""
    return bytes(etree.tostring(document, xml_declaration=True, encoding="UTF-8"))


def instant(when: datetime) -> str:
    """Return ``2026-11-22T10:00:00Z``: whole seconds, as all of these formats have it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
