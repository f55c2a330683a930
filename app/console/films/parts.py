"""The parts of a film's document, in the order of the film's page at the console."""

from app.console.films import core_parts, surrounding_parts
from app.console.films.part import FilmPart, year
from app.console.forms.field_types import Field, Shape

PARTS: dict[str, FilmPart] = {
    part.slug: part
    for part in (
        core_parts.TITLES,
        core_parts.DESCRIPTION,
        core_parts.FACTS,
        core_parts.VERSIONS,
        core_parts.CREDITS,
        core_parts.SUBJECTS,
        surrounding_parts.ACCOLADES,
        surrounding_parts.PRESS,
        surrounding_parts.RELATED,
        surrounding_parts.IDENTIFIERS,
        surrounding_parts.WATCH,
        surrounding_parts.PARTNERS,
        surrounding_parts.ASSETS,
        core_parts.POSTER,
    )
}
NEW_FILM: list[Shape] = [
    Field("title", "Title", required="Enter the title."),
    year("release_year", "Release year", required="Enter the release year."),
    Field(
        "slug",
        "Slug",
        help=(
            "The last part of the film's URL, for example, the-red-soul. It can't be changed "
            "later. Leave empty to use the title."
        ),
        wrong="Enter lowercase letters, digits, and single hyphens.",
    ),
]
