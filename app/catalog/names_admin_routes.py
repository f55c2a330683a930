"""Staff endpoints of people and subjects: entries that many films share."""

from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.catalog import aliases, people, subjects
from app.catalog.documents import Slug
from app.catalog.enums import NamedKind, PersonKind
from app.catalog.errors import EntryInUseError, NameTakenError
from app.catalog.models import Subject
from app.catalog.parts_models import Person
from app.catalog.people import PersonIn, PersonPatch
from app.catalog.routes import SlugPath
from app.catalog.subjects import SubjectIn, SubjectPatch
from app.catalog.titles import slugify
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError, responses
from app.core.idempotency import IdempotencyDep
from app.core.pagination import Page, PageDep

router = APIRouter(
    prefix="/admin",
    tags=["staff: catalog"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Editor = Annotated[Actor, Depends(require_scopes(Scope.CATALOG_WRITE))]
NamePart = Annotated[str | None, Query(max_length=200, description="Part of the name or slug")]


class StaffPersonOut(BaseModel):
    """A person, for staff."""

    slug: str
    name: str
    sort_name: str
    kind: PersonKind
    biography: str
    also: list[str] = Field(description="Other slugs that lead to this person")

    @classmethod
    def of(cls, session: Session, person: Person) -> Self:
        """Return ``person`` in its API shape."""
        return cls(
            slug=person.slug,
            name=person.name,
            sort_name=person.sort_name,
            kind=person.kind,
            biography=person.biography,
            also=aliases.find_aliases(session, NamedKind.PERSON, person.slug),
        )


class StaffSubjectOut(BaseModel):
    """A subject, for staff."""

    slug: str
    name: str
    summary: str
    also: list[str] = Field(description="Other slugs that lead to this subject")

    @classmethod
    def of(cls, session: Session, subject: Subject) -> Self:
        """Return ``subject`` in its API shape."""
        return cls(
            slug=subject.slug,
            name=subject.name,
            summary=subject.summary,
            also=aliases.find_aliases(session, NamedKind.SUBJECT, subject.slug),
        )


class MergeIn(BaseModel):
    """The entry to merge into."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"into": "rivers"}]})

    into: Slug = Field(description="The slug of the entry to merge into")


@router.get("/people", summary="List people")
def list_people(
    session: ReadSessionDep, _editor: Editor, page: PageDep, q: NamePart = None
) -> Page[StaffPersonOut]:
    """List people and organizations, with or without credits, by slug."""
    statement = select(Person).order_by(Person.slug).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(Person.slug > str(keys[0]))
    if q and q.strip():
        statement = statement.where(Person.slug.contains(slugify(q) or "-", autoescape=True))
    rows = session.scalars(statement).all()
    people, cursor = page.cut(rows, lambda person: (person.slug,))
    return Page(items=[StaffPersonOut.of(session, person) for person in people], next=cursor)


@router.post(
    "/people",
    summary="Add a person",
    status_code=HTTPStatus.CREATED,
    responses=responses(NameTakenError),
)
def create_person(
    session: SessionDep, editor: Editor, idempotency: IdempotencyDep, draft: PersonIn
) -> StaffPersonOut:
    """Create a person without credits. Credits create their people automatically."""

    def work() -> StaffPersonOut:
        return StaffPersonOut.of(session, people.create_person(session, draft, actor=editor))

    return idempotency.run_once(session, StaffPersonOut, work)


@router.get("/people/{slug}", summary="Get a person's entry", responses=responses(NotFoundError))
def get_person_entry(session: ReadSessionDep, _editor: Editor, slug: SlugPath) -> StaffPersonOut:
    """Return a person, with or without credits."""
    return StaffPersonOut.of(session, people.get_person_by_slug(session, slug))


@router.patch("/people/{slug}", summary="Update a person", responses=responses(NotFoundError))
def change_person(
    session: SessionDep, editor: Editor, slug: SlugPath, patch: PersonPatch
) -> StaffPersonOut:
    """Update the given fields for all films. The slug stays; the former name still leads here."""
    return StaffPersonOut.of(session, people.change_person(session, slug, patch, actor=editor))


@router.delete(
    "/people/{slug}",
    summary="Remove a person",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError, EntryInUseError),
)
def delete_person(session: SessionDep, editor: Editor, slug: SlugPath) -> None:
    """Remove a person whom no film credits."""
    people.delete_person(session, slug, actor=editor)


@router.post(
    "/people/{slug}/merge",
    summary="Merge a person into another entry",
    responses=responses(NotFoundError),
)
def merge_person(
    session: SessionDep, editor: Editor, slug: SlugPath, merge: MergeIn
) -> StaffPersonOut:
    """Move all credits to another entry of the same person. Both names lead to that entry."""
    kept = people.merge_people(session, slug, merge.into, actor=editor)
    return StaffPersonOut.of(session, kept)


@router.get("/subjects", summary="List subjects for staff")
def list_staff_subjects(
    session: ReadSessionDep, _editor: Editor, page: PageDep, q: NamePart = None
) -> Page[StaffSubjectOut]:
    """List subjects, with or without films, by slug."""
    statement = select(Subject).order_by(Subject.slug).limit(page.limit + 1)
    if (keys := page.keys(1)) is not None:
        statement = statement.where(Subject.slug > str(keys[0]))
    if q and q.strip():
        statement = statement.where(Subject.slug.contains(slugify(q) or "-", autoescape=True))
    rows = session.scalars(statement).all()
    subjects, cursor = page.cut(rows, lambda subject: (subject.slug,))
    return Page(items=[StaffSubjectOut.of(session, one) for one in subjects], next=cursor)


@router.post(
    "/subjects",
    summary="Add a subject",
    status_code=HTTPStatus.CREATED,
    responses=responses(NameTakenError),
)
def create_subject(
    session: SessionDep, editor: Editor, idempotency: IdempotencyDep, draft: SubjectIn
) -> StaffSubjectOut:
    """Create a subject. Films create their subjects automatically."""

    def work() -> StaffSubjectOut:
        return StaffSubjectOut.of(session, subjects.create_subject(session, draft, actor=editor))

    return idempotency.run_once(session, StaffSubjectOut, work)


@router.patch(
    "/subjects/{slug}",
    summary="Update a subject",
    responses=responses(NotFoundError, NameTakenError),
)
def change_subject(
    session: SessionDep, editor: Editor, slug: SlugPath, patch: SubjectPatch
) -> StaffSubjectOut:
    """Update the given fields for all films. The slug stays; both names lead here."""
    return StaffSubjectOut.of(session, subjects.change_subject(session, slug, patch, actor=editor))


@router.delete(
    "/subjects/{slug}",
    summary="Remove a subject",
    status_code=HTTPStatus.NO_CONTENT,
    responses=responses(NotFoundError, EntryInUseError),
)
def delete_subject(session: SessionDep, editor: Editor, slug: SlugPath) -> None:
    """Remove a subject that no film uses."""
    subjects.delete_subject(session, slug, actor=editor)


@router.post(
    "/subjects/{slug}/merge",
    summary="Merge a subject into another",
    responses=responses(NotFoundError),
)
def merge_subject(
    session: SessionDep, editor: Editor, slug: SlugPath, merge: MergeIn
) -> StaffSubjectOut:
    """Move all films of this subject to another. Both names lead to that subject."""
    kept = subjects.merge_subjects(session, slug, merge.into, actor=editor)
    return StaffSubjectOut.of(session, kept)
