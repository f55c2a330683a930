"""The page of a film, and its poster."""

import base64
import json
from dataclasses import asdict
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.catalog import groups, queries
from app.catalog.models import Film
from app.core import clock
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep
from app.discovery.citations import cited_film, styled_citations
from app.discovery.film_head import film_head, public_answer
from app.notes.drafts import MAX_BODY_LENGTH
from app.notes.queries import find_threads
from app.offers.licensing import Buyer, find_public_offers, find_starting_prices, get_licensing
from app.posters import PosterFacts, facts_of, poster_svg
from app.storefront import film_view, press_view
from app.storefront.buyer_form import CLASS_CHOICES, SIZE_HELP, size_questions
from app.storefront.visitor import BuyerDep, buyer_words, film_cookies
from app.web.rendering import render

router = APIRouter()
SIMILAR = 4
POSTER_SECONDS = 3600
Ratio = Literal["portrait", "wide", "card"]


@router.get("/films/{slug}")
@public_read(cookies=film_cookies)
def film(
    request: Request, session: ReadSessionDep, settings: SettingsDep, buyer: BuyerDep, slug: str
) -> Response:
    """Show a film: where to watch it at home, and what the buyer may license."""
    return _draw(request, session, settings, queries.film_by_slug(session, slug), buyer)


def draw_preview(request: Request, session: Session, found: Film) -> Response:
    """Show a film of any status to staff as the public would see it."""
    settings = app_state(request).settings
    response = _draw(request, session, settings, found, None, is_preview=True)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _draw(
    request: Request,
    session: Session,
    settings: Settings,
    found: Film,
    buyer: Buyer | None,
    *,
    is_preview: bool = False,
) -> Response:
    answer = get_licensing(session, found, buyer, on=clock.today()) if buyer else None
    related = groups.related(session, found)
    near = groups.similar(session, found, limit=SIMILAR) if len(related) < SIMILAR else []
    up_next = groups.up_next(session, found)
    shown = [*(row.film for row in related if row.film), *near]
    today = clock.today()
    on_sale = find_public_offers(session, [found.id], on=today).get(found.id, [])
    return render(
        request,
        "storefront/film.html",
        film=found,
        is_preview=is_preview,
        # The poster of an unpublished film has no URL.
        drawn_poster=_inline(found) if is_preview else f"/films/{found.slug}/poster.svg",
        head=film_head(found, public_answer(session, found, settings), settings),
        citations=styled_citations(cited_film(found, settings)),
        facts_line=film_view.facts_line(found),
        buyer=buyer,
        buyer_words=buyer_words(buyer) if buyer else "",
        answer=answer,
        comparison=film_view.comparison(found, answer.offers) if answer else None,
        size_missing=bool(answer and answer.size_needed),
        from_price=find_starting_prices(session, [found.id]).get(found.id),
        collections=groups.collections_of(session, found),
        credits=film_view.credit_groups(found),
        record_forms=film_view.record_forms(on_sale),
        on_sale=on_sale,
        price_table=[] if buyer else film_view.price_table(on_sale, on=today),
        offer_spans=[film_view.price_span(offer, on=today) for offer in on_sale],
        press=press_view.press_groups(found.press),
        press_view=press_view,
        grade_words=film_view.grade_words(found),
        notes=find_threads(session, found.id),
        longest_note=MAX_BODY_LENGTH,
        related=related,
        shown=shown,
        up_next=up_next,
        prices=find_starting_prices(session, [card.id for card in shown]),
        card_line=film_view.card_line,
        view=film_view,
        classes=CLASS_CHOICES,
        size_help=SIZE_HELP,
        size_questions=size_questions(),
    )


@router.get("/films/{slug}/poster.svg")
@public_read()
def poster(
    request: Request,
    session: ReadSessionDep,
    slug: str,
    ratio: Annotated[Ratio, Query()] = "portrait",
) -> Response:
    """Draw the film's poster, or redirect to the one that staff uploaded."""
    del request
    found = queries.film_by_slug(session, slug)
    if found.poster_file and ratio == "portrait":
        image = found.poster_file
        headers = {"Cache-Control": f"public, max-age={POSTER_SECONDS}"}
        return RedirectResponse(image.path_at(image.widths[0]), HTTPStatus.FOUND, headers=headers)
    facts = facts_of(found)
    return Response(
        _cached_poster(json.dumps(asdict(facts), sort_keys=True), ratio),
        media_type="image/svg+xml",
        headers={
            "Cache-Control": f"public, max-age={POSTER_SECONDS}",
            # An image that is opened by itself must not run or load anything either.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
    )


def _inline(film: Film) -> str:
    svg = poster_svg(facts_of(film), ratio="portrait")
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


@lru_cache(maxsize=512)
def _cached_poster(facts: str, ratio: Ratio) -> str:
    """Return the poster for these facts, in JSON because cache keys are hashable."""
    content = json.loads(facts)
    for name in ("directors", "countries", "subjects"):
        content[name] = tuple(content[name])
    return poster_svg(PosterFacts(**content), ratio=ratio)
