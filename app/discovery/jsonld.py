"""A film as JSON-LD: schema.org's Movie, with the offers that the public may read."""

import json
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
from app.catalog.models import Film
from app.catalog.parts_models import Accolade, Person, PressItem
from app.core.config import Settings
from app.discovery.addresses import film_url, person_url
from app.offers.licensing import LicensingAnswer, OfferAnswer
from app.offers.territories import WORLD

# A script element ends at "</script", and a comment in it begins with "<!--", whatever the JSON
# means by them; the two line ends are none in HTML, but were in older scripts.
UNSAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
SAME_AS = {
    IdentifierKind.IMDB: "https://www.imdb.com/title/{}/",
    IdentifierKind.WIKIDATA: "https://www.wikidata.org/entity/{}",
}
# How schema.org's Movie calls what someone did.
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
    r"""Return ``data`` as JSON that may stand inside a script element as it is.

    >>> script_text({"name": "</script>"})
    '{"name": "\\u003c/script\\u003e"}'
    """
    return json.dumps(data, ensure_ascii=False).translate(UNSAFE)


def movie(film: Film, answer: LicensingAnswer, settings: Settings, *, image: str) -> dict[str, Any]:
    """Return the film, loaded whole, as schema.org's Movie; what is not known is left out."""
    url = film_url(settings, film.slug)
    main = film.main_version
    numbers = {row.kind: row.value for row in film.identifiers}
    described = {
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
        "award": [_award(won) for won in film.accolades if won.kind in WON],
        "review": [
            _review(item)
            for item in film.press
            if item.kind is PressKind.REVIEW and (item.by or item.outlet)
        ],
        "accessibilityFeature": [
            *(["captions"] if main and main.captions else []),
            *(["audioDescription"] if main and main.audio_description else []),
        ],
        "titleEIDR": numbers.get(IdentifierKind.EIDR),
        "identifier": [
            {"@type": "PropertyValue", "propertyID": row.kind.label, "value": row.value}
            for row in film.identifiers
        ],
        "sameAs": [SAME_AS[kind].format(numbers[kind]) for kind in SAME_AS if kind in numbers],
        "offers": [_offer(offered, settings, url) for offered in answer.offers],
    }
    return {name: value for name, value in described.items() if value not in (None, "", [])}


def language_tag(code: str) -> str:
    """Return the BCP 47 tag of an ISO 639-3 code: the shortest there is.

    >>> language_tag("rus"), language_tag("yue")
    ('ru', 'yue')
    """
    found = pycountry.languages.get(alpha_3=code)
    return str(getattr(found, "alpha_2", None) or code)


def _other_titles(film: Film) -> list[str]:
    given = [film.original_title, *(row.title for row in film.alternative_titles)]
    kept = dict.fromkeys(title for title in given if title and title != film.title)
    return list(kept)


def _credits(film: Film, settings: Settings) -> dict[str, list[dict[str, str]]]:
    """Return everyone in the credits, once under each property that says what they did."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in film.credits:
        named = found.setdefault(PROPERTIES[row.role], {})
        named.setdefault(row.person.slug, _person(row.person, settings))
    return {name: list(named.values()) for name, named in found.items()}


def _person(person: Person, settings: Settings) -> dict[str, str]:
    kind = "Organization" if person.kind is PersonKind.ORGANIZATION else "Person"
    return {"@type": kind, "name": person.name, "url": person_url(settings, person.slug)}


def _award(won: Accolade) -> str:
    parts = [won.name or won.kind.label, won.event, str(won.year) if won.year else ""]
    return ", ".join(part for part in parts if part)


def _review(item: PressItem) -> dict[str, Any]:
    """Return who reviewed it, where and when; a verdict is a word or two, never a sentence.

    A review has an author: the critic, or else where it was published.
    """
    outlet = {"@type": "Organization", "name": item.outlet} if item.outlet else None
    described = {
        "@type": "Review",
        "name": item.title,
        "author": {"@type": "Person", "name": item.by} if item.by else outlet,
        "publisher": outlet,
        "datePublished": item.published_on.isoformat() if item.published_on else None,
        "description": item.verdict,
        "url": item.url,
    }
    return {name: value for name, value in described.items() if value is not None}


def _offer(offered: OfferAnswer, settings: Settings, url: str) -> dict[str, Any]:
    total = offered.price.total
    territory = offered.offer.sale_territory.codes()
    described = {
        "@type": "Offer",
        "sku": offered.sku,
        "name": offered.title,
        "url": url,
        "price": str(total.decimal()),
        "priceCurrency": total.currency,
        "availability": "https://schema.org/InStock",
        "eligibleCustomerType": {
            "@type": "BusinessEntityType",
            "name": CLASSES[offered.buyer.customer_class].label,
        },
        "eligibleRegion": [
            {"@type": "Country", "name": code} for code in territory if territory != [WORLD]
        ],
        "seller": {"@type": "Organization", "name": settings.seller_name},
    }
    return {name: value for name, value in described.items() if value != []}
