"""Citations of a film: APA, Chicago, and MLA to copy; RIS, BibTeX, and CSL-JSON as files."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.countries_languages import country_name
from app.catalog.enums import CreditRole, IdentifierKind, PersonKind
from app.catalog.models import Film
from app.catalog.parts_models import Person
from app.core.config import Settings
from app.discovery.addresses import film_url

# Styles shorten lists of more names than the first number to the second.
MAX_APA_NAMES, SHORT_APA_NAMES = 20, 19
MAX_CHICAGO_NAMES, SHORT_CHICAGO_NAMES = 6, 3
MAX_MLA_NAMES = 2
CLOSING_MARKS = (".", "!", "?", "…")
# No `\{`: BibTeX counts escaped braces too.
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "_": r"\_",
        "%": r"\%",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a person or organization; ``given`` is empty without a given name."""

    family: str
    given: str = ""
    is_organization: bool = False

    @property
    def natural(self) -> str:
        """The name in natural order: ``Jessica Gorter``."""
        return f"{self.given} {self.family}".strip()

    @property
    def inverted(self) -> str:
        """The name in index order: ``Gorter, Jessica``."""
        return f"{self.family}, {self.given}" if self.given else self.family


@dataclass(frozen=True, slots=True)
class CitedFilm:
    """The facts of a citation; unknown facts are None or empty."""

    key: str
    title: str
    url: str
    year: int | None
    directors: tuple[Name, ...]
    publishers: tuple[str, ...]
    distributor: str
    original_title: str = ""
    runtime_minutes: int = 0
    genre: str = ""
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    synopsis: str = ""
    isbn: str = ""

    @property
    def publisher(self) -> str:
        """The production companies, or the distributor without any."""
        return "; ".join(self.publishers) or self.distributor


def name_of(person: Person) -> Name:
    """Return a person's name in its parts; only a sort name with a comma has two."""
    if person.kind is PersonKind.ORGANIZATION:
        return Name(person.name, is_organization=True)
    family, comma, given = person.sort_name.partition(", ")
    return Name(family, given) if comma else Name(person.name)


def cited_film(film: Film, settings: Settings) -> CitedFilm:
    """Return the facts of a film with all its relations loaded."""
    isbn = [row.value for row in film.identifiers if row.kind is IdentifierKind.ISBN]
    return CitedFilm(
        key=film.slug,
        title=film.title,
        url=film_url(settings, film.slug),
        year=film.release_year,
        directors=tuple(
            name_of(row.person) for row in film.credits if row.role is CreditRole.DIRECTOR
        ),
        publishers=tuple(film.names(CreditRole.PRODUCTION_COMPANY)),
        distributor=settings.seller_name,
        original_title=film.original_title or "",
        runtime_minutes=film.runtime_minutes,
        genre=film.genre,
        languages=tuple(film.spoken),
        countries=tuple(country_name(code) for code in film.countries),
        subjects=tuple(subject.name for subject in film.subjects),
        synopsis=film.synopsis,
        isbn=isbn[0] if isbn else "",
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a citation; titles are in italics."""

    text: str
    italic: bool = False


@dataclass(frozen=True, slots=True)
class StyledCitation:
    """A citation in one style."""

    style: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The citation without its italics."""
        return "".join(piece.text for piece in self.pieces)


def styled_citations(film: CitedFilm) -> list[StyledCitation]:
    """Return the film in each style, in alphabetical order."""
    return [apa(film), chicago(film), mla(film)]


def apa(film: CitedFilm) -> StyledCitation:
    """Return the citation in APA style (7th edition); without a director the title comes first."""
    year = f"({film.year or 'n.d.'})."
    title = Piece(film.title, italic=True)
    rest = f" {_with_period(film.publisher)}"
    if not film.directors:
        return StyledCitation("APA", (title, Piece(f" [Film]. {year}{rest}")))
    role = "Director" if len(film.directors) == 1 else "Directors"
    names = _apa_names([_apa_name(name) for name in film.directors])
    return StyledCitation(
        "APA", (Piece(f"{names} ({role}). {year} "), title, Piece(f" [Film].{rest}"))
    )


def mla(film: CitedFilm) -> StyledCitation:
    """Return the citation in MLA style (9th edition)."""
    names = [name.natural for name in film.directors]
    if len(names) > MAX_MLA_NAMES:
        by = f" Directed by {names[0]} et al.,"
    elif names:
        by = f" Directed by {' and '.join(names)},"
    else:
        by = ""
    made = ", ".join(part for part in (film.publisher, str(film.year or "")) if part)
    title = Piece(_with_period(film.title), italic=True)
    return StyledCitation("MLA", (title, Piece(f"{by} {_with_period(made)}")))


def chicago(film: CitedFilm) -> StyledCitation:
    """Return the bibliography entry in Chicago style (18th edition)."""
    pieces: list[Piece] = []
    if film.directors:
        role = "dir" if len(film.directors) == 1 else "dirs"
        pieces.append(Piece(f"{_chicago_names(film.directors)}, {role}. "))
    pieces.append(Piece(_with_period(film.title), italic=True))
    made = f" {film.publisher}, {film.year or 'n.d.'}"
    length = f" {film.runtime_minutes} min." if film.runtime_minutes else ""
    pieces.append(Piece(f"{_with_period(made)}{length}"))
    return StyledCitation("Chicago", tuple(pieces))


def _apa_name(name: Name) -> str:
    return f"{name.family}, {initials(name.given)}" if name.given else name.family


def _apa_names(names: Sequence[str]) -> str:
    if len(names) > MAX_APA_NAMES:
        return f"{', '.join(names[:SHORT_APA_NAMES])}, … {names[-1]}"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def _chicago_names(names: Sequence[Name]) -> str:
    if len(names) > MAX_CHICAGO_NAMES:
        shown = [names[0].inverted, *(name.natural for name in names[1:SHORT_CHICAGO_NAMES])]
        return f"{', '.join(shown)}, et al."
    shown = [names[0].inverted, *(name.natural for name in names[1:])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])}, and {shown[-1]}"


def _with_period(text: str) -> str:
    """Return ``text`` with a period, unless it ends with a punctuation mark."""
    return text if text.endswith(CLOSING_MARKS) else f"{text}."


def initials(given: str) -> str:
    """Return the initials of given names; hyphens and particles stay.

    >>> initials("Jean-Luc Marie"), initials("Kaj van"), initials("J.R.")
    ('J.-L. M.', 'K. van', 'J. R.')
    """
    words = given.replace(".", ". ").split()
    return " ".join(_initial(word) for word in words)


def _initial(word: str) -> str:
    if word.islower():
        return word
    parts = [part for part in re.split("[-\N{HYPHEN}]", word) if part]
    return "-".join(f"{part[0]}." for part in parts)


def ris(film: CitedFilm) -> str:
    """Return the citation as RIS: one tag a line, each with CRLF."""
    lines = [
        ("TY", "MPCT"),
        ("ID", film.key),
        ("TI", film.title),
        ("TT", film.original_title),
        *(("AU", name.inverted) for name in film.directors),
        ("PY", str(film.year or "")),
        ("PB", film.publisher),
        ("DP", film.distributor),
        ("CY", "; ".join(film.countries)),
        ("M3", film.genre),
        ("SP", f"{film.runtime_minutes} min" if film.runtime_minutes else ""),
        ("LA", "; ".join(film.languages)),
        ("SN", film.isbn),
        *(("KW", subject) for subject in film.subjects),
        ("AB", film.synopsis),
        ("UR", film.url),
    ]
    # A line break in a value would start another tag.
    fields = [f"{tag}  - {_one_line(value)}" for tag, value in lines if value]
    return "\r\n".join([*fields, "ER  - ", ""])


def bibtex(film: CitedFilm) -> str:
    """Return the citation as BibTeX ``@misc``, which every style supports."""
    authors = " and ".join(_latex_name(name) for name in film.directors)
    length = f", {film.runtime_minutes} min" if film.runtime_minutes else ""
    fields = [
        ("author", authors),
        # The second braces keep capital letters as they are.
        ("title", f"{{{_latex(film.title)}}}"),
        ("year", str(film.year or "")),
        ("howpublished", f"Film{length}"),
        ("publisher", _latex(film.publisher)),
        ("language", _latex(", ".join(film.languages))),
        ("isbn", _latex(film.isbn)),
        ("keywords", _latex(", ".join(film.subjects))),
        ("url", film.url),
    ]
    lines = [f"  {name} = {{{value}}}" for name, value in fields if value]
    return "@misc{" + ",\n".join([film.key, *lines]) + "\n}\n"


def csl_json(film: CitedFilm) -> str:
    """Return the citation as CSL-JSON: a list of one item."""
    people = [_csl_name(name) for name in film.directors]
    item: dict[str, Any] = {
        "id": film.key,
        "type": "motion_picture",
        "title": film.title,
        "original-title": film.original_title,
        # Styles before CSL 1.0.2 cite the author of a film, not its director.
        "author": people,
        "director": people,
        "issued": {"date-parts": [[film.year]]} if film.year else None,
        "publisher": film.publisher,
        "publisher-place": "; ".join(film.countries),
        "genre": film.genre,
        "medium": "Film",
        "dimensions": f"{film.runtime_minutes} min" if film.runtime_minutes else "",
        "language": film.languages[0] if film.languages else "",
        "keyword": ", ".join(film.subjects),
        "abstract": film.synopsis,
        "ISBN": film.isbn,
        "URL": film.url,
    }
    known = {name: value for name, value in item.items() if value}
    return json.dumps([known], ensure_ascii=False, indent=2) + "\n"


def _one_line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())


def _latex(text: str) -> str:
    return _one_line(text).translate(LATEX)


def _latex_name(name: Name) -> str:
    # Braces keep the name of an organization, or one with "and", in one part.
    if name.is_organization or not name.given:
        return f"{{{_latex(name.natural)}}}"
    return f"{_braced(name.family)}, {_braced(name.given)}"


def _braced(part: str) -> str:
    text = _latex(part)
    return f"{{{text}}}" if "," in part or " and " in f" {part} ".casefold() else text


def _csl_name(name: Name) -> dict[str, str]:
    if name.is_organization or not name.given:
        return {"literal": name.natural}
    return {"family": name.family, "given": name.given}
