"""Choosing a film or an entry where a form asks for one: write a part of it, look, and choose.

What is looked for is part of the form, so that nothing typed is lost, and no script is needed.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.catalog.models import Film
from app.catalog.queries import staff_films
from app.console.forms.drawing import RowHint
from app.console.forms.field_types import FieldGroup, FieldType, Rows, Shape
from app.console.forms.input_values import InputValues
from app.console.lists import AnySelect, searched
from app.core.pagination import PageParams
from app.web.formats import plural

LOOK = "look"
PICK = re.compile(r"pick:([a-z_/0-9]{1,100})=([a-z0-9-]{1,120})")
MAX_OPTIONS = 8
PICKED = frozenset((FieldType.FILM, FieldType.ENTRY))
# Each is a question to the database.
MAX_SEARCHES = 10


@dataclass(frozen=True, slots=True)
class PickerOption:
    """One that can be chosen: its slug, its name, and what tells it from its namesakes."""

    slug: str
    name: str
    facts: str


@dataclass(frozen=True, slots=True)
class PickerOptions:
    """What that which is typed may mean, and whether that is all; ``nothing`` says that none is."""

    choices: Sequence[PickerOption]
    is_all: bool
    nothing: str


def picked(shapes: Sequence[Shape], typed: InputValues, step: str) -> bool:
    """Fill in what a button names: ``pick:films/0/slug=the-red-soul``.

    Return whether ``step`` is such a button, or the one that only looks.
    """
    asked = PICK.fullmatch(step)
    if asked is None:
        return step == LOOK
    for pointer, holder, name in _fields(shapes, typed, PICKED):
        if pointer == asked[1]:
            holder[name] = asked[2]
    return True


def find_film_options(
    session: Session, shapes: Sequence[Shape], typed: InputValues
) -> Mapping[str, PickerOptions]:
    """Return, by pointer, which films the fields that name none of the catalog may mean."""
    fields = [each for each in _fields(shapes, typed, {FieldType.FILM}) if each[1][each[2]]]
    texts = {holder[name] for _, holder, name in fields}
    known = set(session.scalars(select(Film.slug).where(Film.slug.in_(texts))))
    found: dict[str, PickerOptions] = {}
    for pointer, holder, name in fields:
        if holder[name] not in known and len(found) < MAX_SEARCHES:
            page = PageParams(limit=MAX_OPTIONS, cursor=None)
            films, more = staff_films(session, page, q=holder[name])
            found[pointer] = PickerOptions(
                [_choice_of(film) for film in films],
                is_all=more is None,
                nothing="No matching films.",
            )
    return found


def offered_entries(
    session: Session,
    statement: AnySelect,
    text: str,
    *,
    contains: Sequence[InstrumentedAttribute[Any]],
    but: str,
) -> PickerOptions | None:
    """Return which people or subjects ``text`` may mean; None if it is empty or the slug of one.

    ``statement`` has ``slug``, ``name`` and ``films``, their number; ``but`` is not among them.
    """
    if not text:
        return None
    rows = session.execute(
        searched(statement, text, contains=contains).limit(MAX_OPTIONS + 2)
    ).all()
    others = [row for row in rows if row.slug != but]
    if any(row.slug == text for row in others):
        return None
    return PickerOptions(
        [
            PickerOption(row.slug, row.name, plural(row.films, "film"))
            for row in others[:MAX_OPTIONS]
        ],
        is_all=len(others) <= MAX_OPTIONS,
        nothing="No matching entries.",
    )


def film_notes(session: Session, part: str, rows: Sequence[InputValues]) -> dict[str, RowHint]:
    """Return the title beside each row that names a film, by the row's pointer."""
    slugs = [row["slug"] for row in rows]
    titles: dict[str, str] = dict(
        session.execute(select(Film.slug, Film.title).where(Film.slug.in_(slugs))).all()
    )
    return {
        f"{part}/{place}": RowHint(f"{titles[slug]}.", f"/console/films/{slug}", "View entry")
        for place, slug in enumerate(slugs)
        if slug in titles
    }


def _choice_of(film: Film) -> PickerOption:
    state = "" if film.is_public else f", {film.status.value}"
    return PickerOption(film.slug, film.title, f"{film.release_year}{state}")


def _fields(
    shapes: Sequence[Shape], typed: InputValues, kinds: Collection[FieldType], above: str = ""
) -> Iterator[tuple[str, InputValues, str]]:
    """Yield each field of these kinds: its pointer, what holds its text, and its name."""
    for shape in shapes:
        pointer = f"{above}{shape.name}"
        if isinstance(shape, Rows):
            for place, row in enumerate(typed[shape.name]):
                yield from _fields(shape.fields, row, kinds, f"{pointer}/{place}/")
        elif isinstance(shape, FieldGroup):
            yield from _fields(shape.fields, typed[shape.name], kinds, f"{pointer}/")
        elif shape.kind in kinds:
            yield pointer, typed, shape.name
