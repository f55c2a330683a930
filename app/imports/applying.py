"""Writing the good lines of a file: whole films, a batch a transaction.

A batch is as long as the store can do without a second writer on SQLite. On PostgreSQL the next one
is begun meanwhile. Whatever stops the work, films are there whole or not at all, and the same file
sent again does the rest.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog import film_service, queries, revisions, search_index
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument
from app.catalog.models import Film
from app.catalog.name_resolution import FoundPeople, are_as_known, find_unchanged_people
from app.core.db import is_conflict, new_ids, reason_of
from app.core.errors import AppError, FieldProblem
from app.core.ordered_pool import WaitForPrevious, map_ordered
from app.imports import bulk, bulk_changes
from app.imports.checking import batches
from app.imports.lines import ImportLine, Json, LineOutcome, LineResult
from app.imports.planning import LineError, LinePlan, document_from, plan_lines, problems_of
from app.imports.reading import documents
from app.imports.scratch import Scratch
from app.imports.spool import PreparedLine, Spool

log = logging.getLogger(__name__)
TRIES = 3
# Batches that are written at the same time on PostgreSQL; SQLite has one writer.
WRITER_THREADS = 2


class StaleError(Exception):
    """The catalog is not what it was when the lines were checked."""


@dataclass(frozen=True, slots=True)
class ImportActor:
    """Who imports, and how a film's history names the import."""

    actor: Actor
    reason: str = ""


def apply(
    sessions: sessionmaker[Session], spool: Spool, scratch: Scratch, *, by: ImportActor
) -> Iterator[LineResult]:
    """Write what ``check`` found good, and yield what became of each line.

    Lines of a batch about which another writer has changed something since are noted in ``scratch``
    to be checked again. Those that are related to films of later lines are noted to be linked.
    ``retry_lines`` does both afterwards.
    """
    with sessions() as session:
        lanes = WRITER_THREADS if search_index.is_postgresql(session) else 1
    # Numbered before they are written side by side, or they would not be in the file's order.
    kept = (
        (good, _ids(sessions, good) if lanes > 1 else None)
        for good in _good_batches(spool, scratch)
    )
    for (good, _), unlinked in map_ordered(kept, partial(_committed, sessions, by), lanes):
        if unlinked is None:
            scratch.mark_for_retry(each.number for each in good)
            continue
        for number in unlinked:
            scratch.mark_unlinked(number)
        for each in good:
            outcome = LineOutcome.CREATED if each.film_id is None else LineOutcome.CHANGED
            yield LineResult(each.number, each.document["slug"], each.document["title"], outcome)


def _good_batches(spool: Spool, scratch: Scratch) -> Iterator[list[PreparedLine]]:
    for kept in spool.batches():
        outcomes = scratch.outcomes(each.number for each in kept)
        yield [each for each in kept if outcomes[each.number] is not LineOutcome.REJECTED]


def _ids(sessions: sessionmaker[Session], good: Sequence[PreparedLine]) -> list[int]:
    with sessions() as session:
        return new_ids(session, Film, sum(each.film_id is None for each in good))


def _committed(
    sessions: sessionmaker[Session],
    by: ImportActor,
    given: tuple[Sequence[PreparedLine], Sequence[int] | None],
    turn: WaitForPrevious,
) -> list[int] | None:
    """Write lines in a transaction; None if another writer stood in the way."""
    good, ids = given
    try:
        with sessions.begin() as session:
            search_index.prepare_bulk_load(session)
            return _write(session, good, by, ids=ids, turn=turn)
    except (StaleError, IntegrityError, OperationalError, TimeoutError) as error:
        # Another import brought the same film or person at this moment, or staff changed one.
        log.info("import.again", extra={"cause": str(error)})
        return None
    except Exception:
        # One line must not stop the others: judged one by one, the import finds out which it is.
        log.exception("import.batch_failed")
        return None


def retry_lines(
    sessions: sessionmaker[Session],
    lines: Iterable[ImportLine],
    scratch: Scratch,
    *,
    by: ImportActor,
    last: bool,
) -> Iterator[LineResult]:
    """Judge lines anew and write them; with ``last``, also those that ``apply`` left unlinked.

    Then a relation to a film that is not there is refused, for it has not come after all; only what
    is refused is told of those.
    """
    waiting = scratch.unlinked() if last else scratch.judged_anew()
    if not waiting:
        return
    for batch in batches(line for line in lines if line.number in waiting):
        for result in _settle(sessions, batch, scratch, by, last=last):
            if not last or result.outcome is LineOutcome.REJECTED:
                yield result


def _write(
    session: Session,
    good: Sequence[PreparedLine],
    by: ImportActor,
    *,
    ids: Sequence[int] | None = None,
    turn: WaitForPrevious | None = None,
) -> list[int]:
    """Write films that are new and films that change, without relations to such as are not there.

    The new ones get these ``ids``. ``turn`` waits until the lines before these are committed. With
    it, lines are written as they were checked, and a film that changes is what it was then. Return
    the lines of which a relation was left out.

    Raises:
        StaleError: something that the lines were checked against has changed.
        TimeoutError: what ``turn`` waits for takes too long.
    """
    wanted = [each for each in good if each.film_id is None]
    changing = [each for each in good if each.film_id is not None]
    if turn and changing:
        turn()
    new = dict(zip(ids or new_ids(session, Film, len(wanted)), wanted, strict=True))
    films = {film_id: each.as_new() for film_id, each in new.items()}
    found = find_unchanged_people(session, [each.document for each in good]) if turn else None
    if films:
        bulk.insert_films(session, films)
    if turn and found is not None:
        turn()
        _lock_as_checked(session, good, found)
    there = _related(session, good)
    there |= {each.document["slug"]: film_id for film_id, each in new.items()}
    linked = {each.number: _linked(each.document, there) for each in good}
    if new:
        told = {film_id: linked[each.number] for film_id, each in new.items()}
        bulk.link_films(session, told, found=found, related=there, actor=by.actor, reason=by.reason)
    changes = [each.as_change(linked[each.number]) for each in changing]
    changes = [each for each in changes if each.document != each.present]
    if changes:
        bulk_changes.change_films(session, changes, related=there, actor=by.actor, reason=by.reason)
    public = [film_id for film_id, film in films.items() if film.is_public]
    revisions.bump_deferred(
        session, public + [each.film_id for each in changes if each.concerns_public]
    )
    return [each.number for each in good if linked[each.number] is not each.document]


def _lock_as_checked(session: Session, good: Sequence[PreparedLine], found: FoundPeople) -> None:
    if not are_as_known(session, [each.document for each in good], found):
        raise StaleError
    changing = [each for each in good if each.film_id is not None]
    ids = [each.film_id for each in changing if each.film_id is not None]
    if not ids:
        return
    bulk_changes.lock_films(session, ids)
    present = documents(session, ids)
    if any(present[each.film_id or 0] != each.present for each in changing):
        raise StaleError


def _related(session: Session, good: Sequence[PreparedLine]) -> dict[str, int]:
    slugs = {part["slug"] for each in good for part in each.document["related"] if part["slug"]}
    own = {each.document["slug"] for each in good if each.film_id is None}
    return bulk.film_ids(session, sorted(slugs - own)) if slugs else {}


def _linked(document: Json, there: Collection[str]) -> Json:
    """Return the document without relations to films that are not there; itself if none is so."""
    kept = [part for part in document["related"] if not part["slug"] or part["slug"] in there]
    return document if len(kept) == len(document["related"]) else {**document, "related": kept}


def _settle(
    sessions: sessionmaker[Session],
    lines: Sequence[ImportLine],
    scratch: Scratch,
    by: ImportActor,
    *,
    last: bool,
) -> list[LineResult]:
    """Judge lines and write them in one transaction; one by one where that cannot be."""
    for _ in range(TRIES):
        try:
            with sessions.begin() as session:
                plans = _planned(session, lines, last=last)
                if _has_repeats(plans):
                    break
                found = [_ready(session, each) for each in plans]
                unlinked = _write(session, [each for each in found if each is not None], by)
        except (StaleError, IntegrityError, OperationalError) as error:
            _raise_unless_passing(error)
            log.info("import.again", extra={"cause": str(error)})
        except Exception:
            log.exception("import.batch_failed")
            break
        else:
            for number in unlinked:
                scratch.mark_unlinked(number)
            return [each.result() for each in plans]
    return [_one(sessions, line, scratch, by, last=last) for line in lines]


def _has_repeats(plans: Sequence[LinePlan]) -> bool:
    """Return whether several of these lines are about one film: then each must see the last."""
    slugs = [each.slug for each in plans if each.document is not None]
    return len(set(slugs)) < len(slugs)


def _planned(session: Session, lines: Sequence[ImportLine], *, last: bool) -> list[LinePlan]:
    """Plan lines, and keep other writers off the films that they change.

    Raises:
        StaleError: one of these was changed in this moment.
    """
    plans = plan_lines(session, lines)
    present = {each.film_id: each.present for each in plans if each.film_id is not None}
    if present:
        bulk_changes.lock_films(session, present)
        if documents(session, present) != present:
            raise StaleError
    if last:
        for each in plans:
            each.problems += (
                FieldProblem(f"#/related/{place}/slug", f"Film “{slug}” not found.")
                for place, slug in each.missing
            )
    return plans


def _ready(session: Session, each: LinePlan) -> PreparedLine | None:
    """Return what a line changes, ready to be written; None if nothing."""
    if each.document is None or each.problems:
        return None
    document: Json = each.document.model_dump(mode="json")
    if document == each.present:
        return None
    entry = search_index.entry(document, search_index.is_postgresql(session))
    return PreparedLine(each.line.number, each.film_id, each.present, document, entry)


def _one(
    sessions: sessionmaker[Session],
    line: ImportLine,
    scratch: Scratch,
    by: ImportActor,
    *,
    last: bool,
) -> LineResult:
    """Write one film by itself, so that what is wrong is told of the right line."""
    with sessions() as session:
        (each,) = plan_lines(session, [line])
    if each.document is None:
        return each.result()
    try:
        with sessions.begin() as session:
            if each.film_id is None:
                document = _without(each.document, each.missing)
                film_service.create_film(session, document, actor=by.actor, reason=by.reason)
            else:
                film = queries.film_for_staff(session, each.slug, for_change=True)
                # Read again under the lock: others may have written since.
                present: Json = document_of(film).model_dump(mode="json")
                document = document_from(line.apply_to(present) | {"slug": each.slug})
                document = document if last else _without(document, each.missing)
                film_service.replace_film(session, film, document, actor=by.actor, reason=by.reason)
    except AppError as error:
        each.problems += problems_of(error)
    except LineError as error:
        each.problems += error.problems
    except (IntegrityError, OperationalError) as error:
        _raise_unless_passing(error)
        log.info("import.refused", extra={"cause": str(error.orig)})
        each.problems.append(
            FieldProblem("#", ("Another change interfered. Import this line again."))
        )
    except Exception as error:
        log.exception("import.line_failed", extra={"line": line.number})
        detail = "An error stopped this line, and nothing was written: "
        each.problems.append(FieldProblem("#", detail + reason_of(error)))
    if each.missing and not each.problems and not last:
        scratch.mark_unlinked(line.number)
    return each.result()


def _raise_unless_passing(error: Exception) -> None:
    """Stop the import where the database fails, as when its disk is full: every line would."""
    if isinstance(error, OperationalError) and not is_conflict(error):
        raise error


def _without(document: FilmDocument, missing: Sequence[tuple[int, str]]) -> FilmDocument:
    """Return the document without relations to films that are still to come in the file."""
    gone = {slug for _, slug in missing}
    kept = [part for part in document.related if part.slug not in gone]
    return document.model_copy(update={"related": kept})
