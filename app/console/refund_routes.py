"""Refunds: amounts by line, a preview, and the request to Stripe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from app.console.access import Finance, Staff
from app.console.fields import Line, Number, parse_money, require_text
from app.console.forms.submission import run_once, submit
from app.console.order_routes import draw_order
from app.console.pages import draw_page, see_other
from app.core.db import ReadSessionDep
from app.core.errors import AppError, FieldProblem, InvalidInputError
from app.core.money import Money
from app.orders.allocations import (
    PART_LABELS,
    Allocation,
    OtherPart,
    Part,
    find_problems,
)
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
from app.orders.taxes import part_taxes
from app.payments.state import store_state
from app.payments.stripe_refunds import allocate_rest, try_advance_refund

router = APIRouter(prefix="/orders/{number}")


async def read_amounts(request: Request) -> dict[str, str]:
    """Return the amounts of the form by part, from ``part-1`` or ``part-shipping``."""
    form: FormData = await request.form()
    return {
        name.removeprefix("part-"): str(value).strip()
        for name, value in form.items()
        if name.startswith("part-")
    }


Amounts = Annotated[dict[str, str], Depends(read_amounts)]


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
    """Show the form for a refund."""
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
    """Show a preview; after its confirmation, request the refund.

    The refund is stored in one transaction, once for allocation copy of the form. Stripe is draft
    afterwards; if it does not answer, the worker retries.
    """
    state = store_state(request)
    with state.readers() as session:
        order = get_order_by_number(session, number)
        if step == "all":
            amounts = _all_amounts(order)
        try:
            if step == "edit":
                return _form(request, staff, order, amounts=amounts, effect=effect, reason=reason)
            draft = _validate_request(order, amounts, effect, reason)
        except AppError as error:
            return _form(
                request, staff, order, amounts=amounts, effect=effect, reason=reason, problem=error
            )
        if step in {"preview", "all"}:
            return _preview(request, staff, order, draft, amounts)
    refund_ids: list[int] = []

    def work(session: Session) -> None:
        order = get_order_by_number(session, number)
        for payment_id, allocations in split_over_payments(order, draft.allocations):
            refund = request_refund(
                session,
                order,
                allocations=allocations,
                effect=draft.effect,
                reason=draft.reason,
                actor=staff.actor,
                payment_id=payment_id,
            )
            refund_ids.append(refund.id)

    try:
        new = run_once(request, once, work)
    except AppError as error:
        with state.readers() as session:
            order = get_order_by_number(session, number)
            return _form(
                request, staff, order, amounts=amounts, effect=effect, reason=reason, problem=error
            )
    for refund_id in refund_ids if new else ():
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
    """Retry a requested or pending refund. Stripe makes allocation refund once."""
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
    """Allocate a refund refund_ids in Stripe or by a lost dispute."""

    def work(session: Session) -> None:
        order = get_order_by_number(session, number)
        _refund_of(order, refund)
        allocate_refund(
            session,
            order,
            refund_id=refund,
            allocations=_allocations(amounts, order.currency),
            effect=_require_effect(effect),
            actor=staff.actor,
        )

    return submit(
        request,
        once,
        work,
        redraw=lambda session, error: draw_order(request, staff, session, number, problem=error),
        path=f"/console/orders/{number}",
        done="allocated",
        anchor="refunds",
    )


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A valid refund that is not requested yet."""

    allocations: Sequence[Allocation]
    effect: LicenseEffect
    reason: str


def _validate_request(
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
    reason_text = require_text("reason", reason, message="Enter a reason.")
    return RefundRequest(
        allocations=allocations, effect=_require_effect(effect), reason=reason_text
    )


def _require_effect(effect: LicenseEffect | None) -> LicenseEffect:
    if effect is None:
        raise InvalidInputError.of(
            FieldProblem("#/effect", "Choose whether to keep or revoke the licenses.")
        )
    return effect


def _allocations(amounts: Mapping[str, str], currency: str) -> list[Allocation]:
    """Return the allocations of the form, without empty and zero amounts."""
    allocations = []
    for part, typed in amounts.items():
        amount = parse_money(f"part-{part}", typed, currency).amount if typed else 0
        if not amount:
            continue
        if part.isascii() and part.isdigit():
            allocations.append(Allocation(line=int(part[:9]), amount=amount))
        elif (other := next((name for name in PART_LABELS if name == part), None)) is not None:
            allocations.append(Allocation(line=other, amount=amount))
    return allocations


def _all_amounts(order: Order) -> dict[str, str]:
    """Return all remaining amounts as form input."""
    return {
        str(allocation.line): str(Money(allocation.amount, order.currency).decimal())
        for allocation in allocate_rest(order)
    }


def _field_of(pointer: str, allocations: Sequence[Allocation]) -> str:
    """Return the form field for a pointer such as ``#/allocations/0/amount``."""
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
            total=Money(line.gross_amount, order.currency),
            rest=Money(rest[line.number], order.currency),
            has_license=line.license is not None,
        )
        for line in order.lines
    ]
    taxes = part_taxes(order)
    others: dict[OtherPart, int] = {
        "charges": order.charges_amount + taxes.get("charges", 0),
        "shipping": order.shipping_amount + taxes.get("shipping", 0),
        "overpayment": order.paid_amount - order.total_amount,
    }
    rows += [
        PartRow(
            part,
            PART_LABELS[part],
            Money(total, order.currency),
            Money(rest[part], order.currency),
            False,
        )
        for part, total in others.items()
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
    return draw_page(
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
    request: Request, staff: Staff, order: Order, draft: RefundRequest, amounts: Mapping[str, str]
) -> Response:
    by_part = {allocation.line: allocation.amount for allocation in draft.allocations}
    back = Money(sum(by_part.values()), order.currency)
    ending = [
        line
        for line in order.lines
        if line.number in by_part
        and line.license is not None
        and draft.effect is LicenseEffect.REVOKE
    ]
    return draw_page(
        request,
        staff,
        "refund_preview.html",
        order=order,
        rows=[row for row in _rows(order) if row.part in by_part],
        by_part={part: Money(amount, order.currency) for part, amount in by_part.items()},
        back=back,
        kept=order.paid - order.refunded - back,
        ending=ending,
        draft=draft,
        amounts=amounts,
        pending=[r for r in order.refunds if r.status is RefundStatus.PENDING],
    )
