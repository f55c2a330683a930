"""What staff are asked about an offer, a price and a rights window."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from app.accounts.customers import CLASSES
from app.console.forms.field_types import Field, FieldGroup, FieldType, Shape
from app.offers.bundles import Admission, Audience, Permission, SiteScope, UserGroup, Venue
from app.offers.bundles import VirtualScreening as Virtual
from app.offers.models import LicenseText
from app.offers.states import DELIVERY_LABELS, HELD_RIGHT_LABELS
from app.offers.terms import TermKind

Choices = Sequence[tuple[str, str]]


def _choices(kinds: Iterable[StrEnum], **words: str) -> Choices:
    """Return the members of an enum with their words; where none are given, their own."""
    return [
        (one.value, words.get(one.value) or one.value.replace("_", " ").capitalize())
        for one in kinds
    ]


PERMISSIONS = _choices(Permission, silent="Not mentioned")
TERMS = _choices(
    TermKind,
    months="A number of months",
    semester="One semester",
    event="One event",
    perpetual="In perpetuity",
    life_of_format="The life of the file format",
    life_of_media="The life of the disc",
)
PERMISSION_FIELDS = (
    ("classroom", "Classroom showings", ""),
    ("course_reserves", "Course reserves and learning systems", ""),
    ("distance_learning", "Distance learning", ""),
    ("lending", "Lending the disc to patrons", "Only a disc can be lent."),
    ("interlibrary_loan", "Interlibrary loan", ""),
    ("archive_copy", "An archive copy", "There is no copy to keep of a stream."),
    ("format_migration", "Migration to another format", ""),
    ("captioning", "Adding captions or description", ""),
    ("clips", "Clips", ""),
    ("walk_in_users", "Walk-in users", ""),
)
PPR = FieldGroup(
    "ppr",
    "Public performance",
    (
        Field("included", "Public performance rights are included", FieldType.CHECK),
        Field(
            "venue",
            "Where",
            FieldType.CHOICE,
            choices=_choices(Venue, licensee_premises="On the licensee's premises"),
        ),
        Field(
            "audience",
            "Who may be in the room",
            FieldType.CHOICE,
            choices=_choices(Audience, licensee_members="The licensee's members"),
        ),
        Field("audience_cap", "Largest audience", FieldType.WHOLE, help="Empty: no limit."),
        Field("screenings", "Number of screenings", FieldType.WHOLE, help="Empty: any number."),
        Field(
            "admission",
            "Admission",
            FieldType.CHOICE,
            choices=_choices(
                Admission,
                none="May not be charged",
                allowed="May be charged",
                share="May be charged, and is shared with us",
            ),
        ),
        Field("outside_advertising", "It may be advertised outside", FieldType.CHECK),
        Field(
            "virtual",
            "Live online",
            FieldType.CHOICE,
            choices=_choices(Virtual, none="No", single="Once", unlimited="Any number of times"),
        ),
        Field("transferable", "The right passes to those who borrow the disc", FieldType.CHECK),
    ),
    help="Without the first box ticked, leave all others empty.",
)
SITE_LICENSE = FieldGroup(
    "digital_site_license",
    "Digital site license",
    (
        Field("included", "A digital site license is included", FieldType.CHECK),
        Field("off_site_access", "Users may watch from anywhere, once logged in", FieldType.CHECK),
        Field("vendor_hosting", "A hosting service may keep the file", FieldType.CHECK),
        Field("concurrent_users", "Users at a time", FieldType.WHOLE, help="Empty: no limit."),
        Field("downloads", "Users may keep a copy", FieldType.CHECK),
    ),
    help="The licensee keeps the film on its own secured server.",
)
RIGHTS = FieldGroup(
    "rights",
    "What the license grants",
    (
        PPR,
        SITE_LICENSE,
        *(
            Field(
                name,
                label,
                FieldType.CHOICE,
                help=help_,
                required="choose what the license says of it",
                choices=PERMISSIONS,
            )
            for name, label, help_ in PERMISSION_FIELDS
        ),
        Field(
            "users",
            "Users, beside walk-ins",
            FieldType.CHECKS,
            required="choose at least one",
            choices=_choices(UserGroup),
        ),
        Field(
            "sites",
            "Sites",
            FieldType.CHOICE,
            required="choose which sites one license covers",
            choices=_choices(SiteScope),
        ),
    ),
    help="Every sentence that a buyer reads about rights is made from these answers.",
)
SKU = Field(
    "sku",
    "SKU",
    help="Public, in addresses, orders, and records, and never used for anything else again: "
    "lower-case letters, digits and hyphens, such as the-red-soul-dvd-ppr.",
    required="write a SKU",
    wrong="use lower-case letters, digits and single hyphens, at most 120",
)


def offer_shapes(
    versions: Sequence[str], texts: Sequence[LicenseText], *, is_new: bool
) -> list[Shape]:
    """Return the questions about an offer of a film with these versions."""
    shapes: list[Shape] = [
        Field(
            "title",
            "What is sold",
            help="Without the film's title: DVD with public performance rights.",
            required="say what is sold",
        ),
        Field(
            "delivery",
            "How it is delivered",
            FieldType.CHOICE,
            required="choose how it is delivered",
            choices=[(one.value, words) for one, words in DELIVERY_LABELS.items()],
        ),
        Field(
            "versions",
            "Versions",
            FieldType.CHECKS,
            required="choose at least one version",
            choices=[(label, label) for label in versions],
        ),
        FieldGroup(
            "term",
            "How long it runs",
            (
                Field(
                    "kind",
                    "Term",
                    FieldType.CHOICE,
                    required="choose a term",
                    choices=TERMS,
                ),
                Field("months", "Months", FieldType.WHOLE, help="Only for a number of months."),
            ),
        ),
        Field(
            "territory",
            "Where it is sold",
            FieldType.TERRITORY,
            help="Countries by name or code, with commas between; or: Worldwide.",
            required="say where it is sold",
        ),
        Field(
            "license_text",
            "License text",
            FieldType.CHOICE,
            required="choose the license text",
            choices=[(f"{one.code} {one.version}", f"{one.title}, {one.version}") for one in texts],
        ),
        Field(
            "on_sale_from",
            "On sale from",
            FieldType.DATE,
            help="Empty: as soon as it is published.",
        ),
        Field(
            "position",
            "Place among the film's offers",
            FieldType.WHOLE,
            help="0 comes first.",
            empty=0,
        ),
        RIGHTS,
    ]
    return [SKU, *shapes] if is_new else shapes


def offer_values(found: dict[str, Any]) -> dict[str, Any]:
    """Return an offer's values as its schema has them: the license text as code and version."""
    code, _, version = str(found.get("license_text") or "").partition(" ")
    named = {"license_text": {"code": code, "version": version}} if code else {}
    return {name: value for name, value in found.items() if name != "license_text"} | named


CLASS = Field(
    "class",
    "For whom",
    FieldType.CHOICE,
    required="choose a class of institutions",
    choices=[(one.value, facts.plural_label) for one, facts in CLASSES.items()],
)
AMOUNT = Field(
    "price", "Price", FieldType.MONEY, help="Such as 398 or 49.95.", required="write a price"
)
BAND = (
    Field("size_from", "Size from", FieldType.WHOLE, help="This size is inside the band.", empty=0),
    Field(
        "size_below",
        "Size below",
        FieldType.WHOLE,
        help="This size is outside the band: 0 to 2500, then 2500 to 10000. Empty: no upper edge.",
    ),
)
BEGINS = Field("valid_from", "First day", FieldType.DATE, help="Empty: today.")
ENDS = Field("valid_to", "Last day", FieldType.DATE, help="Empty: until further notice.")
NEW_PRICE: list[Shape] = [CLASS, *BAND, AMOUNT, BEGINS, ENDS]
CHANGED_PRICE: list[Shape] = [AMOUNT, BEGINS]
PRICE_END: list[Shape] = [
    Field("valid_to", "Last day on which it holds", FieldType.DATE, help="Empty: today.")
]

WINDOW: list[Shape] = [
    Field("owner", "Owner", help="Who granted it.", required="write who granted it"),
    Field(
        "territory",
        "Where",
        FieldType.TERRITORY,
        help="Countries by name or code, with commas between; or: Worldwide.",
        required="say where the right is held",
    ),
    Field("starts_on", "First day", FieldType.DATE, required="write the first day"),
    Field("ends_on", "Last day", FieldType.DATE, help="Empty: without an end."),
    Field(
        "max_term_months",
        "Longest license, in months",
        FieldType.WHOLE,
        help="Empty: as long as the window.",
    ),
    Field(
        "may_sublicense_perpetual",
        "Licenses without an end may be granted, and outlive the window",
        FieldType.CHECK,
    ),
    Field(
        "royalty_bp",
        "Royalty, in percent",
        FieldType.PERCENT,
        help="Of what the buyer pays, such as 50 or 12.5.",
        required="write the owner's share",
    ),
]
NEW_WINDOW: list[Shape] = [
    Field(
        "right",
        "Right",
        FieldType.CHOICE,
        required="choose a right",
        choices=[(one.value, words.capitalize()) for one, words in HELD_RIGHT_LABELS.items()],
    ),
    Field(
        "contract_ref",
        "Contract",
        help="Its number in our files. A right of a film is written once for each contract.",
        required="write the contract's number",
        longest=80,
    ),
    *WINDOW,
]
