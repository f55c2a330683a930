"""Class links: a page with a button, and the session that it opens for one film."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.access.claims import Method, make_claim
from app.access.class_links import get_class_link, use_class_link
from app.core import throttle
from app.core.app_state import app_state
from app.core.networks import network_of
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.storefront.access_view import draw_access_page, open_session

router = APIRouter()
HOUR, MAX_PER_CLIENT = 60 * 60, 1000
Signed = Annotated[str, Path(max_length=100)]


@router.get("/access/class/{signed}")
def class_page(request: Request, settings: SettingsDep, signed: Signed) -> Response:
    """Name the film and ask for a press: programs that look at links use none up."""
    with app_state(request).readers() as session:
        link, film = get_class_link(session, settings, signed)
        institution = session.get_one(Institution, link.institution_id)
        return draw_access_page(request, "class", film=film, institution=institution, signed=signed)


@router.post("/access/class/{signed}")
def use_class_page(request: Request, settings: SettingsDep, signed: Signed) -> Response:
    """Count a student, and open the film."""
    with app_state(request).sessions.begin() as session:
        throttle.hit(session, "class link", network_of(request), limit=MAX_PER_CLIENT, seconds=HOUR)
        link, film = get_class_link(session, settings, signed)
        use_class_link(session, link)
        claim = make_claim(
            settings,
            link.institution_id,
            Method.CLASS_LINK,
            film=film.slug,
            until=link.expires_at,
        )
    return open_session(claim, f"/watch/{film.slug}", settings=settings)
