"""People, subjects and collections as JSON-LD: schema.org's Person and CollectionPage."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from app.catalog.enums import CreditRole, PersonKind
from app.catalog.groups import PersonPage
from app.catalog.models import Film
from app.core.config import Settings
from app.discovery.addresses import film_url, person_url
from app.discovery.jsonld import PROPERTIES
from app.search.cards import FilmCard


def group_ld(
    name: str,
    summary: str,
    path: str,
    films: Sequence[FilmCard],
    settings: Settings,
) -> dict[str, Any]:
    """Return a subject's or a collection's page with the films that it shows, in their order."""
    url = settings.url(path)
    described = {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "@id": url,
        "url": url,
        "name": name,
        "description": summary,
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": len(films),
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": position,
                    "url": film_url(settings, film.slug),
                    "name": film.title,
                }
                for position, film in enumerate(films, start=1)
            ],
        },
    }
    return {key: value for key, value in described.items() if value != ""}


def person_ld(found: PersonPage, settings: Settings) -> dict[str, Any]:
    """Return a person, or a body, and each film with what they did for it."""
    person = found.person
    url = person_url(settings, person.slug)
    is_body = person.kind is PersonKind.ORGANIZATION
    # The films name the person, as their director and such; no property of a person names films.
    films = {
        name: [
            {"@type": "Movie", "@id": address, "url": address, "name": film.title}
            for film in group
            for address in [film_url(settings, film.slug)]
        ]
        for name, group in _by_property(found).items()
    }
    described = {
        "@context": "https://schema.org",
        "@type": "Organization" if is_body else "Person",
        "@id": url,
        "url": url,
        "name": person.name,
        "description": person.biography,
        "jobTitle": [] if is_body else [role.label for role, _ in found.films if _is_job(role)],
        "@reverse": films,
    }
    return {key: value for key, value in described.items() if value not in ("", [], {})}


def _by_property(found: PersonPage) -> dict[str, list[Film]]:
    """Return the films by what schema.org calls the person's part in them, each once."""
    listed: dict[str, dict[int, Film]] = defaultdict(dict)
    for role, group in found.films:
        listed[PROPERTIES[role]].update({film.id: film for film in group})
    return {name: list(films.values()) for name, films in listed.items()}


def _is_job(role: CreditRole) -> bool:
    none = {CreditRole.PARTICIPANT, CreditRole.PRODUCTION_COMPANY, CreditRole.DISTRIBUTOR}
    return role not in none
