"""Staff endpoints of the tax of an order."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.keys import Scope, require_scopes
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyKeyReusedError
from app.core.request_middleware import SettingsDep
from app.orders import taxes
from app.orders.admin_routes import DENIED, ChangeDep
from app.orders.errors import OrderClosedError
from app.orders.models import Order
from app.orders.routes import NumberPath
from app.orders.schemas import StaffOrderOut, TaxAgainIn, TaxIn

router = APIRouter(
    prefix="/admin/orders/{number}/tax", tags=["staff: orders"], responses=responses(*DENIED)
)
Biller = Annotated[Actor, Depends(require_scopes(Scope.BILLING_WRITE))]


@router.post(
    "",
    summary="Enter the tax of an order",
    responses=responses(
        NotFoundError, InvalidInputError, OrderClosedError, IdempotencyKeyReusedError
    ),
)
def enter_tax(change: ChangeDep, number: NumberPath, biller: Biller, body: TaxIn) -> StaffOrderOut:
    """Enter the tax of an unpaid order, or that none is due. Needs `billing:write`.

    The buyer gets an email with the total and a link to pay.
    """

    def apply(session: Session, order: Order) -> None:
        taxes.enter_tax(session, order, amount=body.amount, reason=body.reason, actor=biller)

    return change.run(number, apply)


@router.post(
    "/assess",
    summary="Assess the tax of an order again",
    responses=responses(NotFoundError, OrderClosedError, IdempotencyKeyReusedError),
)
def assess_tax_again(
    change: ChangeDep,
    settings: SettingsDep,
    number: NumberPath,
    biller: Biller,
    body: TaxAgainIn,
) -> StaffOrderOut:
    """Assess the tax of an unpaid order by today's rates and certificates. Safe to repeat."""

    def apply(session: Session, order: Order) -> None:
        taxes.reassess_tax(session, order, settings=settings, reason=body.reason, actor=biller)

    return change.run(number, apply)
