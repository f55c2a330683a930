"""Refunds: amounts by line, a look at what they would do, and then the money goes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.accounts.permissions import Scope
from app.console.access import Staff, require_scopes
from app.console.fields import Line, Number, money_of, need
from app.console.order_routes import draw_order
from app.console.pages import page, see_other
from app.console.submissions import run_once
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.money import Money
from app.orders.allocations import Allocation, Part, find_problems
from app.orders.errors import OrderClosedError
from app.orders.models import Order, Refund
from app.orders.queries import get_order_by_number
from app.orders.refunds import (
    allocate_refund,
    refundable,
    refundable_total,
    request_refund,
    split_over_payments,
)
from app.orders.states import LicenseEffect, PaymentState, RefundStatus
from app.payments.refunds import allocate_rest, try_advance_refund
from app.payments.state import store_state

router = APIRouter(prefix="/orders/{number}")
Finance = Annotated[Staff, Depends(require_scopes(Scope.REFUNDS_WRITE))]


async def typed_amounts(request: Request) -> dict[str, str]:
    """Return what was typed for each part of the order: ``part-1``, ``part-shipping``."""
    form: FormData = await request.form()
    return {
        name.removeprefix("part-"): str(value).strip()
        for name, value in form.items()
        if name.startswith("part-")
    }


Amounts = Annotated[dict[str, str], Depends(typed_amounts)]


@dataclass(frozen=True, slots=True)
class PartRow:
    """One row of the refund form."""

    part: Part
    label: str
    total: Money
    rest: Money
    has_license: bool


@router.get("/refund", summary="Refund form")
def refund_form(
    request: Request, staff: Finance, session: ReadSessionDep, number: Number
) -> Response:
    """Ask how much of which line goes back, and what becomes of its license."""
    order = get_order_by_number(session, number)
    return _form(request, staff, order, amounts={}, effect=None, reason="")


@router.post("/refund", summary="Preview or request a refund")
def make_refund(
    request: Request,
    *,
    staff: Finance,
    number: Number,
    amounts: Amounts,
    effect: Annotated[LicenseEffect | None, Form()] = None,
    reason: Line = "",
    step: Annotated[Literal["preview", "all", "edit", "confirm"], Form()] = "preview",
    once: Line = "",
) -> Response:
    """Show what the refund would do; when that is confirmed, do it.

    The promise is made in one transaction, once for each copy of the form; only then is Stripe
    asked, outside any. If Stripe does not answer the worker sees the refund through.
    """
    state = store_state(request)
    with state.readers() as session:
        order = get_order_by_number(session, number)
        if step == "all":
            amounts = _everything(order)
        try:
            if step == "edit":
                return _form(request, staff, order, amounts=amounts, effect=effect, reason=reason)
            asked = _asked(order, amounts, effect, reason)
        except AppError as error:
            return _form(
                request, staff, order, amounts=amounts, effect=effect, reason=reason, problem=error
            )
        if step in {"preview", "all"}:
            return _preview(request, staff, order, asked, amounts)
    made: list[int] = []

    def work(session: Session) -> None:
        order = get_order_by_number(session, number)
        for payment_id, allocations in split_over_payments(order, asked.allocations):
            promised = request_refund(
                session,
                order,
                allocations=allocations,
                effect=asked.effect,
                reason=asked.reason,
                actor=staff.actor,
                payment_id=payment_id,
            )
            made.append(promised.id)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with state.readers() as session:
            order = get_order_by_number(session, number)
            return _form(
                request, staff, order, amounts=amounts, effect=effect, reason=reason, problem=error
            )
    for refund_id in made if new else ():
        try_advance_refund(state.sessions, state.gateway, refund_id=refund_id, actor=staff.actor)
    done = "refunded" if new else "twice"
    return see_other(f"/console/orders/{number}", done=done, anchor="refunds")


@router.post("/refunds/{refund}/retry", summary="Retry a pending refund")
def retry_refund(
    request: Request,
    *,
    staff: Finance,
    number: Number,
    refund: Annotated[int, Path(ge=1, le=2**31 - 1)],
) -> Response:
    """Push a refund that is asked for or on its way. Stripe makes each of them once."""
    state = store_state(request)
    with state.readers() as session:
        _refund_of(get_order_by_number(session, number), refund)
    try_advance_refund(state.sessions, state.gateway, refund_id=refund, actor=staff.actor)
    return see_other(f"/console/orders/{number}", done="refund-retried", anchor="refunds")


@router.post("/refunds/{refund}/allocate", summary="Allocate an external refund")
def allocate(
    request: Request,
    *,
    staff: Finance,
    number: Number,
    refund: Annotated[int, Path(ge=1, le=2**31 - 1)],
    amounts: Amounts,
    effect: Annotated[LicenseEffect | None, Form()] = None,
    once: Line = "",
) -> Response:
    """Allocate a refund that was made at Stripe directly, or by a lost dispute."""

    def work(session: Session) -> None:
        order = get_order_by_number(session, number)
        _refund_of(order, refund)
        allocate_refund(
            session,
            order,
            refund_id=refund,
            allocations=_allocations(amounts, order.currency),
            effect=_chosen(effect),
            actor=staff.actor,
        )

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with store_state(request).readers() as session:
            return draw_order(request, staff, session, number, problem=error)
    done = "allocated" if new else "twice"
    return see_other(f"/console/orders/{number}", done=done, anchor="refunds")


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund that makes sense, not yet made."""

    allocations: Sequence[Allocation]
    effect: LicenseEffect
    reason: str


def _asked(
    order: Order, amounts: Mapping[str, str], effect: LicenseEffect | None, reason: str
) -> RefundRequest:
    if order.payment_state is PaymentState.DISPUTED:
        detail = "The payment is disputed. The bank decides the outcome."
        raise OrderClosedError(detail)
    allocations = _allocations(amounts, order.currency)
    problems = [
        FieldProblem(_field_of(problem.pointer, allocations), problem.detail)
        for problem in find_problems(allocations, refundable(order), order.currency)
    ]
    if problems:
        raise InvalidInputError.of(*problems)
    why = need("reason", reason, otherwise="Enter a reason.")
    return RefundRequest(allocations=allocations, effect=_chosen(effect), reason=why)


def _chosen(effect: LicenseEffect | None) -> LicenseEffect:
    if effect is None:
        raise InvalidInputError.of(
            FieldProblem("#/effect", "Choose whether to keep or revoke the licenses.")
        )
    return effect


def _allocations(amounts: Mapping[str, str], currency: str) -> list[Allocation]:
    """Return the allocations that were typed; empty fields and zeros are none."""
    found = []
    for part, typed in amounts.items():
        amount = money_of(f"part-{part}", typed, currency).amount if typed else 0
        if not amount:
            continue
        if part.isascii() and part.isdigit():
            found.append(Allocation(line=int(part[:9]), amount=amount))
        elif part in {"shipping", "overpayment"}:
            named: Literal["shipping", "overpayment"] = (
                "shipping" if part == "shipping" else "overpayment"
            )
            found.append(Allocation(line=named, amount=amount))
    return found


def _everything(order: Order) -> dict[str, str]:
    """Return the amounts that give back all that is left, as they would be typed."""
    return {
        str(each.line): str(Money(each.amount, order.currency).decimal())
        for each in allocate_rest(order)
    }


def _field_of(pointer: str, allocations: Sequence[Allocation]) -> str:
    """Return the form's field for a pointer like ``#/allocations/0/amount``."""
    _, _, *rest = pointer.split("/")
    if rest and rest[0].isdigit():
        return f"#/part-{allocations[int(rest[0])].line}"
    return "#/parts"


def _refund_of(order: Order, refund_id: int) -> Refund:
    for refund in order.refunds:
        if refund.id == refund_id:
            return refund
    detail = f"Order {order.number} has no refund {refund_id}."
    raise OrderClosedError(detail)


def _rows(order: Order) -> list[PartRow]:
    rest = refundable(order)
    rows = [
        PartRow(
            part=line.number,
            label=f"{line.film_title}: {line.title}",
            total=Money(line.total_amount, order.currency),
            rest=Money(rest[line.number], order.currency),
            has_license=line.license is not None,
        )
        for line in order.lines
    ]
    others: tuple[tuple[Literal["shipping", "overpayment"], str, int], ...] = (
        ("shipping", "Shipping", order.shipping_amount),
        ("overpayment", "Overpayment", order.paid_amount - order.total_amount),
    )
    rows += [
        PartRow(part, label, Money(total, order.currency), Money(rest[part], order.currency), False)
        for part, label, total in others
        if part in rest
    ]
    return rows


def _form(
    request: Request,
    staff: Staff,
    order: Order,
    *,
    amounts: Mapping[str, str],
    effect: LicenseEffect | None,
    reason: str,
    problem: AppError | None = None,
) -> Response:
    return page(
        request,
        staff,
        "refund.html",
        problem=problem,
        order=order,
        rows=_rows(order),
        left=refundable_total(order),
        amounts=amounts,
        effect=effect,
        reason=reason,
        disputed=order.payment_state is PaymentState.DISPUTED,
    )


def _preview(
    request: Request, staff: Staff, order: Order, asked: RefundRequest, amounts: Mapping[str, str]
) -> Response:
    by_part = {allocation.line: allocation.amount for allocation in asked.allocations}
    back = Money(sum(by_part.values()), order.currency)
    ending = [
        line
        for line in order.lines
        if line.number in by_part
        and line.license is not None
        and asked.effect is LicenseEffect.REVOKE
    ]
    return page(
        request,
        staff,
        "refund_preview.html",
        order=order,
        rows=[row for row in _rows(order) if row.part in by_part],
        by_part={part: Money(amount, order.currency) for part, amount in by_part.items()},
        back=back,
        kept=order.paid - order.refunded - back,
        ending=ending,
        asked=asked,
        amounts=amounts,
        pending=[r for r in order.refunds if r.status is RefundStatus.PENDING],
    )
