"""The rules for a film's document, from any source. Pure.

`documents.py` has the rules of the form; here are those that need to know the rest of the catalog,
which the caller looks up: for one film, or for a thousand at once.
"""

from collections.abc import Container, Mapping

from app.catalog.documents import FilmDocument
from app.catalog.enums import FilmStatus, IdentifierKind
from app.catalog.errors import FilmConflictError
from app.core.errors import FieldProblem, InvalidInputError

Number = tuple[IdentifierKind, str]
"""An identifier in its standard's written form."""


def check_publishable(document: FilmDocument) -> None:
    """Refuse to publish what a buyer could not judge.

    Raises:
        InvalidInputError: names each thing that a published film needs and this one lacks.
    """
    if document.status is not FilmStatus.PUBLISHED:
        return
    lacking = []
    if not document.synopsis:
        lacking.append(FieldProblem("#/synopsis", "Enter a synopsis. A published film needs one."))
    if not document.versions:
        lacking.append(FieldProblem("#/versions", "Add a version. A published film needs one."))
    if not document.credits:
        lacking.append(
            FieldProblem("#/credits", ("Add a credit. A published film needs at least one."))
        )
    if lacking:
        raise InvalidInputError.of(*lacking)


def check_identifiers(document: FilmDocument, owners: Mapping[Number, str]) -> None:
    """Refuse the identifiers of other films; ``owners`` are the slugs of those who have them.

    Raises:
        FilmConflictError: names each identifier and whose it is.
    """
    problems = [
        FieldProblem(f"#/identifiers/{index}/value", f"This {part.kind.label} belongs to {owner}.")
        for index, part in enumerate(document.identifiers)
        if (owner := owners.get((part.kind, part.value), document.slug)) != document.slug
    ]
    if problems:
        detail = "Each identifier belongs to one film only."
        raise FilmConflictError(detail, errors=problems)


def check_relations(document: FilmDocument, known: Container[str]) -> None:
    """Refuse relations to films that are not there, to the film itself, and the same one twice.

    Raises:
        InvalidInputError: names each relation that cannot be.
    """
    if not document.related:
        return
    problems = []
    seen = set()
    for index, part in enumerate(document.related):
        if part.slug is None:
            continue
        if part.slug == document.slug:
            detail = "Choose another film. A film can't be related to itself."
            problems.append(FieldProblem(f"#/related/{index}/slug", detail))
        elif part.slug not in known:
            problems.append(
                FieldProblem(f"#/related/{index}/slug", (f"Film “{part.slug}” not found."))
            )
        if part.slug in seen:
            problems.append(FieldProblem("#/related", "Enter each film once."))
        seen.add(part.slug)
    if problems:
        raise InvalidInputError.of(*problems)
