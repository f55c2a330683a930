"""What is around a film: awards, press, related films, numbers, links elsewhere."""

from app.accounts.customers import CLASSES
from app.catalog.enums import AccoladeKind, AssetKind, IdentifierKind, PressKind, WatchKind
from app.console.films.part import FilmPart, labels, year
from app.console.forms.field_types import TODAY, Field, FieldType, Rows

URL_HELP = "The whole address, beginning with https://."
CHECKED_ON = Field(
    "checked_on",
    "Last seen to work",
    FieldType.DATE,
    help="When somebody last followed the link. Empty: today.",
    empty=TODAY,
)
WHERE = Field(
    "territory",
    "Where it works",
    FieldType.COUNTRIES,
    help="Countries by name or code, with commas between. Empty: everywhere.",
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
                Field("event", "Festival or jury", required="write who gave or showed it"),
                year("year", "Year"),
                Field(
                    "kind",
                    "What it was",
                    FieldType.CHOICE,
                    required="choose what it was",
                    choices=labels(AccoladeKind),
                ),
                Field("name", "The award's own name"),
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
                    "Kind",
                    FieldType.CHOICE,
                    required="choose the kind",
                    choices=labels(PressKind),
                ),
                Field("title", "Title"),
                Field("by", "By", help="Critic, reporter, host or endorser."),
                Field("outlet", "Outlet", help="Magazine, site or program; or an institution."),
                Field("url", "Link", FieldType.URL, help=URL_HELP),
                Field("published_on", "Published on", FieldType.DATE),
                Field(
                    "length_seconds",
                    "Length",
                    FieldType.LENGTH,
                    help="Of a podcast or a filmed interview, like 10:47.",
                    aside=True,
                ),
                Field("guest", "Guest", help="Who is interviewed.", aside=True),
                Field("guest_role", "The guest's role", help="Director.", aside=True),
                Field("festival_section", "Festival section", aside=True),
                Field(
                    "verdict",
                    "Verdict",
                    help="A word or two: Recommended. Never a critic's sentence.",
                    aside=True,
                ),
                Field("note", "Note", aside=True),
            ),
            help="Facts only: who, where, when, link.",
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
                    "A film of ours",
                    FieldType.FILM,
                    help="A part of its title, to choose from; or the last part of its address.",
                    wrong="choose one of the films below, or write the last part of its address",
                ),
                Field("title", "Or the title of a film of others"),
            ),
            most=60,
            blame="slug",
        ),
    ),
)
IDENTIFIERS = FilmPart(
    "identifiers",
    "Numbers",
    (
        Rows(
            "identifiers",
            "Numbers",
            "number",
            (
                Field(
                    "kind",
                    "Kind",
                    FieldType.CHOICE,
                    required="choose the kind",
                    choices=labels(IdentifierKind),
                ),
                Field("value", "Number", required="write the number"),
            ),
            help="Check digits are verified. A number names one film only.",
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
                Field("platform", "Platform", required="write the platform's name"),
                Field(
                    "kind",
                    "How one pays",
                    FieldType.CHOICE,
                    required="choose how one pays",
                    choices=labels(WatchKind),
                ),
                Field("url", "Link", FieldType.URL, help=URL_HELP, required="write the link"),
                WHERE,
                CHECKED_ON,
            ),
            help="For individuals. They can never enter a cart.",
            most=100,
        ),
    ),
)
PARTNERS = FilmPart(
    "partner-links",
    "Partners' platforms",
    (
        Rows(
            "partner_links",
            "Partners' platforms",
            "link",
            (
                Field("platform", "Platform", required="write the platform's name"),
                Field("url", "Link", FieldType.URL, help=URL_HELP, required="write the link"),
                Field(
                    "classes",
                    "For whom",
                    FieldType.CHECKS,
                    help="Leave all empty for every class.",
                    choices=[(one.value, facts.plural_label) for one, facts in CLASSES.items()],
                ),
                WHERE,
                CHECKED_ON,
            ),
            help="Where an institution can stream the film through a partner.",
            most=100,
        ),
    ),
)
ASSETS = FilmPart(
    "assets",
    "Trailer and pages elsewhere",
    (
        Rows(
            "assets",
            "Trailer and pages elsewhere",
            "link",
            (
                Field(
                    "kind",
                    "Kind",
                    FieldType.CHOICE,
                    required="choose the kind",
                    choices=labels(AssetKind),
                ),
                Field("title", "Title", required="write what it is called"),
                Field("url", "Link", FieldType.URL, help=URL_HELP, required="write the link"),
                Field("language", "Language", FieldType.LANGUAGE),
            ),
            help="Public files and pages that are kept elsewhere. What is kept here is uploaded "
            "under Pictures, press kits and guides.",
        ),
    ),
)
