"""Everything that changes the rows of files. Each change is audited, and made known if public."""

import logging
from collections.abc import Sequence

from pydantic import JsonValue
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.models import AuditEntry
from app.catalog import public_revision
from app.catalog.file_enums import FileKind, FileState
from app.catalog.file_models import FilmFile
from app.catalog.models import Film
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, NotFoundError
from app.media.errors import FileTakenError
from app.media.file_metadata import FileMetadata
from app.media.uploads import Upload

log = logging.getLogger(__name__)
# The audit log keeps them under this and the film's slug: a film's own history is its document's.
HISTORY = "film_files"


def add_file(
    session: Session,
    film: Film,
    kind: FileKind,
    upload: Upload,
    words: FileMetadata,
    *,
    actor: Actor,
    replaces: FilmFile | None = None,
) -> FilmFile:
    """Add a file whose bytes are in the storage. A picture is shown once its sizes are made.

    With ``replaces`` it takes that file's place, which leaves when this one can be shown.

    Raises:
        FileTakenError: the film has this very file, as the same kind, already.
        ConflictError: the file that it should replace is withdrawn.
    """
    lock(session, film)
    if replaces is not None and replaces.is_withdrawn:
        detail = "The file is withdrawn. Add a new one instead."
        raise ConflictError(detail)
    same = session.scalar(_shown(film.id, kind).where(FilmFile.sha256 == upload.sha256).limit(1))
    if same is not None:
        detail = f"This {kind.label.lower()} is already added."
        problem = FieldProblem("#/file", "The film already has this file.")
        raise FileTakenError(detail, errors=[problem])
    now = clock.now()
    file = FilmFile(
        film_id=film.id,
        kind=kind,
        state=FileState.PROCESSING if kind.is_image else FileState.READY,
        position=replaces.position if replaces else _next_position(session, film.id, kind),
        sha256=upload.sha256,
        media_type=upload.media_type,
        size_bytes=len(upload.data),
        width=upload.width,
        height=upload.height,
        pages=upload.pages,
        original_name=upload.original_name,
        replaces_id=replaces.id if replaces else None,
        next_attempt_at=now if kind.is_image else None,
        **words.model_dump(),
    )
    session.add(file)
    session.flush()
    action = "file.replaced" if replaces else "file.added"
    before: dict[str, JsonValue] | None = {"file": replaces.ref} if replaces else None
    _note(session, film.slug, actor, action, before=before, after=file_facts(file))
    if file.state is FileState.READY:
        _take_over(session, film, file, actor=actor)
        publish_change(session, film)
    return file


def update_metadata(
    session: Session, film: Film, file: FilmFile, words: FileMetadata, *, actor: Actor
) -> bool:
    """Change title, description, credit line or language. Return whether that changed anything."""
    given = words.model_dump()
    before = {name: getattr(file, name) for name in given}
    changed = [name for name in given if before[name] != given[name]]
    if not changed:
        return False
    for name in changed:
        setattr(file, name, given[name])
    session.flush()
    _note(
        session,
        film.slug,
        actor,
        "file.changed",
        before={"file": file.ref} | {name: before[name] for name in changed},
        after={name: given[name] for name in changed},
    )
    publish_change(session, film)
    return True


def move(session: Session, film: Film, file: FilmFile, *, up: bool, actor: Actor) -> bool:
    """Put a file one place up or down among those of its kind. Return False at the end of them."""
    lock(session, film)
    order = list(session.scalars(_shown(film.id, file.kind)))
    if file not in order:
        return False
    index = order.index(file)
    other = index - 1 if up else index + 1
    if not 0 <= other < len(order):
        return False
    order[index], order[other] = order[other], order[index]
    for position, each in enumerate(order):
        each.position = position
    session.flush()
    after: dict[str, JsonValue] = {"order": [each.ref for each in order]}
    _note(session, film.slug, actor, "file.ordered", before=None, after=after)
    publish_change(session, film)
    return True


def withdraw(
    session: Session, film: Film, file: FilmFile, *, actor: Actor, reason: str = ""
) -> bool:
    """Take a file off the pages; row and bytes stay, and the history. False: it was off."""
    if file.is_withdrawn:
        return False
    file.withdrawn_at = clock.now()
    session.flush()
    _note(
        session,
        film.slug,
        actor,
        "file.withdrawn",
        before={"file": file.ref, "kind": file.kind.value},
        after=None,
        reason=reason,
    )
    publish_change(session, film)
    return True


def restore(session: Session, film: Film, file: FilmFile, *, actor: Actor) -> bool:
    """Put a withdrawn file back, behind the others of its kind. False: it was there.

    Raises:
        FileTakenError: The same file was added in the meantime..
    """
    if not file.is_withdrawn:
        return False
    lock(session, film)
    others = list(session.scalars(_shown(film.id, file.kind)))
    if any(other.sha256 == file.sha256 for other in others):
        detail = "The same file was added in the meantime."
        raise FileTakenError(detail)
    file.withdrawn_at = None
    file.position = _next_position(session, film.id, file.kind)
    session.flush()
    after: dict[str, JsonValue] = {"file": file.ref, "kind": file.kind.value}
    _note(session, film.slug, actor, "file.restored", before=None, after=after)
    publish_change(session, film)
    return True


def retry(session: Session, film: Film, file: FilmFile, *, actor: Actor) -> bool:
    """Have the sizes of an image made again. Return False if that is not needed."""
    if file.state is not FileState.FAILED:
        return False
    file.state = FileState.PROCESSING
    file.attempts = 0
    file.next_attempt_at = clock.now()
    session.flush()
    after: dict[str, JsonValue] = {"file": file.ref}
    _note(session, film.slug, actor, "file.retried", before=None, after=after)
    return True


def mark_ready(session: Session, file: FilmFile, *, actor: Actor) -> None:
    """Note that all sizes of a picture are there: it is shown from now on."""
    film = session.get_one(Film, file.film_id)
    file.state = FileState.READY
    file.next_attempt_at = None
    file.last_error = None
    session.flush()
    if not file.is_withdrawn:
        _take_over(session, film, file, actor=actor)
        publish_change(session, film)


def publish_change(session: Session, film: Film) -> None:
    """Update the film's date and bump the revision if the film is public."""
    if film.is_public:
        public_revision.touch(session, [film.id])
        public_revision.bump(session, [film.id])


def lock(session: Session, film: Film) -> None:
    """Wait for others who change the files of this film."""
    session.execute(select(Film.id).where(Film.id == film.id).with_for_update())


def file_of(session: Session, film: Film, ref: str) -> FilmFile:
    """Return a film's file, withdrawn or not, as it is now.

    Raises:
        NotFoundError: the film has none of that name.
    """
    file = session.scalar(
        select(FilmFile)
        .where(FilmFile.film_id == film.id, FilmFile.ref == ref)
        .execution_options(populate_existing=True)
    )
    if file is None:
        detail = f"File “{ref}” not found."
        raise NotFoundError(detail)
    return file


def files_of(session: Session, film: Film) -> Sequence[FilmFile]:
    """Return all files of a film in the order of their kinds and places, withdrawn ones last."""
    files = session.scalars(select(FilmFile).where(FilmFile.film_id == film.id)).all()
    kinds = list(FileKind)
    return sorted(files, key=lambda f: (f.is_withdrawn, kinds.index(f.kind), f.position, f.id))


def history_of(session: Session, film: Film) -> Sequence[AuditEntry]:
    """Return all that was done to the files of a film, oldest first."""
    return audit.entries_about(session, HISTORY, film.slug)


def words_of(file: FilmFile) -> FileMetadata:
    """Return what staff have written about a file."""
    return FileMetadata.model_validate(
        {name: getattr(file, name) for name in FileMetadata.model_fields}
    )


def films_with_failed_pictures(session: Session) -> list[tuple[str, str]]:
    """Return slug and title of each film with a picture whose sizes could not be made."""
    failed = select(FilmFile.film_id).where(
        FilmFile.state == FileState.FAILED, FilmFile.withdrawn_at.is_(None)
    )
    rows = session.execute(
        select(Film.slug, Film.title).where(Film.id.in_(failed)).order_by(Film.sort_key, Film.id)
    )
    return [(slug, title) for slug, title in rows]


def file_facts(file: FilmFile) -> dict[str, JsonValue]:
    """Return what the history keeps of a new file."""
    facts: dict[str, JsonValue] = {
        "file": file.ref,
        "kind": file.kind.value,
        "name": file.original_name,
        "sha256": file.sha256,
        "alt": file.alt,
        "title": file.title,
        "credit": file.credit,
    }
    return {name: value for name, value in facts.items() if value}


def _take_over(session: Session, film: Film, file: FilmFile, *, actor: Actor) -> None:
    """Withdraw the file that this one replaces."""
    if file.replaces_id is None:
        return
    old = session.get_one(FilmFile, file.replaces_id)
    file.position = old.position
    withdraw(session, film, old, actor=actor, reason=f"replaced by {file.ref}")


def _shown(film_id: int, kind: FileKind) -> Select[FilmFile]:
    return (
        select(FilmFile)
        .where(
            FilmFile.film_id == film_id,
            FilmFile.kind == kind,
            FilmFile.withdrawn_at.is_(None),
        )
        .order_by(FilmFile.position, FilmFile.id)
    )


def _next_position(session: Session, film_id: int, kind: FileKind) -> int:
    last = session.scalar(
        select(func.max(FilmFile.position)).where(
            FilmFile.film_id == film_id, FilmFile.kind == kind
        )
    )
    return 0 if last is None else last + 1


def _note(
    session: Session,
    slug: str,
    actor: Actor,
    action: str,
    *,
    before: dict[str, JsonValue] | None,
    after: dict[str, JsonValue] | None,
    reason: str = "",
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        object_type=HISTORY,
        object_ref=slug,
        before=before,
        after=after,
        reason=reason,
    )
    log.info(action, extra={"film": slug, "actor": actor.ref})
