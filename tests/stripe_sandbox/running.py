"""A sandbox that runs in a thread of the test, on a port of its own, spoken to by the real SDK."""

# ruff: noqa: ANN401 - whatever parameters a test gives are passed through

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import stripe

from stripe_sandbox.app import create_sandbox
from stripe_sandbox.config import DEFAULT_KEY, DEFAULT_WEBHOOK_SECRET, SandboxConfig
from tests import servers

PATIENCE = 15.0


class Clock:
    """A clock that runs, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Receiver:
    """A webhook endpoint that keeps what it gets. ``answers`` says with which status, in turn."""

    url: str = ""
    deliveries: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    concurrent: int = 0
    max_concurrent: int = 0
    pause: float = 0.0

    def events(self) -> list[dict[str, Any]]:
        with self.lock:
            return [json.loads(body) for body, _ in self.deliveries]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def take(self, body: bytes, signature: str) -> int:
        with self.lock:
            self.deliveries.append((body, signature))
            self.concurrent += 1
            self.max_concurrent = max(self.max_concurrent, self.concurrent)
            status = self.answers.pop(0) if self.answers else 204
        time.sleep(self.pause)
        with self.lock:
            self.concurrent -= 1
        return status


@dataclass
class Sandbox:
    """A running sandbox, with clients for its three faces: API, pages, control."""

    config: SandboxConfig
    receiver: Receiver
    clock: Clock
    http: httpx2.Client

    @property
    def url(self) -> str:
        return self.config.public_url

    def client(self, key: str = DEFAULT_KEY, *, retries: int = 0) -> stripe.StripeClient:
        return stripe.StripeClient(
            key, base_addresses={"api": self.url}, max_network_retries=retries
        )

    def raw(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request with the right key and return whatever comes."""
        headers = {"Authorization": f"Bearer {DEFAULT_KEY}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def control(self, path: str, **options: Any) -> dict[str, Any]:
        answer = self.http.post(f"/sandbox/{path}", json=options)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def state(self) -> dict[str, Any]:
        body: dict[str, Any] = self.http.get("/sandbox/state").json()
        return body

    def new_session(self, **more: Any) -> stripe.checkout.Session:
        """Open a session over $398.00 and two times $6.00."""
        params: Any = {
            "mode": "payment",
            "client_reference_id": "ORDER-1001",
            "success_url": f"{self.receiver.url}/thanks?session={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{self.receiver.url}/cart",
            "line_items": [line("Field Guide", 39800), line("Shipping", 600, quantity=2)],
            "payment_intent_data": {"metadata": {"order": "ORDER-1001"}},
            **more,
        }
        if "customer" not in more:
            params.setdefault("customer_email", "librarian@example.edu")
        return self.client().v1.checkout.sessions.create(params=params)

    def paid_session(self, **options: Any) -> stripe.checkout.Session:
        """Open a session and pay it as its page would."""
        session = self.new_session()
        self.control(f"sessions/{session.id}/pay", **options)
        return self.client().v1.checkout.sessions.retrieve(
            session.id, params={"expand": ["payment_intent.latest_charge", "line_items"]}
        )

    def wait_for(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until something is so; fail the test if it never is."""
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, f"never: {what}"
            time.sleep(0.02)

    def wait_until_quiet(self) -> None:
        """Wait until nothing is left to deliver."""

        def quiet() -> bool:
            deliveries = self.state()["deliveries"]
            return not deliveries.get("pending") and not deliveries.get("sending")

        self.wait_for(quiet, "all deliveries done")


def line(name: str, amount: int, *, quantity: int = 1, currency: str = "usd") -> dict[str, Any]:
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": name}}
    return {"quantity": quantity, "price_data": price}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen for webhooks, and for the browser that comes back from the hosted page."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take(body, self.headers["Stripe-Signature"])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            body = b"<!doctype html><html lang=en><title>Store</title><h1>The store</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(folder: Path, receiver: Receiver, **changed: Any) -> Iterator[Sandbox]:
    """Run a sandbox on a free port over the data file in ``folder``."""
    clock = Clock()
    listening = servers.open_socket()
    settings: dict[str, Any] = {
        "webhook_url": f"{receiver.url}/webhooks/stripe",
        "settle_seconds": 3600.0,
        "retry_seconds": (0.05, 0.05, 0.05),
        "clock": clock,
    }
    config = SandboxConfig(
        database=folder / "sandbox.db",
        public_url=f"http://127.0.0.1:{servers.get_port(listening)}",
        **settings | changed,
    )
    with (
        servers.run_server(create_sandbox(config), listening),
        httpx2.Client(base_url=config.public_url, timeout=20, verify=False) as http,
    ):
        yield Sandbox(config, receiver, clock, http)


def verified(delivery: tuple[bytes, str]) -> stripe.Event:
    """Return the event of a delivery as the SDK verifies it."""
    body, signature = delivery
    return stripe.StripeClient(DEFAULT_KEY).construct_event(body, signature, DEFAULT_WEBHOOK_SECRET)
