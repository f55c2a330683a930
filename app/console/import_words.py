"""What the fields of a film are called where the columns of a table are chosen."""

from collections.abc import Mapping

from app.imports.headings import COLUMNS, DATE_COLUMN, IGNORE, NUMBER_COLUMNS, ROLE_COLUMNS

_LABELS: Mapping[str, str] = {
    DATE_COLUMN: "Release date (year only)",
    "runtime_minutes": "Running time",
    "spoken": "Spoken languages",
    "subtitles": "Subtitle languages",
    "credits": "Credits (director: Name | editor: Name)",
    "versions": "Versions (Feature: 90 | Short: 52)",
    "identifiers": "Identifiers (isbn: … | oclc: …)",
    "slug": "Slug",
    "status": "Status (draft, published, or withdrawn)",
    "color": "Color or black and white",
}
_FIRST = (
    *("title", "original_title", "release_year", DATE_COLUMN, "runtime_minutes", "countries"),
    *("spoken", "subtitles", "genre", "synopsis", "tagline", "subjects", "color", "status", "slug"),
)


def _label(name: str) -> str:
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


# Group by group, each field with its label.
FIELDS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Not imported", ((IGNORE, "Ignore this column"),)),
    ("Film", tuple((name, _label(name)) for name in _FIRST)),
    ("People", tuple((name, role.label) for name, role in ROLE_COLUMNS.items())),
    ("Numbers", tuple((name, kind.label) for name, kind in NUMBER_COLUMNS.items())),
    ("More", tuple((name, _label(name)) for name in COLUMNS if name not in _FIRST)),
)
