"""What staff are asked about a person, a subject and a collection."""

from app.catalog.enums import PersonKind
from app.console.forms.field_types import Field, FieldType, Rows, Shape

PERSON: list[Shape] = [
    Field("name", "Name", required="write the name"),
    Field("sort_name", "Filed as", help="Gorter, Jessica. Empty: made from the name."),
    Field(
        "kind",
        "Kind",
        FieldType.CHOICE,
        required="choose the kind",
        choices=[(one.value, one.value.capitalize()) for one in PersonKind],
    ),
    Field(
        "biography",
        "Biography",
        FieldType.TEXT,
        help="Plain sentences. It stands on their public page.",
        longest=4000,
        empty="",
    ),
]
NEW_PERSON: list[Shape] = [
    *PERSON,
    Field(
        "slug",
        "Address",
        help="For good: jessica-gorter. Empty: made from the name.",
        wrong="use lower-case letters, digits and single hyphens",
    ),
]
SUBJECT: list[Shape] = [
    Field("name", "Name", required="write the name"),
    Field(
        "summary",
        "What it is about",
        FieldType.TEXT,
        help="A sentence or two for its public page.",
        longest=2000,
        empty="",
    ),
]
MERGE: list[Shape] = [
    Field(
        "into",
        "The entry that stays",
        FieldType.ENTRY,
        help="A part of its name, to choose from; or its address.",
        required="write a part of the name of the entry that stays",
        wrong="choose one of the entries below, or write its address",
    )
]
COLLECTION: list[Shape] = [
    Field("name", "Name", required="write the name"),
    Field(
        "summary",
        "What it is about",
        FieldType.TEXT,
        help="A sentence or two for its public page.",
        longest=2000,
        empty="",
    ),
    Field(
        "position",
        "Place among the collections",
        FieldType.WHOLE,
        help="0 comes first. Empty: where it is, or last.",
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
                help="A part of its title, to choose from; or the last part of its address.",
                required="write a part of the film's title",
                wrong="choose one of the films below, or write the last part of its address",
            ),
        ),
        help="In the order in which they follow one another. Drafts are not shown to the public.",
        most=2000,
    ),
]
NEW_COLLECTION: list[Shape] = [
    Field(
        "slug",
        "Address",
        help="For good: rivers-of-the-world. Empty: made from the name.",
        wrong="use lower-case letters, digits and single hyphens",
    ),
    *COLLECTION,
]
