"""What a test, or a developer's click, can make happen: under ``/sandbox``, as JSON or forms.

A form gets the page back (303); whoever asks for JSON gets the object as the API would show it.
"""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stripe_sandbox import cards, delivery, faults
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.errors import StripeError, invalid, missing
from stripe_sandbox.objects import disputes, events, payments, refunds, sessions
from stripe_sandbox.objects.payments import Payer
from stripe_sandbox.storage import Database, Document

Given = dict[str, Any]
Action = Callable[[Context, str, Given], Document]

_COUNTED: Final = ("checkout.session", "payment_intent", "charge", "refund", "dispute", "event")


def _existing(context: Context, kind: str, id_: str) -> Document:
    found = context.tx.find(id_, kind)
    if found is None:
        raise missing(kind, id_)
    return found


def _settle(context: Context, id_: str, _: Given) -> Document:
    return payments.settle(context, _existing(context, "payment_intent", id_))


def _fail_debit(context: Context, id_: str, given: Given) -> Document:
    bank = cards.bank_for(str(given.get("account", ""))) or cards.BANKS[1]
    return payments.settle(context, _existing(context, "payment_intent", id_), failure=bank)


def _dispute(context: Context, id_: str, given: Given) -> Document:
    charge_id = id_
    if id_.startswith("pi_"):
        charge_id = _existing(context, "payment_intent", id_)["latest_charge"] or ""
    reason = str(given.get("reason") or "fraudulent")
    context.tx.unplan("dispute", charge_id)
    return disputes.create(context, _existing(context, "charge", charge_id), reason=reason)


def _win(context: Context, id_: str, _: Given) -> Document:
    return disputes.decide(context, _existing(context, "dispute", id_), won=True)


def _lose(context: Context, id_: str, _: Given) -> Document:
    return disputes.decide(context, _existing(context, "dispute", id_), won=False)


def _fail_refund(context: Context, id_: str, _: Given) -> Document:
    return refunds.fail(context, _existing(context, "refund", id_))


def _succeed_refund(context: Context, id_: str, _: Given) -> Document:
    context.tx.unplan("refund_succeeds", id_)
    return refunds.succeed(context, _existing(context, "refund", id_))


def _expire(context: Context, id_: str, _: Given) -> Document:
    session = _existing(context, "checkout.session", id_)
    return sessions.expire(context, session, by_request=True)


def _pay(context: Context, id_: str, given: Given) -> Document:
    """Pay a session as its page would, without the page: for tests of many orders."""
    session = _existing(context, "checkout.session", id_)
    details = session["customer_details"] or {}
    email = str(given.get("email") or details.get("email") or "payer@example.edu")
    payer = Payer(email=email, name=str(given.get("name") or "Test Payer"))
    if given.get("account"):
        bank = cards.bank_for(str(given["account"]))
        if bank is None:
            message = "There is no such test account"
            raise invalid(message, param="account")
        payments.pay_by_bank(context, session, bank, payer=payer)
    else:
        number = str(given.get("card") or cards.CARDS[0].number).replace(" ", "")
        card = cards.card_for(number)
        if card is None:
            message = "There is no such test card"
            raise invalid(message, param="card")
        payments.pay_by_card(context, session, card, number=number, expires=(12, 2034), payer=payer)
    return context.tx.get(id_)


def _authenticate(context: Context, id_: str, given: Given) -> Document:
    session = _existing(context, "checkout.session", id_)
    payments.authenticate(context, session, passed=given.get("answer", "complete") == "complete")
    return context.tx.get(id_)


def _resend(context: Context, id_: str, given: Given) -> Document:
    event = _existing(context, "event", id_)
    endpoint = str(given.get("endpoint") or events.CONFIGURED)
    events.resend(context.tx, id_, endpoint=endpoint, at=context.now)
    return event


_ACTIONS: Final[dict[str, Action]] = {
    "payments/{id}/settle": _settle,
    "payments/{id}/fail": _fail_debit,
    "payments/{id}/dispute": _dispute,
    "charges/{id}/dispute": _dispute,
    "disputes/{id}/win": _win,
    "disputes/{id}/lose": _lose,
    "refunds/{id}/fail": _fail_refund,
    "refunds/{id}/succeed": _succeed_refund,
    "sessions/{id}/pay": _pay,
    "sessions/{id}/authenticate": _authenticate,
    "sessions/{id}/expire": _expire,
    "events/{id}/resend": _resend,
}


class Control:
    """The control API."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database

    def routes(self) -> list[Route]:
        """Return the routes of the control API."""
        return [
            *(
                Route(f"/sandbox/{path}", self._endpoint(action), methods=["POST"])
                for path, action in _ACTIONS.items()
            ),
            Route("/sandbox/deliveries/release", _endpoint(self.release), methods=["POST"]),
            Route("/sandbox/faults", _endpoint(self.change_faults), methods=["POST"]),
            Route("/sandbox/faults/reset", _endpoint(self.reset_faults), methods=["POST"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/health", self.health, methods=["GET"]),
        ]

    def _endpoint(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        def act(request: Request, given: Given) -> Document:
            with self._database.write() as tx:
                context = Context(tx, self._config, self._config.clock())
                return action(context, request.path_params["id"], given)

        return _endpoint(act)

    def change_faults(self, _: Request, given: Given) -> Document:
        """Set switches. A form names them all, and leaves out a box that is not ticked."""
        with self._database.write() as tx:
            try:
                if given.pop("_form", None):
                    given = {name: given.get(name, "") for name in faults.NAMES}
                return faults.as_json(faults.change(tx, **given))
            except ValueError as error:
                raise invalid(str(error)) from error

    def reset_faults(self, _: Request, __: Given) -> Document:
        """Switch every fault off; held deliveries are let go."""
        with self._database.write() as tx:
            switches = faults.as_json(faults.reset(tx))
        delivery.release(self._database, at=self._config.clock())
        return switches

    def release(self, _: Request, given: Given) -> Document:
        """Let held deliveries go in the order ``sent`` (default), ``reversed`` or ``shuffled``."""
        with self._database.read() as tx:
            rows = tx.connection.execute(
                "SELECT id FROM deliveries WHERE state = 'held' ORDER BY id"
            )
            ids = [row[0] for row in rows]
        order = given.get("order", "sent")
        if order == "reversed":
            ids.reverse()
        elif order == "shuffled":
            secrets.SystemRandom().shuffle(ids)
        return {"released": delivery.release(self._database, ids=ids, at=self._config.clock())}

    def state(self, _: Request) -> Response:
        """Answer with counts: of objects, of deliveries by state, of what is due."""
        with self._database.read() as tx:
            kinds = dict(tx.connection.execute("SELECT kind, count(*) FROM objects GROUP BY kind"))
            states = dict(
                tx.connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state")
            )
            due = tx.connection.execute(
                "SELECT count(*) FROM due WHERE action != 'expire'"
            ).fetchone()[0]
            switches = faults.as_json(faults.read(tx))
        return JSONResponse(
            {
                "objects": {kind: kinds.get(kind, 0) for kind in _COUNTED},
                "deliveries": states,
                "due": due,
                "faults": switches,
            }
        )

    def health(self, _: Request) -> Response:
        """Answer that the sandbox is up, and which address its webhooks go to."""
        return JSONResponse({"status": "ok", "webhook_url": self._config.webhook_url})


def _endpoint(
    act: Callable[[Request, Given], Document],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads JSON or a form, acts in a thread, and answers in kind."""

    async def endpoint(request: Request) -> Response:
        try:
            given, is_form = await _read(request)
            answer = await run_in_threadpool(act, request, given)
        except StripeError as error:
            return JSONResponse(error.body(""), status_code=error.status)
        if is_form:
            return RedirectResponse(str(given.get("back") or "/"), status_code=HTTPStatus.SEE_OTHER)
        return JSONResponse(answer)

    return endpoint


async def _read(request: Request) -> tuple[Given, bool]:
    kind = request.headers.get("content-type", "")
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        form = await request.form(max_files=0, max_fields=50)
        given = {name: str(value) for name, value in form.items()}
        back = given.get("back", "/")
        # Only back to a page of ours: "//host" and "http://host" lead elsewhere.
        given["back"] = back if back.startswith("/") and not back.startswith("//") else "/"
        return given, "application/json" not in request.headers.get("accept", "")
    body = await request.body()
    if not body:
        return {}, False
    try:
        given = await request.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        message = "Send JSON or a form"
        raise invalid(message) from error
    if not isinstance(given, dict):
        message = "Send a JSON object"
        raise invalid(message)
    return given, False
