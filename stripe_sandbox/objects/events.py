"""Events, and whom they are to be delivered to."""

import secrets
from typing import Any

from stripe_sandbox import faults
from stripe_sandbox.config import API_VERSION
from stripe_sandbox.context import Context
from stripe_sandbox.ids import new_id
from stripe_sandbox.storage import Document, Transaction

CONFIGURED = "configured"
"""Stands in a delivery for the webhook URL of the configuration, which has no id."""

# Copies that are not "concurrent" follow each other by this much, so that they meet handled rows.
_BETWEEN_COPIES = 0.05


def record(
    context: Context, type_: str, subject: Document, *, previous: dict[str, Any] | None = None
) -> Document:
    """Record that ``type_`` happened to ``subject``, which it shows as it is now.

    Deliveries to every endpoint that listens become rows in the same transaction.
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
        _post(context, event["id"], endpoint)
    return event


def _listeners(context: Context, type_: str) -> list[str]:
    wanted = {"*", type_}
    config = context.config
    listening = [CONFIGURED] if config.webhook_url and wanted & config.webhook_events else []
    listening.extend(
        endpoint["id"]
        for endpoint in context.tx.select("webhook_endpoint", status="enabled")
        if wanted & set(endpoint["enabled_events"])
    )
    return listening


def _post(context: Context, event_id: str, endpoint: str) -> None:
    switches = faults.read(context.tx)
    for copy in range(1 + switches.duplicate):
        dropped = faults.use_one(context.tx, "drop")
        jitter = secrets.randbelow(1000) / 1000 * switches.reorder_seconds
        apart = 0.0 if switches.concurrent else copy * _BETWEEN_COPIES
        state = "dropped" if dropped else "held" if switches.hold else "pending"
        context.tx.connection.execute(
            "INSERT INTO deliveries (event, endpoint, state, due_at) VALUES (?, ?, ?, ?)",
            (event_id, endpoint, state, context.now + switches.delay_seconds + jitter + apart),
        )
    context.tx.woke_courier = True


def resend(tx: Transaction, event_id: str, *, endpoint: str, at: float) -> None:
    """Deliver an event once more."""
    tx.connection.execute(
        "INSERT INTO deliveries (event, endpoint, state, due_at) VALUES (?, ?, 'pending', ?)",
        (event_id, endpoint, at),
    )
    tx.woke_courier = True


def pending_webhooks(tx: Transaction, event_id: str) -> int:
    """Return how many endpoints have not taken the event yet."""
    row = tx.connection.execute(
        "SELECT count(DISTINCT endpoint) FROM deliveries"
        " WHERE event = ? AND state IN ('pending', 'held', 'sending')",
        (event_id,),
    ).fetchone()
    return int(row[0])
