"""HTTP endpoints of one collection, one subject, one person, for anyone."""

from fastapi import APIRouter
from pydantic import Field

from app.catalog import groups
from app.catalog.enums import CreditRole, PersonKind
from app.catalog.models import Film
from app.catalog.routes import SlugPath
from app.catalog.schemas import CollectionOut, Out, SubjectOut
from app.core.db import ReadSessionDep
from app.core.errors import MOVED, NotFoundError, responses
from app.core.public_reads import public_read

router = APIRouter(tags=["catalog"])


class FilmRefOut(Out):
    """A reference to a film. See `GET /films/{slug}` for details."""

    slug: str = Field(examples=["the-red-soul"])
    title: str
    release_year: int

    @classmethod
    def all_of(cls, films: list[Film]) -> "list[FilmRefOut]":
        """Name films, in their order."""
        return [cls.model_validate(film) for film in films]


class CollectionFilmsOut(CollectionOut):
    """A collection with its films in its order, which is that of "up next"."""

    films: list[FilmRefOut]


class PersonRoleOut(Out):
    """What someone did, and the films for which, the newest first."""

    role: CreditRole
    films: list[FilmRefOut]


class PersonOut(Out):
    """Someone, or some body, with a credit in a film."""

    slug: str = Field(examples=["jessica-gorter"])
    name: str
    sort_name: str = Field(description="Family name first", examples=["Gorter, Jessica"])
    kind: PersonKind
    biography: str = Field(description="Empty if there is none")
    roles: list[PersonRoleOut]


@router.get("/collections/{slug}", summary="Get a collection", responses=responses(NotFoundError))
@public_read()
def get_collection(session: ReadSessionDep, slug: SlugPath) -> CollectionFilmsOut:
    """Return a collection with its films in order."""
    collection = groups.collection_by_slug(session, slug)
    films = groups.collection_films(session, collection)
    return CollectionFilmsOut(
        slug=collection.slug,
        name=collection.name,
        summary=collection.summary,
        film_count=len(films),
        films=FilmRefOut.all_of(films),
    )


@router.get("/subjects/{slug}", summary="Get a subject", responses=MOVED | responses(NotFoundError))
@public_read()
def get_subject(session: ReadSessionDep, slug: SlugPath) -> SubjectOut:
    """Return a subject. Its films are `GET /films?subject={slug}`."""
    subject = groups.subject_by_slug(session, slug)
    count = groups.film_count(session, subject)
    return SubjectOut(
        slug=subject.slug, name=subject.name, summary=subject.summary, film_count=count
    )


@router.get("/people/{slug}", summary="Get a person", responses=MOVED | responses(NotFoundError))
@public_read()
def get_person(session: ReadSessionDep, slug: SlugPath) -> PersonOut:
    """Return a person credited in a published film, with films by role."""
    found = groups.person_by_slug(session, slug)
    person = found.person
    return PersonOut(
        slug=person.slug,
        name=person.name,
        sort_name=person.sort_name,
        kind=person.kind,
        biography=person.biography,
        roles=[
            PersonRoleOut(role=role, films=FilmRefOut.all_of(films)) for role, films in found.films
        ],
    )
