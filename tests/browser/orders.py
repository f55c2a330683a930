"""Orders in any state, made through the API and the sandbox's controls."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.accounts.keys import create_key
from app.accounts.permissions import KEY_SCOPES
from app.core.db import make_engine, make_sessions
from app.core.numbers import new_token
from tests.faults.shoppers import Placed, ask, open_page, pay, place, visit
from tests.processes import Store

FILM = "the-red-soul"
DVD = f"{FILM}-dvd-ppr"
SANDBOX_KEY = {"Authorization": "Bearer sk_test_sandbox_reelright"}
PATIENCE_SECONDS = 60
ACCOUNT = "000123456789"
Json = dict[str, Any]


@dataclass
class OrderDriver:
    """Places orders and moves them, as buyers, staff and banks do."""

    store: Store

    @cached_property
    def api_key(self) -> str:
        """A key that may do everything."""
        engine = make_engine(self.store.database_url)
        with make_sessions(engine).begin() as session:
            key = create_key(session, label="browser tests", scopes=KEY_SCOPES)
        engine.dispose()
        return key

    @property
    def key(self) -> dict[str, str]:
        """The header that presents it."""
        return {"Authorization": f"Bearer {self.api_key}"}

    def path(self, order: Placed) -> str:
        """Return the address of the buyer's page."""
        return f"/orders/{order.number}?token={order.token}"

    def placed(self) -> Placed:
        """Place an order of one DVD and leave it unpaid."""
        licensing = ask(
            f"{self.store.url}/api/v1/films/{FILM}/licensing?class=college&size=4200&country=US"
        )
        offers = [offer for offer in licensing["offers"] if offer["sku"] == DVD]
        return place(self.store, name=new_token()[:20], offers=offers, key=self.api_key)

    def paid(self) -> Placed:
        order = self.placed()
        pay(self.store, open_page(self.store, order))
        return self.until(order, "payment_state", "paid")

    def debited(self) -> Placed:
        """Place an order whose bank debit is on its way."""
        order = self.placed()
        self.sandbox(f"sessions/{open_page(self.store, order)}/pay", {"account": ACCOUNT})
        return self.until(order, "payment_state", "pending")

    def act(self, order: Placed, action: str, body: Json) -> Placed:
        """Do what staff do: ``cancel``, ``ship``, ``refund``."""
        ask(
            f"{self.store.url}/api/v1/admin/orders/{order.number}/{action}",
            body=body,
            headers=self.key | {"Idempotency-Key": new_token()},
        )
        return order

    def end_debit(self, number: str, how: str) -> None:
        """Let the bank ``settle`` or ``fail`` the debit for an order, now."""
        self.sandbox(f"payments/{self.payment_of(number)}/{how}", {})

    def dispute(self, order: Placed) -> Placed:
        """Let the card's holder dispute the payment."""
        self.sandbox(f"payments/{self.payment_of(order.number)}/dispute", {})
        return self.until(order, "payment_state", "disputed")

    def payment_of(self, number: str) -> str:
        listed = ask(f"{self.store.sandbox_url}/v1/payment_intents?limit=100", headers=SANDBOX_KEY)
        (found,) = (
            intent["id"]
            for intent in listed["data"]
            if intent["metadata"].get("order_number") == number
        )
        return str(found)

    def sandbox(self, action: str, body: Json) -> Json:
        return ask(f"{self.store.sandbox_url}/sandbox/{action}", body=body)

    def until(self, order: Placed, field: str, value: str) -> Placed:
        """Wait until the order's ``field`` is ``value``: events come when they come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := visit(self.store, order)[field]) != value:
            assert time.monotonic() < deadline, f"{order.number}: {field} stays {found}"
            time.sleep(0.1)
        return order
