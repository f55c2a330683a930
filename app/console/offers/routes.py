"""Offers: the list, one offer with its prices, on sale and off."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.permissions import Scope
from app.catalog.models import Film
from app.console.access import Staff, require_scopes
from app.console.fields import EmptyIsNone, Line, PageNumber, Search
from app.console.lists import entities_page, searched
from app.console.offers.prices import price_lines
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core import clock
from app.core.app_state import app_state
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.offers.models import Offer
from app.offers.offer_service import delete_draft, publish_offer, withdraw_offer
from app.offers.queries import find_windows_by_film, get_offer, load_offers
from app.offers.states import DELIVERY_LABELS, OfferStatus
from app.offers.window_service import rights_gaps

router = APIRouter(prefix="/offers")
OfferEditor = Annotated[Staff, Depends(require_scopes(Scope.OFFERS_WRITE))]
Sku = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
SUCCESS_MESSAGES = {"publish": "published", "withdraw": "withdrawn", "discard": "discarded"}


@router.get("", summary="Offers of any status")
def offer_list(
    request: Request,
    *,
    staff: OfferEditor,
    session: ReadSessionDep,
    q: Search = "",
    status: Annotated[OfferStatus | None, EmptyIsNone, Query()] = None,
    number: PageNumber = 1,
) -> Response:
    """Show one page of offers with their terms and today's lowest price."""
    statement = load_offers().join(Film, Film.id == Offer.film_id).order_by(None)
    if status is not None:
        statement = statement.where(Offer.status == status)
    statement = searched(statement, q, contains=(Offer.sku, Offer.title, Film.title))
    statement = statement.order_by(Film.sort_key, Film.id, Offer.position, Offer.id)
    rows = entities_page(session, statement, page=number)
    return page(
        request,
        staff,
        "offers.html",
        rows=rows,
        lowest={offer.id: offer.lowest_price(clock.today()) for offer in rows.items},
        q=q,
        status=status,
        deliveries=DELIVERY_LABELS,
    )


@router.get("/{sku}", summary="One offer and its prices")
def offer_page(request: Request, staff: OfferEditor, session: ReadSessionDep, sku: Sku) -> Response:
    """Show what an offer is, what it costs whom and when, and what keeps it from being sold."""
    return draw_offer(request, staff, session, sku)


@router.post("/{sku}/status", summary="Publish or withdraw an offer, or discard a draft")
def change_offer_status(
    request: Request,
    *,
    staff: OfferEditor,
    sku: Sku,
    step: Annotated[Literal["publish", "withdraw", "discard"], Form()],
    film: Annotated[str, Form(pattern=r"^[a-z0-9-]{0,120}$")] = "",
    once: Line = "",
) -> Response:
    """Publish, if the rights held allow it, or withdraw; a second time changes nothing."""

    def work(session: Session) -> None:
        if step == "discard":
            delete_draft(session, sku=sku, actor=staff.actor)
            return
        change = publish_offer if step == "publish" else withdraw_offer
        change(session, sku=sku, actor=staff.actor)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with app_state(request).readers() as session:
            return draw_offer(request, staff, session, sku, problem=error)
    done = SUCCESS_MESSAGES[step] if new else "twice"
    if film or step == "discard":
        target = f"/console/films/{film}" if film else "/console/offers"
        return see_other(target, done=done, anchor="offers" if film else "")
    return see_other(f"/console/offers/{sku}", done=done)


def draw_offer(
    request: Request, staff: Staff, session: Session, sku: str, *, problem: AppError | None = None
) -> Response:
    """Draw an offer's page."""
    offer = get_offer(session, sku)
    today = clock.today()
    windows = find_windows_by_film(session, [offer.film_id])[offer.film_id]
    return page(
        request,
        staff,
        "offer.html",
        problem=problem,
        offer=offer,
        lines=price_lines(offer.prices, today),
        gaps=rights_gaps(offer, windows, on=max(today, offer.on_sale_from or today)),
        deliveries=DELIVERY_LABELS,
        history=list(reversed(audit.entries_about(session, "offer", offer.sku))),
        today=today,
    )
