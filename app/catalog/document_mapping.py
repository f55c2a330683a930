"""Between a film's document and its rows: reading one from the other, and writing it back."""

from typing import Any

from sqlalchemy.orm import Session

from app.catalog import documents as doc
from app.catalog import identifiers
from app.catalog.enums import FilmStatus, LanguageUse
from app.catalog.models import Film, FilmCountry, FilmSubject, FilmTitle
from app.catalog.name_resolution import facts_of, people_of, subjects_of
from app.catalog.parts_models import (
    Accolade,
    Asset,
    Caption,
    Credit,
    Identifier,
    PartnerLink,
    PressItem,
    Version,
    VersionLanguage,
    WatchLink,
)
from app.catalog.titles import sort_key
from app.core import clock
from app.core.db import Base

PLAIN = (
    "title",
    "sort_title",
    "original_title",
    "tagline",
    "synopsis",
    "production_year",
    "release_year",
    "copyright_year",
    "color",
    "genre",
    "grade_levels",
    "status",
    "poster",
)
# The parts whose rows are their documents, field by field.
SIMPLE_PARTS: dict[str, tuple[type[Base], type[doc.Part]]] = {
    "alternative_titles": (FilmTitle, doc.TitlePart),
    "accolades": (Accolade, doc.AccoladePart),
    "press": (PressItem, doc.PressPart),
    "assets": (Asset, doc.AssetPart),
    "watch_links": (WatchLink, doc.WatchLinkPart),
    "partner_links": (PartnerLink, doc.PartnerLinkPart),
}
PARTS = ("country_rows", "versions", "credits", "subject_rows", "identifiers", *SIMPLE_PARTS)
"""The attributes of a film whose rows `fill` writes."""


def document_of(film: Film) -> doc.FilmDocument:
    """Return the document of a film that is loaded whole, with nothing left to be derived."""
    return doc.FilmDocument.model_validate(
        {name: getattr(film, name) for name in PLAIN}
        | {name: _parts(film, name) for name in SIMPLE_PARTS}
        | {
            "slug": film.slug,
            "countries": film.countries,
            "versions": [_version_part(version) for version in film.versions],
            "credits": [_credit_part(credit) for credit in film.credits],
            "subjects": [subject.name for subject in film.subjects],
            "related": [
                doc.RelatedPart(slug=row.related_film and row.related_film.slug, title=row.title)
                for row in film.relations
            ],
            "identifiers": [
                doc.IdentifierPart(kind=row.kind, value=row.value) for row in film.identifiers
            ],
        }
    )


def apply_document(session: Session, film: Film, document: doc.FilmDocument) -> None:
    """Bring the rows of ``film`` to a document with resolved names.

    Rows that already say it are left alone; relations to other films are not touched.
    """
    for name in PLAIN:
        setattr(film, name, getattr(document, name))
    film.sort_key = sort_key(film.sort_title)
    if film.status is FilmStatus.PUBLISHED and film.published_at is None:
        film.published_at = clock.now()
    _fill_versions(session, film, document)
    if film.countries != document.countries:
        _replace(
            session,
            film,
            "country_rows",
            [
                FilmCountry(country=country, position=position)
                for position, country in enumerate(document.countries)
            ],
        )
    if [_credit_part(credit) for credit in film.credits] != document.credits:
        people = people_of(session, facts_of(document.credits))
        _replace(
            session,
            film,
            "credits",
            [
                Credit(person=people[part.person or ""], role=part.role, note=part.note, position=i)
                for i, part in enumerate(document.credits)
            ],
        )
    if [subject.name for subject in film.subjects] != document.subjects:
        subjects = subjects_of(session, document.subjects)
        _replace(
            session,
            film,
            "subject_rows",
            [FilmSubject(subject=subject, position=i) for i, subject in enumerate(subjects)],
        )
    if [(row.kind, row.value) for row in film.identifiers] != [
        (part.kind, part.value) for part in document.identifiers
    ]:
        _replace(
            session,
            film,
            "identifiers",
            [
                Identifier(
                    kind=part.kind,
                    value=part.value,
                    checked=identifiers.has_check_digit(part.kind),
                    position=position,
                )
                for position, part in enumerate(document.identifiers)
            ],
        )
    for name, (row, _) in SIMPLE_PARTS.items():
        values = getattr(document, name)
        if _parts(film, name) != values:
            rows = [row(**part.model_dump(), position=i) for i, part in enumerate(values)]
            _replace(session, film, name, rows)


def _fill_versions(session: Session, film: Film, document: doc.FilmDocument) -> None:
    """Update versions in place by their labels, so that offers keep theirs."""
    by_label = {version.label: version for version in film.versions}
    wanted: list[Version] = []
    for position, part in enumerate(document.versions):
        version = by_label.get(part.label) or Version(label=part.label, languages=[], captions=[])
        version.position = position
        version.runtime_minutes = part.runtime_minutes
        version.audio_description = part.audio_description
        if (version.spoken, version.subtitles) != (part.spoken, part.subtitles):
            rows = [
                VersionLanguage(use=use, language=language, position=i)
                for use, languages in (
                    (LanguageUse.SPOKEN, part.spoken),
                    (LanguageUse.SUBTITLES, part.subtitles),
                )
                for i, language in enumerate(languages)
            ]
            _replace(session, version, "languages", rows)
        if _captions(version) != part.captions:
            captions = [
                Caption(**caption.model_dump(), position=i)
                for i, caption in enumerate(part.captions)
            ]
            _replace(session, version, "captions", captions)
        wanted.append(version)
    film.versions = wanted


def _replace(session: Session, owner: Film | Version, name: str, rows: list[Any]) -> None:
    """Put new rows in the place of old ones, which leave first: both may claim a unique value."""
    if getattr(owner, name):
        setattr(owner, name, [])
        session.flush()
    setattr(owner, name, rows)


def _parts(film: Film, name: str) -> list[doc.Part]:
    _, kind = SIMPLE_PARTS[name]
    return [
        kind.model_validate({field: getattr(row, field) for field in kind.model_fields})
        for row in getattr(film, name)
    ]


def _version_part(version: Version) -> doc.VersionPart:
    return doc.VersionPart(
        label=version.label,
        runtime_minutes=version.runtime_minutes,
        spoken=version.spoken,
        subtitles=version.subtitles,
        captions=_captions(version),
        audio_description=version.audio_description,
    )


def _captions(version: Version) -> list[doc.CaptionPart]:
    return [
        doc.CaptionPart(language=row.language, kind=row.kind, source=row.source)
        for row in version.captions
    ]


def _credit_part(credit: Credit) -> doc.CreditPart:
    return doc.CreditPart(
        name=credit.person.name,
        role=credit.role,
        sort_name=credit.person.sort_name,
        person=credit.person.slug,
        kind=credit.person.kind,
        note=credit.note,
    )
