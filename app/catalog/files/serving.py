"""Which files anyone may have, by their hash."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.files.kinds import FileKind, FileState
from app.catalog.files.models import FilmFile
from app.catalog.files.pictures import Picture
from app.catalog.kinds import FilmStatus
from app.catalog.models import Film
from app.core.db import among
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
    detail = "no file has this address; it may have been replaced"
    raise NotFoundError(detail)


def public_pictures(
    session: Session, film_ids: Collection[int], kind: FileKind
) -> dict[int, Picture]:
    """Return the first picture of this kind that each of these films shows, by the film's id."""
    rows = session.execute(
        select(FilmFile.film_id, FilmFile.sha256, FilmFile.width, FilmFile.height, FilmFile.alt)
        .where(
            among(session, FilmFile.film_id, film_ids),
            FilmFile.kind == kind,
            FilmFile.state == FileState.READY,
            FilmFile.withdrawn_at.is_(None),
        )
        .order_by(FilmFile.position.desc(), FilmFile.id.desc())
    )
    # The first place comes last, and stays.
    return {
        film_id: Picture(kind, sha256, width or 0, height or 0, alt)
        for film_id, sha256, width, height, alt in rows
    }


def _names(file: FilmFile) -> set[str]:
    if not file.kind.is_image:
        return {file.file_name}
    return {f"{width}.{form}" for width in file.picture.widths for form in FORMS}


# The formats in which a picture is served, each with its media type, the smallest files first.
FORMS = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
