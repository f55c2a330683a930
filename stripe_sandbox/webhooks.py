"""Webhook deliveries: each event is sent to its endpoints, and repeated until one answers 2xx.

A delivery is a row, written in the transaction of its event. Its states: ``pending``, ``sending``,
``delivered``, and ``failed`` after the last retry; fault switches set ``held`` and ``dropped``.
"""

import hashlib
import hmac
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
from stripe_sandbox.storage import Database, Document

log = logging.getLogger(__name__)

BATCH_SIZE: Final = 32
_MAX_ERROR_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A claimed delivery, with all that is needed to send it outside a transaction."""

    id: int
    attempts: int
    event: Document
    url: str
    secret: str


def sign(body: bytes, *, secret: str, at: int) -> str:
    """Return the ``Stripe-Signature`` header: ``t=<seconds>,v1=<HMAC-SHA256 of "t.body">``."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


def requeue_interrupted(database: Database) -> None:
    """Send again what a killed process was sending: at least once, as at Stripe."""
    with database.write() as tx:
        tx.connection.execute("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")


def claim(
    database: Database, config: SandboxConfig, *, limit: int = BATCH_SIZE
) -> list[WebhookDelivery]:
    """Mark the deliveries that are due as ``sending``, oldest first, and return them."""
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
            (now, limit),
        ).fetchall()
        deliveries = []
        for id_, event_id, endpoint, attempts, _ in sorted(rows, key=lambda row: (row[4], row[0])):
            if endpoint == CONFIGURED:
                url, secret = config.webhook_url, config.webhook_secret
            else:
                url = (tx.find(endpoint) or {}).get("url")
                secret = tx.private(endpoint).get("secret", "")
            if url is None:
                tx.connection.execute(
                    "UPDATE deliveries SET state = 'failed', last_error = ? WHERE id = ?",
                    ("the endpoint was deleted", id_),
                )
                continue
            deliveries.append(WebhookDelivery(id_, attempts, tx.get(event_id), url, secret))
    return deliveries


def send(database: Database, config: SandboxConfig, delivery: WebhookDelivery) -> bool:
    """Post one delivery and record the result. Return whether the endpoint accepted it."""
    body = body_bytes({**delivery.event, "pending_webhooks": 1})
    status, error = _post(delivery, body, config)
    is_accepted = status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    now = config.clock()
    pauses = config.retry_seconds
    if is_accepted:
        state, due_at = "delivered", now
    elif delivery.attempts <= len(pauses):
        state, due_at = "pending", now + pauses[delivery.attempts - 1]
    else:
        state, due_at = "failed", now
    with database.write() as tx:
        tx.connection.execute(
            "UPDATE deliveries SET state = ?, due_at = ?, last_status = ?, last_error = ?,"
            " finished_at = ? WHERE id = ?",
            (state, due_at, status, error, None if state == "pending" else now, delivery.id),
        )
    if not is_accepted:
        log.info(
            "sandbox.delivery_failed",
            extra={"event": delivery.event["id"], "status": status, "error": error, "state": state},
        )
    return is_accepted


def next_due(database: Database) -> float | None:
    """Return the time of the next delivery, or None."""
    with database.read() as tx:
        row = tx.connection.execute(
            "SELECT min(due_at) FROM deliveries WHERE state = 'pending'"
        ).fetchone()
    return None if row[0] is None else float(row[0])


def release(database: Database, *, ids: Iterable[int] | None = None, at: float) -> int:
    """Send held deliveries: all, or ``ids`` in that order. Return how many."""
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
        tx.has_due_work = True
    return released


def _post(
    delivery: WebhookDelivery, body: bytes, config: SandboxConfig
) -> tuple[int | None, str | None]:
    parts = urlsplit(delivery.url)
    connection_class = (
        http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    )
    connection = connection_class(parts.hostname or "", parts.port, timeout=config.delivery_timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (local sandbox)",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Stripe-Signature": sign(body, secret=delivery.secret, at=int(config.clock())),
    }
    try:
        connection.request("POST", target, body=body, headers=headers)
        response = connection.getresponse()
        text = response.read(4096)
    except (OSError, http.client.HTTPException, socket.gaierror) as error:
        return None, f"{type(error).__name__}: {error}"[:_MAX_ERROR_LENGTH]
    finally:
        connection.close()
    is_accepted = HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
    return response.status, None if is_accepted else text.decode("utf-8", "replace")[
        :_MAX_ERROR_LENGTH
    ]
