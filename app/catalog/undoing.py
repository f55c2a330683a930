"""Taking back a change of a film: by a new change, which restores what the fields said before."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.catalog import history, name_resolution, queries
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument
from app.catalog.errors import UndoRefusedError
from app.catalog.film_service import replace_film
from app.catalog.history import Change, Json
from app.catalog.models import Film, FilmUndo
from app.core.errors import FieldProblem


def undo(
    session: Session,
    slug: str,
    number: int,
    *,
    actor: Actor,
    anyway: bool = False,
    reason: str = "",
) -> Film:
    """Restore what change ``number`` of a film changed. What the film says elsewhere stays.

    ``anyway`` restores the fields also where they were changed again later.

    Raises:
        NotFoundError: there is no such film, or no such change of it.
        UndoRefusedError: it is the film's creation; nothing would change; or, without ``anyway``,
            a later change of the same fields would be lost: the errors name each of them.
        FilmConflictError, VersionInUseError, InvalidInputError: the restored values are not
            allowed any more.
    """
    film = queries.film_for_staff(session, slug, for_change=True)
    wanted = history.change(session, film, number)
    if wanted.is_creation:
        detail = "This change created the film. Withdraw the film instead."
        raise UndoRefusedError(detail)
    present = document_of(film)
    blocking = [] if anyway else overwritten(session, film, wanted)
    if blocking:
        count = "1 field was" if len(blocking) == 1 else f"{len(blocking)} fields were"
        detail = f"{count} changed again since. Confirm to lose the later changes."
        raise UndoRefusedError(detail, errors=blocking)
    document = name_resolution.with_current_names(session, restored(present, wanted))
    done = history.latest(session, slug) + 1
    if not replace_film(
        session, film, document, actor=actor, reason=history.taking_back(number, reason)
    ):
        detail = f"The film already has the values from before change {number}."
        raise UndoRefusedError(detail)
    session.add(FilmUndo(film_id=film.id, number=done, undoes=number))
    session.flush()
    return queries.film_for_staff(session, slug)


def restored(present: FilmDocument, change: Change) -> FilmDocument:
    """Return the present document with the fields of ``change`` as they were before it."""
    return FilmDocument.model_validate({**present.model_dump(mode="json"), **change.before})


def overwritten(session: Session, film: Film, change: Change) -> list[FieldProblem]:
    """Return, by field, the later changes that taking back ``change`` would lose.

    A field that says again what ``change`` wrote is free: nothing of a later change is left in it.
    """
    later = history.changes(session, film, above=change.number)
    present: Json = document_of(film).model_dump(mode="json")
    return [
        FieldProblem(f"#/{name}", f"{name.replace('_', ' ')} was changed again: {_who(touching)}")
        for name in change.before
        if (touching := [one for one in later if name in one.after])
        and present.get(name) != change.after.get(name)
    ]


def _who(changes: Sequence[Change]) -> str:
    return ", ".join(
        f"change {change.number} by {change.entry.actor_label} on "
        f"{change.entry.at:%Y-%m-%d at %H:%M} UTC"
        for change in reversed(changes)
    )
