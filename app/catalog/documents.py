"""The document of a film: the same in a seed file, in the admin API's body and in the audit log.

A field that is not known is left out, never invented. Unknown fields are refused.
"""

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from app.accounts.customers import CustomerClass
from app.catalog import countries_languages, identifiers
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
from app.core.fields import Day, Flag, Whole
from app.core.text import TextConstraints

SECONDS = 60
_http_url = TypeAdapter(HttpUrl)


def _snake(value: object) -> object:
    """Let a reader write "World premiere" for ``world_premiere``."""
    return value.strip().lower().replace(" ", "_") if isinstance(value, str) else value


def _seconds(value: object) -> object:
    """Read "10:47" or "1:02:03" as seconds; leave a number to pydantic."""
    if not isinstance(value, str) or ":" not in value:
        return value
    parts = value.split(":")
    if not all(part.isdigit() for part in parts) or len(parts) > len("hms"):
        msg = f"{value!r} is not a length. Enter one such as 10:47."
        raise ValueError(msg)
    total = 0
    for part in parts:
        total = total * SECONDS + int(part)
    return total


def _url(value: str) -> str:
    """Check a web address and keep it as written: pydantic would add a slash to some."""
    _http_url.validate_python(value)
    return value


def unique(values: list[str]) -> list[str]:
    """Refuse a list that says something twice."""
    if len(set(values)) < len(values):
        msg = "Enter each item once."
        raise ValueError(msg)
    return values


def _youngest_first(values: list[GradeLevel]) -> list[GradeLevel]:
    return [level for level in GradeLevel if level in values]


def text(longest: int) -> TextConstraints:
    """Return the rule of a line of text: trimmed, not empty, without control characters."""
    return TextConstraints(
        strip_whitespace=True, min_length=1, max_length=longest, pattern=r"^[^\x00-\x1f\x7f]+$"
    )


SLUG_PATTERN = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
SLUG_LENGTH = 120
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, min_length=1, max_length=SLUG_LENGTH)]
Line = Annotated[str, text(200)]
Title = Annotated[str, text(300)]
Url = Annotated[str, text(2000), AfterValidator(_url), Field(json_schema_extra={"format": "uri"})]
Year = Annotated[int, Field(ge=1888, le=2100, strict=True)]
Length = Annotated[int, Field(ge=1, le=86400, strict=True), BeforeValidator(_seconds)]
Language = Annotated[
    str,
    StringConstraints(min_length=2, max_length=3),
    AfterValidator(countries_languages.language_code),
]
Country = Annotated[
    str,
    StringConstraints(min_length=2, max_length=2),
    AfterValidator(countries_languages.country_code),
]
Languages = Annotated[list[Language], AfterValidator(unique), Field(max_length=40)]
Territory = Annotated[
    list[Country],
    AfterValidator(unique),
    Field(max_length=250, description="ISO 3166-1 alpha-2 codes; empty means worldwide"),
]


GradeLevels = Annotated[
    list[GradeLevel], AfterValidator(unique), AfterValidator(_youngest_first), Field(max_length=5)
]


class Part(BaseModel):
    """Base of every part of a document: a misspelled field is an error, not a loss."""

    # A document is also an answer, and there every field is always present.
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )


class CaptionPart(Part):
    """A caption track."""

    language: Language
    kind: CaptionKind = CaptionKind.CC
    source: CaptionSource = CaptionSource.UNKNOWN


class VersionPart(Part):
    """A cut of the film."""

    label: Annotated[str, text(80)] = Field(examples=["Feature"])
    runtime_minutes: Whole = Field(ge=1, le=6000)
    spoken: Languages = []
    subtitles: Languages = []
    captions: Annotated[list[CaptionPart], Field(max_length=40)] = []
    audio_description: Flag = False

    @model_validator(mode="after")
    def _each_caption_once(self) -> Self:
        tracks = {(caption.language, caption.kind) for caption in self.captions}
        if len(tracks) < len(self.captions):
            msg = "Enter each language and type of captions once."
            raise ValueError(msg)
        return self


class CreditPart(Part):
    """A credit. The person is found or created by slug, which is derived from the name."""

    name: Line
    role: CreditRole
    sort_name: Line | None = Field(
        default=None, description="Family name first; derived from the name if left out"
    )
    person: Slug | None = Field(
        default=None, description="The person's slug, to distinguish people with the same name"
    )
    kind: PersonKind | None = Field(
        default=None,
        description="If left out, production companies and distributors are organizations",
    )
    note: Line | None = None


class TitlePart(Part):
    """An alternative title."""

    title: Title
    language: Language | None = None


class AccoladePart(Part):
    """A premiere, selection, or award."""

    event: Line
    year: Year | None = None
    kind: Annotated[AccoladeKind, BeforeValidator(_snake)] = AccoladeKind.SELECTION
    name: Line | None = Field(default=None, description="The name of the award")
    section: Line | None = None


class PressPart(Part):
    """Something published about the film. Facts only: a critic's sentences are not ours."""

    kind: PressKind
    title: Title | None = None
    by: Line | None = None
    outlet: Line | None = None
    url: Url | None = None
    published_on: Day | None = None
    length_seconds: Length | None = Field(
        default=None, validation_alias=AliasChoices("length_seconds", "length")
    )
    guest: Line | None = None
    guest_role: Line | None = None
    verdict: Annotated[str, text(60)] | None = None
    note: Annotated[str, text(300)] | None = None
    festival_section: Line | None = None

    @model_validator(mode="after")
    def _say_who_or_what(self) -> Self:
        if not (self.title or self.by or self.outlet):
            msg = "Enter a title, a name (by), or an outlet."
            raise ValueError(msg)
        return self


class RelatedPart(Part):
    """A related film: by slug if it is in the catalog, else by title."""

    slug: Slug | None = None
    title: Title | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.slug is None) == (self.title is None):
            msg = "Enter either a slug or a title."
            raise ValueError(msg)
        return self


class IdentifierPart(Part):
    """An identifier of the film. Its check digit is verified."""

    kind: IdentifierKind
    value: Annotated[str, text(60)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        # frozen: the written form replaces what was typed before anyone has seen it
        object.__setattr__(self, "value", identifiers.normalized(self.kind, self.value))
        return self


class AssetPart(Part):
    """A public file or page about the film."""

    kind: AssetKind
    title: Title
    url: Url
    language: Language | None = None


class WatchLinkPart(Part):
    """Where an individual can watch at home."""

    platform: Annotated[str, text(100)]
    kind: WatchKind
    territory: Territory = []
    url: Url
    checked_on: Day


class PartnerLinkPart(Part):
    """Where an institution can stream through a partner's platform."""

    platform: Annotated[str, text(100)]
    classes: Annotated[list[CustomerClass], AfterValidator(unique)] = Field(
        default=[], description="Institution types served; empty for all"
    )
    territory: Territory = []
    url: Url
    checked_on: Day


class FilmDocument(Part):
    """All editable details of a film."""

    slug: Slug = Field(examples=["the-red-soul"])
    title: Title = Field(examples=["The Red Soul"])
    sort_title: Title | None = Field(
        default=None, description="If left out, the title without its leading article"
    )
    original_title: Title | None = None
    alternative_titles: Annotated[list[TitlePart], Field(max_length=40)] = []
    tagline: Line | None = None
    # PostgreSQL keeps no NUL in a text.
    synopsis: Annotated[
        str, TextConstraints(strip_whitespace=True, max_length=8000, pattern=r"^[^\x00]*$")
    ] = ""
    production_year: Year | None = None
    release_year: Year
    copyright_year: Year | None = None
    countries: Annotated[list[Country], AfterValidator(unique), Field(max_length=40)] = []
    color: Color = Color.COLOR
    genre: Annotated[str, text(60)] = "Documentary"
    grade_levels: GradeLevels = Field(default=[], description="Grade levels; empty if unknown")
    status: FilmStatus = FilmStatus.DRAFT
    versions: Annotated[list[VersionPart], Field(max_length=40)] = Field(
        default=[], description="The first is the main one"
    )
    credits: Annotated[list[CreditPart], Field(max_length=500)] = []
    subjects: Annotated[list[Annotated[str, text(120)]], Field(max_length=60)] = []
    accolades: Annotated[list[AccoladePart], Field(max_length=300)] = []
    press: Annotated[list[PressPart], Field(max_length=300)] = []
    related: Annotated[list[RelatedPart], Field(max_length=60)] = []
    identifiers: Annotated[list[IdentifierPart], Field(max_length=60)] = []
    assets: Annotated[list[AssetPart], Field(max_length=300)] = []
    watch_links: Annotated[list[WatchLinkPart], Field(max_length=100)] = []
    partner_links: Annotated[list[PartnerLinkPart], Field(max_length=100)] = []
    poster: Annotated[
        dict[Annotated[str, text(40)], Annotated[str, text(200)]], Field(max_length=20)
    ] = Field(default={}, description="Hints for the generated poster")


class FilmPatch(FilmDocument):
    """Some fields of a film's document. Fields that are left out do not change."""

    # Only fields that are given are ever read, so these three stand for nothing. A factory keeps
    # them out of the schema.
    slug: Slug = Field(default_factory=str, examples=["the-red-soul"])
    title: Title = Field(default_factory=str, examples=["The Red Soul"])
    release_year: Year = Field(default_factory=int)
