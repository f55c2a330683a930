"""What a record says in sentences: acquisition, access, languages, rights, subjects.

Rights are told by ``offers.words``, as on the pages and on certificates.
"""

from collections import defaultdict

from pymarc import Field

from app.accounts.customers import CLASSES, CustomerClass
from app.catalog.countries_languages import language_name
from app.catalog.enums import AccoladeKind, CaptionKind, GradeLevel
from app.catalog.models import Film
from app.catalog.parts_models import Accolade, Version
from app.exports.codes import ONLINE
from app.exports.fields import data
from app.exports.holdings import Holding, Seller
from app.exports.texts import clean, ensure_ending, pieces
from app.offers.models import Offer
from app.offers.rights_text import describe_rights
from app.offers.states import Delivery

# A field may be 9,999 bytes, its indicators and codes included.
MAX_FIELD_LENGTH = 9000
MAX_SUMMARY_LENGTH = 2000
MAX_AWARDS = 60
SHORT_FILM_MINUTES = 40
AWARDS = frozenset((AccoladeKind.AWARD, AccoladeKind.NOMINATION, AccoladeKind.SPECIAL_MENTION))
SYSTEM = {
    Delivery.DVD: "DVD.",
    Delivery.BLURAY: "Blu-ray disc.",
    Delivery.FILE: (
        "Video file for the licensee's own server or hosting service. "
        "Mode of access: World Wide Web."
    ),
    Delivery.STREAM: "Mode of access: World Wide Web.",
}
NO_DIALOGUE = "zxx"


def acquisition(holding: Holding, delivery: Delivery, seller: Seller) -> list[Field]:
    """Return 037 for each offer: what to order, from whom, at what price."""
    return [
        data(
            "037",
            "  ",
            ("a", offer.sku),
            ("b", f"{seller.name}, {seller.base_url}"),
            *(("c", price) for price in prices(offer, holding)),
            ("f", _form(offer)),
        )
        for offer in holding.on_sale[delivery]
    ]


def _form(offer: Offer) -> str:
    """Return what is sold, with its term unless the offer's title says that."""
    term = offer.term.label()
    return offer.title if term in offer.title else f"{offer.title}, {term}"


def prices(offer: Offer, holding: Holding) -> list[str]:
    """Return what each class pays on the holding's day: a price, or where its prices begin."""
    told: dict[str, list[str]] = defaultdict(list)
    for customer_class in CustomerClass:
        if found := offer.prices_on(holding.on, customer_class):
            start = "" if found[0] == found[-1] else "from "
            price = f"{start}{found[0].currency} {found[0].decimal()}"
            told[price].append(CLASSES[customer_class].label)
    return [f"{price} ({'; '.join(labels)})" for price, labels in told.items()]


def fields(holding: Holding, delivery: Delivery) -> list[Field]:
    """Return the notes and the headings, in the order of their tags."""
    film = holding.film
    versions = holding.versions(delivery)
    return [
        *_accessibility_codes(versions),
        *_access(delivery),
        *[
            data("520", "  ", ("a", part))
            for part in pieces(clean(film.synopsis), MAX_SUMMARY_LENGTH)
        ],
        *_audience(film),
        *_accessibility(versions),
        data("538", "  ", ("a", SYSTEM[delivery])),
        *_rights(holding, delivery),
        *_language_note(versions),
        *_awards(film.accolades),
        data("588", "0 ", ("a", "Description based on the distributor's own data.")),
        *[data("650", " 4", ("a", ensure_ending(subject.name))) for subject in film.subjects],
        *_genres(film, versions, delivery),
    ]


def _audience(film: Film) -> list[Field]:
    levels = [GradeLevel(level).label for level in film.grade_levels]
    words = ", ".join([*levels[:1], *(level[:1].lower() + level[1:] for level in levels[1:])])
    return [data("521", "  ", ("a", f"{words}."))] if words else []


def _access(delivery: Delivery) -> list[Field]:
    if delivery not in ONLINE:
        return []
    return [
        data(
            "506",
            "1 ",
            ("a", "Access restricted to authorized users of the licensing institution."),
            ("f", "Online access with authorization"),
            ("2", "star"),
        )
    ]


def _accessibility_codes(versions: list[Version]) -> list[Field]:
    found = []
    if any(_captioned(version) for version in versions):
        found.append(data("341", "0 ", ("a", "auditory"), ("b", "closedCaptions"), ("2", "sapdv")))
    if any(version.audio_description for version in versions):
        found.append(data("341", "0 ", ("a", "visual"), ("d", "audioDescription"), ("2", "sapdv")))
    return found


def _accessibility(versions: list[Version]) -> list[Field]:
    said: list[str] = []
    for version in versions:
        for caption in version.captions:
            name = language_name(caption.language)
            if caption.kind is CaptionKind.CC:
                said.append(f"Closed captioned in {name}.")
            elif caption.kind is CaptionKind.SDH:
                said.append(f"Subtitles for the deaf and hard of hearing in {name}.")
        if version.audio_description:
            said.append("Audio description for people who are blind or have low vision.")
    return [data("532", "1 ", ("a", sentence)) for sentence in dict.fromkeys(said)]


def _captioned(version: Version) -> bool:
    return any(caption.kind is not CaptionKind.SUBTITLE for caption in version.captions)


def _rights(holding: Holding, delivery: Delivery) -> list[Field]:
    """Return 540 for each offer: the sentences of its rights, and the license's own words."""
    found = []
    for offer in holding.on_sale[delivery]:
        sentences = " ".join(said.answer for said in describe_rights(offer.bundle, offer.term))
        parts = pieces(clean(sentences), MAX_FIELD_LENGTH)
        found += [
            data("540", "  ", ("3", f"{offer.title} ({offer.sku})"), ("a", part)) for part in parts
        ]
    return found


def _language_note(versions: list[Version]) -> list[Field]:
    version = versions[0]
    if not version.spoken:
        return []
    spoken = [code for code in version.spoken if code != NO_DIALOGUE]
    said = f"In {_listed(spoken)}" if spoken else "Without dialogue"
    if version.subtitles:
        said += f" with {_listed(version.subtitles)} subtitles"
    return [data("546", "  ", ("a", f"{said}."))]


def _listed(languages: list[str]) -> str:
    names = [language_name(code) for code in languages]
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _awards(accolades: list[Accolade]) -> list[Field]:
    found = []
    for row in accolades[:MAX_AWARDS]:
        said = [f"{row.kind.label}: {row.name}" if row.name else row.kind.label, row.event]
        said += [str(row.year)] if row.year else []
        said += [row.section] if row.section else []
        shown = "  " if row.kind in AWARDS else "8 "
        found.append(data("586", shown, ("a", ensure_ending(", ".join(said)))))
    return found


def _genres(film: Film, versions: list[Version], delivery: Delivery) -> list[Field]:
    """Return the Library of Congress genre terms that the film's own facts bear out."""
    documentary = "documentary" in film.genre.casefold()
    terms = ["Documentary films.", "Nonfiction films."] if documentary else []
    if versions[0].runtime_minutes < SHORT_FILM_MINUTES:
        terms.append("Short films.")
    if delivery in ONLINE:
        terms.append("Internet videos.")
    return [data("655", " 7", ("a", term), ("2", "lcgft")) for term in terms]
