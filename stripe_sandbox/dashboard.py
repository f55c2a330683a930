"""The dashboard: recent objects, actions, and fault switches."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stripe_sandbox import cards, faults
from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.faults import ApiFault
from stripe_sandbox.idempotency import body_bytes
from stripe_sandbox.rendering import page
from stripe_sandbox.storage import Database, Document, Transaction

_RECENT_LIMIT: Final = 20


class Dashboard:
    """The pages for developers and testers."""

    def __init__(self, config: SandboxConfig, database: Database) -> None:
        self._config = config
        self._database = database

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/sandbox/faults", self.switches, methods=["GET"]),
            Route("/sandbox/objects/{id}", self.object, methods=["GET"]),
        ]

    def home(self, request: Request) -> Response:
        """Show recent sessions, payments, refunds, disputes, and events with their deliveries."""
        with self._database.read() as tx:
            events = _latest(tx, "event")
            values: dict[str, Any] = {
                "sessions": _latest(tx, "checkout.session"),
                "intents": _latest(tx, "payment_intent"),
                "refunds": _latest(tx, "refund"),
                "disputes": _latest(tx, "dispute"),
                "events": [(event, _deliveries(tx, event["id"])) for event in events],
                "charges": {charge["id"]: charge for charge in _latest(tx, "charge", limit=60)},
                "switches": faults.read(tx),
            }
        return page(
            request, "dashboard.html", config=self._config, cards=cards.CARDS, off=faults.Faults(),
            **values,
        )  # fmt: skip

    def switches(self, request: Request) -> Response:
        """Show the fault switches, as a page or as JSON."""
        with self._database.read() as tx:
            switches = faults.read(tx)
            held = tx.connection.execute(
                "SELECT count(*) FROM deliveries WHERE state = 'held'"
            ).fetchone()[0]
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse(asdict(switches))
        return page(request, "faults.html", switches=switches, held=held, modes=list(ApiFault))

    def object(self, request: Request) -> Response:
        """Show one object as JSON."""
        with self._database.read() as tx:
            document = tx.find(request.path_params["id"])
        if document is None:
            return page(request, "not_found.html", status=HTTPStatus.NOT_FOUND)
        return Response(body_bytes(document), media_type="application/json")


def _latest(tx: Transaction, kind: str, *, limit: int = _RECENT_LIMIT) -> list[Document]:
    rows = tx.connection.execute(
        "SELECT id FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT ?", (kind, limit)
    ).fetchall()
    return [tx.get(row[0]) for row in rows]


def _deliveries(tx: Transaction, event_id: str) -> list[Document]:
    rows = tx.connection.execute(
        "SELECT id, endpoint, state, attempts, last_status, last_error, due_at FROM deliveries"
        " WHERE event = ? ORDER BY id",
        (event_id,),
    )
    names = ("id", "endpoint", "state", "attempts", "last_status", "last_error", "due_at")
    return [dict(zip(names, row, strict=True)) for row in rows]
