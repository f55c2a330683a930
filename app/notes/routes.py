"""HTTP endpoints of educators' notes, for anyone."""

from fastapi import APIRouter

from app.catalog import queries as films
from app.catalog.routes import SlugPath
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError, responses
from app.core.pagination import Page, PageDep, id_of
from app.core.public_reads import public_read
from app.notes.queries import find_threads
from app.notes.schemas import NoteOut

router = APIRouter(tags=["catalog"])


@router.get(
    "/films/{slug}/notes",
    summary="List educator notes for a film",
    responses=responses(NotFoundError),
)
@public_read()
def list_notes(session: ReadSessionDep, slug: SlugPath, page: PageDep) -> Page[NoteOut]:
    """List published notes with their replies, newest first."""
    film = films.film_by_slug(session, slug)
    keys = page.keys(1)
    before = id_of(keys[0]) if keys else None
    found = [
        each for each in find_threads(session, film.id) if before is None or each.note.id < before
    ]
    shown, cursor = page.cut(found, lambda each: (each.note.id,))
    return Page(items=[NoteOut.of(each) for each in shown], next=cursor)
