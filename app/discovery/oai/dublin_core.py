"""A film in unqualified Dublin Core, the format that every harvester supports."""

from app.catalog.countries_languages import country_name
from app.catalog.enums import CreditRole
from app.catalog.models import Film
from app.core.config import Settings
from app.discovery import xml
from app.discovery.addresses import film_url

NAMESPACE = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
DC = "http://purl.org/dc/elements/1.1/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
# Dublin Core has creators and contributors.
MAKERS = frozenset({CreditRole.DIRECTOR})
PUBLISHERS = frozenset({CreditRole.PRODUCTION_COMPANY})


def empty_record() -> xml.Element:
    """Return an ``oai_dc`` document without elements."""
    document = xml.root(NAMESPACE, "dc", {"oai_dc": NAMESPACE, "dc": DC, "xsi": XSI})
    document.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    return document


def record(film: Film, settings: Settings, *, delivery: str = "") -> xml.Element:
    """Return the film as ``oai_dc``; ``delivery`` is the name of the delivery, if it has one."""
    document = empty_record()
    for name, text in [*_elements(film, settings), ("format", delivery)]:
        if text:
            xml.add(document, f"{{{DC}}}{name}", text)
    return document


def _elements(film: Film, settings: Settings) -> list[tuple[str, str]]:
    url = film_url(settings, film.slug)
    others = dict.fromkeys(
        credit.person.sort_name for credit in film.credits if credit.role not in MAKERS | PUBLISHERS
    )
    titles = dict.fromkeys(
        [film.title, film.original_title or "", *(row.title for row in film.alternative_titles)]
    )
    return [
        *(("title", title) for title in titles),
        *(("creator", credit.person.sort_name) for credit in film.credits if credit.role in MAKERS),
        *(("subject", subject.name) for subject in film.subjects),
        ("description", film.synopsis),
        *(("publisher", name) for name in film.names(CreditRole.PRODUCTION_COMPANY)),
        *(("contributor", name) for name in others),
        ("date", str(film.release_year)),
        # From the DCMI Type Vocabulary.
        ("type", "MovingImage"),
        ("type", film.genre),
        ("format", f"{film.runtime_minutes} min" if film.runtime_minutes else ""),
        ("identifier", url),
        *(("identifier", f"{row.kind.label}: {row.value}") for row in film.identifiers),
        *(("language", code) for code in film.spoken),
        *(("coverage", country_name(code)) for code in film.countries),
        ("rights", f"{settings.seller_name} licenses this film to institutions: {url}"),
    ]
