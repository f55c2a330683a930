"""What is around a film: awards, press, related films, numbers, links elsewhere."""

from app.accounts.customers import CLASSES
from app.catalog.enums import AccoladeKind, AssetKind, IdentifierKind, PressKind, WatchKind
from app.console.films.part import FilmPart, labels, year
from app.console.forms.field_types import TODAY, Field, FieldType, Rows

URL_HELP = "Full URL, starting with https://."
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

ACCOLADES = FilmPart(
    "accolades",
    "Awards and festivals",
    (
        Rows(
            "accolades",
            "Awards and festivals",
            "entry",
            (
                Field("event", "Festival or jury", required="Enter the festival or jury."),
                year("year", "Year"),
                Field(
                    "kind",
                    "Type",
                    FieldType.CHOICE,
                    required="Choose a type.",
                    choices=labels(AccoladeKind),
                ),
                Field("name", "Award name"),
                Field("section", "Section or competition"),
            ),
        ),
    ),
)
PRESS = FilmPart(
    "press",
    "Press and interviews",
    (
        Rows(
            "press",
            "Press and interviews",
            "item",
            (
                Field(
                    "kind",
                    "Type",
                    FieldType.CHOICE,
                    required="Choose a type.",
                    choices=labels(PressKind),
                ),
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
                    aside=True,
                ),
                Field("guest", "Guest", help="Person interviewed.", aside=True),
                Field("guest_role", "The guest's role", help="For example, director.", aside=True),
                Field("festival_section", "Festival section", aside=True),
                Field(
                    "verdict",
                    "Verdict",
                    help="One or two words, for example, Recommended. Don't quote a sentence.",
                    aside=True,
                ),
                Field("note", "Note", aside=True),
            ),
            help="Facts only, such as who, where, and when.",
        ),
    ),
)
RELATED = FilmPart(
    "related",
    "Related films",
    (
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
                    wrong="Choose a film below, or enter its slug.",
                ),
                Field("title", "Or the title of a film not in this catalog"),
            ),
            most=60,
            blame="slug",
        ),
    ),
)
IDENTIFIERS = FilmPart(
    "identifiers",
    "Identifiers",
    (
        Rows(
            "identifiers",
            "Identifiers",
            "number",
            (
                Field(
                    "kind",
                    "Type",
                    FieldType.CHOICE,
                    required="Choose a type.",
                    choices=labels(IdentifierKind),
                ),
                Field("value", "Number", required="Enter the number."),
            ),
            help="Check digits are verified. Each number identifies one film.",
            most=60,
            blame="value",
        ),
    ),
)
WATCH = FilmPart(
    "watch-links",
    "Where to watch at home",
    (
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
                    choices=labels(WatchKind),
                ),
                Field("url", "Link", FieldType.URL, help=URL_HELP, required="Enter the link."),
                WHERE,
                CHECKED_ON,
            ),
            help="For individuals. Not sold in this store.",
            most=100,
        ),
    ),
)
PARTNERS = FilmPart(
    "partner-links",
    "Partner platforms",
    (
        Rows(
            "partner_links",
            "Partner platforms",
            "link",
            (
                Field("platform", "Platform", required="Enter the platform name."),
                Field("url", "Link", FieldType.URL, help=URL_HELP, required="Enter the link."),
                Field(
                    "classes",
                    "Institution types",
                    FieldType.CHECKS,
                    help="Leave empty for all types.",
                    choices=[(one.value, facts.plural_label) for one, facts in CLASSES.items()],
                ),
                WHERE,
                CHECKED_ON,
            ),
            help="Platforms where institutions can stream the film.",
            most=100,
        ),
    ),
)
ASSETS = FilmPart(
    "assets",
    "Trailer and external links",
    (
        Rows(
            "assets",
            "Trailer and external links",
            "link",
            (
                Field(
                    "kind",
                    "Type",
                    FieldType.CHOICE,
                    required="Choose a type.",
                    choices=labels(AssetKind),
                ),
                Field("title", "Title", required="Enter a title."),
                Field("url", "Link", FieldType.URL, help=URL_HELP, required="Enter the link."),
                Field("language", "Language", FieldType.LANGUAGE),
            ),
            help=(
                "Public files and pages on other sites. Upload your own files under Images, press "
                "kits, guides, and captions."
            ),
        ),
    ),
)
