"""Customers: the list of institutions, the page of one, merging, and attaching orders."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.audit import entries_about
from app.accounts.customers import CLASSES
from app.console.access import CustomerEditor, OrderReader, Staff
from app.console.fields import Line, Number, PageNumber, Search, require_text
from app.console.forms.submission import submit
from app.console.lists import find_entities_page
from app.console.order_routes import draw_order
from app.console.pages import draw_page
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.money import Money
from app.core.request_middleware import settings_of
from app.institutions import merging, queries, service
from app.institutions.identifiers import SCHEME_LABELS
from app.institutions.invitations import find_open_invitations
from app.institutions.member_models import MEMBER_ROLE_LABELS, Member
from app.institutions.members import find_members
from app.institutions.models import Institution
from app.orders import attachment
from app.orders.models import Order
from app.orders.queries import find_film_titles, lock_order

router = APIRouter()
MAX_ORDERS = 50


@router.get("/customers", summary="Customers")
def customer_list(
    request: Request,
    *,
    staff: OrderReader,
    session: ReadSessionDep,
    q: Search = "",
    number: PageNumber = 1,
) -> Response:
    """Show one page of institutions by name, with their numbers of orders and people."""
    statement = queries.search_institutions(select(Institution), q).options(
        selectinload(Institution.domains)
    )
    rows = find_entities_page(
        session, statement.order_by(Institution.name_key, Institution.id), page=number
    )
    ids = [row.id for row in rows.items]
    return draw_page(
        request,
        staff,
        "customers.html",
        rows=rows,
        q=q,
        classes=CLASSES,
        orders=_count_by_institution(session, Order, ids),
        people=_count_by_institution(session, Member, ids),
    )


@router.get("/customers/{number}", summary="One customer")
def customer_page(
    request: Request,
    staff: OrderReader,
    session: ReadSessionDep,
    number: Number,
) -> Response:
    """Show an institution with its orders, people, and history."""
    return _draw(request, staff, session, number)


@router.post("/customers/{number}/verify", summary="Verify class and size")
def verify_customer(
    request: Request, *, staff: CustomerEditor, number: Number, once: Line = ""
) -> Response:
    """Record that class and size were checked."""

    def work(session: Session) -> None:
        institution = queries.get_institution(session, number, for_change=True)
        service.verify_institution(session, institution, actor=staff.actor)

    return _act(request, staff, number, once, work, done="customer-verified")


@router.post("/customers/{number}/merge", summary="Merge a customer into another")
def merge_customer(
    request: Request,
    *,
    staff: CustomerEditor,
    number: Number,
    into: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Move everything to the other institution; this one's address leads there."""

    def work(session: Session) -> None:
        target = queries.choose_institution(session, into, pointer="#/into")
        merging.merge_institutions(session, number, target.ref, actor=staff.actor, reason=reason)

    typed = {"into": into, "merge_reason": reason}
    return _act(request, staff, number, once, work, done="customer-merged", typed=typed)


@router.post("/customers/{number}/undo-merge", summary="Undo a merge")
def undo_customer_merge(
    request: Request, *, staff: CustomerEditor, number: Number, source: Line = "", once: Line = ""
) -> Response:
    """Restore an institution that was merged into this one."""

    def work(session: Session) -> None:
        merging.undo_merge(session, source, actor=staff.actor)

    return _act(request, staff, number, once, work, done="customer-unmerged")


@router.post("/customers/{number}/attach", summary="Attach orders by domain")
def attach_orders(
    request: Request, *, staff: CustomerEditor, number: Number, once: Line = ""
) -> Response:
    """Attach the orders whose addresses are at the institution's domains."""

    def work(session: Session) -> None:
        institution = queries.get_institution(session, number)
        attachment.attach_unattached(session, institution, actor=staff.actor)

    return _act(request, staff, number, once, work, done="orders-attached")


@router.post("/orders/{number}/attach", summary="Attach an order to a customer")
def attach_order(
    request: Request,
    *,
    staff: CustomerEditor,
    number: Number,
    customer: Line = "",
    reason: Line = "",
    once: Line = "",
) -> Response:
    """Say which institution an order belongs to."""

    def work(session: Session) -> None:
        institution = queries.choose_institution(session, customer, pointer="#/customer")
        order = lock_order(session, number)
        if order.institution_id is not None:
            require_text("attach_reason", reason, message="Enter a reason to move the order.")
        attachment.attach_order(session, order, institution, actor=staff.actor, reason=reason)

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: draw_order(
            request,
            staff,
            session,
            number,
            problem=error,
            typed={"customer": customer, "attach_reason": reason},
        ),
        path=f"/console/orders/{number}",
        done="customer-attached",
    )


def _act(
    request: Request,
    staff: Staff,
    number: str,
    once: str,
    work: Callable[[Session], None],
    *,
    done: str,
    typed: Mapping[str, object] | None = None,
) -> Response:
    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: _draw(
            request, staff, session, number, problem=error, typed=typed
        ),
        path=f"/console/customers/{number}",
        done=done,
    )


def _draw(
    request: Request,
    staff: Staff,
    session: Session,
    number: str,
    *,
    problem: AppError | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    institution = queries.get_institution(session, number)
    orders = session.scalars(
        select(Order)
        .where(Order.institution_id == institution.id)
        .order_by(Order.id.desc())
        .limit(MAX_ORDERS)
    ).all()
    limit = institution.credit_limit
    return draw_page(
        request,
        staff,
        "customer.html",
        problem=problem,
        typed=typed,
        customer=institution,
        facts=CLASSES[institution.customer_class],
        limit=None if limit is None else Money(limit, settings_of(request).currency),
        schemes=SCHEME_LABELS,
        merged=queries.find_merges_into(session, institution),
        orders=orders,
        order_count=_count_by_institution(session, Order, [institution.id]).get(institution.id, 0),
        titles=find_film_titles(session, [order.number for order in orders]),
        unattached=attachment.find_unattached(session, institution),
        people=find_members(session, institution),
        invitations=find_open_invitations(session, institution),
        role_labels=MEMBER_ROLE_LABELS,
        history=entries_about(session, "institution", institution.ref),
    )


def _count_by_institution(
    session: Session, model: type[Order | Member], ids: list[int]
) -> dict[int, int]:
    column = model.institution_id
    counted = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return {institution: count for institution, count in session.execute(counted) if institution}
