"""Checks and bank transfers for staff programs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.errors import NotAuthenticatedError, ScopeMissingError
from app.accounts.keys import Scope, require_scopes
from app.billing.errors import TaxUnresolvedError
from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError, responses
from app.core.fields import SearchText
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.money import DECIMALS, Money
from app.core.pagination import Page, PageDep
from app.core.request_middleware import SettingsDep
from app.institutions.models import Institution
from app.orders.admin_routes import ChangeDep
from app.orders.errors import PaymentNotVoidableError
from app.orders.models import Order
from app.orders.routes import NumberPath
from app.orders.schemas import MoneyIn, PaymentIn, StaffOrderOut, VoidIn
from app.orders.states import PaymentMethod
from app.receivables import queries, receipts
from app.receivables.errors import ReceiptRefundedError, ReceiptTakenError, ReceiptVoidError
from app.receivables.receipts import MatchDraft, ReceiptDraft
from app.receivables.schemas import (
    MatchesIn,
    MatchIn,
    ReceiptIn,
    ReceiptOut,
    ReceiptRefundIn,
    ReceiptVoidIn,
)

router = APIRouter(
    prefix="/admin",
    tags=["staff: receivables"],
    responses=responses(NotAuthenticatedError, ScopeMissingError),
)
Reader = Annotated[Actor, Depends(require_scopes(Scope.ORDERS_READ))]
Biller = Annotated[Actor, Depends(require_scopes(Scope.BILLING_WRITE))]
ReceiptPath = Annotated[
    str, Path(max_length=20, pattern=r"^[A-Za-z0-9-]+$", examples=["RC-7K3QF9TD"])
]
RowPath = Annotated[int, Path(ge=1, le=2**31 - 1)]


class ReceiptFilters(BaseModel, frozen=True):
    """The parameters of a list of payments."""

    q: SearchText | None = Field(
        default=None, description="A number, payer, deposit, invoice, order, or institution"
    )
    unmatched: bool | None = Field(
        default=None, description="Whether some of the payment is not matched"
    )


@dataclass(frozen=True)
class ReceiptChange:
    """A staff member's change of one receipt, made once per idempotency key."""

    session: SessionDep
    idempotency: IdempotencyDep

    def run(self, apply: Callable[[Session], object], number: str) -> ReceiptOut:
        """Apply the change unless its key was used before; return the receipt after it."""

        def work() -> ReceiptOut:
            apply(self.session)
            return ReceiptOut.of(queries.get_receipt(self.session, number))

        return self.idempotency.run_once(self.session, ReceiptOut, work)


ReceiptChangeDep = Annotated[ReceiptChange, Depends()]


@router.get("/payments", summary="List checks and transfers")
def list_receipts(
    session: ReadSessionDep,
    _reader: Reader,
    page: PageDep,
    filters: Annotated[ReceiptFilters, Query()],
) -> Page[ReceiptOut]:
    """List checks and bank transfers, the newest recorded first."""
    rows = queries.find_receipts(session, page, q=filters.q, unmatched=filters.unmatched)
    shown, cursor = page.cut(rows, lambda receipt: (receipt.id,))
    return Page(items=[ReceiptOut.of(receipt) for receipt in shown], next=cursor)


@router.post(
    "/payments",
    summary="Record a check or transfer",
    status_code=201,
    responses=responses(
        InvalidInputError, ReceiptTakenError, TaxUnresolvedError, IdempotencyKeyReusedError
    ),
)
def record_receipt(
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    biller: Biller,
    body: ReceiptIn,
) -> ReceiptOut:
    """Record a check or bank transfer and match it with invoices. Needs `billing:write`.

    Each match is a payment of its order. What is left stays as credit of the institution.
    """
    today = clock.today(settings.seller_time_zone)

    def work() -> ReceiptOut:
        draft = ReceiptDraft(
            payer=body.payer,
            method=PaymentMethod(body.method),
            reference=body.number,
            amount=_money(body.amount),
            received_on=body.received_on or today,
            deposit=body.deposit_reference,
            institution=_find_institution(session, body.institution),
        )
        receipt = receipts.record_receipt(
            session, draft, _drafts(body.matches), today=today, actor=biller
        )
        return ReceiptOut.of(receipt)

    return idempotency.run_once(session, ReceiptOut, work)


@router.get("/payments/{number}", summary="Get a payment", responses=responses(NotFoundError))
def get_receipt(session: ReadSessionDep, _reader: Reader, number: ReceiptPath) -> ReceiptOut:
    """Return the check or transfer with its matches."""
    return ReceiptOut.of(queries.get_receipt(session, number))


@router.post(
    "/payments/{number}/matches",
    summary="Match a payment",
    responses=responses(
        NotFoundError,
        InvalidInputError,
        ReceiptVoidError,
        TaxUnresolvedError,
        IdempotencyKeyReusedError,
    ),
)
def match_receipt(
    change: ReceiptChangeDep, biller: Biller, number: ReceiptPath, body: MatchesIn
) -> ReceiptOut:
    """Match what is left of a payment with more invoices. Needs `billing:write`."""
    return change.run(
        lambda session: receipts.match_receipt(
            session, number, _drafts(body.matches), actor=biller
        ),
        number,
    )


@router.post(
    "/payments/{number}/matches/{match}/undo",
    summary="Undo a match",
    responses=responses(NotFoundError, PaymentNotVoidableError, IdempotencyKeyReusedError),
)
def undo_match(
    change: ReceiptChangeDep,
    biller: Biller,
    number: ReceiptPath,
    match: RowPath,
    body: ReceiptVoidIn,
) -> ReceiptOut:
    """Take a match back. The invoice is open again. Needs `billing:write`. Safe to repeat."""
    return change.run(
        lambda session: receipts.undo_match(
            session, number, match_id=match, actor=biller, reason=body.reason
        ),
        number,
    )


@router.post(
    "/payments/{number}/refunds",
    summary="Record a refund by hand",
    responses=responses(
        NotFoundError, InvalidInputError, ReceiptVoidError, IdempotencyKeyReusedError
    ),
)
def refund_rest(
    change: ReceiptChangeDep,
    settings: SettingsDep,
    biller: Biller,
    number: ReceiptPath,
    body: ReceiptRefundIn,
) -> ReceiptOut:
    """Record that you sent back what is left of a payment. Needs `billing:write`."""
    today = clock.today(settings.seller_time_zone)
    return change.run(
        lambda session: receipts.refund_rest(
            session,
            number,
            amount=_money(body.amount),
            refunded_on=body.refunded_on or today,
            today=today,
            reference=body.number,
            reason=body.reason,
            actor=biller,
        ),
        number,
    )


@router.post(
    "/payments/{number}/void",
    summary="Void a payment",
    responses=responses(
        NotFoundError, PaymentNotVoidableError, ReceiptRefundedError, IdempotencyKeyReusedError
    ),
)
def void_receipt(
    change: ReceiptChangeDep, biller: Biller, number: ReceiptPath, body: ReceiptVoidIn
) -> ReceiptOut:
    """Void a payment that was recorded by mistake. Needs `billing:write`. Safe to repeat.

    Its invoices are open again. If an order is not paid without it, its licenses are suspended,
    unless it is on terms.
    """
    return change.run(
        lambda session: receipts.void_receipt(session, number, actor=biller, reason=body.reason),
        number,
    )


@router.post(
    "/orders/{number}/payments",
    summary="Record a payment of one order",
    responses=responses(
        NotFoundError, InvalidInputError, ReceiptTakenError, IdempotencyKeyReusedError
    ),
)
def record_payment_offline(
    change: ChangeDep, settings: SettingsDep, number: NumberPath, biller: Biller, body: PaymentIn
) -> StaffOrderOut:
    """Record a check or bank transfer of the order's institution. Needs `billing:write`.

    The order's licenses are granted when it is paid in full. Repeating a number has no effect.
    What is more than the order owes stays as credit of the institution.
    """

    def apply(session: Session, order: Order) -> None:
        receipts.record_for_order(
            session,
            order,
            amount=_money(body.amount),
            method=PaymentMethod(body.method),
            reference=body.number,
            received_on=body.received_on,
            today=clock.today(settings.seller_time_zone),
            actor=biller,
        )

    return change.run(number, apply)


@router.post(
    "/orders/{number}/payments/{payment}/void",
    summary="Void a payment of one order",
    responses=responses(
        NotFoundError, PaymentNotVoidableError, ReceiptRefundedError, IdempotencyKeyReusedError
    ),
)
def void_payment(
    change: ChangeDep, number: NumberPath, biller: Biller, payment: RowPath, body: VoidIn
) -> StaffOrderOut:
    """Void a check or transfer that was recorded by mistake. Needs `billing:write`.

    If the order is not paid without it, its licenses are suspended, unless it is on terms. What a
    check pays of other orders stays: the part of this order becomes credit.
    """

    def apply(session: Session, order: Order) -> None:
        receipts.void_order_payment(
            session, order, payment_id=payment, actor=biller, reason=body.reason
        )

    return change.run(number, apply)


def _drafts(matches: list[MatchIn]) -> list[MatchDraft]:
    return [MatchDraft(match.number, match.amount) for match in matches]


def _money(amount: MoneyIn) -> Money:
    if amount.currency not in DECIMALS:
        detail = f"Choose one of {', '.join(DECIMALS)}."
        raise InvalidInputError.of(FieldProblem("#/amount/currency", detail))
    return Money(amount.amount, amount.currency)


def _find_institution(session: Session, ref: str | None) -> Institution | None:
    if ref is None:
        return None
    institution = session.scalar(select(Institution).where(Institution.ref == ref))
    if institution is None:
        detail = "Enter the `ref` of an institution."
        raise InvalidInputError.of(FieldProblem("#/institution", detail))
    return institution
