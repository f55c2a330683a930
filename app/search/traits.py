"""What films have in common, taken apart once for all that share it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.enums import CaptionKind, LanguageUse
from app.catalog.models import Subject
from app.catalog.titles import slugify
from app.search.facets import Access, Facet, LengthBand
from app.search.row_aggregation import MemoDict, split_by_position, split_rows

# Captions that say more than what is spoken.
DESCRIBING = frozenset((CaptionKind.CC.value, CaptionKind.SDH.value))
SPOKEN, SUBTITLES = LanguageUse.SPOKEN.value, LanguageUse.SUBTITLES.value
Codes = tuple[str, ...]
Named = tuple[tuple[str, str], ...]
"""Slugs and names."""


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """Values of some facets, which many films have together. It is known by identity."""

    values: Mapping[Facet, Collection[str]]
    labels: Mapping[tuple[Facet, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionTraits:
    """A film's versions: of the main one how long it is and what it speaks."""

    minutes: int
    spoken: Codes
    subtitles: Codes
    trait: Trait


class Traits:
    """What was met so far: one object for all that are equal. Texts are as they were gathered."""

    def __init__(self, session: Session) -> None:
        rows = session.execute(select(Subject.id, Subject.slug, Subject.name))
        self._subjects = {str(number): (slug, name) for number, slug, name in rows}
        self.countries = MemoDict(_parse_countries)
        self.subjects = MemoDict(self._parse_subjects)
        self.directors = MemoDict(lambda text: tuple(name for (name,) in split_by_position(text)))
        self.platforms = MemoDict(_parse_platforms)
        self._versions: dict[tuple[str, str, str], VersionTraits] = {}
        self._years: dict[tuple[int, str], Trait] = {}

    def version_traits(self, versions: str, languages: str, captions: str) -> VersionTraits:
        """Return what the versions of a film are, with their languages and captions."""
        key = versions, languages, captions
        found = self._versions.get(key)
        if found is None:
            found = self._versions[key] = _parse_versions(*key)
        return found

    def year(self, year: int, color: str) -> Trait:
        """Return what films of this year and color have in common."""
        found = self._years.get((year, color))
        if found is None:
            decade = str(year // 10 * 10)
            found = Trait({Facet.DECADE: (decade,), Facet.COLOR: (color,)})
            self._years[year, color] = found
        return found

    def _parse_subjects(self, text: str) -> tuple[Named, Trait]:
        found = tuple(self._subjects[number] for (number,) in split_by_position(text))
        return found, _named_trait(Facet.SUBJECT, found)


def _named_trait(facet: Facet, named: Named) -> Trait:
    labels = {(facet, slug): name for slug, name in named}
    return Trait({facet: tuple(slug for slug, _ in named)}, labels)


def _parse_countries(text: str) -> tuple[Codes, Trait]:
    codes = tuple(code for (code,) in split_by_position(text))
    return codes, Trait({Facet.COUNTRY: codes})


def _parse_platforms(text: str) -> Trait:
    names = dict.fromkeys(name for (name,) in split_by_position(text))
    return _named_trait(
        Facet.PLATFORM, tuple((slug, name) for name in names if (slug := slugify(name)))
    )


def _parse_versions(versions: str, languages: str, captions: str) -> VersionTraits:
    cuts = sorted((int(place), int(minutes), said) for place, minutes, said in split_rows(versions))
    main, minutes, _ = cuts[0] if cuts else (0, 0, "")
    used = sorted(
        (int(cut), int(place), use, code) for cut, place, use, code in split_rows(languages)
    )
    described = split_rows(captions)
    access = set()
    if any(kind in DESCRIBING for _, kind in described):
        access.add(Access.CAPTIONS.value)
    if any(said for _, _, said in cuts):
        access.add(Access.AUDIO_DESCRIPTION.value)
    return VersionTraits(
        minutes,
        tuple(code for cut, _, use, code in used if cut == main and use == SPOKEN),
        tuple(code for cut, _, use, code in used if cut == main and use == SUBTITLES),
        Trait(
            {
                Facet.LANGUAGE: {code for _, _, use, code in used if use == SPOKEN},
                Facet.SUBTITLES: {code for _, _, use, code in used if use == SUBTITLES},
                Facet.CAPTIONS: {code for code, _ in described},
                Facet.LENGTH: (LengthBand.of(minutes).value,) if minutes else (),
                Facet.ACCESS: access,
            }
        ),
    )
