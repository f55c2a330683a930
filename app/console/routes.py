"""All pages of the console, included under one address by ``app/main.py``."""

from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, Response

from app.console import (
    access_routes,
    account_routes,
    admin_routes,
    aging_routes,
    collection_routes,
    correction_routes,
    customer_access_routes,
    customer_form,
    customer_people_routes,
    customer_routes,
    customer_sign_in_routes,
    customer_usage_routes,
    email_routes,
    entry_routes,
    exemption_routes,
    file_routes,
    history_routes,
    import_routes,
    invoice_routes,
    license_routes,
    line_correction_routes,
    media_routes,
    new_order_routes,
    note_routes,
    order_routes,
    payment_routes,
    purchase_order_record_routes,
    purchase_order_routes,
    queue_routes,
    quote_routes,
    receipt_routes,
    refund_routes,
    session_routes,
    statement_routes,
    synonym_routes,
    tax_routes,
    vendor_document_routes,
)
from app.console.access import StaffDep, read_sent_form
from app.console.films import edit_routes as film_edit_routes
from app.console.films import routes as film_routes
from app.console.offers import price_routes, text_routes, window_routes
from app.console.offers import routes as offer_routes
from app.console.pages import find_home_page, see_other

STYLE = Path(__file__).parent / "static" / "console.css"

# Pages for people, not for programs: those have /api/v1/admin with keys and scopes.
router = APIRouter(include_in_schema=False, dependencies=[Depends(read_sent_form)])


@router.get("", summary="Go to your first page")
def home(staff: StaffDep) -> Response:
    """Redirect to the first page that this person may see."""
    return see_other(find_home_page(staff))


@router.get("/console.css", summary="The console's style sheet")
def style() -> FileResponse:
    """Return the style sheet, also to the login page."""
    return FileResponse(STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})


for module in (
    session_routes,
    queue_routes,
    customer_form,
    customer_people_routes,
    customer_routes,
    new_order_routes,
    customer_sign_in_routes,
    customer_usage_routes,
    customer_access_routes,
    access_routes,
    order_routes,
    correction_routes,
    line_correction_routes,
    purchase_order_routes,
    purchase_order_record_routes,
    quote_routes,
    refund_routes,
    invoice_routes,
    email_routes,
    license_routes,
    media_routes,
    payment_routes,
    receipt_routes,
    aging_routes,
    statement_routes,
    tax_routes,
    exemption_routes,
    vendor_document_routes,
    film_routes,
    film_edit_routes,
    history_routes,
    collection_routes,
    entry_routes,
    synonym_routes,
    offer_routes,
    price_routes,
    text_routes,
    window_routes,
    file_routes,
    import_routes,
    note_routes,
    admin_routes,
    account_routes,
):
    router.include_router(module.router)
