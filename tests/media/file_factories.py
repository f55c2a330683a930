"""Files for tests: pictures made by Pillow, papers made by pikepdf, and films that have them."""

import io

import pikepdf
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.file_enums import FileKind
from app.catalog.file_models import FilmFile
from app.catalog.models import Film
from app.core.storage import Storage
from app.media import service, uploads
from app.media.file_metadata import FileMetadata
from tests.catalog.films import EDITOR
from tests.due_jobs import run_due_once

NAVY = (20, 40, 120)


def picture(
    width: int = 480, height: int = 270, *, form: str = "JPEG", mode: str = "RGB", **options: object
) -> bytes:
    """Return a picture, left half navy and right half white."""
    image = Image.new("RGB", (width, height), "white")
    image.paste(NAVY, (0, 0, width // 2, height))
    out = io.BytesIO()
    image.convert(mode).save(out, form, **options)
    return out.getvalue()


def paper(pages: int = 3, *, encryption: pikepdf.Encryption | None = None) -> bytes:
    """Return a PDF of empty pages."""
    out = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        document.save(out, encryption=encryption)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return a picture, loaded whole."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixel(data: bytes, x: int, y: int) -> tuple[int, ...]:
    """Return the color of a picture at a place, as red, green and blue."""
    found = opened(data).convert("RGB").getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def keep(
    session: Session,
    storage: Storage,
    film: Film,
    data: bytes,
    *,
    kind: FileKind = FileKind.STILL,
    **words: str,
) -> FilmFile:
    """Add a file to a film as the console does, and commit."""
    upload = uploads.inspect_upload(kind, data, "picture.jpg")
    uploads.store_upload(storage, upload)
    given = {"alt": "A river at dusk", "title": "Dusk"} | words
    file = service.add_file(session, film, kind, upload, FileMetadata(**given), actor=EDITOR)
    session.commit()
    return file


def prepared(client: TestClient) -> None:
    """Have the sizes of all pictures made."""
    run_due_once(client.app.state)  # type: ignore[attr-defined]


def again(session: Session, file: FilmFile) -> FilmFile:
    """Return a file as it is in the database now."""
    found = session.scalars(
        select(FilmFile).where(FilmFile.id == file.id).execution_options(populate_existing=True)
    ).one()
    session.commit()
    return found
