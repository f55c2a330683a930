"""Parse the facts of a film from a library record into the fields of a film's document."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pymarc import Field, Record

from app.catalog.enums import Color, CreditRole, IdentifierKind, PersonKind
from app.catalog.identifiers import OCLC_PREFIX
from app.catalog.titles import folded, sort_title
from app.core.errors import FieldProblem
from app.exports import codes
from app.exports.codes import COLOR_CODES, RELATORS
from app.exports.record_text import clean
from app.imports.lines import ImportLine, Json
from app.offers.states import Delivery

YEAR = re.compile(r"(?<!\d)(?:18[89]|19\d|20\d)\d(?!\d)")
HOURS = re.compile(r"(\d+)\s*(?:hr|hour|h)")
MINUTES = re.compile(r"(\d+)\s*min")
CLOCK = re.compile(r"(\d\d)(\d\d)\d\d")
MINUTES_AN_HOUR = 60
FIXED_LENGTH = 40
NO_LANGUAGE = frozenset(("und", "zxx", "mul", ""))
# Other terms of catalogers for roles, and MARC's relator codes.
TERMS = {folded(term): role for role, term in reversed(RELATORS.items())} | {
    "director": CreditRole.DIRECTOR,
    "fmd": CreditRole.DIRECTOR,
    "drt": CreditRole.DIRECTOR,
    "filmmaker": CreditRole.DIRECTOR,
    "fmk": CreditRole.DIRECTOR,
    "writer": CreditRole.WRITER,
    "author": CreditRole.WRITER,
    "aus": CreditRole.WRITER,
    "producer": CreditRole.PRODUCER,
    "fmp": CreditRole.PRODUCER,
    "pro": CreditRole.PRODUCER,
    "film producer": CreditRole.PRODUCER,
    "cinematographer": CreditRole.CINEMATOGRAPHER,
    "cng": CreditRole.CINEMATOGRAPHER,
    "editor": CreditRole.EDITOR,
    "flm": CreditRole.EDITOR,
    "editor of moving image work": CreditRole.EDITOR,
    "cmp": CreditRole.COMPOSER,
    "nrt": CreditRole.NARRATOR,
    "interviewee": CreditRole.PARTICIPANT,
    "ive": CreditRole.PARTICIPANT,
    "onscreen presenter": CreditRole.PARTICIPANT,
    "on-screen participant": CreditRole.PARTICIPANT,
    "prn": CreditRole.PRODUCTION_COMPANY,
    "prc": CreditRole.PRODUCTION_COMPANY,
    "sds": CreditRole.SOUND,
    "sound engineer": CreditRole.SOUND,
    "sde": CreditRole.SOUND,
    "recording engineer": CreditRole.SOUND,
    "rce": CreditRole.SOUND,
    "recordist": CreditRole.SOUND,
    "rcd": CreditRole.SOUND,
    "distributor": CreditRole.DISTRIBUTOR,
    "dst": CreditRole.DISTRIBUTOR,
}
DIRECTED = re.compile(r"(?:directed|a film) by ([^;/]+)", re.IGNORECASE)
# Subfield 6 of linked fields: "880-01", and in the other one "245-01/(N".
LINK = re.compile(r"(\d{3})-(\d\d)")
COLORS = {code: color for color, code in COLOR_CODES.items()} | {"b": Color.BLACK_AND_WHITE}
DELETED = "d"


def parse_record(number: int, record: Record, organization: str) -> ImportLine:
    """Return the facts of a record's film, with only the fields that the record has."""
    if str(record.leader)[5:6] == DELETED:
        detail = "The record is marked as deleted. Withdraw the film instead."
        return ImportLine(number, {}, problems=(FieldProblem("#", detail),))
    values: Json = {
        "slug": _slug(record, organization),
        **_titles(record, is_own=_control(record, "003") == organization),
        **_years(record),
        "synopsis": _joined(record, "520", "a"),
        "countries": list(dict.fromkeys(_countries(record))),
        "color": _color(record),
        "credits": list(_credits(record)),
        "subjects": list(_subjects(record)),
    }
    version: Json = {
        "runtime_minutes": _minutes(record),
        "spoken": _languages(record, "a") or _fixed_language(record),
        "subtitles": _languages(record, "j"),
    }
    return ImportLine(
        number,
        {name: value for name, value in values.items() if value},
        main_version={name: value for name, value in version.items() if value},
        identifiers=tuple(_numbers(record)),
        may_repeat=True,
        comparisons=SAME,
    )


def _is_same_title(present: str, stated: str) -> bool:
    """Return whether a record, which files titles without their article, has this one."""
    return _filing_form(present) == _filing_form(stated)


def _has_titles(present: list[Json], stated: list[Json]) -> bool:
    """Return whether a record's other titles are stored; it does not say their languages."""
    return {_filing_form(row["title"]) for row in stated} <= {
        _filing_form(row["title"]) for row in present
    }


def _has_credits(present: list[Json], stated: list[Json]) -> bool:
    """Return whether a record's credits are stored; it may leave some out."""
    stored = {
        (_filing_form(name), CreditRole(row["role"]))
        for row in present
        # A name out of the statement of responsibility has no filed form.
        for name in (row["sort_name"], row["name"])
    }
    # Libraries have one word for every producer.
    stored |= {
        (name, CreditRole.PRODUCER)
        for name, role in stored
        if role is CreditRole.EXECUTIVE_PRODUCER
    }
    return {
        (_filing_form(str(row.get("sort_name") or row["name"])), row["role"]) for row in stated
    } <= stored


def _has_same_languages(present: list[str], stated: list[str]) -> bool:
    """Return whether a record, whose codes are fewer, has these languages."""
    return [codes.language_code(code) for code in present] == stated


def _has_same_countries(present: list[str], stated: list[str]) -> bool:
    """Return whether a record, which calls some countries by one name, has these."""

    def names(listed: list[str]) -> list[str]:
        named = dict.fromkeys(map(codes.authorized_name, listed))
        return [name for name in named if codes.find_country_code(name)]

    return names(present) == names(stated)


def _filing_form(text: str) -> str:
    return folded(sort_title(_bare(text)))


SAME: Mapping[str, Callable[[Any, Any], bool]] = {
    # Catalogers write "The red soul".
    "title": lambda present, stated: folded(_bare(present)) == folded(stated),
    "sort_title": _is_same_title,
    "original_title": _is_same_title,
    "alternative_titles": _has_titles,
    "synopsis": lambda present, stated: clean(present) == stated,
    "countries": _has_same_countries,
    "credits": _has_credits,
    "subjects": lambda present, stated: (
        set(map(_filing_form, stated)) <= set(map(_filing_form, present))
    ),
    "spoken": _has_same_languages,
    "subtitles": _has_same_languages,
}


def _slug(record: Record, organization: str) -> str:
    """Return the film's slug, if the record is one of ours."""
    if _control(record, "003") != organization:
        return ""
    identifier = _control(record, "001")
    ends = [f"-{delivery}" for delivery in Delivery if identifier.endswith(f"-{delivery}")]
    return identifier.removesuffix(max(ends, key=len)) if ends else ""


def _titles(record: Record, *, is_own: bool) -> Json:
    """Return the titles. Our own records have romanized ones only for a title that 880 gives."""
    found: Json = {}
    others: list[str] = []
    for field in record.get_fields("245")[:1]:
        in_own_script = _linked(record, field)
        proper = in_own_script if is_own and in_own_script else field
        found["title"], parallel = _title_proper(proper)
        if is_own:
            found["title"] = " = ".join([found["title"], *parallel])
        else:
            others += parallel
        skipped = (proper.indicators or "00")[1]
        if skipped.isdigit() and int(skipped):
            rest = found["title"][int(skipped) :].lstrip()
            filed = rest[:1].upper() + rest[1:]
            if filed and filed != sort_title(found["title"]):
                found["sort_title"] = filed
        if not is_own and (original := in_own_script or _unlinked(record)):
            found["original_title"] = _title_proper(original)[0]
    for field in record.get_fields("246"):
        title = _bare(" ".join(field.get_subfields("a", "b")))
        linked = _linked(record, field)
        written_title = _bare(" ".join(linked.get_subfields("a", "b"))) if linked else ""
        if folded(" ".join(field.get_subfields("i"))).startswith("original title"):
            found["original_title"] = written_title or title
            others += [title] if written_title and not is_own else []
        elif is_own:
            is_parallel = (field.indicators or "  ")[1] == "1"
            others += [] if is_parallel else [written_title or title]
        else:
            others += [title, written_title]
    alternatives = {_filing_form(title): title for title in reversed(others) if title}
    if alternatives:
        found["alternative_titles"] = [
            {"title": title} for title in reversed(alternatives.values())
        ]
    return found


def _title_proper(field: Field) -> tuple[str, list[str]]:
    """Return the title of field 245, and its parallel titles: they come after an equals sign."""
    titles: list[list[str]] = [[]]
    for part in map(clean, field.get_subfields("a", "n", "p", "b")):
        for position, text in enumerate(re.split(r"\s=(?:\s+|$)", part)):
            if position:
                titles.append([])
            titles[-1].append(_bare(text))
    proper, *parallel = (": ".join(filter(None, parts)) for parts in titles)
    return proper, [title for title in parallel if title]


def _linked(record: Record, field: Field) -> Field | None:
    """Return the field 880 that repeats ``field`` in its own script."""
    link = LINK.match("".join(field.get_subfields("6")[:1]))
    for other in record.get_fields("880") if link else ():
        back = LINK.match("".join(other.get_subfields("6")[:1]))
        if link and back and (back[1], back[2]) == (field.tag, link[2]):
            return other
    return None


def _unlinked(record: Record) -> Field | None:
    """Return the first field 880 that says that it repeats a title, if the title does not."""
    for other in record.get_fields("880"):
        back = LINK.match("".join(other.get_subfields("6")[:1]))
        if back and back[1] == "245" and _title_proper(other)[0]:
            return other
    return None


def _years(record: Record) -> Json:
    """Return the years of a film. What 008 says of a disc alone is not its film's."""
    found: Json = {}
    fixed = _control(record, "008").ljust(FIXED_LENGTH)
    first, second = (
        int(text) if YEAR.fullmatch(text) else None for text in (fixed[7:11], fixed[11:15])
    )
    printed = [
        year
        for field in record.get_fields("264", "260")
        if field.tag == "260" or (field.indicators or "  ")[1] in "0123"
        for text in field.get_subfields("c")
        for year in YEAR.findall(text)
    ]
    release = first or (int(printed[0]) if printed else None)
    match fixed[6]:
        case "r" if second:  # reissued, and first released
            release = second
        # Released, and made before. The other way round it is the disc that came later.
        case "p" if first and second and second <= first:
            found["production_year"] = second
        case "t":  # published, and under copyright
            found["copyright_year"] = second
    found["release_year"] = release
    for field in record.get_fields("264"):
        claimed = YEAR.search(" ".join(field.get_subfields("c")))
        if claimed and (field.indicators or "  ")[1] == "4":
            found["copyright_year"] = int(claimed[0])
    return found


def _minutes(record: Record) -> int | None:
    fixed = _control(record, "008").ljust(FIXED_LENGTH)[18:21]
    if fixed.isdigit() and int(fixed):
        return int(fixed)
    for field in record.get_fields("306"):
        clock = CLOCK.match("".join(field.get_subfields("a")[:1]))
        if clock:
            return int(clock[1]) * MINUTES_AN_HOUR + int(clock[2]) or None
    for field in record.get_fields("300"):
        text = "".join(field.get_subfields("a")[:1])
        hours, minutes = HOURS.search(text), MINUTES.search(text)
        total = int(hours[1]) * MINUTES_AN_HOUR if hours else 0
        total += int(minutes[1]) if minutes else 0
        if total:
            return total
    return None


def _languages(record: Record, code: str) -> list[str]:
    found = (
        text[at : at + 3]
        for field in record.get_fields("041")
        if (field.indicators or "  ")[1] != "7"
        for text in field.get_subfields(code)
        for at in range(0, len(text), 3)  # older records write them without a break
    )
    return list(dict.fromkeys(language for language in found if language not in NO_LANGUAGE))


def _fixed_language(record: Record) -> list[str]:
    language = _control(record, "008").ljust(FIXED_LENGTH)[35:38]
    return [] if language in NO_LANGUAGE or not language.isalpha() else [language]


def _countries(record: Record) -> Iterator[str]:
    for field in record.get_fields("257"):
        for name in re.split(r"\s*;\s*", ";".join(field.get_subfields("a"))):
            if code := codes.find_country_code(name):
                yield code
    for field in record.get_fields("044"):
        for code in field.get_subfields("c"):
            yield code.strip().upper()[:2]


def _color(record: Record) -> Color | None:
    for field in record.get_fields("007"):
        if (field.data or "").startswith("v"):
            return COLORS.get((field.data or "")[3:4])
    return None


def _credits(record: Record) -> Iterator[Json]:
    sellers = {
        _filing_form(name)
        for field in record.get_fields("260", "264")
        for name in field.get_subfields("b")
    }
    listed = [
        credit
        for field in record.get_fields("700", "710")
        for credit in _credit(field)
        # Who distributes this disc or file is no part of the film.
        if credit["role"] != CreditRole.DISTRIBUTOR or _filing_form(credit["name"]) not in sellers
    ]
    if not any(credit["role"] == CreditRole.DIRECTOR for credit in listed):
        for name in _directors(record):
            yield {"name": name, "role": CreditRole.DIRECTOR}
    yield from listed


def _credit(field: Field) -> Iterator[Json]:
    text = clean(" ".join(field.get_subfields("a")))
    filed = text.rstrip(" ,.")
    # The full stop of an initial, or of "Inc.", which a comma follows.
    if re.search(r"\b[A-Z]$", filed) or re.search(r"\.[ ,]+$", text):
        filed += "."
    roles = [folded(_bare(term)) for term in field.get_subfields("e", "4")]
    family, comma, first_names = filed.partition(", ")
    is_person = field.tag == "700"
    for role in dict.fromkeys(TERMS[term] for term in roles if term in TERMS):
        if filed:
            yield {
                "name": f"{first_names} {family}" if comma and is_person else filed,
                "sort_name": filed,
                "role": role,
                "kind": PersonKind.PERSON if is_person else PersonKind.ORGANIZATION,
            }


def _directors(record: Record) -> list[str]:
    """Return the directors whom the statement of responsibility names."""
    statement = DIRECTED.search(_joined(record, "245", "c"))
    if statement is None:
        return []
    names = re.split(r",\s*(?:and\s+)?|\s+and\s+|\s+&\s+", re.sub(r"\[.*?\]", "", statement[1]))
    return [name for part in names if (name := _bare(part))]


def _subjects(record: Record) -> Iterator[str]:
    seen = set()
    for field in record.get_fields("650", "651"):
        name = _bare("".join(field.get_subfields("a")[:1]))
        if name and folded(name) not in seen:
            seen.add(folded(name))
            yield name


def _numbers(record: Record) -> Iterator[tuple[IdentifierKind, str]]:
    for field in record.get_fields("020"):
        for text in field.get_subfields("a"):
            yield IdentifierKind.ISBN, text.strip()
    for field in record.get_fields("024"):
        source = "".join(field.get_subfields("2")).lower()
        for text in field.get_subfields("a"):
            kind = _standard(field.indicators[0] if field.indicators else "", source, text)
            if kind:
                yield kind, text.strip()
    for field in record.get_fields("035"):
        for text in field.get_subfields("a"):
            if text.startswith("(OCoLC)"):
                yield IdentifierKind.OCLC, OCLC_PREFIX.sub("", text.strip())


def _standard(indicator: str, source: str, text: str) -> IdentifierKind | None:
    if indicator in {"1", "3"}:
        return IdentifierKind.UPC if indicator == "1" else IdentifierKind.EAN
    if source == "doi" and text.startswith("10.5240/"):
        return IdentifierKind.EIDR
    known = {"eidr", "isan", "imdb", "wikidata"}
    return IdentifierKind(source) if indicator == "7" and source in known else None


def _control(record: Record, tag: str) -> str:
    return next((field.data or "" for field in record.get_fields(tag)), "")


def _joined(record: Record, tag: str, code: str) -> str:
    found = (text for field in record.get_fields(tag) for text in field.get_subfields(code))
    return " ".join(map(clean, found)).strip()


def _bare(text: str) -> str:
    """Return a text without the punctuation that divides a record's parts."""
    return clean(text).rstrip(" /:;,=.").strip()
