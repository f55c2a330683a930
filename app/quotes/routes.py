"""HTTP endpoints of quotes, for buyers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request

from app.accounts.actors import Actor
from app.accounts.keys import recognize
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, responses
from app.core.idempotency import IdempotencyDep, IdempotencyKeyReusedError
from app.core.request_middleware import SettingsDep
from app.orders.errors import ApproverNeededError
from app.orders.placement import count_order_request
from app.orders.schemas import PlacedOrderOut
from app.orders.serializers import placed_out
from app.orders.serializers import remove_secrets as remove_order_secrets
from app.quotes.acceptance import accept_quote
from app.quotes.drafts import QuoteAcceptance, QuoteDraft
from app.quotes.errors import QuoteNotOpenError
from app.quotes.queries import get_quote_for_buyer
from app.quotes.schemas import CreatedQuoteOut, QuoteOut
from app.quotes.serializers import created_out, quote_out, remove_secrets
from app.quotes.service import create_quote

router = APIRouter(prefix="/quotes", tags=["quotes"])


def quote_token(
    token: Annotated[
        str | None, Query(max_length=200, description="The quote's access token, as in its links")
    ] = None,
    x_quote_token: Annotated[
        str | None,
        Header(
            max_length=200, description="The same token, sent as a header instead of in the URL"
        ),
    ] = None,
) -> str:
    """Read the secret from the header or the address."""
    return x_quote_token or token or ""


TokenDep = Annotated[str, Depends(quote_token)]
QuoteNumberPath = Annotated[
    str, Path(max_length=40, description="The quote's number", examples=["RQ-7K3QF9TD"])
]


@router.post(
    "",
    summary="Get a quote",
    status_code=HTTPStatus.CREATED,
    response_model=CreatedQuoteOut,
    responses=responses(
        InvalidInputError, NotFoundError, QuoteNotOpenError, IdempotencyKeyReusedError
    ),
    dependencies=[Depends(recognize)],
)
def post_quote(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    draft: Annotated[QuoteDraft, Body()],
) -> object:
    """Make a quote at today's prices, and email it to the buyer. Nothing is owed.

    Its prices, rights, and license texts are honored through its last day. All problems are
    returned at once, each with a pointer to its field.
    """
    actor = Actor.guest(draft.buyer.email)

    def work() -> CreatedQuoteOut:
        count_order_request(
            session, request, email=draft.buyer.email, limit=settings.orders_per_hour
        )
        return created_out(session, create_quote(session, draft, settings=settings, actor=actor))

    return idempotency.run_once(session, CreatedQuoteOut, work, redact=remove_secrets)


@router.get("/{number}", summary="Get an existing quote", responses=responses(NotFoundError))
def get_quote(session: ReadSessionDep, number: QuoteNumberPath, token: TokenDep) -> QuoteOut:
    """Return the quote to holders of its access token. For others, it does not exist."""
    return quote_out(session, get_quote_for_buyer(session, number, token))


@router.post(
    "/{number}/accept",
    summary="Accept a quote",
    status_code=HTTPStatus.CREATED,
    response_model=PlacedOrderOut,
    responses=responses(
        InvalidInputError,
        NotFoundError,
        QuoteNotOpenError,
        ApproverNeededError,
        IdempotencyKeyReusedError,
    ),
    dependencies=[Depends(recognize)],
)
def post_acceptance(
    *,
    session: SessionDep,
    settings: SettingsDep,
    idempotency: IdempotencyDep,
    number: QuoteNumberPath,
    token: TokenDep,
    acceptance: Annotated[QuoteAcceptance, Body()],
) -> object:
    """Place the quote's order at the quoted prices, once. Pay it with `checkout`, or send a PO.

    Rights, license texts, and addresses are checked as for any order. A quote that cannot be
    licensed today stays open, and the problem names the line.
    """

    def work() -> PlacedOrderOut:
        quote = get_quote_for_buyer(session, number, token)
        email = acceptance.accepted_by.email if acceptance.accepted_by else quote.email
        order = accept_quote(
            session, quote.number, acceptance, settings=settings, actor=Actor.guest(email)
        )
        return placed_out(session, order)

    return idempotency.run_once(session, PlacedOrderOut, work, redact=remove_order_secrets)
