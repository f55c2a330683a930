"""Every page of the console. They are included under one address: see app/main.py."""

from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, Response

from app.console import (
    account_routes,
    admin_routes,
    caption_routes,
    catalog_routes,
    email_routes,
    file_routes,
    import_routes,
    license_routes,
    note_routes,
    order_routes,
    payment_routes,
    queue_routes,
    refund_routes,
    session_routes,
    synonym_routes,
)
from app.console.access import StaffDep, read_sent_form
from app.console.films import edit_routes as film_edit_routes
from app.console.films import history_routes as film_history_routes
from app.console.names import collection_routes
from app.console.names import history_routes as name_history_routes
from app.console.names import routes as name_routes
from app.console.offers import edit_routes as offer_edit_routes
from app.console.offers import price_routes, text_routes, window_routes
from app.console.offers import routes as offer_routes
from app.console.pages import home_of, see_other

STYLE = Path(__file__).parent / "static" / "console.css"

# Pages for people, not for programs: those have /api/v1/admin with keys and scopes.
router = APIRouter(include_in_schema=False, dependencies=[Depends(read_sent_form)])


@router.get("", summary="Go to your first page")
def home(staff: StaffDep) -> Response:
    """Send everybody to the page where their work is."""
    return see_other(home_of(staff))


@router.get("/console.css", summary="The console's style sheet")
def style() -> FileResponse:
    """Return the stylesheet; it holds no secret, so the login page has it too."""
    return FileResponse(STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})


for part in (
    session_routes,
    queue_routes,
    order_routes,
    refund_routes,
    email_routes,
    license_routes,
    payment_routes,
    catalog_routes,
    film_edit_routes,
    film_history_routes,
    collection_routes,
    name_routes,
    name_history_routes,
    synonym_routes,
    offer_routes,
    offer_edit_routes,
    price_routes,
    text_routes,
    window_routes,
    file_routes,
    import_routes,
    note_routes,
    caption_routes,
    admin_routes,
    account_routes,
):
    router.include_router(part.router)
