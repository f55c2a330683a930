"""Idempotency keys as Stripe keeps them.

The first answer under a key, error or not, is the answer to every repetition of the same request
for 24 hours. A request that was refused before anything was done (wrong key, unknown parameter)
keeps nothing. Source: https://docs.stripe.com/api/idempotent_requests.
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

_LONGEST_KEY = 255
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered the first time."""

    status: int
    body: Document
    request_id: str


def fingerprint(method: str, path: str, form: object) -> str:
    """Return a digest that is equal for equal requests, in whatever order their fields came."""
    text = json.dumps([method, path, form], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def checked_key(key: str) -> str:
    """Return the key, or refuse one that is too long."""
    if len(key) > _LONGEST_KEY:
        message = f"Idempotency keys can be up to {_LONGEST_KEY} characters"
        raise invalid(message)
    return key


def kept(tx: Transaction, key: str, print_: str, *, now: float) -> KeptAnswer | None:
    """Return the answer kept under a key, or None if it is a new one.

    Raises:
        StripeError: the key was used for another request.
    """
    tx.connection.execute("DELETE FROM idempotency WHERE created < ?", (now - _KEPT_SECONDS,))
    row = tx.connection.execute(
        "SELECT fingerprint, status, body, request_id FROM idempotency WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    if row[0] != print_:
        message = (
            "Keys for idempotent requests can only be used with the same parameters and endpoint "
            f"they were first used with. Try using a key other than '{key}' if you meant to "
            "execute a different request."
        )
        raise StripeError(message, type_="idempotency_error")
    return KeptAnswer(row[1], json.loads(row[2]), row[3])


def keep(tx: Transaction, key: str, print_: str, *, answer: KeptAnswer, now: float) -> None:
    """Keep the first answer, in the transaction of what it answers for."""
    tx.connection.execute(
        "INSERT INTO idempotency (key, fingerprint, request_id, status, body, created)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (key, print_, answer.request_id, answer.status, json.dumps(answer.body), now),
    )


class Running:
    """The keys whose first request is being worked on. In memory: a crash must not leave one."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str | None) -> Iterator[None]:
        """Hold a key for one request.

        Raises:
            StripeError: 409, another request with this key has not been answered yet.
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
    """Return JSON as Stripe writes it, indented for people."""
    return json.dumps(body, indent=2, ensure_ascii=False).encode()
