"""The control API under ``/sandbox``: actions of a test or of the dashboard, as JSON or forms.

A form is redirected to its page; JSON gets the object as in the API.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stripe_sandbox import cards, faults, webhooks
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.context import Context
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.objects import disputes, events, payments, refunds, sessions
from stripe_sandbox.objects.payments import Payer
from stripe_sandbox.storage import Database, Document

Values = dict[str, Any]
Action = Callable[[Context, str, Values], Document]

_COUNTED_KINDS: Final = (
    "checkout.session",
    "payment_intent",
    "charge",
    "refund",
    "dispute",
    "event",
)


def _settle(context: Context, id_: str, _: Values) -> Document:
    return payments.settle(context, context.get("payment_intent", id_))


def _fail_payment(context: Context, id_: str, values: Values) -> Document:
    bank = cards.bank_for(str(values.get("account", ""))) or cards.BANKS[1]
    return payments.settle(context, context.get("payment_intent", id_), failure=bank)


def _dispute(context: Context, id_: str, values: Values) -> Document:
    charge_id = id_
    if id_.startswith("pi_"):
        charge_id = context.get("payment_intent", id_)["latest_charge"] or ""
    reason = str(values.get("reason") or "fraudulent")
    context.tx.unschedule("dispute", charge_id)
    return disputes.create(context, context.get("charge", charge_id), reason=reason)


def _win(context: Context, id_: str, _: Values) -> Document:
    return disputes.decide(context, context.get("dispute", id_), won=True)


def _lose(context: Context, id_: str, _: Values) -> Document:
    return disputes.decide(context, context.get("dispute", id_), won=False)


def _fail_refund(context: Context, id_: str, _: Values) -> Document:
    return refunds.fail(context, context.get("refund", id_))


def _succeed_refund(context: Context, id_: str, _: Values) -> Document:
    context.tx.unschedule("refund_succeeds", id_)
    return refunds.succeed(context, context.get("refund", id_))


def _expire(context: Context, id_: str, _: Values) -> Document:
    session = context.get("checkout.session", id_)
    return sessions.expire(context, session, by_request=True)


def _pay(context: Context, id_: str, values: Values) -> Document:
    """Pay a session as its page would."""
    session = context.get("checkout.session", id_)
    details = session["customer_details"] or {}
    email = str(values.get("email") or details.get("email") or "payer@example.edu")
    payer = Payer(email=email, name=str(values.get("name") or "Test Payer"))
    if values.get("account"):
        bank = cards.bank_for(str(values["account"]))
        if bank is None:
            message = "Unknown test account"
            raise invalid(message, param="account")
        payments.pay_by_bank(context, session, bank, payer=payer)
    else:
        number = str(values.get("card") or cards.CARDS[0].number).replace(" ", "")
        card = cards.card_for(number)
        if card is None:
            message = "Unknown test card"
            raise invalid(message, param="card")
        payments.pay_by_card(context, session, card, number=number, expires=(12, 2034), payer=payer)
    return context.tx.get(id_)


def _authenticate(context: Context, id_: str, values: Values) -> Document:
    session = context.get("checkout.session", id_)
    payments.authenticate(context, session, passed=values.get("answer", "complete") == "complete")
    return context.tx.get(id_)


def _resend(context: Context, id_: str, values: Values) -> Document:
    event = context.get("event", id_)
    endpoint = str(values.get("endpoint") or events.CONFIGURED)
    events.resend(context.tx, id_, endpoint=endpoint, at=context.now)
    return event


_ACTIONS: Final[dict[str, Action]] = {
    "payments/{id}/settle": _settle,
    "payments/{id}/fail": _fail_payment,
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
        def act(request: Request, values: Values) -> Document:
            with self._database.write() as tx:
                context = Context(tx, self._config, self._config.clock())
                return action(context, request.path_params["id"], values)

        return _endpoint(act)

    def change_faults(self, _: Request, values: Values) -> Document:
        """Set switches. A form has all of them; an empty checkbox is missing."""
        with self._database.write() as tx:
            try:
                if values.pop("_form", None):
                    values = {name: values.get(name, "") for name in faults.NAMES}
                return asdict(faults.change(tx, **values))
            except ValueError as error:
                raise invalid(str(error)) from error

    def reset_faults(self, _: Request, __: Values) -> Document:
        """Switch all faults off and release held deliveries."""
        with self._database.write() as tx:
            switches = asdict(faults.reset(tx))
        webhooks.release(self._database, at=self._config.clock())
        return switches

    def release(self, _: Request, values: Values) -> Document:
        """Release held deliveries: ``sent`` order (default), ``reversed``, or ``shuffled``."""
        with self._database.read() as tx:
            rows = tx.connection.execute(
                "SELECT id FROM deliveries WHERE state = 'held' ORDER BY id"
            )
            ids = [row[0] for row in rows]
        order = values.get("order", "sent")
        if order == "reversed":
            ids.reverse()
        elif order == "shuffled":
            secrets.SystemRandom().shuffle(ids)
        return {"released": webhooks.release(self._database, ids=ids, at=self._config.clock())}

    def state(self, _: Request) -> Response:
        """Return counts of objects, deliveries by state, and scheduled actions."""
        with self._database.read() as tx:
            kinds = dict(tx.connection.execute("SELECT kind, count(*) FROM objects GROUP BY kind"))
            states = dict(
                tx.connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state")
            )
            due = tx.connection.execute(
                "SELECT count(*) FROM due WHERE action != 'expire'"
            ).fetchone()[0]
            switches = asdict(faults.read(tx))
        return JSONResponse(
            {
                "objects": {kind: kinds.get(kind, 0) for kind in _COUNTED_KINDS},
                "deliveries": states,
                "due": due,
                "faults": switches,
            }
        )

    def health(self, _: Request) -> Response:
        """Return that the sandbox is up, and its webhook URL."""
        return JSONResponse({"status": "ok", "webhook_url": self._config.webhook_url})


def _endpoint(
    act: Callable[[Request, Values], Document],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads JSON or a form, acts in a thread, and responds in kind."""

    async def endpoint(request: Request) -> Response:
        try:
            values, is_form = await _read(request)
            result = await run_in_threadpool(act, request, values)
        except StripeError as error:
            return JSONResponse(error.body(""), status_code=error.status)
        if is_form:
            return RedirectResponse(
                str(values.get("back") or "/"), status_code=HTTPStatus.SEE_OTHER
            )
        return JSONResponse(result)

    return endpoint


async def _read(request: Request) -> tuple[Values, bool]:
    kind = request.headers.get("content-type", "")
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        form = await request.form(max_files=0, max_fields=50)
        values = {name: str(value) for name, value in form.items()}
        back = values.get("back", "/")
        # Redirect to our own pages only: "//host" and "http://host" are other sites.
        values["back"] = back if back.startswith("/") and not back.startswith("//") else "/"
        return values, "application/json" not in request.headers.get("accept", "")
    body = await request.body()
    if not body:
        return {}, False
    try:
        values = await request.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        message = "Send JSON or a form"
        raise invalid(message) from error
    if not isinstance(values, dict):
        message = "Send a JSON object"
        raise invalid(message)
    return values, False
