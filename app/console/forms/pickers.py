"""Fields that search for a film or an entry, without a script.

The search is part of the form, so that it loses no input.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.catalog.models import Film
from app.catalog.queries import staff_films
from app.console.forms.field_types import FieldGroup, FieldType, Rows, Shape
from app.console.forms.form_page import RowHint
from app.console.forms.input_values import InputValues
from app.console.lists import AnySelect, filter_by_text
from app.core.pagination import PageParams
from app.offers.models import Offer
from app.web.formats import plural

SEARCH_STEP = "look"
PICK_STEP = re.compile(r"pick:([a-z_/0-9]{1,100})=([a-z0-9-]{1,120})")
MAX_OPTIONS = 8
PICKER_TYPES = frozenset((FieldType.FILM, FieldType.ENTRY, FieldType.OFFER))
# Each search is a database query.
MAX_SEARCHES = 10


@dataclass(frozen=True, slots=True)
class PickerOption:
    """One choice: slug, name, and facts to tell it from others of the same name."""

    slug: str
    name: str
    facts: str


@dataclass(frozen=True, slots=True)
class PickerOptions:
    """Choices for a field. ``nothing`` is shown if there are none."""

    choices: Sequence[PickerOption]
    is_all: bool
    nothing: str


def apply_pick_step(shapes: Sequence[Shape], typed: InputValues, step: str) -> bool:
    """Fill in the choice of a button such as ``pick:films/0/slug=the-red-soul``.

    Return whether ``step`` is such a button or the search button.
    """
    match = PICK_STEP.fullmatch(step)
    if match is None:
        return step == SEARCH_STEP
    for pointer, holder, name in _fields(shapes, typed, PICKER_TYPES):
        if pointer == match[1]:
            holder[name] = match[2]
    return True


def find_film_options(
    session: Session, shapes: Sequence[Shape], typed: InputValues
) -> Mapping[str, PickerOptions]:
    """Return choices, by pointer, for film fields whose text is no slug of the catalog."""
    fields = [field for field in _fields(shapes, typed, {FieldType.FILM}) if field[1][field[2]]]
    texts = {holder[name] for _, holder, name in fields}
    known = set(session.scalars(select(Film.slug).where(Film.slug.in_(texts))))
    options: dict[str, PickerOptions] = {}
    for pointer, holder, name in fields:
        if holder[name] not in known and len(options) < MAX_SEARCHES:
            page = PageParams(limit=MAX_OPTIONS, cursor=None)
            films, more = staff_films(session, page, q=holder[name])
            options[pointer] = PickerOptions(
                [_film_option(film) for film in films],
                is_all=more is None,
                nothing="No matching films.",
            )
    return options


def find_offer_options(
    session: Session,
    shapes: Sequence[Shape],
    typed: InputValues,
    search: Callable[[Session, str, int], Sequence[PickerOption]],
) -> Mapping[str, PickerOptions]:
    """Return choices, by pointer, for offer fields whose text is no SKU; ``search`` finds them."""
    fields = [field for field in _fields(shapes, typed, {FieldType.OFFER}) if field[1][field[2]]]
    texts = {holder[name] for _, holder, name in fields}
    known = set(session.scalars(select(Offer.sku).where(Offer.sku.in_(texts))))
    options: dict[str, PickerOptions] = {}
    for pointer, holder, name in fields:
        if holder[name] not in known and len(options) < MAX_SEARCHES:
            choices = search(session, holder[name], MAX_OPTIONS + 1)
            options[pointer] = PickerOptions(
                choices[:MAX_OPTIONS],
                is_all=len(choices) <= MAX_OPTIONS,
                nothing="No matching offers.",
            )
    return options


def find_entry_options(
    session: Session,
    statement: AnySelect,
    text: str,
    *,
    contains: Sequence[InstrumentedAttribute[Any]],
    exclude: str,
) -> PickerOptions | None:
    """Return choices for ``text``; None if it is empty or a slug.

    ``statement`` selects ``slug``, ``name``, and ``films``; the slug ``exclude`` is left out.
    """
    if not text:
        return None
    rows = session.execute(
        filter_by_text(statement, text, contains=contains).limit(MAX_OPTIONS + 2)
    ).all()
    others = [row for row in rows if row.slug != exclude]
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


def find_film_hints(session: Session, part: str, rows: Sequence[InputValues]) -> dict[str, RowHint]:
    """Return the title for each row that names a film, by the row's pointer."""
    slugs = [row["slug"] for row in rows]
    titles: dict[str, str] = dict(
        session.execute(select(Film.slug, Film.title).where(Film.slug.in_(slugs))).all()
    )
    return {
        f"{part}/{position}": RowHint(f"{titles[slug]}.", f"/console/films/{slug}", "View entry")
        for position, slug in enumerate(slugs)
        if slug in titles
    }


def _film_option(film: Film) -> PickerOption:
    state = "" if film.is_public else f", {film.status.value}"
    return PickerOption(film.slug, film.title, f"{film.release_year}{state}")


def _fields(
    shapes: Sequence[Shape], typed: InputValues, kinds: Collection[FieldType], above: str = ""
) -> Iterator[tuple[str, InputValues, str]]:
    """Yield the pointer, the holder, and the name of each field of these kinds."""
    for shape in shapes:
        pointer = f"{above}{shape.name}"
        if isinstance(shape, Rows):
            for position, row in enumerate(typed[shape.name]):
                yield from _fields(shape.fields, row, kinds, f"{pointer}/{position}/")
        elif isinstance(shape, FieldGroup):
            yield from _fields(shape.fields, typed[shape.name], kinds, f"{pointer}/")
        elif shape.kind in kinds:
            yield pointer, typed, shape.name
