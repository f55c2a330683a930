"""What a film is: titles, facts, versions, credits, subjects, its poster."""

from app.catalog.enums import (
    CaptionKind,
    CaptionSource,
    Color,
    CreditRole,
    GradeLevel,
    PersonKind,
)
from app.console.films.part import FilmPart, labels, words, year
from app.console.forms.field_types import Field, FieldGroup, FieldType, Rows
from app.posters.choosing import LAYOUTS
from app.posters.lettering import FACES
from app.posters.motifs import MOTIFS
from app.posters.palettes import PALETTES

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
        Field(
            "original_title",
            "Original title",
            help=("If the film was made under a different title."),
        ),
        Rows(
            "alternative_titles",
            "Other titles",
            "title",
            (
                Field("title", "Title", required="Enter the title."),
                Field("language", "Language", FieldType.LANGUAGE),
            ),
            help="Other titles people may search for.",
            most=40,
        ),
    ),
)
DESCRIPTION = FilmPart(
    "description",
    "Tagline and synopsis",
    (
        Field("tagline", "Tagline", help="One line, up to 200 characters.", longest=200),
        Field(
            "synopsis",
            "Synopsis",
            FieldType.TEXT,
            help="Two to five plain sentences. Required to publish the film.",
            longest=8000,
            empty="",
        ),
    ),
)
FACTS = FilmPart(
    "facts",
    "Years, countries, and color",
    (
        year(
            "release_year",
            "Release year",
            required="Enter the release year.",
            help_="The film is listed under this year.",
        ),
        year("production_year", "Production year"),
        year("copyright_year", "Copyright year"),
        Field(
            "countries",
            "Production countries",
            FieldType.COUNTRIES,
            help="Names or codes, separated by commas, main one first.",
            empty=(),
        ),
        Field(
            "color", "Color", FieldType.CHOICE, required="Choose a color.", choices=labels(Color)
        ),
        Field("genre", "Genre", required="Enter the genre.", help="For example, Documentary."),
        Field(
            "grade_levels",
            "Grade levels",
            FieldType.CHECKS,
            help="Leave empty if not known.",
            choices=labels(GradeLevel),
        ),
    ),
)
VERSIONS = FilmPart(
    "versions",
    "Versions",
    (
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
                    wrong="Enter whole minutes from 1 to 6000.",
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
                            "language",
                            "Language",
                            FieldType.LANGUAGE,
                            required="Enter the language.",
                        ),
                        Field(
                            "kind",
                            "Type",
                            FieldType.CHOICE,
                            required="Choose a type.",
                            choices=[
                                (CaptionKind.CC.value, "Closed captions"),
                                (
                                    CaptionKind.SDH.value,
                                    "Subtitles for the deaf and hard of hearing (SDH)",
                                ),
                                (CaptionKind.SUBTITLE.value, "Subtitles"),
                            ],
                        ),
                        Field(
                            "source",
                            "Source",
                            FieldType.CHOICE,
                            help="Many institutions can't use machine-generated captions.",
                            choices=[
                                (CaptionSource.HUMAN.value, "People"),
                                (CaptionSource.AUTO.value, "Machine"),
                                (CaptionSource.UNKNOWN.value, "Unknown"),
                            ],
                            empty=CaptionSource.UNKNOWN.value,
                        ),
                    ),
                    most=40,
                ),
                Field("audio_description", "Has audio description", FieldType.CHECK),
            ),
            help="Edits with their own running times. The first one is the main version.",
            most=40,
        ),
    ),
)
CREDITS = FilmPart(
    "credits",
    "Credits",
    (
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
                    choices=labels(CreditRole),
                ),
                Field(
                    "note",
                    "Note",
                    help="For participants, for example, Archivist.",
                    longest=200,
                    aside=True,
                ),
                Field(
                    "person",
                    "Entry",
                    help=(
                        "The slug of their page. Leave empty to use the name. For a different "
                        "person with the same name, enter another slug, such as li-wei-2."
                    ),
                    wrong="Enter lowercase letters, digits, and single hyphens.",
                    aside=True,
                ),
                Field(
                    "sort_name",
                    "Sort name",
                    help="For example, Gorter, Jessica. Changes apply to all their films.",
                    aside=True,
                ),
                Field("kind", "Type", FieldType.CHOICE, choices=labels(PersonKind), aside=True),
            ),
            help="In display order. People are matched by name, or created.",
            most=500,
        ),
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
            longest=1000,
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
                Field("layout", "Layout", FieldType.CHOICE, choices=words(LAYOUTS)),
                Field("palette", "Colors", FieldType.CHOICE, choices=words(PALETTES)),
                Field("face", "Lettering", FieldType.CHOICE, choices=words(FACES)),
                Field("motif", "Motif", FieldType.CHOICE, choices=words(MOTIFS)),
                Field("figure", "Figure", help="A number or word used by some motifs."),
            ),
            help=(
                "The poster is generated from the film's details. Options left empty are chosen "
                "automatically."
            ),
        ),
    ),
)
