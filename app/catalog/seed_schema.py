"""The seed files: one film a file, collections and people in a file each. See docs/catalog.md."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.catalog.documents import FilmDocument, Line, Slug
from app.catalog.enums import FilmStatus, PersonKind
from app.core.text import TextConstraints

T = TypeVar("T")
# The same safe loader, ten times as fast where the C library is there.
Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SeedError(ValueError):
    """A seed file cannot be read: names the file, and each field with what is wrong with it."""


class FilmSeed(FilmDocument):
    """A file of ``seeds/films``: a film's document, published unless it says otherwise."""

    status: FilmStatus = FilmStatus.PUBLISHED


class CollectionSeed(BaseModel):
    """An entry of ``seeds/collections.yaml``; its films are in the order of "up next"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: Slug
    name: Line
    summary: Annotated[str, TextConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    films: Annotated[list[Slug], Field(max_length=2000)]


class SubjectSeed(BaseModel):
    """An entry of ``seeds/subjects.yaml``: what a subject is about. Films bring the subjects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, TextConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    summary: Annotated[str, TextConstraints(strip_whitespace=True, max_length=2000)]


class PersonSeed(BaseModel):
    """An entry of ``seeds/people.yaml``: what a credit cannot say of a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: Slug
    name: Line
    sort_name: Line
    kind: PersonKind = PersonKind.PERSON
    biography: Annotated[str, TextConstraints(strip_whitespace=True, max_length=4000)] = ""


def read(path: Path, kind: type[T]) -> T:
    """Read a YAML file as ``kind``.

    Raises:
        SeedError: it is not YAML, or not what ``kind`` asks for.
    """
    try:
        return TypeAdapter(kind).validate_python(
            yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - a safe one
        )
    except yaml.YAMLError as error:
        msg = f"{path.name}: not YAML: {error}"
        raise SeedError(msg) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(step) for step in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        msg = f"{path.name}: {problems}"
        raise SeedError(msg) from error


def films(folder: Path) -> Iterator[FilmSeed]:
    """Read the films of a seed folder in the order of their file names.

    Raises:
        SeedError: a file cannot be read, or is not named after its film's slug.
    """
    for path in sorted((folder / "films").glob("*.yaml")):
        film = read(path, FilmSeed)
        if film.slug != path.stem:
            msg = f"{path.name}: its slug is {film.slug!r}; name the file {film.slug}.yaml"
            raise SeedError(msg)
        yield film


def collections(folder: Path) -> list[CollectionSeed]:
    """Read ``collections.yaml``; none if there is no such file."""
    path = folder / "collections.yaml"
    return read(path, list[CollectionSeed]) if path.exists() else []


def subjects(folder: Path) -> list[SubjectSeed]:
    """Read ``subjects.yaml``; none if there is no such file."""
    path = folder / "subjects.yaml"
    return read(path, list[SubjectSeed]) if path.exists() else []


def people(folder: Path) -> list[PersonSeed]:
    """Read ``people.yaml``; none if there is no such file."""
    path = folder / "people.yaml"
    return read(path, list[PersonSeed]) if path.exists() else []
