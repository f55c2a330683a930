"""The account of a signed-in person: an overview, and lists of orders and invoices."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.accounts.addresses import Address
from app.billing.invoice_emails import invoice_path
from app.core import clock
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.pagination import PageParams
from app.core.request_middleware import settings_of
from app.institutions.member_models import MEMBER_ROLE_LABELS, Member, MemberRole
from app.institutions.member_rules import grantable_roles
from app.institutions.sessions import MemberDep, count_member_sessions
from app.licenses.time_zones import time_zone_of
from app.orders import links
from app.orders.models import Order
from app.orders.queries import order_keys
from app.portal.holdings import (
    find_attention,
    find_member_invoice,
    find_member_invoices,
    find_member_order,
    find_member_orders,
    find_member_quote,
    find_member_quotes,
)
from app.portal.licenses import LicenseQuery, find_member_licenses
from app.portal.visibility import sees_all_invoices, sees_all_orders, sees_usage
from app.quotes.links import quote_path
from app.storefront.order_routes import PRIVATE
from app.storefront.order_view import ORDER_STATE_LABELS, PAYMENT_LABELS
from app.web.rendering import render

router = APIRouter(prefix="/account")
PAGE_SIZE = 25
NEWEST = PageParams(limit=4)
Cursor = Annotated[str | None, Query(max_length=2000)]


@router.get("")
def account_page(
    request: Request, session: ReadSessionDep, member: MemberDep, saved: str = ""
) -> Response:
    """Show what needs attention, and the newest of everything."""
    return draw_account(request, session, member, saved=bool(saved))


def draw_account(
    request: Request,
    session: Session,
    member: Member,
    *,
    saved: bool = False,
    typed: str | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    """Draw the overview, with what became of the form that was sent last."""
    response = _page(
        request,
        "account",
        member,
        saved=saved,
        own_name=member.name if typed is None else typed,
        problems=problems or {},
        devices=count_member_sessions(session, settings_of(request), member),
        roles=[MEMBER_ROLE_LABELS[MemberRole(role)] for role in member.roles],
        sees_usage=sees_usage(member),
        keeps_access=bool(member.institution and member.has_role(MemberRole.LIBRARIAN)),
        manages_people=bool(member.institution and grantable_roles(member)),
        attention=find_attention(session, member),
        orders=_rows(find_member_orders(session, member, NEWEST)[: NEWEST.limit]),
        quotes=find_member_quotes(session, member, NEWEST)[: NEWEST.limit],
        invoices=find_member_invoices(session, member, NEWEST)[: NEWEST.limit],
        has_licenses=bool(find_member_licenses(session, member, LicenseQuery(), NEWEST)),
    )
    response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return response


@router.get("/orders")
def orders_page(
    request: Request, session: ReadSessionDep, member: MemberDep, cursor: Cursor = None
) -> Response:
    """Show the orders, newest first."""
    page = PageParams(limit=PAGE_SIZE, cursor=cursor)
    shown, following = page.cut(find_member_orders(session, member, page), order_keys)
    return _page(request, "orders", member, orders=_rows(shown), cursor=following)


@router.get("/orders/{number}")
def open_order(session: ReadSessionDep, member: MemberDep, number: str) -> Response:
    """Redirect to the order's page, where the owner of its address can confirm it."""
    order = find_member_order(session, member, number)
    if order is None:
        detail = f"Order “{number[:40]}” not found."
        raise NotFoundError(detail)
    is_own = member.email.lower() == order.email.lower()
    return _redirect(links.mailed_order_url(order) if is_own else links.order_url(order))


@router.get("/quotes")
def quotes_page(
    request: Request, session: ReadSessionDep, member: MemberDep, cursor: Cursor = None
) -> Response:
    """Show the quotes, newest first."""
    page = PageParams(limit=PAGE_SIZE, cursor=cursor)
    rows = find_member_quotes(session, member, page)
    shown, following = page.cut(rows, lambda row: (row.id,))
    return _page(request, "quotes", member, quotes=shown, cursor=following)


@router.get("/quotes/{number}")
def open_quote(session: ReadSessionDep, member: MemberDep, number: str) -> Response:
    """Redirect to the quote's page."""
    quote = find_member_quote(session, member, number)
    if quote is None:
        detail = f"Quote “{number[:40]}” not found."
        raise NotFoundError(detail)
    return _redirect(quote_path(quote))


@router.get("/invoices")
def invoices_page(
    request: Request, session: ReadSessionDep, member: MemberDep, cursor: Cursor = None
) -> Response:
    """Show the invoices, newest first."""
    page = PageParams(limit=PAGE_SIZE, cursor=cursor)

    shown, following = page.cut(find_member_invoices(session, member, page), lambda row: (row.id,))
    return _page(request, "invoices", member, invoices=shown, cursor=following)


@router.get("/invoices/{number}")
def open_invoice(session: ReadSessionDep, member: MemberDep, number: str) -> Response:
    """Redirect to the invoice's page."""
    invoice = find_member_invoice(session, member, number)
    if invoice is None:
        detail = f"Invoice “{number[:40]}” not found."
        raise NotFoundError(detail)
    return _redirect(invoice_path(invoice))


def _rows(orders: Sequence[Order]) -> list[tuple[Order, str]]:
    """Return the orders, each with the time zone of its dates."""
    return [(order, time_zone_of(Address.model_validate(order.billing))) for order in orders]


def _redirect(target: str) -> RedirectResponse:
    return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _page(request: Request, name: str, member: Member, **context: object) -> Response:
    context |= {
        "member": member,
        "today": clock.today(),
        "sees_all_orders": sees_all_orders(member),
        "sees_all_invoices": sees_all_invoices(member),
        "state_labels": ORDER_STATE_LABELS,
        "payment_labels": PAYMENT_LABELS,
    }
    response = render(request, f"portal/{name}.html", **context)  # type: ignore[arg-type]
    response.headers.update(PRIVATE)
    return response
