"""The formats that records are harvested in: a registry, so that other packages can bring theirs.

This package knows Dublin Core, which the protocol demands. ``main.py`` registers more, as it
knows both sides: ``register(Format("marc21", schema=..., namespace=..., shelf=...))``.
"""

from dataclasses import dataclass

from app.discovery.oai import dublin_core
from app.discovery.oai.errors import ErrorCode, OaiError
from app.discovery.oai.films import Films
from app.discovery.oai.record_sources import RecordSource


@dataclass(frozen=True, slots=True)
class Format:
    """A metadata format, and the shelf of what it is written of."""

    prefix: str
    schema: str
    namespace: str
    shelf: RecordSource


_FORMATS: dict[str, Format] = {}


def register(added: Format) -> None:
    """Offer a format under its prefix; another of the same prefix is replaced."""
    _FORMATS[added.prefix] = added


def all_formats() -> list[Format]:
    """Return every format, Dublin Core first."""
    return list(_FORMATS.values())


def format_of(prefix: str) -> Format:
    """Return the format with this prefix.

    Raises:
        OaiError: there is none.
    """
    found = _FORMATS.get(prefix)
    if found is None:
        words = f"records come in the formats {', '.join(_FORMATS)}"
        raise OaiError(ErrorCode.CANNOT_DISSEMINATE_FORMAT, words)
    return found


register(
    Format(
        prefix="oai_dc",
        schema=dublin_core.SCHEMA,
        namespace=dublin_core.NAMESPACE,
        shelf=Films(dublin_core.record),
    )
)
