"""Writes the accepted lines of a file: whole films, one transaction per batch.

On PostgreSQL two batches are written at the same time. If an import stops, each film is written as
a whole or not at all, and importing the same file again writes the rest.
"""

import logging
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog import film_service, public_revision, queries, search_index
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument
from app.catalog.models import Film
from app.catalog.name_resolution import FoundPeople, are_as_known, find_unchanged_people
from app.core.db import is_conflict, new_ids, reason_of
from app.core.errors import AppError, FieldProblem
from app.core.ordered_pool import WaitForPrevious, map_ordered
from app.imports import bulk_writes
from app.imports.dry_run import batches
from app.imports.film_documents import load_documents
from app.imports.formats import ImportSource
from app.imports.line_plans import LineError, LinePlan, document_from, plan_lines, problems_of
from app.imports.lines import ImportLine, Json, LineOutcome, LineResult
from app.imports.prepared_lines import PreparedLine, Spool
from app.imports.scratch_database import ScratchDatabase

log = logging.getLogger(__name__)
MAX_TRIES = 3
# Batches that are written at the same time on PostgreSQL; SQLite has one writer.
WRITER_THREADS = 2


class StaleError(Exception):
    """The catalog has changed since the lines were checked."""


@dataclass(frozen=True, slots=True)
class ImportActor:
    """The actor of an import, and the reason that the films' history gives."""

    actor: Actor
    reason: str = ""


def write_checked(
    sessions: sessionmaker[Session],
    source: ImportSource,
    spool: Spool,
    scratch: ScratchDatabase,
    *,
    by: ImportActor,
) -> Generator[LineResult]:
    """Write the lines in ``spool``, then retry and link the rest. Yield what became of each line.

    A result of a line can follow an earlier one, when a film that it is related to was not added.
    """
    results = chain(
        apply_lines(sessions, spool, scratch, by=by),
        retry_lines(sessions, source.lines(), scratch, by=by, is_final=False),
        retry_lines(sessions, source.lines(), scratch, by=by, is_final=True),
    )
    for result in results:
        scratch.record_line(result.number, result.slug, result.title, result.outcome)
        scratch.record_written(result.number)
        yield result


def apply_lines(
    sessions: sessionmaker[Session], spool: Spool, scratch: ScratchDatabase, *, by: ImportActor
) -> Iterator[LineResult]:
    """Write the lines in ``spool``, and yield the result of each.

    Lines of a batch that conflicts with another writer are marked in ``scratch`` for a retry; those
    with relations to films of later lines are marked as unlinked. ``retry_lines`` handles both.
    """
    with sessions() as session:
        threads = WRITER_THREADS if search_index.is_postgresql(session) else 1
    # IDs are reserved before batches are written concurrently, to keep the order of the file.
    numbered_batches = (
        (lines, _reserve_ids(sessions, lines) if threads > 1 else None)
        for lines in _accepted_batches(spool, scratch)
    )
    for (lines, _), unlinked in map_ordered(
        numbered_batches, partial(_commit_batch, sessions, by), threads
    ):
        if unlinked is None:
            scratch.mark_for_retry(line.number for line in lines)
            continue
        for number in unlinked:
            scratch.mark_unlinked(number)
        for line in lines:
            outcome = LineOutcome.CREATED if line.film_id is None else LineOutcome.CHANGED
            yield LineResult(line.number, line.document["slug"], line.document["title"], outcome)


def _accepted_batches(spool: Spool, scratch: ScratchDatabase) -> Iterator[list[PreparedLine]]:
    for batch in spool.batches():
        outcomes = scratch.outcomes(line.number for line in batch)
        yield [line for line in batch if outcomes[line.number] is not LineOutcome.REJECTED]


def _reserve_ids(sessions: sessionmaker[Session], lines: Sequence[PreparedLine]) -> list[int]:
    with sessions() as session:
        return new_ids(session, Film, sum(line.film_id is None for line in lines))


def _commit_batch(
    sessions: sessionmaker[Session],
    by: ImportActor,
    batch: tuple[Sequence[PreparedLine], Sequence[int] | None],
    turn: WaitForPrevious,
) -> list[int] | None:
    """Write lines in a transaction, and return the unlinked ones; None after a conflict."""
    lines, ids = batch
    try:
        with sessions.begin() as session:
            search_index.prepare_bulk_load(session)
            return _write(session, lines, by, ids=ids, turn=turn)
    except (StaleError, IntegrityError, OperationalError, TimeoutError) as error:
        # Another import added the same film or person, or staff changed one.
        log.info("import.retried", extra={"cause": str(error)})
        return None
    except Exception:
        # One line must not stop the others: the retry finds it by writing them one by one.
        log.exception("import.batch_failed")
        return None


def retry_lines(
    sessions: sessionmaker[Session],
    lines: Iterable[ImportLine],
    scratch: ScratchDatabase,
    *,
    by: ImportActor,
    is_final: bool,
) -> Iterator[LineResult]:
    """Check and write the lines marked for a retry; with ``is_final``, link the unlinked ones.

    A relation to a film that does not exist is then rejected, and only rejected lines are yielded.
    """
    numbers = scratch.unlinked_numbers() if is_final else scratch.retry_numbers()
    if not numbers:
        return
    for batch in batches(line for line in lines if line.number in numbers):
        for result in _retry_batch(sessions, batch, scratch, by, is_final=is_final):
            if not is_final or result.outcome is LineOutcome.REJECTED:
                yield result


def _write(
    session: Session,
    lines: Sequence[PreparedLine],
    by: ImportActor,
    *,
    ids: Sequence[int] | None = None,
    turn: WaitForPrevious | None = None,
) -> list[int]:
    """Write new and changed films without relations to missing films; return the unlinked lines.

    New films get these ``ids``. ``turn`` waits until the batch before is committed; with it, what
    the lines were checked against must be unchanged.

    Raises:
        StaleError: the catalog has changed since the check.
        TimeoutError: the batch before takes too long.
    """
    created_lines = [line for line in lines if line.film_id is None]
    changed_lines = [line for line in lines if line.film_id is not None]
    if turn and changed_lines:
        turn()
    new = dict(zip(ids or new_ids(session, Film, len(created_lines)), created_lines, strict=True))
    films = {film_id: line.as_new() for film_id, line in new.items()}
    people = find_unchanged_people(session, [line.document for line in lines]) if turn else None
    if films:
        bulk_writes.insert_films(session, films)
    if turn and people is not None:
        turn()
        _lock_unchanged(session, lines, people)
    film_ids = _find_related_ids(session, lines)
    film_ids |= {line.document["slug"]: film_id for film_id, line in new.items()}
    linked = {line.number: _drop_missing_relations(line.document, film_ids) for line in lines}
    if new:
        documents_by_id = {film_id: linked[line.number] for film_id, line in new.items()}
        bulk_writes.link_films(
            session,
            documents_by_id,
            known_people=people,
            related=film_ids,
            actor=by.actor,
            reason=by.reason,
        )
    changes = [line.as_change(linked[line.number]) for line in changed_lines]
    changes = [line for line in changes if line.document != line.present]
    if changes:
        bulk_writes.change_films(
            session, changes, related=film_ids, actor=by.actor, reason=by.reason
        )
    public = [film_id for film_id, film in films.items() if film.is_public]
    public_revision.bump_deferred(
        session, public + [line.film_id for line in changes if line.affects_public]
    )
    return [line.number for line in lines if linked[line.number] is not line.document]


def _lock_unchanged(session: Session, lines: Sequence[PreparedLine], people: FoundPeople) -> None:
    if not are_as_known(session, [line.document for line in lines], people):
        raise StaleError
    changed_lines = [line for line in lines if line.film_id is not None]
    ids = [line.film_id for line in changed_lines if line.film_id is not None]
    if not ids:
        return
    bulk_writes.lock_films(session, ids)
    documents_by_id = load_documents(session, ids)
    if any(documents_by_id[line.film_id or 0] != line.present for line in changed_lines):
        raise StaleError


def _find_related_ids(session: Session, lines: Sequence[PreparedLine]) -> dict[str, int]:
    slugs = {part["slug"] for line in lines for part in line.document["related"] if part["slug"]}
    new_slugs = {line.document["slug"] for line in lines if line.film_id is None}
    return bulk_writes.film_ids(session, sorted(slugs - new_slugs)) if slugs else {}


def _drop_missing_relations(document: Json, film_ids: Collection[str]) -> Json:
    """Return the document without relations to missing films; itself if none is missing."""
    related = [part for part in document["related"] if not part["slug"] or part["slug"] in film_ids]
    return (
        document if len(related) == len(document["related"]) else {**document, "related": related}
    )


def _retry_batch(
    sessions: sessionmaker[Session],
    lines: Sequence[ImportLine],
    scratch: ScratchDatabase,
    by: ImportActor,
    *,
    is_final: bool,
) -> list[LineResult]:
    """Check and write lines in one transaction, or one by one if that fails."""
    for _ in range(MAX_TRIES):
        try:
            with sessions.begin() as session:
                plans = _plan_locked(session, lines, is_final=is_final)
                if _has_repeats(plans):
                    break
                prepared = [_prepare_line(session, plan) for plan in plans]
                unlinked = _write(session, [plan for plan in prepared if plan is not None], by)
        except (StaleError, IntegrityError, OperationalError) as error:
            _raise_unless_conflict(error)
            log.info("import.retried", extra={"cause": str(error)})
        except Exception:
            log.exception("import.batch_failed")
            break
        else:
            for number in unlinked:
                scratch.mark_unlinked(number)
            return [plan.result() for plan in plans]
    return [_write_single(sessions, line, scratch, by, is_final=is_final) for line in lines]


def _has_repeats(plans: Sequence[LinePlan]) -> bool:
    """Return whether several lines are about one film, so that each must see the one before."""
    slugs = [plan.slug for plan in plans if plan.document is not None]
    return len(set(slugs)) < len(slugs)


def _plan_locked(
    session: Session, lines: Sequence[ImportLine], *, is_final: bool
) -> list[LinePlan]:
    """Plan lines, and lock the films that they change.

    Raises:
        StaleError: one of these films was just changed.
    """
    plans = plan_lines(session, lines)
    present = {plan.film_id: plan.present for plan in plans if plan.film_id is not None}
    if present:
        bulk_writes.lock_films(session, present)
        if load_documents(session, present) != present:
            raise StaleError
    if is_final:
        for plan in plans:
            plan.problems += (
                FieldProblem(f"#/related/{position}/slug", f"Film “{slug}” not found.")
                for position, slug in plan.missing_relations
            )
    return plans


def _prepare_line(session: Session, plan: LinePlan) -> PreparedLine | None:
    """Return a line ready to be written; None if it changes nothing."""
    if plan.document is None or plan.problems:
        return None
    document: Json = plan.document.model_dump(mode="json")
    if document == plan.present:
        return None
    entry = search_index.entry(document, search_index.is_postgresql(session))
    return PreparedLine(plan.line.number, plan.film_id, plan.present, document, entry)


def _write_single(
    sessions: sessionmaker[Session],
    line: ImportLine,
    scratch: ScratchDatabase,
    by: ImportActor,
    *,
    is_final: bool,
) -> LineResult:
    """Write one film in its own transaction, so that an error is reported on its line."""
    with sessions() as session:
        (plan,) = plan_lines(session, [line])
    if plan.document is None:
        return plan.result()
    try:
        with sessions.begin() as session:
            if plan.film_id is None:
                document = _without_relations(plan.document, plan.missing_relations)
                film_service.create_film(session, document, actor=by.actor, reason=by.reason)
            else:
                film = queries.film_for_staff(session, plan.slug, for_change=True)
                # Read again under the lock: it may have changed since.
                present: Json = document_of(film).model_dump(mode="json")
                document = document_from(line.apply_to(present) | {"slug": plan.slug})
                document = (
                    document if is_final else _without_relations(document, plan.missing_relations)
                )
                film_service.replace_film(session, film, document, actor=by.actor, reason=by.reason)
    except AppError as error:
        plan.problems += problems_of(error)
    except LineError as error:
        plan.problems += error.problems
    except (IntegrityError, OperationalError) as error:
        _raise_unless_conflict(error)
        log.info("import.rejected", extra={"cause": str(error.orig)})
        plan.problems.append(
            FieldProblem("#", "Another change interfered. Import this line again.")
        )
    except Exception as error:
        log.exception("import.line_failed", extra={"line": line.number})
        detail = "An error stopped this line, and nothing was written: "
        plan.problems.append(FieldProblem("#", detail + reason_of(error)))
    if plan.missing_relations and not plan.problems and not is_final:
        scratch.mark_unlinked(line.number)
    return plan.result()


def _raise_unless_conflict(error: Exception) -> None:
    """Stop the import if the database fails, for example on a full disk: every line would fail."""
    if isinstance(error, OperationalError) and not is_conflict(error):
        raise error


def _without_relations(document: FilmDocument, missing: Sequence[tuple[int, str]]) -> FilmDocument:
    """Return the document without relations to films of later lines."""
    missing_slugs = {slug for _, slug in missing}
    related = [part for part in document.related if part.slug not in missing_slugs]
    return document.model_copy(update={"related": related})
