"""Pages of quotes, under their secret links: get one, read it, share it, and accept it."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.regions import RULES, regions
from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import InvalidInputError, NotFoundError, TooManyRequestsError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import SettingsDep, answer_with, settings_of
from app.institutions.member_models import Member
from app.institutions.models import Institution
from app.institutions.sessions import OptionalMemberDep
from app.licenses.time_zones import latest_time_zone_of
from app.offers.queries import get_license_text
from app.orders import carts
from app.orders.errors import ApproverNeededError
from app.orders.placement import count_order_request
from app.payments.state import store_state
from app.quotes.acceptance import accept_quote
from app.quotes.approvals import can_approve_signed_in, read_approver
from app.quotes.document import quote_pdf
from app.quotes.errors import QuoteNotOpenError
from app.quotes.links import quote_path
from app.quotes.models import Quote
from app.quotes.queries import find_successor, find_vendor_documents, get_quote_for_buyer
from app.quotes.serializers import license_texts_of, quote_out
from app.quotes.service import closed_sentence, create_quote, decline_quote, share_quote
from app.quotes.states import QuoteState
from app.storefront import checkout_form, quote_form
from app.storefront.checkout_routes import PlacedOrder, find_payment_page
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE
from app.storefront.quote_form import InvalidQuoteFormError
from app.storefront.visitor import (
    FILLED_CART,
    CartTokenDep,
    buyer_words,
    forget_quote,
    remember_cart,
    remember_order,
    remember_quote,
)
from app.web.prose import prose
from app.web.rendering import render

router = APIRouter()
Token = Annotated[str, Query(max_length=200)]
Key = Annotated[str, Query(max_length=500)]
MAX_REASON_LENGTH = 500
# What a redirect to the quote confirms.
DONE = {
    "made": "Your quote is ready. We also emailed it to you",
    "shared": "Quote shared",
    "declined": "Quote declined",
    "po": "Purchase order uploaded. We compare it with the quote and email you",
}


class MadeQuote(BaseModel):
    """The quote of a form; a repeated form leads to the same quote."""

    number: str
    token: str


class _ToCartError(Exception):
    """The cart cannot be quoted; its page says why."""


@router.post("/quotes")
def make_quote(
    request: Request, form: FieldsDep, cart_cookie: CartTokenDep, member: OptionalMemberDep
) -> Response:
    """Make a quote of the cart, which stays, and redirect to it."""
    token = cart_cookie or form.get("cart")
    try:
        with store_state(request).sessions.begin() as session:
            made = _made_once(request, session, form, token, member)
    except _ToCartError:
        return RedirectResponse("/cart", status_code=HTTPStatus.SEE_OTHER)
    except InvalidQuoteFormError as error:
        page = render(
            request,
            "storefront/quote_request.html",
            status_code=HTTPStatus.UNPROCESSABLE_ENTITY,
            values=form,
            problems=error.problems,
            cart=token or "",
            once=form.get("once") or new_token(),
        )
        page.headers["Cache-Control"] = "private, no-store"
        return page
    url = f"/quotes/{made.number}?token={made.token}&done=made"
    response = RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    forget_quote(request, response)
    return response


def _made_once(
    request: Request,
    session: Session,
    form: Mapping[str, str],
    token: str | None,
    member: Member | None,
) -> MadeQuote:
    """Make the quote, once per form."""
    key = Idempotency.of_form("quote", form.get("once", ""), owner=token or "")
    settings = settings_of(request)

    def work() -> MadeQuote:
        cart = carts.find_cart(session, token)
        if cart is None or not cart.lines:
            raise _ToCartError
        review = carts.price_cart(session, cart, on=clock.today(), settings=settings)
        if not review.can_check_out:
            raise _ToCartError
        number, _, secret = form.get("supersedes", "").partition(".")
        draft = quote_form.parse_request(form, review, (number, secret) if secret else None)
        email = draft.buyer.email
        count_order_request(session, request, email=email, limit=settings.orders_per_hour)
        institution = None
        if member is not None and member.institution_id is not None:
            institution = session.get(Institution, member.institution_id)
        try:
            quote = create_quote(
                session,
                draft,
                settings=settings,
                actor=member.actor if member else Actor.guest(email),
                institution=institution,
            )
        except (QuoteNotOpenError, NotFoundError) as error:
            raise InvalidQuoteFormError({"": error.detail}) from error
        except InvalidInputError as error:
            starts = [
                problem.detail for problem in error.errors if problem.pointer.endswith("/starts_on")
            ]
            if starts:
                raise InvalidQuoteFormError({"starts_on": starts[0]}) from error
            raise _ToCartError from error
        return MadeQuote(number=quote.number, token=quote.access_token)

    return key.run_once(session, MadeQuote, work)


@router.get("/quotes/{number}.pdf")
def download_quote(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    number: str,
    token: Token = "",
) -> Response:
    """Return the quote as a PDF."""
    quote = get_quote_for_buyer(session, number, token)
    headers = {
        **PRIVATE,
        "Content-Disposition": f'inline; filename="quote-{quote.number}.pdf"',
    }
    return answer_with(
        request,
        partial(
            quote_pdf,
            quote,
            settings,
            vendor_documents=[each.label for each in find_vendor_documents(session, quote)],
        ),
        media_type="application/pdf",
        headers=headers,
    )


@router.get("/quotes/{number}")
def show_quote(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    session: ReadSessionDep,
    number: str,
    token: Token = "",
    done: Annotated[str, Query(max_length=20)] = "",
    approver: Key = "",
) -> Response:
    """Show the quote to holders of its link; others get 404."""
    quote = get_quote_for_buyer(session, number, token)
    return draw_quote_page(request, session, quote, done=DONE.get(done, ""), approver=approver)


@router.post("/quotes/{number}/share")
def share(request: Request, session: SessionDep, form: FieldsDep, number: str) -> Response:
    """Email the quote to an approver."""
    quote = get_quote_for_buyer(session, number, form.get("token", ""))
    key = Idempotency.of_form("share quote", form.get("once", ""), owner=quote.number)
    try:
        sent = quote_form.parse_share(form)
        if key.claim(session):
            share_quote(
                session,
                quote,
                to=sent.to,
                sender=sent.sender,
                message=sent.message,
                settings=settings_of(request),
                actor=Actor.guest(quote.email),
            )
    except InvalidQuoteFormError as error:
        return draw_quote_page(request, session, quote, values=form, problems=error.problems)
    except QuoteNotOpenError:
        return _see_quote(quote)
    except TooManyRequestsError as error:
        problems = {"to": f"This quote was shared too often today. {error.detail}"}
        return draw_quote_page(request, session, quote, values=form, problems=problems)
    return _see_quote(quote, done="shared")


@router.post("/quotes/{number}/decline")
def decline(request: Request, session: SessionDep, form: FieldsDep, number: str) -> Response:
    """Decline the quote, with a reason that staff read."""
    quote = get_quote_for_buyer(session, number, form.get("token", ""))
    reason = form.get("reason", "").strip()
    if not reason or len(reason) > MAX_REASON_LENGTH:
        problems = {"reason": f"Enter a reason of up to {MAX_REASON_LENGTH} characters"}
        return draw_quote_page(request, session, quote, values=form, problems=problems)
    try:
        decline_quote(session, quote.number, actor=Actor.guest(quote.email), reason=reason)
    except QuoteNotOpenError:
        return _see_quote(quote)
    return _see_quote(quote, done="declined")


@router.post("/quotes/{number}/cart")
def change(
    request: Request, session: SessionDep, form: FieldsDep, number: str, cart_token: CartTokenDep
) -> Response:
    """Add the lines to the cart, where a new quote takes the place of this one."""
    quote = get_quote_for_buyer(session, number, form.get("token", ""))
    cart, secret = carts.find_cart(session, cart_token), cart_token or ""
    if cart is None:
        cart, secret = carts.create_cart(session, buyer=quote.buyer)
    try:
        carts.restore_lines(session, cart, quote.lines, buyer=quote.buyer)
    except InvalidInputError as error:
        problems = {"": " ".join(problem.detail for problem in error.errors)}
        return draw_quote_page(request, session, quote, problems=problems)
    response = RedirectResponse(FILLED_CART, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    remember_cart(request, response, token=secret, lines=len(cart.lines))
    remember_quote(request, response, number=quote.number, token=quote.access_token)
    return response


@router.get("/quotes/{number}/accept")
def show_acceptance(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    session: ReadSessionDep,
    number: str,
    member: OptionalMemberDep,
    token: Token = "",
    approver: Key = "",
) -> Response:
    """Show the form to accept the quote, or redirect to a quote that is not open."""
    quote = get_quote_for_buyer(session, number, token)
    if not quote_out(session, quote).can_be_accepted:
        return _see_quote(quote)
    values = {
        **checkout_form.initial_values(quote.buyer),
        "role": "buyer",
        "po_number": quote.po_number or "",
    }
    known = _known_approver(request, quote, member, approver)
    if known:
        values |= {"role": "approver", "approver": approver}
    if member is not None and known == member.email:
        values["approver_name"] = member.name
    return _accept_page(request, session, quote, values, {}, once=new_token(), approver=known)


@router.post("/quotes/{number}/accept")
def accept(request: Request, form: FieldsDep, number: str, member: OptionalMemberDep) -> Response:
    """Place the order of the quote and redirect to the payment, or show the problems by field."""
    sessions = store_state(request).sessions
    token = form.get("token", "")
    try:
        # In a transaction that ends before the request to Stripe.
        with sessions.begin() as session:
            placed = _accepted_once(request, session, form, number, member)
    except QuoteNotOpenError:
        with sessions() as session:
            return _see_quote(get_quote_for_buyer(session, number, token))
    except InvalidQuoteFormError as error:
        with sessions() as session:
            quote = get_quote_for_buyer(session, number, token)
            once = form.get("once") or new_token()
            known = _known_approver(request, quote, member, form.get("approver", ""))
            return _accept_page(
                request, session, quote, form, error.problems, once=once, approver=known
            )
    url = f"/orders/{placed.number}?token={placed.token}&placed=yes"
    if form.get("pay") != "po":
        url = find_payment_page(request, placed) or f"{url}&payment=unavailable"
    response = RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
    remember_order(request, response, number=placed.number, token=placed.token)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _accepted_once(
    request: Request,
    session: Session,
    form: Mapping[str, str],
    number: str,
    member: Member | None,
) -> PlacedOrder:
    """Accept the quote, once per form."""
    quote = get_quote_for_buyer(session, number, form.get("token", ""))
    key = Idempotency.of_form("accept quote", form.get("once", ""), owner=quote.access_token)

    def work() -> PlacedOrder:
        texts = license_texts_of(quote)
        known = _known_approver(request, quote, member, form.get("approver", ""))
        acceptance = quote_form.parse_acceptance(form, quote, texts, approver=known)
        approver = acceptance.accepted_by
        guest = Actor.guest(approver.email if approver else quote.email)
        try:
            order = accept_quote(
                session,
                quote.number,
                acceptance,
                settings=settings_of(request),
                actor=member.actor if member else guest,
            )
        except InvalidInputError as error:
            problems = quote_form.problems_by_field(error.errors, form, quote, texts)
            raise InvalidQuoteFormError(problems) from error
        except ApproverNeededError as error:
            raise InvalidQuoteFormError({"": error.detail}) from error
        return PlacedOrder(number=order.number, token=order.access_token)

    return key.run_once(session, PlacedOrder, work)


def _known_approver(request: Request, quote: Quote, member: Member | None, key: str) -> str:
    """Return the address of the approver that the account or the emailed link proves."""
    if member is not None and can_approve_signed_in(quote, member):
        return member.email
    return read_approver(settings_of(request), quote, key)


def draw_quote_page(
    request: Request,
    session: Session,
    quote: Quote,
    *,
    done: str = "",
    approver: str = "",
    values: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    """Draw the page of a quote, with what became of the form that was sent last."""
    successor = find_successor(session, quote) if quote.state is QuoteState.SUPERSEDED else None
    response = render(
        request,
        "storefront/quote.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        quote=quote_out(session, quote),
        token=quote.access_token,
        approver=approver,
        closed="" if done else closed_sentence(session, quote),
        can_be_replaced=quote.current_state
        in {QuoteState.OPEN, QuoteState.EXPIRED, QuoteState.DECLINED},
        successor=quote_path(successor) if successor else "",
        buyer_words=buyer_words(quote.buyer),
        zone=latest_time_zone_of(quote.country, at=clock.now()),
        total_label=quote.total_label,
        remit_to=quote.legal_seller.remit_to.rows(),
        vendor_documents=find_vendor_documents(session, quote),
        values=values or {},
        problems=problems or {},
        done=done,
        once=new_token(),
    )
    response.headers.update(PRIVATE)
    return response


def _accept_page(
    request: Request,
    session: Session,
    quote: Quote,
    values: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    once: str,
    approver: str,
) -> Response:
    texts = [
        (text, prose(get_license_text(session, text.code, text.version).body, level=4))
        for text in license_texts_of(quote)
    ]
    response = render(
        request,
        "storefront/quote_accept.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        quote=quote_out(session, quote),
        token=quote.access_token,
        approver=approver,
        texts=texts,
        regions=[name for country in RULES for name in regions(country).values()],
        buyer_words=buyer_words(quote.buyer),
        total_label=quote.total_label,
        values=values,
        problems=problems,
        once=once,
    )
    response.headers.update(PRIVATE)
    return response


def _see_quote(quote: Quote, *, done: str = "") -> Response:
    url = f"{quote_path(quote)}&done={done}" if done else quote_path(quote)
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)
