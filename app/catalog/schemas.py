"""What the catalog API gives. What it takes is a film's document: see ``documents.py``."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.customers import CustomerClass
from app.catalog import countries_languages
from app.catalog.enums import (
    AccoladeKind,
    AssetKind,
    CaptionKind,
    CaptionSource,
    Color,
    CreditRole,
    FilmStatus,
    GradeLevel,
    IdentifierKind,
    PersonKind,
    PressKind,
    WatchKind,
)
from app.catalog.file_enums import DOCUMENTS, IMAGES
from app.catalog.file_schemas import ImageOut, PdfOut
from app.catalog.models import Collection, Film
from app.catalog.parts_models import Credit, PartnerLink, Version, WatchLink
from app.core.config import Settings

T = TypeVar("T", bound=BaseModel)


class Out(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(from_attributes=True)


class LanguageOut(Out):
    """A language."""

    code: str = Field(description="ISO 639-3", examples=["rus"])
    name: str = Field(examples=["Russian"])

    @classmethod
    def of(cls, code: str) -> "LanguageOut":
        """Name the language of a code."""
        return cls(code=code, name=countries_languages.language_name(code))


class CountryOut(Out):
    """A country."""

    code: str = Field(description="ISO 3166-1 alpha-2", examples=["NL"])
    name: str = Field(examples=["Netherlands"])

    @classmethod
    def of(cls, code: str) -> "CountryOut":
        """Name the country of a code."""
        return cls(code=code, name=countries_languages.country_name(code))


class GroupRefOut(Out):
    """A subject or a collection that a film belongs to."""

    slug: str = Field(description="Use this to filter films", examples=["russia"])
    name: str


class SubjectOut(GroupRefOut):
    """A subject, with how many films there are on it."""

    summary: str = Field(description="Description; empty if there is none")
    film_count: int


class CollectionOut(GroupRefOut):
    """A collection, with how many films it holds."""

    summary: str
    film_count: int


class FilmSummaryOut(Out):
    """A film in a list."""

    slug: str = Field(description="Stable public identifier", examples=["the-red-soul"])
    title: str
    original_title: str | None
    directors: list[str]
    tagline: str | None
    release_year: int
    runtime_minutes: int = Field(description="Of the main version")
    color: Color
    countries: list[CountryOut]
    spoken: list[LanguageOut] = Field(description="In the main version")
    subtitles: list[LanguageOut] = Field(description="Of the main version")
    subjects: list[GroupRefOut]

    @classmethod
    def of(cls, film: Film) -> "FilmSummaryOut":
        """Summarize a film that is loaded as cards need it."""
        return cls(**_summary(film))


class AlternativeTitleOut(Out):
    """An alternative title of the film."""

    title: str
    language: str | None = Field(description="ISO 639-3")


class CaptionOut(Out):
    """A caption track."""

    language: LanguageOut
    kind: CaptionKind = Field(description="`sdh` and `cc` also describe sounds")
    source: CaptionSource


class VersionOut(Out):
    """A cut of the film. Offers name the versions that they deliver."""

    label: str = Field(examples=["Feature"])
    runtime_minutes: int
    spoken: list[LanguageOut]
    subtitles: list[LanguageOut]
    captions: list[CaptionOut]
    audio_description: bool

    @classmethod
    def of(cls, version: Version) -> "VersionOut":
        """Describe a version that is loaded whole."""
        return cls(
            label=version.label,
            runtime_minutes=version.runtime_minutes,
            spoken=_languages(version.spoken),
            subtitles=_languages(version.subtitles),
            captions=[
                CaptionOut(language=LanguageOut.of(row.language), kind=row.kind, source=row.source)
                for row in version.captions
            ],
            audio_description=version.audio_description,
        )


class CreditOut(Out):
    """A credit, in display order."""

    person: str = Field(description="The person's slug", examples=["jessica-gorter"])
    name: str
    sort_name: str = Field(description="Family name first", examples=["Gorter, Jessica"])
    kind: PersonKind
    role: CreditRole
    note: str | None

    @classmethod
    def of(cls, credit: Credit) -> "CreditOut":
        """Describe a credit with its person."""
        return cls(
            person=credit.person.slug,
            name=credit.person.name,
            sort_name=credit.person.sort_name,
            kind=credit.person.kind,
            role=credit.role,
            note=credit.note,
        )


class AccoladeOut(Out):
    """A premiere, selection, or award."""

    event: str
    year: int | None
    kind: AccoladeKind
    name: str | None = Field(description="The name of the award")
    section: str | None


class PressOut(Out):
    """Something published about the film."""

    kind: PressKind
    title: str | None
    by: str | None = Field(description="Critic, reporter, or endorser")
    outlet: str | None
    url: str | None
    published_on: date | None
    length_seconds: int | None
    guest: str | None
    guest_role: str | None
    verdict: str | None
    note: str | None
    festival_section: str | None


class RelatedOut(Out):
    """A related film; without a slug it is not in this catalog."""

    slug: str | None
    title: str


class AssetOut(Out):
    """A public file or page about the film."""

    kind: AssetKind
    title: str
    url: str
    language: str | None = Field(description="ISO 639-3")


class IdentifierOut(Out):
    """An identifier of the film."""

    kind: IdentifierKind
    value: str
    checked: bool = Field(description="Whether it has a valid check digit")


class WatchLinkOut(Out):
    """Where an individual can watch at home. It carries no rights to show the film."""

    platform: str
    kind: WatchKind
    territory: list[str] = Field(description="ISO 3166-1 alpha-2; empty for worldwide")
    url: str
    checked_on: date = Field(description="When the link was last checked")

    @classmethod
    def of(cls, link: WatchLink) -> "WatchLinkOut":
        """Describe a watch link."""
        return cls.model_validate(link)


class PartnerLinkOut(Out):
    """Where an institution can stream the film through a partner's platform."""

    platform: str
    classes: list[CustomerClass] = Field(description="Institution types served; empty for all")
    territory: list[str] = Field(description="ISO 3166-1 alpha-2; empty for worldwide")
    url: str
    checked_on: date = Field(description="When the link was last checked")

    @classmethod
    def of(cls, link: PartnerLink) -> "PartnerLinkOut":
        """Describe a partner link."""
        return cls.model_validate(link)


class FilmOut(FilmSummaryOut):
    """A film with all its details."""

    sort_title: str = Field(description="The title without its leading article")
    alternative_titles: list[AlternativeTitleOut]
    synopsis: str
    production_year: int | None
    copyright_year: int | None
    genre: str
    grade_levels: list[GradeLevel] = Field(description="Grade levels, youngest first")
    versions: list[VersionOut] = Field(description="The main one first")
    credits: list[CreditOut]
    collections: list[GroupRefOut]
    accolades: list[AccoladeOut]
    press: list[PressOut]
    related: list[RelatedOut]
    assets: list[AssetOut]
    identifiers: list[IdentifierOut]
    images: list[ImageOut] = Field(description="Posters first, then stills")
    documents: list[PdfOut] = Field(description="Press kits and discussion guides (PDF)")
    watch_links: list[WatchLinkOut] = Field(description="Home-viewing links for individuals")
    partner_links: list[PartnerLinkOut] = Field(description="Partner platforms for institutions")
    updated_at: datetime

    @classmethod
    def whole(cls, film: Film, collections: Sequence[Collection], settings: Settings) -> "FilmOut":
        """Describe a film that is loaded whole. Related films that are not public are left out."""
        return cls(
            **_summary(film),
            sort_title=film.sort_title,
            alternative_titles=_all(AlternativeTitleOut, film.alternative_titles),
            synopsis=film.synopsis,
            production_year=film.production_year,
            copyright_year=film.copyright_year,
            genre=film.genre,
            grade_levels=[GradeLevel(level) for level in film.grade_levels],
            versions=[VersionOut.of(version) for version in film.versions],
            credits=[CreditOut.of(credit) for credit in film.credits],
            collections=_all(GroupRefOut, collections),
            accolades=_all(AccoladeOut, film.accolades),
            press=_all(PressOut, film.press),
            related=_related(film),
            assets=_all(AssetOut, film.assets),
            identifiers=_all(IdentifierOut, film.identifiers),
            images=[ImageOut.of(file, settings) for kind in IMAGES for file in film.files_of(kind)],
            documents=[
                PdfOut.of(file, settings) for kind in DOCUMENTS for file in film.files_of(kind)
            ],
            watch_links=[WatchLinkOut.of(link) for link in film.watch_links],
            partner_links=[PartnerLinkOut.of(link) for link in film.partner_links],
            updated_at=film.updated_at,
        )


class StaffFilmOut(FilmSummaryOut):
    """A film in the list of staff, of any status."""

    status: FilmStatus
    published_at: datetime | None
    updated_at: datetime

    @classmethod
    def of(cls, film: Film) -> "StaffFilmOut":
        """Summarize a film that is loaded as cards need it."""
        return cls(
            **_summary(film),
            status=film.status,
            published_at=film.published_at,
            updated_at=film.updated_at,
        )


def _all(kind: type[T], rows: Sequence[object]) -> list[T]:
    return [kind.model_validate(row) for row in rows]


def _languages(codes: Sequence[str]) -> list[LanguageOut]:
    return [LanguageOut.of(code) for code in codes]


def _related(film: Film) -> list[RelatedOut]:
    films = []
    for row in film.relations:
        other = row.related_film
        if other is None:
            films.append(RelatedOut(slug=None, title=row.title or ""))
        elif other.is_public:
            films.append(RelatedOut(slug=other.slug, title=other.title))
    return films


def _summary(film: Film) -> dict[str, Any]:
    return {
        "slug": film.slug,
        "title": film.title,
        "original_title": film.original_title,
        "directors": film.directors,
        "tagline": film.tagline,
        "release_year": film.release_year,
        "runtime_minutes": film.runtime_minutes,
        "color": film.color,
        "countries": [CountryOut.of(code) for code in film.countries],
        "spoken": _languages(film.spoken),
        "subtitles": _languages(film.subtitles),
        "subjects": _all(GroupRefOut, film.subjects),
    }
