"""The hosted pages: checkout, 3-D Secure, and receipt. They work without JavaScript."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_sandbox import cards
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.objects import payments, sessions
from stripe_sandbox.objects.payments import Outcome, Payer
from stripe_sandbox.rendering import page
from stripe_sandbox.storage import Database, Document

_FIELDS: Final = ("email", "method", "number", "expires", "cvc", "name", "account")
_EXPIRY: Final = re.compile(r"^\s*(\d{1,2})\s*/?\s*(?:20)?(\d{2})\s*$")
_CVC: Final = re.compile(r"^\d{3,4}$")
_EMAIL: Final = re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")
_MONTHS: Final = 12
_MAX_TEXT_LENGTH: Final = 200


@dataclass(slots=True)
class CheckoutEntry:
    """The entered values of the checkout form, and their problems, by field."""

    values: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    expires: tuple[int, int] = (12, 2034)

    @property
    def number(self) -> str:
        """The card number without spaces."""
        return re.sub(r"[\s-]", "", self.values["number"])

    @property
    def payer(self) -> Payer:
        """The person who pays."""
        return Payer(email=self.values["email"], name=self.values["name"])


def build_success_url(session: Document) -> str:
    """Return the success URL of a session with its id filled in."""
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


class HostedPages:
    """The pages that Stripe would host."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route("/c/pay/{id}", self.show, methods=["GET"]),
            Route("/c/pay/{id}", _with_form(self.pay), methods=["POST"]),
            Route("/c/pay/{id}/authenticate", self.show_authentication, methods=["GET"]),
            Route("/c/pay/{id}/authenticate", _with_form(self.authenticate), methods=["POST"]),
            Route("/receipts/{id}", self.receipt, methods=["GET"]),
        ]

    def show(self, request: Request) -> Response:
        """Show the checkout form, or redirect from a session that has ended."""
        session = self._session(request)
        if session is None or session["status"] != "open":
            return self._show_ended(request, session)
        card = cards.card_for(request.query_params.get("card", ""))
        prefilled = card is not None and card.number != ""
        values = dict.fromkeys(_FIELDS, "")
        values["email"] = (session["customer_details"] or {}).get("email") or ""
        values["method"] = session["payment_method_types"][0]
        values["account"] = cards.BANKS[0].account
        if card is not None and prefilled:
            values |= {
                "number": card.spaced,
                "expires": "12 / 34",
                "cvc": "1234"[: _cvc_length(card)],
            }
            values["name"] = "Test Payer"
        return self._form(request, session, CheckoutEntry(values), status=HTTPStatus.OK)

    def pay(self, request: Request, form: FormData) -> Response:
        """Pay with the submitted form. Only one submission of a session pays."""
        session = self._session(request)
        if session is None or session["status"] != "open":
            return self._show_ended(request, session)
        entry = _read(form, session, now=self._config.clock())
        if entry.problems:
            return self._form(request, session, entry, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        with self._database.write() as tx:
            context = Context(tx, self._config, self._config.clock())
            session = tx.get(session["id"])
            outcome, message = self._attempt_payment(context, session, entry)
        if outcome is Outcome.DECLINED:
            entry.values["cvc"] = ""
            entry.problems["number"] = message
            return self._form(request, session, entry, status=HTTPStatus.PAYMENT_REQUIRED)
        if outcome is Outcome.AUTHENTICATE:
            return _redirect(f"/c/pay/{session['id']}/authenticate")
        return self._show_ended(request, session)

    def show_authentication(self, request: Request) -> Response:
        """Show the 3-D Secure page."""
        session = self._session(request)
        if session is None or session["status"] != "open":
            return self._show_ended(request, session)
        with self._database.read() as tx:
            intent = tx.find(session["payment_intent"] or "")
        if intent is None or intent["status"] != "requires_action":
            return _redirect(f"/c/pay/{session['id']}")
        return page(
            request, "authenticate.html", session=session, form_target=session["success_url"]
        )

    def authenticate(self, request: Request, form: FormData) -> Response:
        """Complete or fail 3-D Secure."""
        session = self._session(request)
        if session is None:
            return self._show_ended(request, None)
        passed = form.get("answer") == "complete"
        with self._database.write() as tx:
            context = Context(tx, self._config, self._config.clock())
            session = tx.get(session["id"])
            outcome, message = payments.authenticate(context, session, passed=passed)
        if outcome is Outcome.DECLINED:
            values = dict.fromkeys(_FIELDS, "")
            values["email"] = (session["customer_details"] or {}).get("email") or ""
            values["method"] = "card"
            values["account"] = cards.BANKS[0].account
            entry = CheckoutEntry(values, problems={"number": message})
            return self._form(request, session, entry, status=HTTPStatus.PAYMENT_REQUIRED)
        return self._show_ended(request, session)

    def receipt(self, request: Request) -> Response:
        """Show the receipt of a charge."""
        with self._database.read() as tx:
            charge = tx.find(request.path_params["id"], "charge")
            if charge is None or charge["status"] == "failed":
                return page(request, "not_found.html", status=HTTPStatus.NOT_FOUND)
            refunds = tx.select("refund", charge=charge["id"])
            session = tx.select("checkout.session", payment_intent=charge["payment_intent"])[0]
            items = tx.private(session["id"])["lines"]
        return page(
            request, "receipt.html", charge=charge, items=items, session=session,
            refunds=[refund for refund in refunds if refund["status"] != "failed"],
        )  # fmt: skip

    def _session(self, request: Request) -> Document | None:
        """Return the session of the path. Expire it if its time is over."""
        id_ = request.path_params["id"]
        with self._database.read() as tx:
            session = tx.find(id_, "checkout.session")
        if session is None or session["status"] != "open":
            return session
        if session["expires_at"] > self._config.clock():
            return session
        with self._database.write() as tx:
            context = Context(tx, self._config, self._config.clock())
            return sessions.expire(context, tx.get(id_), by_request=False)

    def _attempt_payment(
        self, context: Context, session: Document, entry: CheckoutEntry
    ) -> tuple[Outcome, str]:
        if entry.values["method"] == "us_bank_account":
            bank = cards.bank_for(entry.values["account"])
            if bank is None:
                return Outcome.DECLINED, "Choose one of the test accounts."
            return payments.pay_by_bank(context, session, bank, payer=entry.payer)
        card = cards.card_for(entry.number)
        if card is None:
            return Outcome.DECLINED, "Your card number is invalid."
        return payments.pay_by_card(
            context, session, card, number=entry.number, expires=entry.expires, payer=entry.payer
        )

    def _form(
        self, request: Request, session: Document, entry: CheckoutEntry, *, status: HTTPStatus
    ) -> Response:
        with self._database.read() as tx:
            items = tx.private(session["id"])["lines"]
            products = {item["id"]: tx.find(item["price"]["product"]) for item in items}
        return page(
            request, "checkout.html", status=status, form_target=session["success_url"],
            session=session, items=items, products=products, entry=entry, values=entry.values,
            problems=entry.problems, cards=cards.LISTED_CARDS, banks=cards.BANKS,
            settle_seconds=self._config.settle_seconds,
        )  # fmt: skip

    def _show_ended(self, request: Request, session: Document | None) -> Response:
        if session is None:
            return page(request, "not_found.html", status=HTTPStatus.NOT_FOUND)
        if session["status"] == "complete":
            return _redirect(build_success_url(session))
        back = session["cancel_url"] or session["success_url"].partition("?")[0]
        return page(request, "expired.html", status=HTTPStatus.GONE, back=back)


def _read(form: FormData, session: Document, *, now: float) -> CheckoutEntry:
    """Return the submitted values and their problems."""
    values = {name: str(form.get(name, "")).strip()[:_MAX_TEXT_LENGTH] for name in _FIELDS}
    entry = CheckoutEntry(values)
    problems = entry.problems
    if _EMAIL.match(values["email"]) is None:
        problems["email"] = "Enter an email address, such as name@example.edu."
    if values["method"] not in session["payment_method_types"]:
        problems["method"] = "Choose how to pay."
    elif values["method"] == "us_bank_account":
        if cards.bank_for(values["account"]) is None:
            problems["account"] = "Choose one of the test accounts."
    else:
        _check_card(entry, now=now)
    if not values["name"]:
        problems["name"] = "Enter the name of the card or account holder."
    return entry


def _check_card(entry: CheckoutEntry, *, now: float) -> None:
    values, problems = entry.values, entry.problems
    if not values["number"]:
        problems["number"] = "Enter a card number: one of the test cards on this page."
    elif cards.card_for(entry.number) is None:
        problems["number"] = "Your card number is invalid."
    match = _EXPIRY.match(values["expires"])
    today = datetime.fromtimestamp(now, UTC)
    if match is None or not 1 <= int(match[1]) <= _MONTHS:
        problems["expires"] = "Enter the month and year of expiry, such as 12 / 34."
    else:
        entry.expires = int(match[1]), 2000 + int(match[2])
        if (entry.expires[1], entry.expires[0]) < (today.year, today.month):
            problems["expires"] = "The card has expired. Enter any future date."
    if _CVC.match(values["cvc"]) is None:
        problems["cvc"] = "Enter a security code: any three digits (four for American Express)."


def _cvc_length(card: cards.Card) -> int:
    return 4 if card.brand == "amex" else 3


def _redirect(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


def _with_form(
    respond: Callable[[Request, FormData], Response],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads the form and runs ``respond`` in a thread."""

    async def endpoint(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=50)
        return await run_in_threadpool(respond, request, form)

    return endpoint
