"""Buyers that do not give up: each request is tried again until the store answers."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.processes import Store

PATIENCE_SECONDS = 90
AGAIN = {409, 429, 500, 502, 503}
Json = dict[str, Any]


class GaveUpError(AssertionError):
    """The store did not answer for longer than any buyer would wait."""


@dataclass(frozen=True)
class Placed:
    """An order that a buyer placed, and what it must come to."""

    number: str
    token: str
    total: int
    lines: int


def ask(url: str, *, body: Json | None = None, headers: dict[str, str] | None = None) -> Json:
    """Send JSON and return JSON, again and again while the server is away or busy.

    Raises:
        GaveUpError: not answered in time, or answered with something that waiting cannot mend.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    told = ""
    while time.monotonic() < deadline:
        request = urllib.request.Request(  # noqa: S310 - our own servers
            url,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
            method="GET" if body is None else "POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                found: Json = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            told = f"{error.code} {error.read().decode()[:500]}"
            if error.code not in AGAIN:
                break
        except (OSError, http.client.HTTPException, ValueError) as error:
            told = repr(error)
        time.sleep(0.1)
    msg = f"{url}: {told}"
    raise GaveUpError(msg)


def place(store: Store, *, name: str, offers: list[Json], key: str) -> Placed:
    """Place one order for ``offers`` as the licensing API gave them.

    A program that repeats requests has an API key: a guest's repeated request is answered without
    the order's token.
    """
    address = {
        "line1": "1 College Row", "city": "Ithaca", "region": "NY",
        "postal_code": "14850", "country": "US",
    }  # fmt: skip
    texts = {(o["license_text"]["code"], o["license_text"]["version"]) for o in offers}
    answer = ask(
        f"{store.url}/api/v1/orders",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": name},
        body={
            "lines": [{"offer": offer["sku"], "quantity": 1} for offer in offers],
            "buyer": {
                "institution": f"College {name}",
                "class": "college",
                "size": 4200,
                "contact_name": "Ada Reader",
                "email": f"{name}@example.edu",
            },
            "billing_address": address,
            "shipping_address": address,
            "accepted_texts": [{"code": c, "version": v} for c, v in sorted(texts)],
        },
    )
    return Placed(answer["number"], answer["token"], answer["total"]["amount"], len(offers))


def open_page(store: Store, order: Placed) -> str:
    """Ask for the payment page; return the id of its checkout session."""
    answer = ask(
        f"{store.url}/api/v1/orders/{order.number}/checkout",
        headers={"X-Order-Token": order.token},
        body={},
    )
    return urllib.parse.urlsplit(answer["url"]).path.rsplit("/", maxsplit=1)[-1]


def pay(store: Store, session_id: str) -> None:
    """Pay the session as its page would. Safe to repeat: a paid session stays paid."""
    ask(f"{store.sandbox_url}/sandbox/sessions/{session_id}/pay", body={})


def visit(store: Store, order: Placed) -> Json:
    """Look at the order, as its buyer."""
    return ask(f"{store.url}/api/v1/orders/{order.number}", headers={"X-Order-Token": order.token})
