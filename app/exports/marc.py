"""One MARC 21 record: a film as one delivery, described by RDA for loading without a touch.

docs/exports.md lists every field.
"""

import hashlib
from datetime import datetime

from pymarc import Field, Leader, Record

from app.catalog.enums import CaptionKind, IdentifierKind
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.exports import codes, marc_fields
from app.exports.holdings import Holding, Seller
from app.exports.record_text import bare_name, data_field, ensure_ending
from app.offers.states import DISCS, Delivery

NEW, CHANGED, DELETED = "n", "c", "d"
LEADER = "00000{status}gm a22000003i 4500"
MAX_RUNTIME_MINUTES = 999
MAX_PRODUCERS = 3
# A record's length is written in five digits.
MAX_RECORD_BYTES = 99_999
# Fields to drop when a record would be longer, the least needed first.
OPTIONAL_TAGS = ("586", "511", "508", "700", "710", "246", "650", "856", "520", "037")
PHYSICAL = {Delivery.DVD: ("v", "DVD video"), Delivery.BLURAY: ("s", "Blu-ray video")}
SIZE = ("c", "4 3/4 in.")
# Without dialogue, unknown, or several languages: not a language to translate from.
NO_TRANSLATION = frozenset(("zxx", "und", "mul"))


def build_record(
    holding: Holding,
    delivery: Delivery,
    seller: Seller,
    *,
    status: str = NEW,
    at: datetime | None = None,
) -> Record:
    """Return the record of a film as ``delivery``, which is on offer; ``at`` is its 005."""
    film = holding.film
    versions = holding.versions(delivery)
    record = _start_record(holding, delivery, seller, status=status, at=at)
    for found in (
        _physical(film, delivery),
        [_fixed(film, versions, delivery, seller)],
        _numbers(holding, delivery, seller),
        [_source(seller)],
        _languages(versions[0]),
        marc_fields.title_fields(film),
        _countries(film),
        _publication(film, seller),
        _carrier(film, versions, delivery),
        marc_fields.note_fields(holding, delivery),
        marc_fields.people_fields(film, seller),
        marc_fields.link_fields(holding, delivery, seller),
    ):
        record.fields += found
    record.fields.sort(key=lambda field: field.tag)
    return fit_record(record)


def build_deletion(holding: Holding, delivery: Delivery, seller: Seller, *, at: datetime) -> Record:
    """Return the record that makes a catalog delete this one, matched on 001 and 003."""
    film = holding.film
    record = _start_record(holding, delivery, seller, status=DELETED, at=at)
    record.fields += [
        _fixed(film, film.versions[:1], delivery, seller),
        _source(seller),
        *marc_fields.main_title_fields(film),
    ]
    return record


def fingerprint(record: Record) -> str:
    """Return a hash of the record's content, without its status and time."""
    content = "\n".join(str(field) for field in record.fields if field.tag != "005")
    return hashlib.sha256(content.encode()).hexdigest()


def fit_record(record: Record) -> Record:
    """Return the record, without optional fields that do not fit into the format."""
    if len(record.as_marc()) <= MAX_RECORD_BYTES:
        return record
    for tag in OPTIONAL_TAGS:
        spare = record.get_fields(tag)
        while spare and len(record.as_marc()) > MAX_RECORD_BYTES:
            dropped = spare.pop()
            record.remove_field(dropped, *marc_fields.linked_fields(record, dropped))
    return record


def _start_record(
    holding: Holding, delivery: Delivery, seller: Seller, *, status: str, at: datetime | None
) -> Record:
    record = Record(force_utf8=True)
    record.leader = Leader(LEADER.format(status=status))
    record.fields += [
        Field(tag="001", data=marc_fields.record_id(holding.film, delivery)),
        Field(tag="003", data=seller.organization),
        Field(tag="005", data=(at or holding.changed_at).strftime("%Y%m%d%H%M%S.0")),
    ]
    return record


def _physical(film: Film, delivery: Delivery) -> list[Field]:
    color = codes.COLOR_CODES[film.color]
    if delivery in DISCS:
        kind, _ = PHYSICAL[delivery]
        return [Field(tag="007", data=f"vd {color}{kind}aizu")]
    return [
        Field(tag="006", data="m     o  c        "),
        Field(tag="007", data=f"vz {color}zazuu"),
        Field(tag="007", data=f"cr {color}na||||||||"),
    ]


def _fixed(film: Film, versions: list[Version], delivery: Delivery, seller: Seller) -> Field:
    entered = (film.published_at or film.created_at).strftime("%y%m%d")
    minutes = versions[0].runtime_minutes if versions else 0
    spoken = [codes.language_code(code) for version in versions[:1] for code in version.spoken]
    language = spoken[0] if spoken else "und"
    form = "o" if delivery in codes.ONLINE_DELIVERIES else " "
    return Field(
        tag="008",
        data=f"{entered}{_dates(film)}{seller.place_code:<3}{running_time(minutes)} g      "
        f"{form}   vl{language} d",
    )


def _dates(film: Film) -> str:
    """Return 008/06-14: release and production, or release and copyright, or the release alone.

    MARC has room for two years: where three differ, the production's comes before the copyright's.
    """
    released = film.release_year
    if film.production_year not in {None, released}:
        return f"p{released}{film.production_year}"
    if film.copyright_year not in {None, released}:
        return f"t{released}{film.copyright_year}"
    return f"s{released}    "


def running_time(minutes: int) -> str:
    """Return 008/18-20: three digits, ``000`` for more than they hold, ``---`` if unknown.

    >>> running_time(90), running_time(999), running_time(1000), running_time(0)
    ('090', '999', '000', '---')
    """
    if minutes <= 0:
        return "---"
    return "000" if minutes > MAX_RUNTIME_MINUTES else f"{minutes:03}"


def _numbers(holding: Holding, delivery: Delivery, seller: Seller) -> list[Field]:
    disc = delivery in DISCS
    label = "DVD" if delivery is Delivery.DVD else "Blu-ray"
    isbn, others, oclc = [], [], []
    for number in holding.film.identifiers:
        value = number.value
        match number.kind:
            # Numbers of the disc.
            case IdentifierKind.ISBN if disc:
                isbn.append(data_field("020", "  ", ("a", value), ("q", f"({label})")))
            case IdentifierKind.UPC if disc:
                others.append(data_field("024", "1 ", ("a", value)))
            case IdentifierKind.EAN if disc:
                others.append(data_field("024", "3 ", ("a", value)))
            case IdentifierKind.OCLC if disc:
                oclc.append(data_field("035", "  ", ("a", f"(OCoLC){value}")))
            # Numbers of the work.
            case (
                IdentifierKind.EIDR
                | IdentifierKind.ISAN
                | IdentifierKind.IMDB
                | IdentifierKind.WIKIDATA
            ):
                others.append(data_field("024", "7 ", ("a", value), ("2", number.kind.value)))
            case _:
                pass
    stock = [
        data_field("028", "62", ("a", offer.sku), ("b", seller.name))
        for offer in holding.on_sale[delivery]
    ]
    return [
        *isbn,
        *others,
        *stock,
        *oclc,
        *marc_fields.acquisition_fields(holding, delivery, seller),
    ]


def _source(seller: Seller) -> Field:
    maker = seller.organization
    return data_field("040", "  ", ("a", maker), ("b", "eng"), ("e", "rda"), ("c", maker))


def _languages(version: Version) -> list[Field]:
    """Return field 041 if the one language in 008 is not enough."""
    spoken = _language_codes(version.spoken)
    subtitles = _language_codes(version.subtitles)
    captions = _language_codes(
        [c.language for c in version.captions if c.kind is not CaptionKind.SUBTITLE]
    )
    described = spoken[:1] if version.audio_description else []
    if len(spoken) <= 1 and not (subtitles or captions or described):
        return []
    originals = [code for code in spoken if code not in NO_TRANSLATION]
    translated = bool(originals) and bool({*subtitles, *captions} - set(spoken))
    listed = [
        *(("a", code) for code in spoken),
        *(("j", code) for code in subtitles),
        *(("p", code) for code in captions),
        *(("q", code) for code in described),
        *(("h", code) for code in originals if translated),
    ]
    return [data_field("041", "1 " if translated else "0 ", *listed)]


def _language_codes(languages: list[str]) -> list[str]:
    return list(dict.fromkeys(codes.language_code(code) for code in languages))


def _countries(film: Film) -> list[Field]:
    if not film.countries:
        return []
    listed = dict.fromkeys(codes.authorized_name(code) for code in film.countries)
    names = [("a", name) for name in listed]
    return [data_field("257", "  ", *names, ("2", "naf"))]


def _publication(film: Film, seller: Seller) -> list[Field]:
    makers = [c.person.name for c in film.credits if c.role == "production_company"][:MAX_PRODUCERS]
    producer = ", ".join(map(bare_name, makers)) or "[publisher not identified]"
    found = [
        data_field(
            "264",
            " 1",
            ("a", "[Place of publication not identified] :"),
            ("b", f"{producer},"),
            ("c", f"{film.release_year}."),
        ),
        data_field("264", " 2", ("a", f"{seller.place} :"), ("b", ensure_ending(seller.name))),
    ]
    if film.copyright_year is not None:
        found.append(data_field("264", " 4", ("c", f"\N{COPYRIGHT SIGN}{film.copyright_year}")))
    return found


def _carrier(film: Film, versions: list[Version], delivery: Delivery) -> list[Field]:
    lengths = ", ".join(f"{version.runtime_minutes} min." for version in versions)
    look = f"sound, {codes.COLOR_LABELS[film.color]}"
    image = data_field(
        "336",
        "  ",
        ("a", "two-dimensional moving image"),
        ("b", "tdi"),
        ("2", "rdacontent"),
    )
    if delivery in DISCS:
        _, encoding = PHYSICAL[delivery]
        return [
            data_field("300", "  ", ("a", f"1 videodisc ({lengths}) :"), ("b", f"{look} ;"), SIZE),
            image,
            data_field("337", "  ", ("a", "video"), ("b", "v"), ("2", "rdamedia")),
            data_field("338", "  ", ("a", "videodisc"), ("b", "vd"), ("2", "rdacarrier")),
            data_field("344", "  ", ("a", "digital"), ("2", "rdatr")),
            data_field("344", "  ", ("b", "optical"), ("2", "rdarm")),
            data_field("347", "  ", ("a", "video file"), ("2", "rdaft")),
            data_field("347", "  ", ("b", encoding), ("2", "rda")),
        ]
    files = "1 video file" if len(versions) == 1 else f"{len(versions)} video files"
    return [
        data_field("300", "  ", ("a", f"1 online resource ({files} ({lengths})) :"), ("b", look)),
        image,
        data_field("337", "  ", ("a", "computer"), ("b", "c"), ("2", "rdamedia")),
        data_field("338", "  ", ("a", "online resource"), ("b", "cr"), ("2", "rdacarrier")),
        data_field("344", "  ", ("a", "digital"), ("2", "rdatr")),
        data_field("347", "  ", ("a", "video file"), ("2", "rdaft")),
    ]
