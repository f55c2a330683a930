"""The fields that marc.py puts into a record: titles, people, links, and notes.

``offers.rights_text`` describes the rights, as on the pages and on certificates.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from pymarc import Field, Record

from app.accounts.customers import CLASSES, CustomerClass
from app.catalog.countries_languages import language_name
from app.catalog.enums import (
    AccoladeKind,
    AssetKind,
    CaptionKind,
    CreditRole,
    GradeLevel,
    PersonKind,
)
from app.catalog.models import Film
from app.catalog.parts_models import Accolade, Person, Version
from app.catalog.titles import folded, sort_title
from app.exports import codes, record_text
from app.exports.codes import ONLINE_DELIVERIES, RELATORS
from app.exports.holdings import Holding, Seller
from app.exports.record_text import (
    bare_name,
    clean,
    close_up_initials,
    data_field,
    ensure_ending,
    nonfiling_characters,
    split_text,
    truncate,
)
from app.offers.models import Offer
from app.offers.rights_text import describe_rights
from app.offers.states import Delivery

MAX_DIRECTORS = 3
MAX_TITLE_LENGTH = 1200
# "Son = Le fils" is two titles, because both have words; "x = 1" is one.
WORD = re.compile(r"[^\W\d_]{2}")
PARALLEL = " = "
Subfields = list[tuple[str, str]]
# A note may be 9,999 bytes; a cataloger reads far less.
MAX_NOTE_LENGTH = 4000
# Directors come first, so that the limit leaves out others.
MAX_ENTRIES = 120
CREDIT_PHRASES = {
    CreditRole.WRITER: "written by",
    CreditRole.PRODUCER: "produced by",
    CreditRole.EXECUTIVE_PRODUCER: "executive producers,",
    CreditRole.CINEMATOGRAPHER: "cinematography by",
    CreditRole.EDITOR: "edited by",
    CreditRole.COMPOSER: "music by",
    CreditRole.SOUND: "sound by",
}
# Files that help to choose a film or to teach with it.
LINKED = (AssetKind.TRAILER, AssetKind.GUIDE, AssetKind.PRESS_KIT, AssetKind.TRANSCRIPT)
MAX_LINKS = 20
OTHER_FORM = {
    Delivery.DVD: "DVD version:",
    Delivery.BLURAY: "Blu-ray version:",
    Delivery.FILE: "Online version, hosted by the licensee:",
    Delivery.STREAM: "Online version, hosted by the distributor:",
}
MAX_LINK_TITLE_LENGTH = 600
# A field may be 9,999 bytes, its indicators and codes included.
MAX_FIELD_LENGTH = 9000
MAX_SUMMARY_LENGTH = 2000
MAX_AWARDS = 60
SHORT_FILM_MINUTES = 40
AWARDS = frozenset((AccoladeKind.AWARD, AccoladeKind.NOMINATION, AccoladeKind.SPECIAL_MENTION))
ACCESS_NOTES = {
    Delivery.DVD: "DVD.",
    Delivery.BLURAY: "Blu-ray disc.",
    Delivery.FILE: (
        "Video file for the licensee's own server or hosting service. "
        "Mode of access: World Wide Web."
    ),
    Delivery.STREAM: "Mode of access: World Wide Web.",
}
NO_DIALOGUE = "zxx"


def title_fields(film: Film) -> list[Field]:
    """Return 245 and 246, and 880 for each of them that is written in another script."""
    found = main_title_fields(film)
    original = film.original_title
    variants: list[tuple[str, Subfields, str]] = []
    if parallel := _parallel(clean(film.title))[1]:
        variants.append(("31", [], parallel))
    if original and clean(original) != clean(film.title):
        variants.append(("1 ", [("i", "Original title:")], original))
    variants += [("3 ", [], other.title) for other in film.alternative_titles]
    for indicators, label, title in variants:
        occurrence = 1 + sum(field.tag == "880" for field in found)
        found += _variant(indicators, label, _without_article(title), occurrence)
    return found


def main_title_fields(film: Film) -> list[Field]:
    """Return 245, and its 880 if the title is in another script."""
    title = clean(film.title)
    spoken = list(dict.fromkeys(codes.language_code(code) for code in film.spoken))
    text = _responsibility(film)
    script = record_text.detect_script(title)
    passed = nonfiling_characters(title, film.sort_title, spoken)
    if not script:
        return [data_field("245", f"0{passed}", *_statement(title, text))]
    latin = record_text.romanize(title)
    latin_passed = nonfiling_characters(latin, record_text.romanize(clean(film.sort_title)), spoken)
    statement = _statement(latin, record_text.romanize(text))
    return [
        data_field("245", f"0{latin_passed}", ("6", record_text.linkage("880", 1)), *statement),
        data_field(
            "880",
            f"0{passed}",
            ("6", record_text.linkage("245", 1, script)),
            *_statement(title, text),
        ),
    ]


def linked_fields(record: Record, field: Field) -> Sequence[Field]:
    """Return the fields 880 that repeat ``field`` in another script."""
    occurrence = "".join(field.get_subfields("6")).partition("-")[2]
    if not occurrence or field.tag == "880":
        return []
    return [
        other
        for other in record.get_fields("880")
        if other["6"].startswith(f"{field.tag}-{occurrence}")
    ]


def _variant(indicators: str, label: Subfields, title: str, occurrence: int) -> list[Field]:
    script = record_text.detect_script(title)
    if not script:
        return [data_field("246", indicators, *label, ("a", title))]
    latin = truncate(record_text.romanize(title), MAX_TITLE_LENGTH)
    own = ("6", record_text.linkage("880", occurrence))
    back = ("6", record_text.linkage("246", occurrence, script))
    return [
        data_field("246", indicators, own, *label, ("a", latin)),
        data_field("880", indicators, back, *label, ("a", title)),
    ]


def _statement(title: str, responsibility: str) -> Subfields:
    """Return title, the rest of it or its parallel title, and responsibility, punctuated."""
    title = truncate(title, MAX_TITLE_LENGTH)
    proper, mark, rest = title.partition(": ")
    first, parallel = _parallel(title)
    if parallel and len(first) < len(proper):
        proper, mark, rest = first, PARALLEL, parallel
    parts: Subfields = [("a", title)]
    if proper.strip() and rest:
        parts = [("a", f"{proper.rstrip()} {mark.strip()}"), ("b", rest)]
    code, text = parts[-1]
    if not responsibility:
        return [*parts[:-1], (code, ensure_ending(text))]
    statement = close_up_initials(ensure_ending(responsibility))
    return [*parts[:-1], (code, f"{text} /"), ("c", statement)]


def _parallel(title: str) -> tuple[str, str]:
    """Return a title and its parallel title, which is empty where there is none.

    >>> _parallel("Son = Le fils"), _parallel("x = 1")
    (('Son', 'Le fils'), ('x = 1', ''))
    """
    first, _, second = title.partition(PARALLEL)
    return (first, second) if WORD.search(first) and WORD.search(second) else (title, "")


def _without_article(title: str) -> str:
    """Return a variant title without its article, as added entries have it."""
    return truncate(sort_title(clean(title)), MAX_TITLE_LENGTH)


def _responsibility(film: Film) -> str:
    names = film.directors
    if not names:
        return ""
    listed = ", ".join(names[:MAX_DIRECTORS])
    more = len(names) - MAX_DIRECTORS
    if more > 0:
        listed += f" [and {more} {'other' if more == 1 else 'others'}]"
    return clean(f"directed by {listed}")


def people_fields(film: Film, seller: Seller) -> list[Field]:
    """Return 508, 511, 700 and 710."""
    return [*_credit_notes(film), *_added_entries(film, seller)]


def _credit_notes(film: Film) -> list[Field]:
    phrases = [
        f"{words} {', '.join(names)}"
        for role, words in CREDIT_PHRASES.items()
        if (names := film.names(role))
    ]
    found = []
    if phrases:
        listed = clean(" ; ".join(phrases))
        credits_note = truncate(listed[0].upper() + listed[1:], MAX_NOTE_LENGTH)
        found.append(data_field("508", "  ", ("a", ensure_ending(credits_note))))
    seen = film.names(CreditRole.PARTICIPANT)
    heard = film.names(CreditRole.NARRATOR)
    performers = ([f"Narrator, {', '.join(heard)}"] if heard else []) + (
        [f"Participants, {', '.join(seen)}"] if seen else []
    )
    if performers:
        note = truncate(clean(" ; ".join(performers)), MAX_NOTE_LENGTH)
        found.append(data_field("511", "0 ", ("a", ensure_ending(note))))
    return found


def _added_entries(film: Film, seller: Seller) -> list[Field]:
    """Return one entry for each person or organization with all its roles, directors first."""
    roles: dict[int, list[str]] = defaultdict(list)
    people: dict[int, Person] = {}
    for credit in film.credits:
        relator = RELATORS[credit.role]
        if relator not in roles[credit.person_id]:
            roles[credit.person_id].append(relator)
            people[credit.person_id] = credit.person
    # The sort is stable, and directors must not be cut off at the end.
    ranked = sorted(people, key=lambda key: RELATORS[CreditRole.DIRECTOR] not in roles[key])
    entries = [_added_entry(people[key], roles[key]) for key in ranked[:MAX_ENTRIES]]
    persons = [entry for entry in entries if entry.tag == "700"]
    organizations = [entry for entry in entries if entry.tag == "710"]
    own_name = folded(bare_name(seller.name))
    if not any(
        folded(bare_name(people[key].sort_name)) == own_name
        and RELATORS[CreditRole.DISTRIBUTOR] in roles[key]
        for key in ranked[:MAX_ENTRIES]
    ):
        subfields = _name_subfields(seller.name, [RELATORS[CreditRole.DISTRIBUTOR]])
        organizations.append(data_field("710", "2 ", *subfields))
    return [*persons, *organizations]


def _added_entry(person: Person, relators: list[str]) -> Field:
    subfields = _name_subfields(person.sort_name, relators)
    if person.kind is PersonKind.ORGANIZATION:
        return data_field("710", "2 ", *subfields)
    return data_field("700", "1 " if ", " in bare_name(person.sort_name) else "0 ", *subfields)


def _name_subfields(name: str, relators: list[str]) -> list[tuple[str, str]]:
    terms = [f"{relator}," for relator in relators[:-1]] + [ensure_ending(relators[-1])]
    return [("a", f"{bare_name(name)},"), *(("e", term) for term in terms)]


def record_id(film: Film, delivery: Delivery) -> str:
    """Return the record's control number, which is unique and never reused."""
    return f"{film.slug}-{delivery}"


def film_url(film: Film, seller: Seller) -> str:
    """Return the address of the film's page."""
    return f"{seller.base_url}/films/{film.slug}"


def link_fields(holding: Holding, delivery: Delivery, seller: Seller) -> list[Field]:
    """Return 776 for each other delivery on offer, and 856 for the film's page and its files.

    Links are the same for every library, without a proxy's prefix.
    """
    film = holding.film
    title = truncate(sort_title(clean(film.title)), MAX_LINK_TITLE_LENGTH)
    found = [
        data_field(
            "776",
            "08",
            ("i", OTHER_FORM[other]),
            ("t", f"{title}."),
            ("w", f"({seller.organization}){record_id(film, other)}"),
        )
        for other in holding.deliveries
        if other is not delivery
    ]
    found.append(
        data_field(
            "856",
            "42",
            ("3", "Licenses, prices, and rights"),
            ("u", film_url(film, seller)),
            ("y", "Film and licensing page"),
        )
    )
    linked_assets = [asset for asset in film.assets if asset.kind in LINKED][:MAX_LINKS]
    found += [
        data_field("856", "42", ("3", asset.kind.label), ("u", asset.url), ("y", asset.title))
        for asset in linked_assets
    ]
    return found


def acquisition_fields(holding: Holding, delivery: Delivery, seller: Seller) -> list[Field]:
    """Return 037 for each offer: SKU, vendor, prices, and what is sold."""
    return [
        data_field(
            "037",
            "  ",
            ("a", offer.sku),
            ("b", f"{seller.name}, {seller.base_url}"),
            *(("c", price) for price in price_labels(offer, holding)),
            ("f", _offer_label(offer)),
        )
        for offer in holding.on_sale[delivery]
    ]


def _offer_label(offer: Offer) -> str:
    """Return the offer's title, with its term unless the title contains it."""
    term = offer.term.label()
    return offer.title if term in offer.title else f"{offer.title}, {term}"


def price_labels(offer: Offer, holding: Holding) -> list[str]:
    """Return the price of each class on the holding's day, or the lowest of several."""
    classes: dict[str, list[str]] = defaultdict(list)
    for customer_class in CustomerClass:
        if found := offer.prices_on(holding.on, customer_class):
            start = "" if found[0] == found[-1] else "from "
            price = f"{start}{found[0].currency} {found[0].decimal()}"
            classes[price].append(CLASSES[customer_class].label)
    return [f"{price} ({'; '.join(labels)})" for price, labels in classes.items()]


def note_fields(holding: Holding, delivery: Delivery) -> list[Field]:
    """Return the notes and the headings in the order of their tags."""
    film = holding.film
    versions = holding.versions(delivery)
    return [
        *_accessibility_codes(versions),
        *_access(delivery),
        *[
            data_field("520", "  ", ("a", part))
            for part in split_text(clean(film.synopsis), MAX_SUMMARY_LENGTH)
        ],
        *_audience(film),
        *_accessibility(versions),
        data_field("538", "  ", ("a", ACCESS_NOTES[delivery])),
        *_rights(holding, delivery),
        *_language_note(versions),
        *_awards(film.accolades),
        data_field("588", "0 ", ("a", "Description based on the distributor's own data.")),
        *[data_field("650", " 4", ("a", ensure_ending(subject.name))) for subject in film.subjects],
        *_genres(film, versions, delivery),
    ]


def _audience(film: Film) -> list[Field]:
    labels = [GradeLevel(level).label for level in film.grade_levels]
    words = ", ".join([*labels[:1], *(level[:1].lower() + level[1:] for level in labels[1:])])
    return [data_field("521", "  ", ("a", f"{words}."))] if words else []


def _access(delivery: Delivery) -> list[Field]:
    if delivery not in ONLINE_DELIVERIES:
        return []
    return [
        data_field(
            "506",
            "1 ",
            ("a", "Access restricted to authorized users of the licensing institution."),
            ("f", "Online access with authorization"),
            ("2", "star"),
        )
    ]


def _accessibility_codes(versions: list[Version]) -> list[Field]:
    found = []
    if any(_is_captioned(version) for version in versions):
        found.append(
            data_field("341", "0 ", ("a", "auditory"), ("b", "closedCaptions"), ("2", "sapdv"))
        )
    if any(version.audio_description for version in versions):
        found.append(
            data_field("341", "0 ", ("a", "visual"), ("d", "audioDescription"), ("2", "sapdv"))
        )
    return found


def _accessibility(versions: list[Version]) -> list[Field]:
    sentences: list[str] = []
    for version in versions:
        for caption in version.captions:
            name = language_name(caption.language)
            if caption.kind is CaptionKind.CC:
                sentences.append(f"Closed captioned in {name}.")
            elif caption.kind is CaptionKind.SDH:
                sentences.append(f"Subtitles for the deaf and hard of hearing in {name}.")
        if version.audio_description:
            sentences.append("Audio description for people who are blind or have low vision.")
    return [data_field("532", "1 ", ("a", sentence)) for sentence in dict.fromkeys(sentences)]


def _is_captioned(version: Version) -> bool:
    return any(caption.kind is not CaptionKind.SUBTITLE for caption in version.captions)


def _rights(holding: Holding, delivery: Delivery) -> list[Field]:
    """Return 540 for each offer: the sentences of its rights."""
    found = []
    for offer in holding.on_sale[delivery]:
        sentences = " ".join(text.answer for text in describe_rights(offer.bundle, offer.term))
        parts = split_text(clean(sentences), MAX_FIELD_LENGTH)
        found += [
            data_field("540", "  ", ("3", f"{offer.title} ({offer.sku})"), ("a", part))
            for part in parts
        ]
    return found


def _language_note(versions: list[Version]) -> list[Field]:
    version = versions[0]
    if not version.spoken:
        return []
    spoken = [code for code in version.spoken if code != NO_DIALOGUE]
    text = f"In {_join_languages(spoken)}" if spoken else "Without dialogue"
    if version.subtitles:
        text += f" with {_join_languages(version.subtitles)} subtitles"
    return [data_field("546", "  ", ("a", f"{text}."))]


def _join_languages(languages: list[str]) -> str:
    names = [language_name(code) for code in languages]
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _awards(accolades: list[Accolade]) -> list[Field]:
    found = []
    for row in accolades[:MAX_AWARDS]:
        text = [f"{row.kind.label}: {row.name}" if row.name else row.kind.label, row.event]
        text += [str(row.year)] if row.year else []
        text += [row.section] if row.section else []
        shown = "  " if row.kind in AWARDS else "8 "
        found.append(data_field("586", shown, ("a", ensure_ending(", ".join(text)))))
    return found


def _genres(film: Film, versions: list[Version], delivery: Delivery) -> list[Field]:
    """Return the Library of Congress genre terms that follow from the film's facts."""
    documentary = "documentary" in film.genre.casefold()
    terms = ["Documentary films.", "Nonfiction films."] if documentary else []
    if versions[0].runtime_minutes < SHORT_FILM_MINUTES:
        terms.append("Short films.")
    if delivery in ONLINE_DELIVERIES:
        terms.append("Internet videos.")
    return [data_field("655", " 7", ("a", term), ("2", "lcgft")) for term in terms]
