"""Paying an invoice: the same payment page as that of its order, for what is owed now."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.billing.invoice_emails import invoice_path
from app.billing.invoice_queries import get_invoice_for_holder
from app.core.errors import ConflictError
from app.payments import checkout
from app.payments.errors import (
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentsUnreadableError,
)
from app.payments.state import store_state
from app.storefront.forms import FieldsDep
from app.storefront.invoice_routes import draw_invoice
from app.storefront.order_routes import PRIVATE

router = APIRouter()


@router.post("/invoices/{number}/pay")
def pay_invoice(request: Request, form: FieldsDep, number: str) -> Response:
    """Redirect to the open payment page, or to a new one."""
    state = store_state(request)
    token = form.get("token", "")
    with state.readers() as session:
        invoice = get_invoice_for_holder(session, number, token)
        path, order_number = invoice_path(invoice), invoice.order_number
    try:
        url = checkout.start_checkout(
            state.sessions, state.gateway, state.settings, number=order_number
        )
    except ConflictError:
        url = path  # it was paid or closed since; its page says which
    except (PaymentsUnavailableError, PaymentsRefusedError, PaymentsUnreadableError) as error:
        with state.readers() as session:
            invoice = get_invoice_for_holder(session, number, token)
            page = draw_invoice(request, session, invoice, failure=error.detail)
        page.status_code = error.status
        page.headers.update(error.headers or {})
        return page
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


@router.get("/invoices/{number}/return")
def return_from_payment(
    request: Request,
    number: str,
    token: Annotated[str, Query(max_length=200)] = "",
    session_id: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """Record what came of the payment page, and show the invoice."""
    state = store_state(request)
    with state.readers() as session:
        invoice = get_invoice_for_holder(session, number, token)
        path, order_number = invoice_path(invoice), invoice.order_number
    outcome = checkout.handle_return(
        state.sessions, state.gateway, number=order_number, session_id=session_id
    )
    target = f"{path}&payment={outcome}"
    return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
