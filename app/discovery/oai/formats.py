"""The registry of harvest formats.

This package registers Dublin Core, which the protocol demands. ``main.py`` registers more:
``register(Format("marc21", schema=..., namespace=..., source=...))``.
"""

from dataclasses import dataclass

from app.discovery.oai import dublin_core
from app.discovery.oai.arguments import ErrorCode, OaiError
from app.discovery.oai.films import FilmSource
from app.discovery.oai.record_sources import RecordSource


@dataclass(frozen=True, slots=True)
class Format:
    """A metadata format and the source of its records."""

    prefix: str
    schema: str
    namespace: str
    source: RecordSource


_FORMATS: dict[str, Format] = {}


def register(new_format: Format) -> None:
    """Add a format, or replace the one with the same prefix."""
    _FORMATS[new_format.prefix] = new_format


def all_formats() -> list[Format]:
    """Return every format, Dublin Core first."""
    return list(_FORMATS.values())


def get_format(prefix: str) -> Format:
    """Return the format with this prefix.

    Raises:
        OaiError: There is none.
    """
    if prefix not in _FORMATS:
        message = f"records come in the formats {', '.join(_FORMATS)}"
        raise OaiError(ErrorCode.CANNOT_DISSEMINATE_FORMAT, message)
    return _FORMATS[prefix]


register(
    Format(
        prefix="oai_dc",
        schema=dublin_core.SCHEMA,
        namespace=dublin_core.NAMESPACE,
        source=FilmSource(dublin_core.record),
    )
)
