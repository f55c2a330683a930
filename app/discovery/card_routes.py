"""The card of a film, for those who show a link to it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.catalog import queries
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep, answer_with
from app.discovery import preview_images

router = APIRouter()
KEPT_SECONDS = 3600


@router.get("/films/{slug}/card.png")
@public_read(cached=False)
def card(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    slug: str,
    v: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Draw the card; a request with its version may be cached permanently."""
    film = queries.film_by_slug(session, slug)
    facts = preview_images.card_facts(film, seller=settings.seller_name)
    lasting = v == preview_images.card_version(facts)
    kept = "public, max-age=31536000, immutable" if lasting else f"public, max-age={KEPT_SECONDS}"
    make = partial(preview_images.card_png, facts, settings.fonts_folder)
    return answer_with(request, make, media_type="image/png", headers={"Cache-Control": kept})
