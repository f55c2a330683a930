"""Events and their deliveries."""

import secrets
from typing import Any

from stripe_sandbox import faults
from stripe_sandbox.config import API_VERSION
from stripe_sandbox.context import Context
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Document, Transaction

CONFIGURED = "configured"
"""The endpoint of a delivery that goes to the configured webhook URL, which has no id."""

# Time between copies that are not "concurrent", so that each finds the former one processed.
_COPY_INTERVAL_SECONDS = 0.05


def record(
    context: Context, type_: str, subject: Document, *, previous: dict[str, Any] | None = None
) -> Document:
    """Add an event of ``type_`` with the current state of ``subject``.

    Deliveries to each listening endpoint are rows of the same transaction.
    """
    data: dict[str, Any] = {"object": subject}
    if previous is not None:
        data["previous_attributes"] = previous
    event = context.tx.add(
        {
            "id": new_id("evt_"),
            "object": "event",
            "api_version": API_VERSION,
            "created": context.second,
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {
                "id": context.request_id,
                "idempotency_key": context.idempotency_key,
            },
            "type": type_,
        }
    )
    for endpoint in _listeners(context, type_):
        _add_deliveries(context, event["id"], endpoint)
    return event


def _listeners(context: Context, type_: str) -> list[str]:
    accepted = {"*", type_}
    config = context.config
    listening = [CONFIGURED] if config.webhook_url and accepted & config.webhook_events else []
    listening.extend(
        endpoint["id"]
        for endpoint in context.tx.select("webhook_endpoint", status="enabled")
        if accepted & set(endpoint["enabled_events"])
    )
    return listening


def _add_deliveries(context: Context, event_id: str, endpoint: str) -> None:
    switches = faults.read(context.tx)
    for copy in range(1 + switches.duplicate):
        dropped = faults.use_one(context.tx, "drop")
        jitter_seconds = secrets.randbelow(1000) / 1000 * switches.reorder_seconds
        copy_seconds = 0.0 if switches.concurrent else copy * _COPY_INTERVAL_SECONDS
        state = "dropped" if dropped else "held" if switches.hold else "pending"
        context.tx.connection.execute(
            "INSERT INTO deliveries (event, endpoint, state, due_at) VALUES (?, ?, ?, ?)",
            (
                event_id,
                endpoint,
                state,
                context.now + switches.delay_seconds + jitter_seconds + copy_seconds,
            ),
        )
    context.tx.has_due_work = True


def resend(tx: Transaction, event_id: str, *, endpoint: str, at: float) -> None:
    """Deliver an event again."""
    tx.connection.execute(
        "INSERT INTO deliveries (event, endpoint, state, due_at) VALUES (?, ?, 'pending', ?)",
        (event_id, endpoint, at),
    )
    tx.has_due_work = True


def pending_webhooks(tx: Transaction, event_id: str) -> int:
    """Return how many endpoints have not accepted the event yet."""
    row = tx.connection.execute(
        "SELECT count(DISTINCT endpoint) FROM deliveries"
        " WHERE event = ? AND state IN ('pending', 'held', 'sending')",
        (event_id,),
    ).fetchone()
    return int(row[0])
