"""Reading from the database what the index holds of films: a fixed number of queries a portion."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, String, case, select, type_coerce
from sqlalchemy.orm import Session

from app.catalog.enums import Color, CreditRole, FilmStatus
from app.catalog.file_enums import FileKind
from app.catalog.models import Collection as FilmCollection
from app.catalog.models import CollectionFilm, Film, FilmCountry, FilmSubject
from app.catalog.parts_models import Caption, Credit, PartnerLink, Person, Version, VersionLanguage
from app.core.db import is_one_of
from app.media.serving import public_pictures
from app.search.cards import FilmCard
from app.search.row_aggregation import aggregate_columns
from app.search.traits import Trait, Traits

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
