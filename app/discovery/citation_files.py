"""A film cited for reference managers: RIS, BibTeX, CSL-JSON. Pure."""

import json
import re
from typing import Any

from app.discovery.citing import CitedFilm, Name

# No `\{`: BibTeX counts braces whatever stands before them.
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


def ris(film: CitedFilm) -> str:
    """Return it as RIS: one tag a line, CRLF at its end, as the format's description has it."""
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
    # A field is one line: what stands on several would be read as other tags.
    told = [f"{tag}  - {_one_line(value)}" for tag, value in lines if value]
    return "\r\n".join([*told, "ER  - ", ""])


def bibtex(film: CitedFilm) -> str:
    """Return it as BibTeX's ``@misc``, which every style knows, in UTF-8."""
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
    told = [f"  {name} = {{{value}}}" for name, value in fields if value]
    return "@misc{" + ",\n".join([film.key, *told]) + "\n}\n"


def csl_json(film: CitedFilm) -> str:
    """Return it as CSL-JSON: a list of one item."""
    people = [_csl_name(name) for name in film.directors]
    item: dict[str, Any] = {
        "id": film.key,
        "type": "motion_picture",
        "title": film.title,
        "original-title": film.original_title,
        # Styles of before CSL 1.0.2 know no director of a film but its author.
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
    told = {name: value for name, value in item.items() if value}
    return json.dumps([told], ensure_ascii=False, indent=2) + "\n"


def _one_line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())


def _latex(text: str) -> str:
    return _one_line(text).translate(LATEX)


def _latex_name(name: Name) -> str:
    # A body's name, and one with an "and" in it, would be taken apart without braces.
    if name.is_body or not name.given:
        return f"{{{_latex(name.straight)}}}"
    return f"{_braced(name.family)}, {_braced(name.given)}"


def _braced(part: str) -> str:
    told = _latex(part)
    return f"{{{told}}}" if "," in part or " and " in f" {part} ".casefold() else told


def _csl_name(name: Name) -> dict[str, str]:
    if name.is_body or not name.given:
        return {"literal": name.straight}
    return {"family": name.family, "given": name.given}
