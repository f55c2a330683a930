"""Reading from the database what the index holds of films: a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.catalog import search
from app.catalog.files.kinds import FileKind
from app.catalog.files.serving import public_pictures
from app.catalog.kinds import CaptionKind, CreditRole, FilmStatus, LanguageUse
from app.catalog.models import (
    Collection as FilmCollection,
)
from app.catalog.models import (
    CollectionFilm,
    Film,
    FilmCountry,
    FilmSubject,
    Subject,
)
from app.catalog.parts_models import Caption, Credit, PartnerLink, Person, Version, VersionLanguage
from app.catalog.titles import slugify
from app.finding.cards import FilmCard
from app.finding.text import Fields
from app.finding.values import Access, Facet, LengthBand

# Captions that say more than what is spoken.
DESCRIBING = frozenset((CaptionKind.CC, CaptionKind.SDH))
NO_WORDS: Fields = ((), (), (), ())
NOBODY: tuple[str, ...] = ()
PORTION = 500


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """All that the index needs of one film. ``platforms`` are slugs and names."""

    card: FilmCard
    values: dict[Facet, frozenset[str]]
    platforms: tuple[tuple[str, str], ...]
    fields: Fields


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection: its name, and its films in its order, by their ids."""

    slug: str
    name: str
    film_ids: tuple[int, ...]


def films(session: Session, film_ids: Collection[int] | None = None) -> Iterator[FilmFacts]:
    """Yield the published films by title: all, or those of ``film_ids``.

    They are read in portions, each in eleven queries: memory for all of them at once would stay
    with the process.
    """
    wanted = select(Film.id).where(Film.status == FilmStatus.PUBLISHED)
    if film_ids is not None:
        wanted = wanted.where(Film.id.in_(film_ids))
    ids = session.scalars(wanted.order_by(Film.sort_key, Film.id)).all()
    shared = _Shared()
    for start in range(0, len(ids), PORTION):
        yield from _portion(session, ids[start : start + PORTION], shared)


def _portion(session: Session, film_ids: Sequence[int], shared: "_Shared") -> Iterator[FilmFacts]:
    def grouped(statement: Select[*tuple[Any, ...]], column: Any) -> dict[int, list[Any]]:  # noqa: ANN401
        found: dict[int, list[Any]] = defaultdict(list)
        for film_id, *values in session.execute(statement.where(column.in_(film_ids))):
            found[film_id].append(values[0] if len(values) == 1 else values)
        return found

    countries = grouped(
        select(FilmCountry.film_id, FilmCountry.country).order_by(FilmCountry.position),
        FilmCountry.film_id,
    )
    subjects = grouped(
        select(FilmSubject.film_id, Subject.slug, Subject.name)
        .join(FilmSubject.subject)
        .order_by(FilmSubject.position),
        FilmSubject.film_id,
    )
    directors = grouped(
        select(Credit.film_id, Person.name)
        .join(Credit.person)
        .where(Credit.role == CreditRole.DIRECTOR)
        .order_by(Credit.position),
        Credit.film_id,
    )
    versions = grouped(
        select(
            Version.film_id, Version.id, Version.runtime_minutes, Version.audio_description
        ).order_by(Version.position),
        Version.film_id,
    )
    languages = grouped(
        select(
            Version.film_id, VersionLanguage.version_id, VersionLanguage.use,
            VersionLanguage.language,
        )
        .join(Version, Version.id == VersionLanguage.version_id)
        .order_by(VersionLanguage.position),
        Version.film_id,
    )  # fmt: skip
    captions = grouped(
        select(Version.film_id, Caption.language, Caption.kind).join(
            Version, Version.id == Caption.version_id
        ),
        Version.film_id,
    )
    platforms = grouped(
        select(PartnerLink.film_id, PartnerLink.platform).order_by(PartnerLink.position),
        PartnerLink.film_id,
    )
    posters = public_pictures(session, film_ids, FileKind.POSTER)
    stills = public_pictures(session, film_ids, FileKind.STILL)
    words = dict(search.indexed_words(session, film_ids))
    rows = select(
        Film.id, Film.slug, Film.title, Film.original_title, Film.tagline, Film.sort_key,
        Film.release_year, Film.color, Film.published_at,
    )  # fmt: skip
    for row in session.execute(rows.where(Film.id.in_(film_ids)).order_by(Film.sort_key, Film.id)):
        cuts = versions.get(row.id, [])
        main, minutes = (cuts[0][0], cuts[0][1]) if cuts else (0, 0)
        spoken = languages.get(row.id, [])
        described = captions.get(row.id, [])
        card = FilmCard(
            id=row.id,
            slug=row.slug,
            title=row.title,
            original_title=row.original_title,
            tagline=row.tagline,
            sort_key=row.sort_key,
            release_year=row.release_year,
            runtime_minutes=minutes,
            color=row.color,
            published=int(row.published_at.timestamp()) if row.published_at else 0,
            countries=shared(countries.get(row.id, NOBODY)),
            spoken=shared(
                code for cut, use, code in spoken if cut == main and use is LanguageUse.SPOKEN
            ),
            subtitles=shared(
                code for cut, use, code in spoken if cut == main and use is LanguageUse.SUBTITLES
            ),
            directors=shared(directors.get(row.id, NOBODY)),
            subjects=shared(map(tuple, subjects.get(row.id, ()))),
            poster_file=posters.get(row.id),
            wide_file=stills.get(row.id, posters.get(row.id)),
        )
        named = tuple((slugify(name), name) for name in platforms.get(row.id, ()))
        helps = (
            {Access.CAPTIONS.value} if any(kind in DESCRIBING for _, kind in described) else set()
        )
        if any(has_description for _, _, has_description in cuts):
            helps.add(Access.AUDIO_DESCRIPTION.value)
        yield FilmFacts(
            card,
            {
                Facet.SUBJECT: frozenset(slug for slug, _ in card.subjects),
                Facet.COUNTRY: frozenset(card.countries),
                Facet.LANGUAGE: frozenset(c for _, use, c in spoken if use is LanguageUse.SPOKEN),
                Facet.SUBTITLES: frozenset(
                    c for _, use, c in spoken if use is LanguageUse.SUBTITLES
                ),
                Facet.CAPTIONS: frozenset(code for code, _ in described),
                Facet.DECADE: frozenset((str(row.release_year // 10 * 10),)),
                Facet.LENGTH: frozenset((LengthBand.of(minutes).value,) if minutes else ()),
                Facet.COLOR: frozenset((row.color.value,)),
                Facet.ACCESS: frozenset(helps),
                Facet.PLATFORM: frozenset(slug for slug, _ in named if slug),
            },
            named,
            words.pop(row.id, NO_WORDS),  # type: ignore[arg-type]
        )


def shelves(session: Session) -> list[Shelf]:
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
    return [Shelf(row.slug, row.name, tuple(held[row.id])) for row in rows]


class _Shared:
    """Gives one tuple for all that are equal: most films share their countries and languages."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def __call__(self, values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any values
        made = tuple(values)
        return self._known.setdefault(made, made)
