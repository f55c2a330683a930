"""The courier: delivers events to webhooks, again and again until they are taken.

A delivery is a row, written with the change that it tells of. ``pending`` -> ``sending`` ->
``delivered``, back to ``pending`` after a failure, ``failed`` when the last retry is used up;
``held`` and ``dropped`` are the fault switches' doing. What was being sent when the process was
killed is sent again at the next start: at least once, as at Stripe.
"""

import http.client
import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.idempotency import body_bytes
from stripe_sandbox.objects.events import CONFIGURED
from stripe_sandbox.signing import signature
from stripe_sandbox.storage import Database, Document

log = logging.getLogger(__name__)

BATCH: Final = 32
_MOST_ERROR: Final = 300


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One delivery, claimed, with all that is needed to send it outside any transaction."""

    id: int
    attempts: int
    event: Document
    url: str
    secret: str


def requeue_interrupted(database: Database) -> None:
    """Make what a killed process was sending due again."""
    with database.write() as tx:
        tx.connection.execute("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")


def claim(database: Database, config: SandboxConfig, *, most: int = BATCH) -> list[WebhookDelivery]:
    """Take deliveries that are due, oldest first; nobody else gets them meanwhile."""
    now = config.clock()
    with database.read() as tx:
        waiting = tx.connection.execute(
            "SELECT 1 FROM deliveries WHERE state = 'pending' AND due_at <= ? LIMIT 1", (now,)
        ).fetchone()
    if waiting is None:
        return []
    with database.write() as tx:
        rows = tx.connection.execute(
            "UPDATE deliveries SET state = 'sending', attempts = attempts + 1 WHERE id IN"
            " (SELECT id FROM deliveries WHERE state = 'pending' AND due_at <= ?"
            "  ORDER BY due_at, id LIMIT ?) RETURNING id, event, endpoint, attempts, due_at",
            (now, most),
        ).fetchall()
        parcels = []
        for id_, event_id, endpoint, attempts, _ in sorted(rows, key=lambda row: (row[4], row[0])):
            if endpoint == CONFIGURED:
                url, secret = config.webhook_url, config.webhook_secret
            else:
                url = (tx.find(endpoint) or {}).get("url")
                secret = tx.private(endpoint).get("secret", "")
            if url is None:
                tx.connection.execute(
                    "UPDATE deliveries SET state = 'failed', last_error = ? WHERE id = ?",
                    ("the endpoint is gone", id_),
                )
                continue
            parcels.append(WebhookDelivery(id_, attempts, tx.get(event_id), url, secret))
    return parcels


def send(database: Database, config: SandboxConfig, parcel: WebhookDelivery) -> bool:
    """Post one delivery and record how it went. Return whether it was taken (2xx)."""
    body = body_bytes({**parcel.event, "pending_webhooks": 1})
    status, error = _post(parcel, body, config)
    taken = status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    now = config.clock()
    pauses = config.retry_seconds
    if taken:
        state, due_at = "delivered", now
    elif parcel.attempts <= len(pauses):
        state, due_at = "pending", now + pauses[parcel.attempts - 1]
    else:
        state, due_at = "failed", now
    with database.write() as tx:
        tx.connection.execute(
            "UPDATE deliveries SET state = ?, due_at = ?, last_status = ?, last_error = ?,"
            " finished_at = ? WHERE id = ?",
            (state, due_at, status, error, None if state == "pending" else now, parcel.id),
        )
    if not taken:
        log.info(
            "sandbox.delivery_failed",
            extra={"event": parcel.event["id"], "status": status, "error": error, "state": state},
        )
    return taken


def next_due(database: Database) -> float | None:
    """Return when the next delivery is due, or None if none is."""
    with database.read() as tx:
        row = tx.connection.execute(
            "SELECT min(due_at) FROM deliveries WHERE state = 'pending'"
        ).fetchone()
    return None if row[0] is None else float(row[0])


def release(database: Database, *, ids: Iterable[int] | None = None, at: float) -> int:
    """Let held deliveries go (all, or those given, in that order); return how many."""
    with database.write() as tx:
        if ids is None:
            ids = [
                row[0]
                for row in tx.connection.execute(
                    "SELECT id FROM deliveries WHERE state = 'held' ORDER BY id"
                )
            ]
        released = 0
        for position, id_ in enumerate(ids):
            released += tx.connection.execute(
                "UPDATE deliveries SET state = 'pending', due_at = ?"
                " WHERE id = ? AND state = 'held'",
                (at + position / 1_000_000, id_),
            ).rowcount
        tx.woke_courier = True
    return released


def _post(
    parcel: WebhookDelivery, body: bytes, config: SandboxConfig
) -> tuple[int | None, str | None]:
    parts = urlsplit(parcel.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=config.delivery_timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (local sandbox)",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Stripe-Signature": signature(body, secret=parcel.secret, at=int(config.clock())),
    }
    try:
        connection.request("POST", target, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read(4096)
    except (OSError, http.client.HTTPException, socket.gaierror) as error:
        return None, f"{type(error).__name__}: {error}"[:_MOST_ERROR]
    finally:
        connection.close()
    taken = HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
    return response.status, None if taken else answer.decode("utf-8", "replace")[:_MOST_ERROR]
