"""Which files anyone may have, by their hash."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.enums import FilmStatus
from app.catalog.file_enums import IMAGE_MEDIA_TYPES, FileKind, FileState
from app.catalog.file_models import FilmFile
from app.catalog.models import Film
from app.catalog.served_images import ServedImage
from app.core.db import is_one_of
from app.core.errors import NotFoundError


def public_file(session: Session, sha256: str, name: str) -> tuple[FilmFile, str]:
    """Return the file that is served as ``name`` under its hash, and the slug of its film.

    One that is withdrawn, not ready, or of a film that is not public is not there.

    Raises:
        NotFoundError: there is none.
    """
    rows = session.execute(
        select(FilmFile, Film.slug)
        .join(Film, Film.id == FilmFile.film_id)
        .where(
            FilmFile.sha256 == sha256,
            FilmFile.state == FileState.READY,
            FilmFile.withdrawn_at.is_(None),
            Film.status == FilmStatus.PUBLISHED,
        )
        .order_by(FilmFile.id)
    )
    for file, slug in rows:
        if name in _names(file):
            return file, slug
    detail = "File not found. It may have been replaced."
    raise NotFoundError(detail)


def public_pictures(
    session: Session, film_ids: Collection[int], kind: FileKind
) -> dict[int, ServedImage]:
    """Return the first picture of this kind that each of these films shows, by the film's id."""
    rows = session.execute(
        select(FilmFile.film_id, FilmFile.sha256, FilmFile.width, FilmFile.height, FilmFile.alt)
        .where(
            is_one_of(session, FilmFile.film_id, film_ids),
            FilmFile.kind == kind,
            FilmFile.state == FileState.READY,
            FilmFile.withdrawn_at.is_(None),
        )
        .order_by(FilmFile.position.desc(), FilmFile.id.desc())
    )
    # The first place comes last, and stays.
    return {
        film_id: ServedImage(kind, sha256, width or 0, height or 0, alt)
        for film_id, sha256, width, height, alt in rows
    }


def _names(file: FilmFile) -> set[str]:
    if not file.kind.is_image:
        return {file.file_name}
    return {f"{width}.{form}" for width in file.picture.widths for form in IMAGE_MEDIA_TYPES}
