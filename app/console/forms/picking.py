"""Choosing a film where a form asks for one: write a part of its title, look, and choose.

What is looked for is part of the form, so that nothing typed is lost, and no script is needed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.catalog.queries import staff_films
from app.console.forms.drawing import Note
from app.console.forms.shapes import Group, Kind, Rows, Shape
from app.console.forms.typed import Typed
from app.core.pagination import PageParams

LOOK = "look"
PICK = re.compile(r"pick:([a-z_/0-9]{1,100})=([a-z0-9-]{1,120})")
MOST = 8
# Each is a question to the database.
MOST_LOOKED_FOR = 10


@dataclass(frozen=True, slots=True)
class Offered:
    """The films that what is typed may mean, and whether those are all."""

    films: Sequence[Film]
    is_all: bool


def picked(shapes: Sequence[Shape], typed: Typed, step: str) -> bool:
    """Fill in the film that a button names: ``pick:films/0/slug=the-red-soul``.

    Return whether ``step`` is such a button, or the one that only looks.
    """
    asked = PICK.fullmatch(step)
    if asked is None:
        return step == LOOK
    for pointer, holder, name in _film_fields(shapes, typed):
        if pointer == asked[1]:
            holder[name] = asked[2]
    return True


def offered(session: Session, shapes: Sequence[Shape], typed: Typed) -> Mapping[str, Offered]:
    """Return, by pointer, what the fields that name no film of the catalog may mean."""
    fields = [each for each in _film_fields(shapes, typed) if each[1][each[2]]]
    texts = {holder[name] for _, holder, name in fields}
    known = set(session.scalars(select(Film.slug).where(Film.slug.in_(texts))))
    found: dict[str, Offered] = {}
    for pointer, holder, name in fields:
        if holder[name] not in known and len(found) < MOST_LOOKED_FOR:
            page = PageParams(limit=MOST, cursor=None)
            films, more = staff_films(session, page, q=holder[name])
            found[pointer] = Offered(films, is_all=more is None)
    return found


def film_notes(session: Session, part: str, rows: Sequence[Typed]) -> dict[str, Note]:
    """Return the title beside each row that names a film, by the row's pointer."""
    slugs = [row["slug"] for row in rows]
    titles: dict[str, str] = dict(
        session.execute(select(Film.slug, Film.title).where(Film.slug.in_(slugs))).all()
    )
    return {
        f"{part}/{place}": Note(f"{titles[slug]}.", f"/console/films/{slug}", "See it")
        for place, slug in enumerate(slugs)
        if slug in titles
    }


def _film_fields(
    shapes: Sequence[Shape], typed: Typed, above: str = ""
) -> Iterator[tuple[str, Typed, str]]:
    """Yield each field that asks for a film: its pointer, what holds its text, and its name."""
    for shape in shapes:
        pointer = f"{above}{shape.name}"
        if isinstance(shape, Rows):
            for place, row in enumerate(typed[shape.name]):
                yield from _film_fields(shape.fields, row, f"{pointer}/{place}/")
        elif isinstance(shape, Group):
            yield from _film_fields(shape.fields, typed[shape.name], f"{pointer}/")
        elif shape.kind is Kind.FILM:
            yield pointer, typed, shape.name
