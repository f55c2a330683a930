"""People, subjects and collections as JSON-LD: schema.org's Person and CollectionPage."""

from collections.abc import Sequence
from typing import Any

from app.catalog.groups import PersonPage
from app.catalog.kinds import CreditRole, PersonKind
from app.core.config import Settings
from app.discovery.addresses import film_url, person_url
from app.finding.cards import FilmCard


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
    """Return a person, or a body, with what they directed and what they worked on otherwise."""
    person = found.person
    url = person_url(settings, person.slug)
    is_body = person.kind is PersonKind.ORGANIZATION
    films = {film.id: film for _, group in found.films for film in group}
    described = {
        "@context": "https://schema.org",
        "@type": "Organization" if is_body else "Person",
        "@id": url,
        "url": url,
        "name": person.name,
        "description": person.biography,
        "jobTitle": [] if is_body else [role.label for role, _ in found.films if _is_job(role)],
        "subjectOf": [
            {"@type": "Movie", "name": film.title, "url": film_url(settings, film.slug)}
            for film in films.values()
        ],
    }
    return {key: value for key, value in described.items() if value not in ("", [])}


def _is_job(role: CreditRole) -> bool:
    none = {CreditRole.PARTICIPANT, CreditRole.PRODUCTION_COMPANY, CreditRole.DISTRIBUTOR}
    return role not in none
