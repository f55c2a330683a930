"""Films, people, subjects, and collections as schema.org JSON-LD."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pycountry

from app.accounts.customers import CLASSES
from app.catalog.countries_languages import country_name
from app.catalog.enums import (
    AccoladeKind,
    CreditRole,
    GradeLevel,
    IdentifierKind,
    PersonKind,
    PressKind,
)
from app.catalog.groups import PersonPage
from app.catalog.models import Film
from app.catalog.parts_models import Accolade, Person, PressItem
from app.core.config import Settings
from app.discovery.addresses import film_url, person_url
from app.offers.licensing import LicensingAnswer, OfferAnswer
from app.offers.territories import WORLD
from app.search.cards import FilmCard

# "</script" would end the script element and "<!--" begin a comment. Older scripts read the last
# two characters as line ends.
UNSAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
SAME_AS = {
    IdentifierKind.IMDB: "https://www.imdb.com/title/{}/",
    IdentifierKind.WIKIDATA: "https://www.wikidata.org/entity/{}",
}
# The property of schema.org's Movie for each role.
PROPERTIES = {
    CreditRole.DIRECTOR: "director",
    CreditRole.WRITER: "author",
    CreditRole.PRODUCER: "producer",
    CreditRole.EXECUTIVE_PRODUCER: "producer",
    CreditRole.CINEMATOGRAPHER: "contributor",
    CreditRole.EDITOR: "editor",
    CreditRole.COMPOSER: "musicBy",
    CreditRole.SOUND: "contributor",
    CreditRole.NARRATOR: "actor",
    CreditRole.PARTICIPANT: "actor",
    CreditRole.PRODUCTION_COMPANY: "productionCompany",
    CreditRole.DISTRIBUTOR: "publisher",
}
WON = frozenset({AccoladeKind.AWARD, AccoladeKind.SPECIAL_MENTION})


def script_text(data: dict[str, Any]) -> str:
    r"""Return ``data`` as JSON that is safe inside a script element.

    >>> script_text({"name": "</script>"})
    '{"name": "\\u003c/script\\u003e"}'
    """
    return json.dumps(data, ensure_ascii=False).translate(UNSAFE)


def film_ld(
    film: Film, answer: LicensingAnswer, settings: Settings, *, image: str
) -> dict[str, Any]:
    """Return the film as schema.org's Movie; unknown facts are left out.

    All relations of the film must be loaded.
    """
    url = film_url(settings, film.slug)
    main = film.main_version
    identifiers = {row.kind: row.value for row in film.identifiers}
    movie = {
        "@context": "https://schema.org",
        "@type": "Movie",
        "@id": url,
        "url": url,
        "name": film.title,
        "alternateName": _other_titles(film),
        "description": film.synopsis,
        "image": image,
        **_credits(film, settings),
        "countryOfOrigin": [
            {"@type": "Country", "name": country_name(code)} for code in film.countries
        ],
        "inLanguage": [language_tag(code) for code in film.spoken],
        "subtitleLanguage": [language_tag(code) for code in film.subtitles],
        "duration": f"PT{film.runtime_minutes}M" if film.runtime_minutes else None,
        "datePublished": str(film.release_year),
        "dateCreated": str(film.production_year) if film.production_year else None,
        "copyrightYear": film.copyright_year,
        "genre": film.genre,
        "educationalLevel": [GradeLevel(level).label for level in film.grade_levels],
        "keywords": [subject.name for subject in film.subjects],
        "award": [_award(row) for row in film.accolades if row.kind in WON],
        "review": [
            _review(item)
            for item in film.press
            if item.kind is PressKind.REVIEW and (item.by or item.outlet)
        ],
        "accessibilityFeature": [
            *(["captions"] if main and main.captions else []),
            *(["audioDescription"] if main and main.audio_description else []),
        ],
        "titleEIDR": identifiers.get(IdentifierKind.EIDR),
        "identifier": [
            {"@type": "PropertyValue", "propertyID": row.kind.label, "value": row.value}
            for row in film.identifiers
        ],
        "sameAs": [
            SAME_AS[kind].format(identifiers[kind]) for kind in SAME_AS if kind in identifiers
        ],
        "offers": [_offer(offer, settings, url) for offer in answer.offers],
    }
    return {name: value for name, value in movie.items() if value not in (None, "", [])}


def language_tag(code: str) -> str:
    """Return the shortest BCP 47 tag of an ISO 639-3 code.

    >>> language_tag("rus"), language_tag("yue")
    ('ru', 'yue')
    """
    language = pycountry.languages.get(alpha_3=code)
    return str(getattr(language, "alpha_2", None) or code)


def _other_titles(film: Film) -> list[str]:
    titles = [film.original_title, *(row.title for row in film.alternative_titles)]
    return list(dict.fromkeys(title for title in titles if title and title != film.title))


def _credits(film: Film, settings: Settings) -> dict[str, list[dict[str, str]]]:
    """Return the credited people by property, each once per property."""
    properties: dict[str, dict[str, dict[str, str]]] = {}
    for row in film.credits:
        people = properties.setdefault(PROPERTIES[row.role], {})
        people.setdefault(row.person.slug, _person(row.person, settings))
    return {name: list(people.values()) for name, people in properties.items()}


def _person(person: Person, settings: Settings) -> dict[str, str]:
    kind = "Organization" if person.kind is PersonKind.ORGANIZATION else "Person"
    return {"@type": kind, "name": person.name, "url": person_url(settings, person.slug)}


def _award(accolade: Accolade) -> str:
    parts = [
        accolade.name or accolade.kind.label,
        accolade.event,
        str(accolade.year) if accolade.year else "",
    ]
    return ", ".join(part for part in parts if part)


def _review(item: PressItem) -> dict[str, Any]:
    """Return a review as schema.org's Review.

    Its author is the critic, or the outlet if the critic is unknown.
    """
    outlet = {"@type": "Organization", "name": item.outlet} if item.outlet else None
    review = {
        "@type": "Review",
        "name": item.title,
        "author": {"@type": "Person", "name": item.by} if item.by else outlet,
        "publisher": outlet,
        "datePublished": item.published_on.isoformat() if item.published_on else None,
        "description": item.verdict,
        "url": item.url,
    }
    return {name: value for name, value in review.items() if value is not None}


def _offer(answer: OfferAnswer, settings: Settings, url: str) -> dict[str, Any]:
    total = answer.price.total
    territory = answer.offer.sale_territory.codes()
    offer = {
        "@type": "Offer",
        "sku": answer.sku,
        "name": answer.title,
        "url": url,
        "price": str(total.decimal()),
        "priceCurrency": total.currency,
        "availability": "https://schema.org/InStock",
        "eligibleCustomerType": {
            "@type": "BusinessEntityType",
            "name": CLASSES[answer.buyer.customer_class].label,
        },
        "eligibleRegion": [
            {"@type": "Country", "name": code} for code in territory if territory != [WORLD]
        ],
        "seller": {"@type": "Organization", "name": settings.seller_name},
    }
    return {name: value for name, value in offer.items() if value != []}


def group_ld(
    name: str,
    summary: str,
    path: str,
    films: Sequence[FilmCard],
    settings: Settings,
) -> dict[str, Any]:
    """Return the page of a subject or a collection with its films in order."""
    url = settings.url(path)
    page = {
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
    return {key: value for key, value in page.items() if value != ""}


def person_ld(page: PersonPage, settings: Settings) -> dict[str, Any]:
    """Return a person or an organization with their films by role."""
    person = page.person
    url = person_url(settings, person.slug)
    is_organization = person.kind is PersonKind.ORGANIZATION
    # schema.org has no property from a person to films, so the reverse of a film's properties.
    films = {
        name: [
            {"@type": "Movie", "@id": address, "url": address, "name": film.title}
            for film in group
            for address in [film_url(settings, film.slug)]
        ]
        for name, group in _by_property(page).items()
    }
    document = {
        "@context": "https://schema.org",
        "@type": "Organization" if is_organization else "Person",
        "@id": url,
        "url": url,
        "name": person.name,
        "description": person.biography,
        "jobTitle": []
        if is_organization
        else [role.label for role, _ in page.films if _is_job(role)],
        "@reverse": films,
    }
    return {key: value for key, value in document.items() if value not in ("", [], {})}


def _by_property(page: PersonPage) -> dict[str, list[Film]]:
    """Return the films by schema.org property, each once per property."""
    by_property: dict[str, dict[int, Film]] = defaultdict(dict)
    for role, films in page.films:
        by_property[PROPERTIES[role]].update({film.id: film for film in films})
    return {name: list(films.values()) for name, films in by_property.items()}


def _is_job(role: CreditRole) -> bool:
    return role not in {
        CreditRole.PARTICIPANT,
        CreditRole.PRODUCTION_COMPANY,
        CreditRole.DISTRIBUTOR,
    }
