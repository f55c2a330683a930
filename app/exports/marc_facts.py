"""What a library record says of a film, in the words of a film's document."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pymarc import Field, Record

from app.catalog.enums import Color, CreditRole, IdentifierKind, PersonKind
from app.catalog.identifiers import OCLC_PREFIX
from app.catalog.titles import folded, sort_title
from app.core.errors import FieldProblem
from app.exports import codes, countries
from app.exports.codes import COLOR_CODES, RELATORS
from app.exports.texts import clean
from app.imports.lines import ImportLine, Json
from app.offers.states import Delivery

YEAR = re.compile(r"(?<!\d)(?:18[89]|19\d|20\d)\d(?!\d)")
HOURS = re.compile(r"(\d+)\s*(?:hr|hour|h)")
MINUTES = re.compile(r"(\d+)\s*min")
CLOCK = re.compile(r"(\d\d)(\d\d)\d\d")
MINUTES_AN_HOUR = 60
FIXED_LENGTH = 40
NO_LANGUAGE = frozenset(("und", "zxx", "mul", ""))
# How catalogers call what someone did, beside our own terms: words and MARC's relator codes.
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


def line_of(number: int, record: Record, organization: str) -> ImportLine:
    """Return what a record says of its film, and nothing of what it does not say."""
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


def _is_same_title(present: str, said: str) -> bool:
    """Return whether a record, which files titles without their article, has this one."""
    return _filed(present) == _filed(said)


def _has_titles(present: list[Json], said: list[Json]) -> bool:
    """Return whether a record's other titles are there; it does not say their languages."""
    return {_filed(each["title"]) for each in said} <= {_filed(each["title"]) for each in present}


def _has_credits(present: list[Json], said: list[Json]) -> bool:
    """Return whether a record's credits are there; it may leave some out."""
    there = {
        (_filed(name), CreditRole(each["role"]))
        for each in present
        # A name out of the statement of responsibility has no filed form.
        for name in (each["sort_name"], each["name"])
    }
    # Libraries have one word for every producer.
    there |= {
        (name, CreditRole.PRODUCER) for name, role in there if role is CreditRole.EXECUTIVE_PRODUCER
    }
    return {
        (_filed(str(each.get("sort_name") or each["name"])), each["role"]) for each in said
    } <= there


def _has_same_languages(present: list[str], said: list[str]) -> bool:
    """Return whether a record, whose codes are fewer, has these languages."""
    return [codes.language(code) for code in present] == said


def _has_same_countries(present: list[str], said: list[str]) -> bool:
    """Return whether a record, which calls some countries by one name, has these."""

    def names(listed: list[str]) -> list[str]:
        named = dict.fromkeys(map(countries.authorized_name, listed))
        return [name for name in named if countries.code_of(name)]

    return names(present) == names(said)


def _filed(text: str) -> str:
    return folded(sort_title(_bare(text)))


SAME: Mapping[str, Callable[[Any, Any], bool]] = {
    # Catalogers write "The red soul".
    "title": lambda present, said: folded(_bare(present)) == folded(said),
    "sort_title": _is_same_title,
    "original_title": _is_same_title,
    "alternative_titles": _has_titles,
    "synopsis": lambda present, said: clean(present) == said,
    "countries": _has_same_countries,
    "credits": _has_credits,
    "subjects": lambda present, said: set(map(_filed, said)) <= set(map(_filed, present)),
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
        written = _linked(record, field)
        proper = written if is_own and written else field
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
        if not is_own and (in_script := written or _unlinked(record)):
            found["original_title"] = _title_proper(in_script)[0]
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
    kept = {_filed(title): title for title in reversed(others) if title}
    if kept:
        found["alternative_titles"] = [{"title": title} for title in reversed(kept.values())]
    return found


def _title_proper(field: Field) -> tuple[str, list[str]]:
    """Return the title of field 245, and its parallel titles: they come after an equals sign."""
    titles: list[list[str]] = [[]]
    for part in map(clean, field.get_subfields("a", "n", "p", "b")):
        for place, text in enumerate(re.split(r"\s=(?:\s+|$)", part)):
            if place:
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
        said = "".join(field.get_subfields("a")[:1])
        hours, minutes = HOURS.search(said), MINUTES.search(said)
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
            if code := countries.code_of(name):
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
        _filed(name)
        for field in record.get_fields("260", "264")
        for name in field.get_subfields("b")
    }
    listed = [
        credit
        for field in record.get_fields("700", "710")
        for credit in _credit(field)
        # Who distributes this disc or file is no part of the film.
        if credit["role"] != CreditRole.DISTRIBUTOR or _filed(credit["name"]) not in sellers
    ]
    if not any(credit["role"] == CreditRole.DIRECTOR for credit in listed):
        for name in _directors(record):
            yield {"name": name, "role": CreditRole.DIRECTOR}
    yield from listed


def _credit(field: Field) -> Iterator[Json]:
    said = clean(" ".join(field.get_subfields("a")))
    filed = said.rstrip(" ,.")
    # The full stop of an initial, or of "Inc.", which a comma follows.
    if re.search(r"\b[A-Z]$", filed) or re.search(r"\.[ ,]+$", said):
        filed += "."
    roles = [folded(_bare(term)) for term in field.get_subfields("e", "4")]
    family, comma, given = filed.partition(", ")
    is_person = field.tag == "700"
    for role in dict.fromkeys(TERMS[term] for term in roles if term in TERMS):
        if filed:
            yield {
                "name": f"{given} {family}" if comma and is_person else filed,
                "sort_name": filed,
                "role": role,
                "kind": PersonKind.PERSON if is_person else PersonKind.ORGANIZATION,
            }


def _directors(record: Record) -> list[str]:
    """Return the directors whom the statement of responsibility names."""
    said = DIRECTED.search(_joined(record, "245", "c"))
    if said is None:
        return []
    names = re.split(r",\s*(?:and\s+)?|\s+and\s+|\s+&\s+", re.sub(r"\[.*?\]", "", said[1]))
    return [name for each in names if (name := _bare(each))]


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
