"""The parts of a film's document, in the order of the film's page at the console."""

from app.console.films import outer_parts, own_parts
from app.console.films.part import FilmPart, year
from app.console.forms.shapes import Field, Shape

PARTS: dict[str, FilmPart] = {
    part.slug: part
    for part in (
        own_parts.TITLES,
        own_parts.DESCRIPTION,
        own_parts.FACTS,
        own_parts.VERSIONS,
        own_parts.CREDITS,
        own_parts.SUBJECTS,
        outer_parts.ACCOLADES,
        outer_parts.PRESS,
        outer_parts.RELATED,
        outer_parts.IDENTIFIERS,
        outer_parts.WATCH,
        outer_parts.PARTNERS,
        outer_parts.ASSETS,
        own_parts.POSTER,
    )
}
NEW_FILM: list[Shape] = [
    Field("title", "Title", required="write the title"),
    year("release_year", "Year of release", required="write the year of release"),
    Field(
        "slug",
        "Address",
        help="The last part of the film's address, for good: the-red-soul. Empty: made from the "
        "title.",
        wrong="use lower-case letters, digits and single hyphens",
    ),
]
