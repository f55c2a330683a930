"""Everything that changes caption files, and what a confirmed one tells of its version."""

import logging
from collections.abc import Sequence

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog import countries_languages, film_service
from app.catalog.document_mapping import document_of
from app.catalog.documents import CaptionPart, VersionPart
from app.catalog.enums import CaptionKind, CaptionSource
from app.catalog.models import Film
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.media import service, storage_names
from app.media.caption_models import CaptionFile
from app.media.errors import FileRefusedError, FileTakenError
from app.media.uploads import Upload, plain_name

log = logging.getLogger(__name__)
MAX_BYTES = 2_000_000


def inspect_captions(
    film: Film, data: bytes, name: str, *, version_label: str, language: str
) -> tuple[Upload, CaptionFile]:
    """Return what is kept of a caption file, and its row, which is not added yet.

    Raises:
        InvalidInputError: there is no such version or language, or the file is none, or cannot be
            of this version; says why.
    """
    from app.media import caption_parsing  # noqa: PLC0415 - see uploads.py

    problems = []
    version = next((v for v in film.versions if v.label == version_label), None)
    if version is None:
        problems.append(FieldProblem("#/version", "Choose one of the film's versions."))
    code = ""
    try:
        code = countries_languages.language_code(language)
    except ValueError as error:
        problems.append(FieldProblem("#/language", str(error)))
    if not 0 < len(data) <= MAX_BYTES:
        problems.append(FieldProblem("#/file", "Choose a caption file of up to 2 MB."))
    if problems or version is None:
        raise InvalidInputError.of(*problems)
    try:
        facts = caption_parsing.read(data, language=code, runtime_minutes=version.runtime_minutes)
    except FileRefusedError as error:
        raise InvalidInputError.of(FieldProblem("#/file", str(error))) from error
    upload = Upload(
        data, storage_names.digest(data), caption_parsing.MEDIA_TYPES[facts.form], plain_name(name)
    )
    row = CaptionFile(
        film_id=film.id,
        version_label=version.label,
        language=code,
        sha256=upload.sha256,
        media_type=upload.media_type,
        size_bytes=len(data),
        original_name=upload.original_name,
        facts=facts.model_dump(mode="json"),
    )
    return upload, row


def add(session: Session, film: Film, row: CaptionFile, *, actor: Actor) -> CaptionFile:
    """Add a caption file whose bytes are in the storage. It tells nothing until it is confirmed.

    Raises:
        FileTakenError: the version has this very file already.
    """
    service.lock(session, film)
    present = captions_of(session, film)
    same = (row.sha256, row.version_label)
    if any(
        (track.sha256, track.version_label) == same and not track.withdrawn_at for track in present
    ):
        detail = "This version already has this caption file."
        raise FileTakenError(detail, errors=[FieldProblem("#/file", detail)])
    session.add(row)
    session.flush()
    after: dict[str, JsonValue] = {
        "file": row.ref,
        "version": row.version_label,
        "language": row.language,
        "name": row.original_name,
        "sha256": row.sha256,
    }
    _note(session, film, actor, "captions.added", after)
    return row


def confirm(
    session: Session,
    film: Film,
    row: CaptionFile,
    *,
    kind: CaptionKind,
    source: CaptionSource,
    actor: Actor,
) -> None:
    """Put what the file is among the captions of its version; ``film`` is loaded for change.

    Raises:
        ConflictError: the file is withdrawn, or its version is no more.
    """
    if row.withdrawn_at is not None:
        detail = "The caption file is withdrawn."
        raise ConflictError(detail)
    document = document_of(film)
    versions = [_with_caption(part, row, kind, source) for part in document.versions]
    if all(part.label != row.version_label for part in document.versions):
        detail = f"The film no longer has version {row.version_label}."
        raise ConflictError(detail)
    row.confirmed_kind, row.confirmed_source = kind, source
    session.flush()
    after: dict[str, JsonValue] = {"file": row.ref, "kind": kind.value, "source": source.value}
    _note(session, film, actor, "captions.confirmed", after)
    changed = document.model_copy(update={"versions": versions})
    film_service.replace_film(session, film, changed, actor=actor)


def withdraw(session: Session, film: Film, row: CaptionFile, *, actor: Actor) -> bool:
    """Put a caption file aside; row, bytes and what the film says stay. False: it was aside."""
    if row.withdrawn_at is not None:
        return False
    row.withdrawn_at = clock.now()
    session.flush()
    _note(session, film, actor, "captions.withdrawn", {"file": row.ref})
    return True


def captions_of(session: Session, film: Film) -> Sequence[CaptionFile]:
    """Return all caption files of a film, oldest first."""
    return session.scalars(
        select(CaptionFile).where(CaptionFile.film_id == film.id).order_by(CaptionFile.id)
    ).all()


def caption_file(session: Session, film: Film, ref: str) -> CaptionFile:
    """Return a film's caption file, withdrawn or not.

    Raises:
        NotFoundError: the film has none of that name.
    """
    for row in captions_of(session, film):
        if row.ref == ref:
            return row
    detail = f"Caption file “{ref}” not found."
    raise NotFoundError(detail)


def _with_caption(
    part: VersionPart, row: CaptionFile, kind: CaptionKind, source: CaptionSource
) -> VersionPart:
    if part.label != row.version_label:
        return part
    facts = CaptionPart(language=row.language, kind=kind, source=source)
    # What this file was said to be before, and what the new words say again, make place.
    removed = {(row.language, kind), (row.language, row.confirmed_kind)}
    kept = [caption for caption in part.captions if (caption.language, caption.kind) not in removed]
    return part.model_copy(update={"captions": [*kept, facts]})


def _note(
    session: Session, film: Film, actor: Actor, action: str, after: dict[str, JsonValue]
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        object_type=service.HISTORY,
        object_ref=film.slug,
        after=after,
    )
    log.info(action, extra={"film": film.slug, "actor": actor.ref})
