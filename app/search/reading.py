"""Read what the film index holds from the database: a fixed number of queries a batch.

Most films share their countries, languages, and windows with many others. The database joins the
rows of each film to one text, and equal texts are parsed once.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, String, case, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from app.catalog.enums import CaptionKind, Color, CreditRole, FilmStatus, LanguageUse
from app.catalog.file_enums import FileKind
from app.catalog.models import Collection as FilmCollection
from app.catalog.models import CollectionFilm, Film, FilmCountry, FilmSubject, Subject
from app.catalog.parts_models import Caption, Credit, PartnerLink, Person, Version, VersionLanguage
from app.catalog.titles import slugify
from app.core.db import is_one_of
from app.media.serving import public_pictures
from app.search.cards import FilmCard
from app.search.facets import Access, Facet, LengthBand

T = TypeVar("T")
# Neither stands in a name or a code: these are what such characters are for.
COLUMN_SEPARATOR, ROW_SEPARATOR = "\x1f", "\x1e"


def aggregate_columns(*parts: Any) -> ColumnElement[str]:  # noqa: ANN401 - columns of any kind
    """Return the aggregate of these columns of all rows; None is empty. They stand in any order."""
    texts = [func.coalesce(cast(part, String), "") for part in parts]
    told: ColumnElement[str] = texts[0]
    for text in texts[1:]:
        told = told + COLUMN_SEPARATOR + text
    return func.aggregate_strings(told, ROW_SEPARATOR)


def split_rows(text: str) -> list[list[str]]:
    r"""Return the columns of each row that was gathered.

    >>> split_rows("0\x1fUS\x1e1\x1fFR")
    [['0', 'US'], ['1', 'FR']]
    """
    return [row.split(COLUMN_SEPARATOR) for row in text.split(ROW_SEPARATOR)] if text else []


def split_by_position(text: str) -> list[list[str]]:
    """Return the rows by the number in their first column, and without it."""
    return [row[1:] for row in sorted(split_rows(text), key=lambda row: int(row[0]))]


class MemoDict(dict[str, T], Generic[T]):
    """What each text means, made when it is first met."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        made = self[text] = self._make(text)
        return made


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


COLORS = {color.value: color for color in Color}
BATCH_SIZE = 500
# The rows of each film, in one text; the film's id comes first, and they are grouped by it.
COUNTRIES = select(
    FilmCountry.film_id, aggregate_columns(FilmCountry.position, FilmCountry.country)
)
SUBJECTS = select(
    FilmSubject.film_id, aggregate_columns(FilmSubject.position, FilmSubject.subject_id)
)
DIRECTORS = (
    select(Credit.film_id, aggregate_columns(Credit.position, Person.name))
    .join(Credit.person)
    .where(Credit.role == CreditRole.DIRECTOR)
)
VERSIONS = select(
    Version.film_id,
    aggregate_columns(
        Version.position, Version.runtime_minutes, case((Version.audio_description, "1"), else_="")
    ),
)
LANGUAGES = select(
    Version.film_id,
    aggregate_columns(
        Version.position, VersionLanguage.position, VersionLanguage.use, VersionLanguage.language
    ),
).join(VersionLanguage, Version.id == VersionLanguage.version_id)
CAPTIONS = select(Version.film_id, aggregate_columns(Caption.language, Caption.kind)).join(
    Caption, Version.id == Caption.version_id
)
PLATFORMS = select(
    PartnerLink.film_id, aggregate_columns(PartnerLink.position, PartnerLink.platform)
)
FILMS = select(
    Film.id, Film.slug, Film.title, Film.original_title, Film.tagline, Film.sort_key,
    Film.release_year, type_coerce(Film.color, String), Film.published_at,
).where(Film.status == FilmStatus.PUBLISHED).order_by(Film.id)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """All that the index needs of one film, but its words."""

    card: FilmCard
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class CollectionFilms:
    """A collection: its name, and its films in its order, by their ids."""

    slug: str
    name: str
    film_ids: tuple[int, ...]


def read_films(session: Session, film_ids: Collection[int] | None = None) -> Iterator[FilmFacts]:
    """Yield the published films by id: all, or those of ``film_ids``.

    They are read in portions, each in ten queries: memory for all of them at once would stay with
    the process.
    """
    traits = Traits(session)
    for portion in iterate_batches(session, film_ids):
        yield from _read_batch(session, portion, traits)


def iterate_batches(
    session: Session, film_ids: Collection[int] | None = None
) -> Iterator[Collection[int]]:
    """Yield the ids of the published films, some thousands at a time: all, or of ``film_ids``.

    Of all films a portion is a range, with ids of other films between: it is found faster.
    """
    wanted = select(Film.id).where(Film.status == FilmStatus.PUBLISHED).order_by(Film.id)
    if film_ids is not None:
        wanted = wanted.where(is_one_of(session, Film.id, film_ids))
    ids = session.scalars(wanted).all()
    for start in range(0, len(ids), BATCH_SIZE):
        part = ids[start : start + BATCH_SIZE]
        yield part if film_ids is not None else range(part[0], part[-1] + 1)


def _read_batch(session: Session, film_ids: Collection[int], traits: Traits) -> Iterator[FilmFacts]:
    def texts(statement: Select[int, str]) -> dict[int, str]:
        film_id = next(iter(statement.selected_columns))
        grouped = statement.where(is_one_of(session, film_id, film_ids)).group_by(film_id)
        return {key: text for key, text in session.connection().execute(grouped)}  # noqa: C416

    countries, subjects, directors = texts(COUNTRIES), texts(SUBJECTS), texts(DIRECTORS)
    versions, languages, captions = texts(VERSIONS), texts(LANGUAGES), texts(CAPTIONS)
    platforms = texts(PLATFORMS)
    posters = public_pictures(session, film_ids, FileKind.POSTER)
    stills = public_pictures(session, film_ids, FileKind.STILL)
    rows = session.connection().execute(FILMS.where(is_one_of(session, Film.id, film_ids)))
    for key, slug, title, original_title, tagline, sort_key, year, color, published_at in rows:
        codes, from_there = traits.countries[countries.get(key, "")]
        told, of_subjects = traits.subjects[subjects.get(key, "")]
        cuts = traits.version_traits(
            versions.get(key, ""), languages.get(key, ""), captions.get(key, "")
        )
        poster = posters.get(key)
        card = FilmCard(
            id=key,
            slug=slug,
            title=title,
            original_title=original_title,
            tagline=tagline,
            sort_key=sort_key,
            release_year=year,
            runtime_minutes=cuts.minutes,
            color=COLORS[color],
            published=int(published_at.timestamp()) if published_at else 0,
            countries=codes,
            spoken=cuts.spoken,
            subtitles=cuts.subtitles,
            directors=traits.directors[directors.get(key, "")],
            subjects=told,
            poster_file=poster,
            wide_file=stills.get(key, poster),
        )
        of_platforms = traits.platforms[platforms.get(key, "")]
        shared = (from_there, of_subjects, cuts.trait, traits.year(year, color), of_platforms)
        yield FilmFacts(card, shared)


def read_collections(session: Session) -> list[CollectionFilms]:
    """Return every collection with its films. Takes two queries."""
    held: dict[int, list[int]] = defaultdict(list)
    for collection_id, film_id in session.execute(
        select(CollectionFilm.collection_id, CollectionFilm.film_id).order_by(
            CollectionFilm.position
        )
    ):
        held[collection_id].append(film_id)
    rows = session.execute(
        select(FilmCollection.id, FilmCollection.slug, FilmCollection.name).order_by(
            FilmCollection.position, FilmCollection.id
        )
    )
    return [CollectionFilms(row.slug, row.name, tuple(held[row.id])) for row in rows]
