"""The staff endpoints that correct an order."""

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from app.billing.errors import InvoiceNotReplaceableError
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyKeyReusedError
from app.core.preconditions import IfMatchDep, PreconditionFailedError, etag_of
from app.core.request_middleware import SettingsDep
from app.orders.admin_routes import DENIED, ChangeDep, Seller
from app.orders.corrections import OrderCorrection, correct_order
from app.orders.drafts import Line
from app.orders.errors import LinesSettledError, OrderClosedError
from app.orders.line_corrections import LineCorrection, correct_lines
from app.orders.models import Order
from app.orders.queries import lock_order
from app.orders.routes import NumberPath
from app.orders.schemas import StaffOrderOut
from app.orders.serializers import staff_out

router = APIRouter(prefix="/admin/orders", tags=["staff: orders"], responses=responses(*DENIED))


class OrderCorrectionIn(OrderCorrection):
    """Correct an order. Fields that are left out stay as they are."""

    reason: Line = Field(examples=["The library moved"])


class LineCorrectionIn(LineCorrection):
    """Replace the lines of an order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"offer": "the-red-soul-dvd-ppr", "quantity": 2}],
                    "reason": "The library needs two copies",
                }
            ]
        }
    )
    reason: Line = Field(examples=["The library needs two copies"])


@router.patch(
    "/{number}",
    summary="Correct an order",
    responses=responses(
        NotFoundError,
        InvalidInputError,
        OrderClosedError,
        InvoiceNotReplaceableError,
        PreconditionFailedError,
        IdempotencyKeyReusedError,
    ),
)
def patch_order(
    seller: Seller,
    change: ChangeDep,
    settings: SettingsDep,
    condition: IfMatchDep,
    response: Response,
    *,
    number: NumberPath,
    body: OrderCorrectionIn,
) -> StaffOrderOut:
    """Correct addresses, contacts, and the purchase order number. Needs `orders:write`.

    An invoice that prints what changed is void then, and a new one replaces it. A new `email` gets
    the link to the order. Prices and licenses stay. Safe to repeat.
    """

    def apply(session: Session, order: Order) -> None:
        condition.check(staff_out(session, lock_order(session, order.number)))
        correction = OrderCorrection.model_validate(body.model_dump(exclude={"reason"}))
        correct_order(
            session, number, correction, reason=body.reason, settings=settings, actor=seller
        )

    answer = change.run(number, apply)
    response.headers["ETag"] = etag_of(answer)
    return answer


@router.post(
    "/{number}/lines",
    summary="Correct the lines of an order",
    responses=responses(
        NotFoundError,
        InvalidInputError,
        OrderClosedError,
        LinesSettledError,
        PreconditionFailedError,
        IdempotencyKeyReusedError,
    ),
)
def post_lines(
    seller: Seller,
    change: ChangeDep,
    settings: SettingsDep,
    condition: IfMatchDep,
    response: Response,
    *,
    number: NumberPath,
    body: LineCorrectionIn,
) -> StaffOrderOut:
    """Add, change, or remove lines before an invoice or a payment. Needs `orders:write`.

    `lines` are all lines that the order is to have. They are priced and checked as those of an
    order that staff enter. Shipping and tax are computed again, and the buyer gets the new summary
    by email. Safe to repeat.
    """

    def apply(session: Session, order: Order) -> None:
        condition.check(staff_out(session, lock_order(session, order.number)))
        correction = LineCorrection.model_validate(body.model_dump(exclude={"reason"}))
        correct_lines(
            session, number, correction, reason=body.reason, settings=settings, actor=seller
        )

    answer = change.run(number, apply)
    response.headers["ETag"] = etag_of(answer)
    return answer
