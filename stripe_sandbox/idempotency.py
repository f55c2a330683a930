"""Idempotency keys as at Stripe.

For 24 hours, a repeated request with the same key gets the first response, even if it was an error.
A request that fails validation stores nothing. Source: https://docs.stripe.com/api/idempotent_requests.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.storage import Document, Transaction

_MAX_KEY_LENGTH = 255
_RETENTION_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The first response to a request with an idempotency key."""

    status: int
    body: Document
    request_id: str


def fingerprint(method: str, path: str, form: object) -> str:
    """Return a digest that is the same for the same request, in any order of its fields."""
    text = json.dumps([method, path, form], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_key(key: str) -> None:
    """Refuse a key that is too long."""
    if len(key) > _MAX_KEY_LENGTH:
        message = f"Idempotency keys can be up to {_MAX_KEY_LENGTH} characters"
        raise invalid(message)


def find_response(tx: Transaction, key: str, digest: str, *, now: float) -> StoredResponse | None:
    """Return the stored response of a key, or None if the key is new.

    Raises:
        StripeError: the key was used for another request.
    """
    tx.connection.execute("DELETE FROM idempotency WHERE created < ?", (now - _RETENTION_SECONDS,))
    row = tx.connection.execute(
        "SELECT fingerprint, status, body, request_id FROM idempotency WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    if row[0] != digest:
        message = (
            "Keys for idempotent requests can only be used with the same parameters and endpoint "
            f"they were first used with. Try using a key other than '{key}' if you meant to "
            "execute a different request."
        )
        raise StripeError(message, type_="idempotency_error")
    return StoredResponse(row[1], json.loads(row[2]), row[3])


def store_response(
    tx: Transaction, key: str, digest: str, *, response: StoredResponse, now: float
) -> None:
    """Store the first response in the transaction of its request."""
    tx.connection.execute(
        "INSERT INTO idempotency (key, fingerprint, request_id, status, body, created)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (key, digest, response.request_id, response.status, json.dumps(response.body), now),
    )


class RunningKeys:
    """The keys of running requests. They are in memory, so that a crash leaves none."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str | None) -> Iterator[None]:
        """Hold a key for one request.

        Raises:
            StripeError: 409, another request with this key is running.
        """
        if key is None:
            yield
            return
        with self._lock:
            if key in self._keys:
                message = (
                    "There is currently another in-progress request using this Idempotent Key "
                    f"(that probably means you submitted twice, and the other request is still "
                    f"going through): {key}. Please try again later."
                )
                raise StripeError(
                    message,
                    status=HTTPStatus.CONFLICT,
                    type_="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def body_bytes(body: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return JSON as Stripe writes it, with indentation."""
    return json.dumps(body, indent=2, ensure_ascii=False).encode()
