"""Writing the good lines of a file: whole films, a batch a transaction.

A batch is as long as the store can do without a second writer on SQLite. Whatever stops the work,
films are there whole or not at all, and the same file sent again does the rest.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog import bulk, queries, revisions, writing
from app.catalog.documents import FilmDocument
from app.catalog.kinds import FilmStatus
from app.catalog.records import document_of
from app.catalog.transfer.checking import batches
from app.catalog.transfer.lines import Json, Line, Outcome, Result
from app.catalog.transfer.planning import LineError, Plan, document_from, plan, problems_of
from app.catalog.transfer.scratch import Scratch
from app.core.errors import AppError, FieldProblem

log = logging.getLogger(__name__)
# A changed film takes many statements.
CHANGES = 40
TRIES = 3


@dataclass(frozen=True, slots=True)
class By:
    """Who imports, and how a film's history names the import."""

    actor: Actor
    reason: str = ""


def apply(
    sessions: sessionmaker[Session], lines: Iterable[Line], scratch: Scratch, *, by: By
) -> Iterator[Result]:
    """Write the lines that ``check`` found good, and yield what became of each.

    A film that another writer has changed since is judged anew. Lines that are related to films of
    later lines must be given to ``link`` afterwards.
    """
    for batch in batches(lines):
        outcomes = scratch.outcomes(line.number for line in batch)
        good = [line for line in batch if outcomes.get(line.number) is not Outcome.REFUSED]
        yield from _write(sessions, good, scratch, by)


def link(
    sessions: sessionmaker[Session], lines: Iterable[Line], scratch: Scratch, *, by: By
) -> Iterator[Result]:
    """Relate the films that ``apply`` left unlinked to those that came later in the file.

    Yields the lines that could not be, because a film has not come after all.
    """
    waiting = scratch.unlinked()
    if not waiting:
        return
    later = (line for line in lines if line.number in waiting)
    for batch in batches(later, CHANGES):
        results = _change(sessions, batch, scratch, by, is_last=True)
        yield from (result for result in results if result.outcome is Outcome.REFUSED)


def _write(
    sessions: sessionmaker[Session], lines: Sequence[Line], scratch: Scratch, by: By
) -> Iterator[Result]:
    """Write new films in one transaction, and then those that change, a few in each."""
    changing: list[Line] = []
    for each in _add(sessions, lines, scratch, by):
        result = each.result()
        if result.outcome is Outcome.CHANGED:
            changing.append(each.line)
        else:
            yield result
    for batch in batches(changing, CHANGES):
        yield from _change(sessions, batch, scratch, by, is_last=False)


def _add(
    sessions: sessionmaker[Session], lines: Sequence[Line], scratch: Scratch, by: By
) -> list[Plan]:
    """Add the new films among these lines, and return what all of them came to."""
    for _ in range(TRIES):
        try:
            with sessions.begin() as session:
                plans = plan(session, lines)
                _add_new(session, plans, scratch, by)
        except (IntegrityError, OperationalError) as error:
            # Another import brought the same film or person at this moment: look again.
            log.info("import.again", extra={"cause": str(error.orig)})
        else:
            return plans
    with sessions() as session:
        plans = plan(session, lines)
    for each in plans:
        if each.film_id is None and each.document is not None:
            _add_one(sessions, each, scratch, by)
    return plans


def _add_new(session: Session, plans: Sequence[Plan], scratch: Scratch, by: By) -> None:
    new = [each for each in plans if each.film_id is None and each.document is not None]
    here = {each.slug for each in new}
    documents: list[FilmDocument] = []
    for each in new:
        document = _without_missing(each, here, scratch)
        if document is not None:
            documents.append(document)
    if not documents:
        return
    slugs = {part.slug for document in documents for part in document.related if part.slug}
    related = bulk.film_ids(session, sorted(slugs - here))
    ids = bulk.add_films(session, documents, related=related, actor=by.actor, reason=by.reason)
    pairs = zip(ids, documents, strict=True)
    public = [film_id for film_id, film in pairs if film.status is FilmStatus.PUBLISHED]
    if public:
        revisions.bump(session, public)


def _add_one(sessions: sessionmaker[Session], each: Plan, scratch: Scratch, by: By) -> None:
    """Add one film by itself, so that what is wrong is told of the right line."""
    document = _without_missing(each, frozenset(), scratch)
    if document is None:
        return
    try:
        with sessions.begin() as session:
            writing.create_film(session, document, actor=by.actor)
    except AppError as error:
        each.problems += problems_of(error)


def _change(
    sessions: sessionmaker[Session],
    lines: Sequence[Line],
    scratch: Scratch,
    by: By,
    *,
    is_last: bool,
) -> list[Result]:
    """Change films, each for itself within one transaction."""
    problem = FieldProblem("#", "another writer stood in the way; import it again")
    for _ in range(TRIES):
        try:
            with sessions.begin() as session:
                plans = plan(session, lines)
                for each in plans:
                    if each.document is not None:
                        _change_one(session, each, scratch, by, is_last=is_last)
        except (IntegrityError, OperationalError) as error:
            log.info("import.again", extra={"cause": str(error.orig)})
        else:
            return [each.result() for each in plans]
    return [Result(line.number, "", "", Outcome.REFUSED, problems=(problem,)) for line in lines]


def _change_one(session: Session, each: Plan, scratch: Scratch, by: By, *, is_last: bool) -> None:
    try:
        with session.begin_nested():
            film = queries.film_for_staff(session, each.slug, for_change=True)
            # Read again under the lock: others may have written since.
            present: Json = document_of(film).model_dump(mode="json")
            document = document_from(each.line.onto(present) | {"slug": each.slug})
            if not is_last and each.missing:
                document = _unlinked(document, {slug for _, slug in each.missing})
                scratch.leave_unlinked(each.line.number)
            writing.replace_film(session, film, document, actor=by.actor, reason=by.reason)
    except AppError as error:
        each.problems += problems_of(error)
    except LineError as error:
        each.problems += error.problems


def _without_missing(each: Plan, here: Iterable[str], scratch: Scratch) -> FilmDocument | None:
    """Return the document without relations to films that are still to come in the file."""
    if each.document is None:
        return None
    missing = {slug for _, slug in each.missing} - set(here)
    if not missing:
        return each.document
    scratch.leave_unlinked(each.line.number)
    return _unlinked(each.document, missing)


def _unlinked(document: FilmDocument, missing: set[str]) -> FilmDocument:
    kept = [part for part in document.related if part.slug not in missing]
    return document.model_copy(update={"related": kept})
