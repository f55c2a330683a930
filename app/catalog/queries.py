"""Reading films: one, some by their ids, the list of staff. People browse by `app/search`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.catalog.enums import FilmStatus
from app.catalog.models import Film, FilmRelation, FilmSubject
from app.catalog.parts_models import Credit, Version
from app.catalog.titles import slugify, sort_key
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.pagination import PageParams, id_of


def card_options() -> tuple[ORMOption, ...]:
    """Return what a film in a list needs loaded: six queries, however many films."""
    return (
        selectinload(Film.versions).selectinload(Version.languages),
        selectinload(Film.credits).joinedload(Credit.person),
        selectinload(Film.subject_rows).joinedload(FilmSubject.subject),
        selectinload(Film.country_rows),
        selectinload(Film.files),
    )


def page_options() -> tuple[ORMOption, ...]:
    """Return what a film's own page, and its document, need loaded: everything."""
    return (
        *card_options(),
        selectinload(Film.versions).selectinload(Version.captions),
        selectinload(Film.alternative_titles),
        selectinload(Film.accolades),
        selectinload(Film.press),
        selectinload(Film.assets),
        selectinload(Film.identifiers),
        selectinload(Film.watch_links),
        selectinload(Film.partner_links),
        selectinload(Film.relations).joinedload(FilmRelation.related_film),
    )


def film_by_slug(session: Session, slug: str) -> Film:
    """Return a published film with everything its page needs.

    Raises:
        NotFoundError: there is none; a draft or a withdrawn film is none either.
    """
    return _one(session, slug, Film.status == FilmStatus.PUBLISHED)


def find_typed_film(session: Session, typed: str) -> Film | None:
    """Return the published film of a title, a slug, or an address; None if not exactly one."""
    text = typed.strip()
    slug = text.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
    found = session.scalars(
        select(Film)
        .where(
            Film.status == FilmStatus.PUBLISHED,
            (Film.slug == slug) | (func.lower(Film.title) == text.lower()),
        )
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def film_for_staff(session: Session, slug: str, *, for_change: bool = False) -> Film:
    """Return a film of any status with everything loaded; ``for_change`` locks its row.

    Raises:
        NotFoundError: there is none.
    """
    if for_change:
        session.execute(select(Film.id).where(Film.slug == slug).with_for_update())
    return _one(session, slug)


def reload_films(session: Session, which: ColumnElement[bool]) -> list[Film]:
    """Reload films of any status with everything, and return them by title.

    The whole session is expired first: of films that are related to each other,
    ``populate_existing`` would undo what it had just loaded of one for the other.
    """
    session.flush()
    session.expire_all()
    return list(
        session.scalars(
            select(Film).where(which).options(*page_options()).order_by(Film.sort_key, Film.id)
        )
    )


def recent(session: Session, n: int) -> Sequence[Film]:
    """Return the ``n`` published films that came into the catalog last."""
    return session.scalars(
        select(Film)
        .where(Film.status == FilmStatus.PUBLISHED)
        .order_by(Film.published_at.desc(), Film.release_year.desc(), Film.id)
        .limit(n)
        .options(*card_options())
    ).all()


def films_by_id(session: Session, ids: Sequence[int], *, captions: bool = False) -> list[Film]:
    """Return the published films among ``ids``, in the order of ``ids``, as cards need them.

    ``captions`` loads those too.
    """
    if not ids:
        return []
    options = card_options()
    if captions:
        options += (selectinload(Film.versions).selectinload(Version.captions),)
    films = session.scalars(
        select(Film).where(Film.id.in_(ids), Film.status == FilmStatus.PUBLISHED).options(*options)
    )
    by_id = {film.id: film for film in films}
    return [by_id[film_id] for film_id in ids if film_id in by_id]


def films_by_slug(session: Session, slugs: Sequence[str]) -> dict[str, Film]:
    """Return those of these films that are published, as cards and licensing need them."""
    rows = session.scalars(
        select(Film)
        .where(Film.slug.in_(slugs), Film.status == FilmStatus.PUBLISHED)
        .options(
            *card_options(),
            selectinload(Film.versions).selectinload(Version.captions),
            selectinload(Film.partner_links),
            selectinload(Film.relations),
        )
    )
    return {film.slug: film for film in rows}


def staff_films(
    session: Session, page: PageParams, *, q: str | None = None, status: FilmStatus | None = None
) -> tuple[Sequence[Film], str | None]:
    """Return a page of films of any status, the newest entry first; ``q`` is part of a title."""
    statement = select(Film).options(*card_options())
    if status is not None:
        statement = statement.where(Film.status == status)
    if q and q.strip():
        slug = slugify(q)
        if not slug:
            return [], None
        statement = statement.where(
            or_(Film.sort_key.contains(sort_key(q)), Film.slug.contains(slug))
        )
    keys = _keys(page, int)
    if keys:
        statement = statement.where(Film.id < keys[0])
    rows = session.scalars(statement.order_by(Film.id.desc()).limit(page.limit + 1)).all()
    return page.cut(rows, lambda film: (film.id,))


def _one(session: Session, slug: str, *more: ColumnElement[bool]) -> Film:
    # populate_existing: a film that a service has just changed is read as it now stands.
    film = session.scalar(
        select(Film)
        .where(Film.slug == slug, *more)
        .options(*page_options())
        .execution_options(populate_existing=True)
    )
    if film is None:
        detail = f"Film “{slug}” not found."
        raise NotFoundError(detail)
    return film


def _keys(page: PageParams, *kinds: type) -> list[Any] | None:
    """Return the cursor's sort keys, checked: a search's cursor does not fit a list by title.

    Raises:
        InvalidInputError: the cursor is of another list.
    """
    keys = page.keys(len(kinds))
    if keys and not all(type(key) is kind for key, kind in zip(keys, kinds, strict=True)):
        problem = FieldProblem(
            "?/cursor",
            ("This cursor belongs to a list with other filters. Start again without it."),
        )
        raise InvalidInputError.of(problem)
    # The last key of every list is a film's id.
    return [*keys[:-1], id_of(keys[-1])] if keys else None
