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
        Field("title", "Title", required="write the title"),
        Field(
            "sort_title",
            "Sorted as",
            help="Without its article: Red Soul. Empty: made from the title.",
        ),
        Field("original_title", "Original title", help="If the film was made under another one."),
        Rows(
            "alternative_titles",
            "Other titles",
            "title",
            (
                Field("title", "Title", required="write the title"),
                Field("language", "Its language", FieldType.LANGUAGE),
            ),
            help="Titles under which somebody may look for it.",
            most=40,
        ),
    ),
)
DESCRIPTION = FilmPart(
    "description",
    "Tagline and synopsis",
    (
        Field("tagline", "Tagline", help="One line, at most 200 characters.", longest=200),
        Field(
            "synopsis",
            "Synopsis",
            FieldType.TEXT,
            help="Two to five plain sentences: what is seen, where, when. A published film needs "
            "one.",
            longest=8000,
            empty="",
        ),
    ),
)
FACTS = FilmPart(
    "facts",
    "Years, countries, color",
    (
        year(
            "release_year",
            "Year of release",
            required="write the year of release",
            help_="The film is listed under it.",
        ),
        year("production_year", "Year of production"),
        year("copyright_year", "Year of the copyright notice"),
        Field(
            "countries",
            "Countries of production",
            FieldType.COUNTRIES,
            help="By name or code, with commas between, the main one first.",
            empty=(),
        ),
        Field(
            "color", "Color", FieldType.CHOICE, required="choose the color", choices=labels(Color)
        ),
        Field("genre", "Genre", required="write the genre", help="Such as Documentary."),
        Field(
            "grade_levels",
            "For which learners",
            FieldType.CHECKS,
            help="Leave all empty where nobody has said.",
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
                    help="Feature, Broadcast... Offers name it; a version that an offer promises "
                    "cannot be removed or renamed.",
                    required="write a label, such as Feature",
                ),
                Field(
                    "runtime_minutes",
                    "Running time in minutes",
                    FieldType.WHOLE,
                    required="write the running time in minutes",
                    wrong="write whole minutes, from 1 to 6000",
                ),
                Field(
                    "spoken",
                    "Languages spoken",
                    FieldType.LANGUAGES,
                    help="By name or code, with commas between, the main one first.",
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
                            required="write its language",
                        ),
                        Field(
                            "kind",
                            "Kind",
                            FieldType.CHOICE,
                            required="choose the kind",
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
                            "Made by",
                            FieldType.CHOICE,
                            help="Many institutions may not rely on captions made by a machine.",
                            choices=[
                                (CaptionSource.HUMAN.value, "People"),
                                (CaptionSource.AUTO.value, "A machine"),
                                (CaptionSource.UNKNOWN.value, "Nobody knows"),
                            ],
                            empty=CaptionSource.UNKNOWN.value,
                        ),
                    ),
                    most=40,
                ),
                Field("audio_description", "It has audio description", FieldType.CHECK),
            ),
            help="Cuts with a running time of their own. The first is the main one.",
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
                Field("name", "Name", required="write the name"),
                Field(
                    "role",
                    "Role",
                    FieldType.CHOICE,
                    required="choose the role",
                    choices=labels(CreditRole),
                ),
                Field(
                    "note", "Note", help="Who a participant is: Archivist.", longest=200, aside=True
                ),
                Field(
                    "person",
                    "Entry",
                    help="The short name of their page. Empty: the one of this name. Give another "
                    "for someone else of the same name: li-wei-2.",
                    wrong="use lower-case letters, digits and single hyphens",
                    aside=True,
                ),
                Field(
                    "sort_name",
                    "Filed as",
                    help="Gorter, Jessica. A change holds for all their films.",
                    aside=True,
                ),
                Field("kind", "Kind", FieldType.CHOICE, choices=labels(PersonKind), aside=True),
            ),
            help="In the order in which they are shown. People are found by name, or made.",
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
            help="One a line, the most important first. They are found by name, or made.",
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
                Field("figure", "Figure", help="A number or word that some motifs draw."),
            ),
            help="The poster is drawn from the film's own facts. What is left open is chosen by "
            "them too.",
        ),
    ),
)
