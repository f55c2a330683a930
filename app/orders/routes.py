"""HTTP endpoints of orders, for buyers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request

from app.accounts.actors import Actor
from app.accounts.keys import recognize
from app.billing.states import PurchaseOrderSource
from app.core.app_state import app_state
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.request_middleware import SettingsDep
from app.orders.placement import OrderDraft, count_order_request, place
from app.orders.queries import get_number_for_buyer, get_order_for_buyer
from app.orders.schemas import OrderOut, PlacedOrderOut
from app.orders.serializers import order_out, placed_out, remove_secrets

router = APIRouter(prefix="/orders", tags=["orders"])


def order_token(
    token: Annotated[
        str | None, Query(max_length=200, description="The order's access token, as in its links")
    ] = None,
    x_order_token: Annotated[
        str | None,
        Header(
            max_length=200, description=("The same token, sent as a header instead of in the URL")
        ),
    ] = None,
) -> str:
    """Read the secret from the header or the address."""
    return x_order_token or token or ""


TokenDep = Annotated[str, Depends(order_token)]
NumberPath = Annotated[
    str, Path(max_length=40, description="The order's number", examples=["RR-7K3QF9TD"])
]


def held_order(request: Request, number: NumberPath, token: TokenDep) -> str:
    """Return the number of the order that the token opens; for others, it does not exist."""
    with app_state(request).readers() as session:
        return get_number_for_buyer(session, number, token)


HeldOrder = Annotated[str, Depends(held_order)]


@router.post(
    "",
    summary="Place an order",
    status_code=HTTPStatus.CREATED,
    response_model=PlacedOrderOut,
    responses=responses(InvalidInputError, IdempotencyKeyReusedError),
    dependencies=[Depends(recognize)],
)
def post_order(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    draft: Annotated[OrderDraft, Body()],
) -> object:
    """Place an order at today's prices. Pay it with `checkout`, or wait until staff accept its PO.

    All problems are returned at once, each with a pointer to its field. A repeated
    `Idempotency-Key` without an API key is answered without `token`: the link to the order is in
    the buyer's email.
    """
    actor = Actor.guest(draft.buyer.email)

    def work() -> PlacedOrderOut:
        count_order_request(
            session, request, email=draft.buyer.email, limit=settings.orders_per_hour
        )
        return placed_out(
            session,
            place(session, draft, settings=settings, actor=actor, source=PurchaseOrderSource.API),
        )

    return idempotency.run_once(session, PlacedOrderOut, work, redact=remove_secrets)


@router.get("/{number}", summary="Get an order", responses=responses(NotFoundError))
def get_order(session: ReadSessionDep, number: NumberPath, token: TokenDep) -> OrderOut:
    """Return the order to holders of its access token. For others, it does not exist."""
    return order_out(session, get_order_for_buyer(session, number, token))
