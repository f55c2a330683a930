"""Films as staff see them: the list, and one film with all that hangs on it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts.permissions import Scope
from app.catalog import groups, history
from app.catalog.documents import FilmPatch
from app.catalog.enums import FilmStatus
from app.catalog.film_service import patch_film, withdraw_film
from app.catalog.queries import film_for_staff
from app.console.access import Staff, require_scopes
from app.console.fields import EmptyIsNone, Line, PageNumber, Search
from app.console.films.attention import FILMS, NEED_LABELS, NEEDS, AttentionReason
from app.console.films.history_routes import views
from app.console.films.parts import PARTS
from app.console.films.saving import film_document
from app.console.films.summaries import summary
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.media.service import films_with_failed_pictures
from app.notes.queries import count_pending
from app.offers.queries import find_offers_of_films, find_windows
from app.offers.states import DELIVERY_LABELS, HELD_RIGHT_LABELS, OfferStatus

router = APIRouter(prefix="/films")
FilmEditor = Annotated[Staff, Depends(require_scopes(Scope.CATALOG_WRITE))]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
LAST_CHANGES = 3


@router.get("", summary="Films of any status")
def film_list(
    request: Request,
    *,
    staff: FilmEditor,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[FilmStatus | None, EmptyIsNone, Query()] = None,
    need: Annotated[AttentionReason | None, EmptyIsNone, Query()] = None,
    sort: Annotated[str, Query(max_length=20)] = "title",
    number: PageNumber = 1,
) -> Response:
    """Show one page of films, with how many offers of each are on sale, and what each needs."""
    return FILMS.draw(
        request,
        staff,
        session,
        *((NEEDS[need](clock.today()),) if need else ()),
        q=q,
        status=status,
        sort=sort,
        number=number,
        more={
            "failed_pictures": films_with_failed_pictures(session),
            "waiting_notes": count_pending(session),
            "need": need,
            "needs": NEED_LABELS,
        },
    )


@router.get("/{slug}", summary="One film, its offers and the rights held")
def film_page(request: Request, staff: FilmEditor, session: ReadSessionDep, slug: Slug) -> Response:
    """Show what the catalog says, what is on sale, and within which rights windows."""
    return _draw_film(request, staff, session, slug)


@router.post("/{slug}/status", summary="Publish or withdraw a film")
def change_film_status(
    request: Request,
    *,
    staff: FilmEditor,
    slug: Slug,
    step: Annotated[Literal["publish", "withdraw"], Form()],
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Put a film into the public catalog or take it out; licenses that exist go on."""

    def work(session: Session) -> None:
        if step == "withdraw":
            withdraw_film(session, slug, actor=staff.actor, reason=reason)
            return
        film = film_for_staff(session, slug, for_change=True)
        patch = FilmPatch.model_validate({"status": FilmStatus.PUBLISHED})
        patch_film(session, film, patch, actor=staff.actor)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return _draw_film(request, staff, session, slug, problem=error)
    done = {"publish": "film-published", "withdraw": "film-withdrawn"}[step] if new else "twice"
    return see_other(f"/console/films/{slug}", done=done)


def _draw_film(
    request: Request, staff: Staff, session: Session, slug: str, *, problem: AppError | None = None
) -> Response:
    film = film_for_staff(session, slug)
    offers = find_offers_of_films(session, [film.id], statuses=list(OfferStatus))
    document = film_document(film)
    return page(
        request,
        staff,
        "film.html",
        problem=problem,
        film=film,
        parts=[(part, summary(part, document)) for part in PARTS.values()],
        collections=groups.collections_of(session, film),
        offers=offers,
        lowest={offer.id: offer.lowest_price(clock.today()) for offer in offers},
        windows=find_windows(session, [film.id]),
        deliveries=DELIVERY_LABELS,
        rights=HELD_RIGHT_LABELS,
        changes=views(list(history.changes(session, film, limit=LAST_CHANGES))),
        today=clock.today(),
    )
