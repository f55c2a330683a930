"""The forms for the parts of a film."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.accounts.customers import CLASSES
from app.catalog.enums import (
    AccoladeKind,
    AssetKind,
    CaptionKind,
    CaptionSource,
    Color,
    CreditRole,
    GradeLevel,
    IdentifierKind,
    PersonKind,
    PressKind,
    WatchKind,
)
from app.console.forms.field_types import (
    TODAY,
    Field,
    FieldGroup,
    FieldType,
    Rows,
    Shape,
    enum_choices,
)
from app.posters.choosing import LAYOUTS
from app.posters.lettering import FACES
from app.posters.motifs import MOTIFS
from app.posters.palettes import PALETTES

CAPTION_KINDS = enum_choices(
    CaptionKind,
    cc="Closed captions",
    sdh="Subtitles for the deaf and hard of hearing (SDH)",
    subtitle="Subtitles",
)
CAPTION_SOURCES = enum_choices(CaptionSource, human="People", auto="Machine", unknown="Unknown")
YEAR_ERROR = "Enter a year from 1888 to 2100, such as 2018."


@dataclass(frozen=True, slots=True)
class FilmPart:
    """A part of a film with a form of its own."""

    slug: str
    label: str
    shapes: Sequence[Shape]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the fields of the document that belong to this part."""
        return tuple(shape.name for shape in self.shapes)


def _rows_part(slug: str, rows: Rows) -> FilmPart:
    return FilmPart(slug, rows.label, (rows,))


def _type_field(members: Iterable[StrEnum]) -> Field:
    return Field(
        "kind", "Type", FieldType.CHOICE, required="Choose a type.", choices=enum_choices(members)
    )


def _text_choices(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, value.capitalize()) for value in values]


def _year_field(name: str, label: str, *, required: str = "", help_: str = "") -> Field:
    return Field(name, label, FieldType.WHOLE, help=help_, required=required, invalid=YEAR_ERROR)


TITLES = FilmPart(
    "titles",
    "Titles",
    (
        Field("title", "Title", required="Enter the title."),
        Field(
            "sort_title",
            "Sort title",
            help="Without the article, for example, Red Soul. Leave empty to use the title.",
        ),
        Field("original_title", "Original title", help="If it was made under a different title."),
        Rows(
            "alternative_titles",
            "Other titles",
            "title",
            (
                Field("title", "Title", required="Enter the title."),
                Field("language", "Language", FieldType.LANGUAGE),
            ),
            help="Other titles people may search for.",
            max_rows=40,
        ),
    ),
)
DESCRIPTION = FilmPart(
    "description",
    "Tagline and synopsis",
    (
        Field("tagline", "Tagline", help="One line, up to 200 characters.", max_length=200),
        Field(
            "synopsis",
            "Synopsis",
            FieldType.TEXT,
            help="Two to five plain sentences. Required to publish the film.",
            max_length=8000,
            empty="",
        ),
    ),
)
FACTS = FilmPart(
    "facts",
    "Years, countries, and color",
    (
        _year_field(
            "release_year",
            "Release year",
            required="Enter the release year.",
            help_="The film is listed under this year.",
        ),
        _year_field("production_year", "Production year"),
        _year_field("copyright_year", "Copyright year"),
        Field(
            "countries",
            "Production countries",
            FieldType.COUNTRIES,
            help="Names or codes, separated by commas, main one first.",
            empty=(),
        ),
        Field(
            "color",
            "Color",
            FieldType.CHOICE,
            required="Choose a color.",
            choices=enum_choices(Color),
        ),
        Field("genre", "Genre", required="Enter the genre.", help="For example, Documentary."),
        Field(
            "grade_levels",
            "Grade levels",
            FieldType.CHECKS,
            help="Leave empty if not known.",
            choices=enum_choices(GradeLevel),
        ),
    ),
)
VERSIONS = _rows_part(
    "versions",
    Rows(
        "versions",
        "Versions",
        "version",
        (
            Field(
                "label",
                "Label",
                help=(
                    "For example, Feature or Broadcast. A version used by an offer can't be "
                    "removed or renamed."
                ),
                required="Enter a label, such as Feature.",
            ),
            Field(
                "runtime_minutes",
                "Running time in minutes",
                FieldType.WHOLE,
                required="Enter the running time in minutes.",
                invalid="Enter whole minutes from 1 to 6000.",
            ),
            Field(
                "spoken",
                "Spoken languages",
                FieldType.LANGUAGES,
                help="Names or codes, separated by commas, main one first.",
            ),
            Field("subtitles", "Subtitles", FieldType.LANGUAGES),
            Rows(
                "captions",
                "Captions",
                "caption track",
                (
                    Field(
                        "language", "Language", FieldType.LANGUAGE, required="Enter the language."
                    ),
                    Field(
                        "kind",
                        "Type",
                        FieldType.CHOICE,
                        required="Choose a type.",
                        choices=CAPTION_KINDS,
                    ),
                    Field(
                        "source",
                        "Source",
                        FieldType.CHOICE,
                        help="Many institutions can't use machine-generated captions.",
                        choices=CAPTION_SOURCES,
                        empty=CaptionSource.UNKNOWN.value,
                    ),
                ),
                max_rows=40,
            ),
            Field("audio_description", "Has audio description", FieldType.CHECK),
        ),
        help="Edits with their own running times. The first one is the main version.",
        max_rows=40,
    ),
)
CREDITS = _rows_part(
    "credits",
    Rows(
        "credits",
        "Credits",
        "credit",
        (
            Field("name", "Name", required="Enter the name."),
            Field(
                "role",
                "Role",
                FieldType.CHOICE,
                required="Choose a role.",
                choices=enum_choices(CreditRole),
            ),
            Field(
                "note",
                "Note",
                help="For participants, for example, Archivist.",
                max_length=200,
                is_advanced=True,
            ),
            Field(
                "person",
                "Entry",
                help=(
                    "The slug of their page. Leave empty to use the name. For a different "
                    "person with the same name, enter another slug, such as li-wei-2."
                ),
                invalid="Enter lowercase letters, digits, and single hyphens.",
                is_advanced=True,
            ),
            Field(
                "sort_name",
                "Sort name",
                help="For example, Gorter, Jessica. Changes apply to all their films.",
                is_advanced=True,
            ),
            Field(
                "kind", "Type", FieldType.CHOICE, choices=enum_choices(PersonKind), is_advanced=True
            ),
        ),
        help="In display order. People are matched by name, or created.",
        max_rows=500,
    ),
)
SUBJECTS = FilmPart(
    "subjects",
    "Subjects",
    (
        Field(
            "subjects",
            "Subjects",
            FieldType.LINES,
            help="One per line, most important first. Subjects are matched by name, or created.",
            max_length=1000,
            empty=(),
        ),
    ),
)
POSTER = FilmPart(
    "poster",
    "Poster",
    (
        FieldGroup(
            "poster",
            "Poster",
            (
                Field("layout", "Layout", FieldType.CHOICE, choices=_text_choices(LAYOUTS)),
                Field("palette", "Colors", FieldType.CHOICE, choices=_text_choices(PALETTES)),
                Field("face", "Lettering", FieldType.CHOICE, choices=_text_choices(FACES)),
                Field("motif", "Motif", FieldType.CHOICE, choices=_text_choices(MOTIFS)),
                Field("figure", "Figure", help="A number or word used by some motifs."),
            ),
            help=(
                "The poster is generated from the film's details. Options left empty are chosen "
                "automatically."
            ),
        ),
    ),
)


URL_HELP = "Full URL, starting with https://."
LINK = Field("url", "Link", FieldType.URL, help=URL_HELP, required="Enter the link.")
CHECKED_ON = Field(
    "checked_on",
    "Last checked",
    FieldType.DATE,
    help="Date of the last check. Leave empty for today.",
    empty=TODAY,
)
WHERE = Field(
    "territory",
    "Countries",
    FieldType.COUNTRIES,
    help="Country names or codes, separated by commas. Leave empty for worldwide.",
)

ACCOLADES = _rows_part(
    "accolades",
    Rows(
        "accolades",
        "Awards and festivals",
        "entry",
        (
            Field("event", "Festival or jury", required="Enter the festival or jury."),
            _year_field("year", "Year"),
            _type_field(AccoladeKind),
            Field("name", "Award name"),
            Field("section", "Section or competition"),
        ),
    ),
)
PRESS = _rows_part(
    "press",
    Rows(
        "press",
        "Press and interviews",
        "item",
        (
            _type_field(PressKind),
            Field("title", "Title"),
            Field("by", "By", help="Critic, reporter, host, or endorser."),
            Field("outlet", "Outlet", help="Magazine, site, program, or institution."),
            Field("url", "Link", FieldType.URL, help=URL_HELP),
            Field("published_on", "Published on", FieldType.DATE),
            Field(
                "length_seconds",
                "Length",
                FieldType.LENGTH,
                help="For podcasts and filmed interviews, like 10:47.",
                is_advanced=True,
            ),
            Field("guest", "Guest", help="Person interviewed.", is_advanced=True),
            Field(
                "guest_role", "The guest's role", help="For example, director.", is_advanced=True
            ),
            Field("festival_section", "Festival section", is_advanced=True),
            Field(
                "verdict",
                "Verdict",
                help="One or two words, for example, Recommended. Don't quote a sentence.",
                is_advanced=True,
            ),
            Field("note", "Note", is_advanced=True),
        ),
        help="Facts only, such as who, where, and when.",
    ),
)
RELATED = _rows_part(
    "related",
    Rows(
        "related",
        "Related films",
        "film",
        (
            Field(
                "slug",
                "Film in this catalog",
                FieldType.FILM,
                help="Part of the title, or the slug.",
                invalid="Choose a film below, or enter its slug.",
            ),
            Field("title", "Or the title of a film not in this catalog"),
        ),
        max_rows=60,
        error_field="slug",
    ),
)
IDENTIFIERS = _rows_part(
    "identifiers",
    Rows(
        "identifiers",
        "Identifiers",
        "number",
        (_type_field(IdentifierKind), Field("value", "Number", required="Enter the number.")),
        help="Check digits are verified. Each number identifies one film.",
        max_rows=60,
        error_field="value",
    ),
)
WATCH = _rows_part(
    "watch-links",
    Rows(
        "watch_links",
        "Where to watch at home",
        "link",
        (
            Field("platform", "Platform", required="Enter the platform name."),
            Field(
                "kind",
                "Payment type",
                FieldType.CHOICE,
                required="Choose a payment type.",
                choices=enum_choices(WatchKind),
            ),
            LINK,
            WHERE,
            CHECKED_ON,
        ),
        help="For individuals. Not sold in this store.",
        max_rows=100,
    ),
)
PARTNERS = _rows_part(
    "partner-links",
    Rows(
        "partner_links",
        "Partner platforms",
        "link",
        (
            Field("platform", "Platform", required="Enter the platform name."),
            LINK,
            Field(
                "classes",
                "Institution types",
                FieldType.CHECKS,
                help="Leave empty for all types.",
                choices=[
                    (customer_class.value, facts.plural_label)
                    for customer_class, facts in CLASSES.items()
                ],
            ),
            WHERE,
            CHECKED_ON,
        ),
        help="Platforms where institutions can stream the film.",
        max_rows=100,
    ),
)
ASSETS = _rows_part(
    "assets",
    Rows(
        "assets",
        "Trailer and external links",
        "link",
        (
            _type_field(AssetKind),
            Field("title", "Title", required="Enter a title."),
            LINK,
            Field("language", "Language", FieldType.LANGUAGE),
        ),
        help=(
            "Public files and pages on other sites. Upload your own files under Images, press "
            "kits, guides, and captions."
        ),
    ),
)


FILM_PARTS: dict[str, FilmPart] = {
    part.slug: part
    for part in (
        TITLES,
        DESCRIPTION,
        FACTS,
        VERSIONS,
        CREDITS,
        SUBJECTS,
        ACCOLADES,
        PRESS,
        RELATED,
        IDENTIFIERS,
        WATCH,
        PARTNERS,
        ASSETS,
        POSTER,
    )
}
NEW_FILM: list[Shape] = [
    Field("title", "Title", required="Enter the title."),
    _year_field("release_year", "Release year", required="Enter the release year."),
    Field(
        "slug",
        "Slug",
        help=(
            "The last part of the film's URL, for example, the-red-soul. It can't be changed "
            "later. Leave empty to use the title."
        ),
        invalid="Enter lowercase letters, digits, and single hyphens.",
    ),
]
