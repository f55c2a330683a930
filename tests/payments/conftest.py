"""A sandbox and a store that speak to each other as the store and Stripe do."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import stripe
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.config import SANDBOX_KEY, SANDBOX_WEBHOOK_SECRET, Settings
from app.offers.models import Offer
from app.orders.models import Order
from app.payments import checkout
from app.payments.facts import EventFacts
from app.payments.gateway import StripeGateway
from app.payments.models import CheckoutAttempt, StripeEvent
from app.payments.reconciliation import COMPARED_PERIOD
from stripe_sandbox.app import create_sandbox
from stripe_sandbox.config import SandboxConfig
from tests import factories, servers
from tests.due_jobs import run_due_once
from tests.payments.stub_server import StubServer

CARD = "4242424242424242"
DECLINED = "4000000000000002"
SETTLES = "000123456789"
FAILS = "000222222227"


@dataclass
class Sandbox:
    """A running sandbox, and what a buyer, a bank or bad luck does to it."""

    port: int
    delivered: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def act(self, path: str, **given: object) -> dict[str, Any]:
        """Use the control API: what nobody but a test can ask of Stripe."""
        request = Request(  # noqa: S310 - our own sandbox
            f"{self.url}/sandbox/{path}",
            data=json.dumps(given).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - our own sandbox
            did: dict[str, Any] = json.load(answer)
            return did

    def pay(self, session_id: str, *, card: str = CARD) -> dict[str, Any]:
        return self.act(f"sessions/{session_id}/pay", card=card)

    def debit(self, session_id: str, *, account: str = SETTLES) -> dict[str, Any]:
        return self.act(f"sessions/{session_id}/pay", account=account)

    def state(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/sandbox/state", timeout=10) as answer:  # noqa: S310 - ours
            told: dict[str, Any] = json.load(answer)
            return told

    def faults(self, **switches: object) -> None:
        self.act("faults", **switches)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of the test's own. It delivers nothing by itself: tests deliver its events."""
    socket = servers.open_socket()
    port = servers.get_port(socket)
    config = SandboxConfig(
        database=tmp_path / "stripe.db",
        public_url=f"http://127.0.0.1:{port}",
        secret_key=SANDBOX_KEY,
        # A debit settles when the test says so, and not when a test travels a few hours ahead.
        settle_seconds=365 * 86400,
    )
    with servers.run_server(create_sandbox(config), socket):
        yield Sandbox(port)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    """The store's settings, with the sandbox in Stripe's place."""
    return settings.model_copy(update={"sandbox_port": sandbox.port})


@pytest.fixture
def gateway(app: FastAPI) -> StripeGateway:
    made: StripeGateway = app.state.gateway
    assert isinstance(made, StripeGateway)
    return made


@pytest.fixture
def wire() -> Iterator[StubServer]:
    wire = StubServer()
    thread = threading.Thread(target=wire.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield wire
    wire.server.shutdown()
    wire.server.server_close()
    thread.join()


@dataclass
class Shop:
    """The store under test, with the few moves that nearly every test makes."""

    app: FastAPI
    client: TestClient
    sessions: sessionmaker[Session]
    gateway: StripeGateway
    settings: Settings
    sandbox: Sandbox

    def place(self, *offers: Offer, **fields: Any) -> Order:  # noqa: ANN401 - of any sort
        """Place an order of one DVD at $398."""
        with self.sessions.begin() as session:
            return factories.order(session, *offers, settings=self.settings, **fields)

    def start(self, order: Order) -> str:
        """Open the payment page and return the Checkout Session's id."""
        checkout.start_checkout(self.sessions, self.gateway, self.settings, number=order.number)
        return self.attempt(order).session_id or ""

    def attempts(self, order: Order) -> list[CheckoutAttempt]:
        with self.sessions() as session:
            return list(
                session.scalars(
                    select(CheckoutAttempt)
                    .where(CheckoutAttempt.order_id == order.id)
                    .order_by(CheckoutAttempt.attempt)
                )
            )

    def attempt(self, order: Order) -> CheckoutAttempt:
        return self.attempts(order)[-1]

    def paid(self, order: Order | None = None, *, card: str = CARD) -> Order:
        """Place an order, pay it by card, and let every event arrive."""
        order = order or self.place()
        self.sandbox.pay(self.start(order), card=card)
        self.deliver_all()
        return self.now(order)

    def now(self, order: Order) -> Order:
        """Return the order as it is in the books now, with all its parts."""
        with self.sessions() as session:
            return factories.whole_order(session, order.number)

    def events(self) -> list[EventFacts]:
        """Return Stripe's events so far, oldest first."""
        return list(self.gateway.list_events(since=clock.now() - COMPARED_PERIOD))[::-1]

    def deliver(self, event: EventFacts) -> int:
        """Deliver one event, signed as Stripe signs it, and return the answer's status."""
        return self.post(json.dumps(dict(event.payload), separators=(",", ":")).encode())

    def post(self, body: bytes, *, signature: str | None = None) -> int:
        signature = signature or stripe.WebhookSignature.generate_signature_header(
            body.decode(), SANDBOX_WEBHOOK_SECRET
        )
        return self.client.post(
            "/webhooks/stripe", content=body, headers={"Stripe-Signature": signature}
        ).status_code

    def deliver_all(self) -> list[int]:
        """Deliver every event that this did not deliver before, and return the answers."""
        new = [event for event in self.events() if event.id not in self.sandbox.delivered]
        self.sandbox.delivered |= {event.id for event in new}
        return [self.deliver(event) for event in new]

    def stored(self, event_id: str) -> StripeEvent:
        with self.sessions() as session:
            return session.get_one(StripeEvent, event_id)

    def work(self) -> int:
        """Do what the worker would do now."""
        return run_due_once(self.app.state)


@pytest.fixture
def shop(app: FastAPI, client: TestClient, gateway: StripeGateway, sandbox: Sandbox) -> Shop:
    state = app.state
    return Shop(app, client, state.sessions, gateway, state.settings, sandbox)
