"""Films of any status: the list, the page of one, and publishing."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.catalog import groups, history
from app.catalog.differences import format_field, row_name
from app.catalog.documents import FilmPatch
from app.catalog.enums import FilmStatus
from app.catalog.film_service import patch_film, withdraw_film
from app.catalog.models import Film
from app.catalog.parts_models import Caption, PartnerLink, Version, WatchLink
from app.catalog.queries import film_for_staff
from app.console.access import CatalogEditor, Staff
from app.console.fields import EmptyIsNone, Line, PageNumber, Search, Slug
from app.console.films.edit_conflicts import film_document
from app.console.films.parts import FILM_PARTS, FilmPart
from app.console.forms.field_types import FieldGroup, Rows
from app.console.forms.submission import submit
from app.console.history_routes import build_change_views
from app.console.lists import Listing
from app.console.pages import draw_page
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.media.service import films_with_failed_pictures
from app.notes.queries import count_pending
from app.offers.models import Offer, RightsWindow
from app.offers.queries import find_offers_of_films, find_windows
from app.offers.states import DELIVERY_LABELS, HELD_RIGHT_LABELS, OfferStatus

EXPIRY_NOTICE = timedelta(days=180)
LINK_CHECK_INTERVAL = timedelta(days=180)


class AttentionReason(StrEnum):
    """Reasons why a film needs attention."""

    NO_OFFER = "no_offer"
    NO_CAPTIONS = "no_captions"
    WINDOW_ENDS = "window_ends"
    OLD_LINKS = "old_links"


ATTENTION_LABELS: Mapping[AttentionReason, str] = {
    AttentionReason.NO_OFFER: "No published offers",
    AttentionReason.NO_CAPTIONS: "No version has captions",
    AttentionReason.WINDOW_ENDS: "Rights end within six months",
    AttentionReason.OLD_LINKS: "A link has not been checked for six months",
}


def _no_offer(today: date) -> ColumnElement[bool]:
    del today
    on_sale = exists().where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    return and_(Film.status == FilmStatus.PUBLISHED, ~on_sale)


def _no_captions(today: date) -> ColumnElement[bool]:
    del today
    captioned = (
        select(Caption.version_id)
        .join(Version, Version.id == Caption.version_id)
        .where(Version.film_id == Film.id)
        .correlate(Film)
        .exists()
    )
    return and_(Film.status == FilmStatus.PUBLISHED, ~captioned)


def _window_ends(today: date) -> ColumnElement[bool]:
    """Return whether a right ends soon or has ended without a later window."""
    longer = aliased(RightsWindow)
    goes_on = exists().where(
        longer.film_id == RightsWindow.film_id,
        longer.right == RightsWindow.right,
        or_(longer.ends_on.is_(None), longer.ends_on > today + EXPIRY_NOTICE),
    )
    ends = exists().where(
        RightsWindow.film_id == Film.id, RightsWindow.ends_on <= today + EXPIRY_NOTICE, ~goes_on
    )
    return and_(Film.status == FilmStatus.PUBLISHED, ends)


def _old_links(today: date) -> ColumnElement[bool]:
    before = today - LINK_CHECK_INTERVAL
    return or_(
        exists().where(WatchLink.film_id == Film.id, WatchLink.checked_on < before),
        exists().where(PartnerLink.film_id == Film.id, PartnerLink.checked_on < before),
    )


ATTENTION_CONDITIONS: Mapping[AttentionReason, Callable[[date], ColumnElement[bool]]] = {
    AttentionReason.NO_OFFER: _no_offer,
    AttentionReason.NO_CAPTIONS: _no_captions,
    AttentionReason.WINDOW_ENDS: _window_ends,
    AttentionReason.OLD_LINKS: _old_links,
}
OFFERS_FOR_SALE = (
    select(func.count(Offer.id))
    .where(Offer.film_id == Film.id, Offer.status == OfferStatus.PUBLISHED)
    .correlate(Film)
    .scalar_subquery()
)
FILMS = Listing(
    "films.html",
    select(
        Film.slug,
        Film.title,
        Film.release_year,
        Film.genre,
        Film.status,
        Film.updated_at,
        OFFERS_FOR_SALE.label("on_sale"),
    ),
    unique=Film.id,
    state=Film.status,
    sorts={"title": Film.sort_key, "year": Film.release_year, "changed": Film.updated_at},
    contains=(Film.title, Film.original_title, Film.slug),
)


MAX_SHOWN_ROWS = 4
MAX_LENGTH = 240


def summarize_part(part: FilmPart, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the labels and values of a part, without empty ones."""
    lines = []
    for shape in part.shapes:
        value = document[shape.name]
        if isinstance(shape, Rows):
            names = [row_name(shape.name, row) for row in value]
            shown = "; ".join(names[:MAX_SHOWN_ROWS])
            more = len(names) - MAX_SHOWN_ROWS
            text = f"{shown}; and {more} more" if more > 0 else shown
        elif isinstance(shape, FieldGroup):
            text = ", ".join(f"{name} {item}" for name, item in value.items())
        elif shape.choices:
            labels = dict(shape.choices)
            chosen = value if isinstance(value, list) else [value]
            text = ", ".join(labels.get(str(item), str(item)) for item in chosen if item)
        else:
            text = format_field(shape.name, value)
        if text:
            shortened = (
                f"{text[:MAX_LENGTH].rsplit(' ', 1)[0]}..." if len(text) > MAX_LENGTH else text
            )
            lines.append((shape.label, shortened))
    return lines


router = APIRouter(prefix="/films")
LAST_CHANGES = 3


@router.get("", summary="Films of any status")
def film_list(
    request: Request,
    *,
    staff: CatalogEditor,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[FilmStatus | None, EmptyIsNone, Query()] = None,
    need: Annotated[AttentionReason | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "title",
    number: PageNumber = 1,
) -> Response:
    """Show one page of films, with the number of offers for sale."""
    return FILMS.draw(
        request,
        staff,
        session,
        *((ATTENTION_CONDITIONS[need](clock.today()),) if need else ()),
        q=q,
        status=status,
        sort=sort,
        number=number,
        more={
            "failed_pictures": films_with_failed_pictures(session),
            "waiting_notes": count_pending(session),
            "need": need,
            "needs": ATTENTION_LABELS,
        },
    )


@router.get("/{slug}", summary="One film, its offers and the rights held")
def film_page(
    request: Request, staff: CatalogEditor, session: ReadSessionDep, slug: Slug
) -> Response:
    """Show a film with its offers, rights windows, parts, and last changes."""
    return _draw_film(request, staff, session, slug)


@router.post("/{slug}/status", summary="Publish or withdraw a film")
def change_film_status(
    request: Request,
    *,
    staff: CatalogEditor,
    slug: Slug,
    step: Annotated[Literal["publish", "withdraw"], Form()],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Publish or withdraw a film. Existing licenses stay active."""

    def work(session: Session) -> None:
        if step == "withdraw":
            withdraw_film(session, slug, actor=staff.actor, reason=reason)
            return
        film = film_for_staff(session, slug, for_change=True)
        patch = FilmPatch.model_validate({"status": FilmStatus.PUBLISHED})
        patch_film(session, film, patch, actor=staff.actor)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw_film(request, staff, session, slug, problem=error),
        path=f"/console/films/{slug}",
        done={"publish": "film-published", "withdraw": "film-withdrawn"}[step],
    )


def _draw_film(
    request: Request, staff: Staff, session: Session, slug: str, *, problem: AppError | None = None
) -> Response:
    film = film_for_staff(session, slug)
    offers = find_offers_of_films(session, [film.id], statuses=list(OfferStatus))
    document = film_document(film)
    return draw_page(
        request,
        staff,
        "film.html",
        problem=problem,
        film=film,
        parts=[(part, summarize_part(part, document)) for part in FILM_PARTS.values()],
        collections=groups.collections_of(session, film),
        offers=offers,
        lowest={offer.id: offer.lowest_price(clock.today()) for offer in offers},
        windows=find_windows(session, [film.id]),
        deliveries=DELIVERY_LABELS,
        rights=HELD_RIGHT_LABELS,
        changes=build_change_views(list(history.changes(session, film, limit=LAST_CHANGES))),
        today=clock.today(),
    )
