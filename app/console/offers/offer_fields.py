"""The form of an offer."""

from collections.abc import Sequence
from typing import Any

from app.console.forms.field_types import Field, FieldGroup, FieldType, Shape, enum_choices
from app.offers.bundles import Admission, Audience, Permission, SiteScope, UserGroup, Venue
from app.offers.bundles import VirtualScreening as Virtual
from app.offers.models import LicenseText
from app.offers.states import DELIVERY_LABELS
from app.offers.terms import TermKind

PERMISSIONS = enum_choices(Permission, silent="Not mentioned")
TERMS = enum_choices(
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
            choices=enum_choices(Venue, licensee_premises="On the licensee's premises"),
        ),
        Field(
            "audience",
            "Audience",
            FieldType.CHOICE,
            choices=enum_choices(Audience, licensee_members="The licensee's members"),
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
            choices=enum_choices(
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
            choices=enum_choices(Virtual, none="No", single="Once", unlimited="Unlimited"),
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
            choices=enum_choices(UserGroup),
        ),
        Field(
            "sites",
            "Sites",
            FieldType.CHOICE,
            required="Choose which sites the license covers.",
            choices=enum_choices(SiteScope),
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
    invalid="Enter lowercase letters, digits, and single hyphens, up to 120 characters.",
)


def offer_shapes(
    versions: Sequence[str], texts: Sequence[LicenseText], *, is_new: bool
) -> list[Shape]:
    """Return the form of an offer for a film with these versions."""
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
            choices=[(delivery.value, label) for delivery, label in DELIVERY_LABELS.items()],
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
                Field("kind", "Term", FieldType.CHOICE, required="Choose a term.", choices=TERMS),
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
            choices=[
                (f"{text.code} {text.version}", f"{text.title}, {text.version}") for text in texts
            ],
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


def offer_values(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the license text split into code and version."""
    code, _, version = str(values.get("license_text") or "").partition(" ")
    license_text = {"license_text": {"code": code, "version": version}} if code else {}
    return {name: value for name, value in values.items() if name != "license_text"} | license_text
