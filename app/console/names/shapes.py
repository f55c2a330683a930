"""What staff are asked about a person, a subject and a collection."""

from app.catalog.enums import PersonKind
from app.console.forms.field_types import Field, FieldType, Rows, Shape

PERSON: list[Shape] = [
    Field("name", "Name", required="Enter the name."),
    Field(
        "sort_name",
        "Sort name",
        help=("For example, Gorter, Jessica. Leave empty to use the name."),
    ),
    Field(
        "kind",
        "Type",
        FieldType.CHOICE,
        required="Choose a type.",
        choices=[(one.value, one.value.capitalize()) for one in PersonKind],
    ),
    Field(
        "biography",
        "Biography",
        FieldType.TEXT,
        help="Plain sentences, shown on their public page.",
        longest=4000,
        empty="",
    ),
]
NEW_PERSON: list[Shape] = [
    *PERSON,
    Field(
        "slug",
        "Slug",
        help="For example, jessica-gorter. It can't be changed later. Leave empty to use the name.",
        wrong="Enter lowercase letters, digits, and single hyphens.",
    ),
]
SUBJECT: list[Shape] = [
    Field("name", "Name", required="Enter the name."),
    Field(
        "summary",
        "Description",
        FieldType.TEXT,
        help="One or two sentences for the public page.",
        longest=2000,
        empty="",
    ),
]
MERGE: list[Shape] = [
    Field(
        "into",
        "Merge into",
        FieldType.ENTRY,
        help="Part of the name, or the slug.",
        required="Enter part of the name of the entry to merge into.",
        wrong="Choose an entry below, or enter its slug.",
    )
]
COLLECTION: list[Shape] = [
    Field("name", "Name", required="Enter the name."),
    Field(
        "summary",
        "Description",
        FieldType.TEXT,
        help="One or two sentences for the public page.",
        longest=2000,
        empty="",
    ),
    Field(
        "position",
        "Position among collections",
        FieldType.WHOLE,
        help="0 comes first. Leave empty to keep the position, or to add it last.",
    ),
    Rows(
        "films",
        "Films",
        "film",
        (
            Field(
                "slug",
                "Film",
                FieldType.FILM,
                help="Part of the title, or the slug.",
                required="Enter part of the film's title.",
                wrong="Choose a film below, or enter its slug.",
            ),
        ),
        help="In viewing order. Drafts are not public.",
        most=2000,
    ),
]
NEW_COLLECTION: list[Shape] = [
    Field(
        "slug",
        "Slug",
        help=(
            "For example, rivers-of-the-world. It can't be changed later. Leave empty to use the "
            "name."
        ),
        wrong="Enter lowercase letters, digits, and single hyphens.",
    ),
    *COLLECTION,
]
