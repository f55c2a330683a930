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
    months="Number of months",
    semester="One semester",
    event="One event",
    perpetual="In perpetuity",
    life_of_format="Life of the file format",
    life_of_media="Life of the disc",
)
PERMISSION_FIELDS = (
    ("classroom", "Classroom showings", ""),
    ("course_reserves", "Course reserves and learning systems", ""),
    ("distance_learning", "Distance learning", ""),
    ("lending", "Lending the disc to patrons", "Only a disc can be lent."),
    ("interlibrary_loan", "Interlibrary loan", ""),
    ("archive_copy", "Archive copy", "Not available for streams."),
    ("format_migration", "Migration to another format", ""),
    ("captioning", "Adding captions or audio description", ""),
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
            "Territory",
            FieldType.CHOICE,
            choices=_choices(Venue, licensee_premises="On the licensee's premises"),
        ),
        Field(
            "audience",
            "Audience",
            FieldType.CHOICE,
            choices=_choices(Audience, licensee_members="The licensee's members"),
        ),
        Field(
            "audience_cap", "Maximum audience", FieldType.WHOLE, help=("Leave empty for no limit.")
        ),
        Field(
            "screenings",
            "Number of screenings",
            FieldType.WHOLE,
            help=("Leave empty for no limit."),
        ),
        Field(
            "admission",
            "Admission",
            FieldType.CHOICE,
            choices=_choices(
                Admission,
                none="Not allowed",
                allowed="Allowed",
                share="Allowed, with a share paid to us",
            ),
        ),
        Field("outside_advertising", "Public advertising is allowed", FieldType.CHECK),
        Field(
            "virtual",
            "Live online screenings",
            FieldType.CHOICE,
            choices=_choices(Virtual, none="No", single="Once", unlimited="Unlimited"),
        ),
        Field("transferable", "The right passes to those who borrow the disc", FieldType.CHECK),
    ),
    help="If the first box is not selected, leave the others empty.",
)
SITE_LICENSE = FieldGroup(
    "digital_site_license",
    "Digital site license",
    (
        Field("included", "A digital site license is included", FieldType.CHECK),
        Field("off_site_access", "Users may watch from anywhere, once logged in", FieldType.CHECK),
        Field("vendor_hosting", "A hosting service may keep the file", FieldType.CHECK),
        Field(
            "concurrent_users",
            "Concurrent users",
            FieldType.WHOLE,
            help=("Leave empty for no limit."),
        ),
        Field("downloads", "Users may keep a copy", FieldType.CHECK),
    ),
    help="The licensee keeps the film on its own secured server.",
)
RIGHTS = FieldGroup(
    "rights",
    "Rights",
    (
        PPR,
        SITE_LICENSE,
        *(
            Field(
                name,
                label,
                FieldType.CHOICE,
                help=help_,
                required="Choose an option.",
                choices=PERMISSIONS,
            )
            for name, label, help_ in PERMISSION_FIELDS
        ),
        Field(
            "users",
            "Users other than walk-ins",
            FieldType.CHECKS,
            required="Choose at least one.",
            choices=_choices(UserGroup),
        ),
        Field(
            "sites",
            "Sites",
            FieldType.CHOICE,
            required="Choose which sites the license covers.",
            choices=_choices(SiteScope),
        ),
    ),
    help="The rights shown to buyers are generated from these answers.",
)
SKU = Field(
    "sku",
    "SKU",
    help=(
        "Public and permanent. Use lowercase letters, digits, and hyphens, for example, "
        "the-red-soul-dvd-ppr."
    ),
    required="Enter a SKU.",
    wrong="Enter lowercase letters, digits, and single hyphens, up to 120 characters.",
)


def offer_shapes(
    versions: Sequence[str], texts: Sequence[LicenseText], *, is_new: bool
) -> list[Shape]:
    """Return the questions about an offer of a film with these versions."""
    shapes: list[Shape] = [
        Field(
            "title",
            "Title",
            help="Without the film's title, for example, DVD with public performance rights.",
            required="Enter a title.",
        ),
        Field(
            "delivery",
            "Delivery",
            FieldType.CHOICE,
            required="Choose a delivery.",
            choices=[(one.value, words) for one, words in DELIVERY_LABELS.items()],
        ),
        Field(
            "versions",
            "Versions",
            FieldType.CHECKS,
            required="Choose at least one version.",
            choices=[(label, label) for label in versions],
        ),
        FieldGroup(
            "term",
            "Term",
            (
                Field(
                    "kind",
                    "Term",
                    FieldType.CHOICE,
                    required="Choose a term.",
                    choices=TERMS,
                ),
                Field("months", "Months", FieldType.WHOLE, help="Only for a term in months."),
            ),
        ),
        Field(
            "territory",
            "Territory",
            FieldType.TERRITORY,
            help="Country names or codes, separated by commas, or Worldwide.",
            required="Enter a territory.",
        ),
        Field(
            "license_text",
            "License text",
            FieldType.CHOICE,
            required="Choose a license text.",
            choices=[(f"{one.code} {one.version}", f"{one.title}, {one.version}") for one in texts],
        ),
        Field(
            "on_sale_from",
            "For sale from",
            FieldType.DATE,
            help="Leave empty to start when published.",
        ),
        Field(
            "position",
            "Position among the film's offers",
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
    "Institution types",
    FieldType.CHOICE,
    required="Choose an institution type.",
    choices=[(one.value, facts.plural_label) for one, facts in CLASSES.items()],
)
AMOUNT = Field(
    "price", "Price", FieldType.MONEY, help="For example, 398 or 49.95.", required="Enter a price."
)
BAND = (
    Field(
        "size_from", "Minimum size", FieldType.WHOLE, help="Included in the size range.", empty=0
    ),
    Field(
        "size_below",
        "Size limit",
        FieldType.WHOLE,
        help="Not included: use 0 to 2500, then 2500 to 10000. Leave empty for no limit.",
    ),
)
BEGINS = Field("valid_from", "First day", FieldType.DATE, help="Leave empty for today.")
ENDS = Field("valid_to", "Last day", FieldType.DATE, help="Leave empty for no end date.")
NEW_PRICE: list[Shape] = [CLASS, *BAND, AMOUNT, BEGINS, ENDS]
CHANGED_PRICE: list[Shape] = [AMOUNT, BEGINS]
PRICE_END: list[Shape] = [
    Field("valid_to", "Last day of the price", FieldType.DATE, help="Leave empty for today.")
]

WINDOW: list[Shape] = [
    Field(
        "owner",
        "Owner",
        help="Company or person who granted the right.",
        required=("Enter the owner."),
    ),
    Field(
        "territory",
        "Territory",
        FieldType.TERRITORY,
        help="Country names or codes, separated by commas, or Worldwide.",
        required="Enter a territory.",
    ),
    Field("starts_on", "First day", FieldType.DATE, required="Enter the first day."),
    Field("ends_on", "Last day", FieldType.DATE, help="Leave empty for no end date."),
    Field(
        "max_term_months",
        "Maximum term, in months",
        FieldType.WHOLE,
        help="Leave empty to allow terms until the window ends.",
    ),
    Field(
        "may_sublicense_perpetual",
        "Allow licenses without an end date, which outlast the window",
        FieldType.CHECK,
    ),
    Field(
        "royalty_bp",
        "Royalty, in percent",
        FieldType.PERCENT,
        help="Share of the price, such as 50 or 12.5.",
        required="Enter the royalty, such as 50 or 12.5.",
    ),
]
NEW_WINDOW: list[Shape] = [
    Field(
        "right",
        "Right",
        FieldType.CHOICE,
        required="Choose a right.",
        choices=[(one.value, words.capitalize()) for one, words in HELD_RIGHT_LABELS.items()],
    ),
    Field(
        "contract_ref",
        "Contract",
        help="The contract number in your files. Add each right of a film once per contract.",
        required="Enter the contract number.",
        longest=80,
    ),
    *WINDOW,
]
