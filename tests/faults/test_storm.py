"""Promises 1 to 6 of the store, under the worst that the network and a killer can do.

Two hundred orders are placed and paid while every payment event arrives five times, shuffled and at
once, some before the row of their payment page commits; and while the store, its worker and the
sandbox are killed with -9 at random moments. Then everything is counted.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import Scope, create_key
from app.core.db import make_engine, make_sessions
from app.core.email_models import EmailStatus, OutboxEmail
from app.licenses.models import License
from app.orders.models import Order, OrderLine, Payment
from app.orders.states import OrderState, PaymentState
from app.payments.models import StripeEvent
from tests.faults.conftest import Mailbox
from tests.faults.shoppers import Placed, ask, open_page, pay, place, visit
from tests.processes import Store

pytestmark = [pytest.mark.seeded, pytest.mark.fault, pytest.mark.slow]

ORDERS = 200
BUYERS = 12
KILLS = 8
SETTLE_SECONDS = 150
FILM = "the-red-soul"


@pytest.fixture
def store(database_url: str, tmp_path: Path, mailbox: tuple[Mailbox, int]) -> Iterator[Store]:
    store = Store(tmp_path, database_url, {"REELRIGHT_SMTP_URL": f"smtp://127.0.0.1:{mailbox[1]}"})
    store.start()
    yield store
    store.stop()


class Killer(threading.Thread):
    """Kills one process after the other and starts it again, until told to stop."""

    def __init__(self, store: Store, *, seed: int) -> None:
        super().__init__(daemon=True)
        self.killed: Counter[str] = Counter()
        self._store = store
        self._random = random.Random(seed)  # noqa: S311 - no secret hangs on it
        self._ended = threading.Event()

    def run(self) -> None:
        names = ["web", "work", "sandbox", "web"] * (KILLS // 4)
        for name in names:
            if self._ended.wait(self._random.uniform(0.3, 1.5)):
                return
            self._store.kill(name)
            self.killed[name] += 1
            self._store.start(name)

    def end(self) -> None:
        self.join(timeout=120)
        self._ended.set()


def buy(store: Store, offers: list[dict[str, object]], name: str, key: str) -> Placed:
    order = place(store, name=name, offers=offers, key=key)
    pay(store, open_page(store, order))
    return order


@contextmanager
def reading(store: Store) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(store.database_url)
    try:
        yield make_sessions(engine, read_only=True)
    finally:
        engine.dispose()


def make_api_key(store: Store) -> str:
    engine = make_engine(store.database_url)
    try:
        with make_sessions(engine).begin() as session:
            return create_key(session, label="storm", scopes=[Scope.ORDERS_READ])
    finally:
        engine.dispose()


def wait_until_quiet(store: Store, sessions: sessionmaker[Session], orders: list[Placed]) -> None:
    """Wait until every order is paid and every mail has left, or the time is up."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with sessions() as session:
            paid = session.scalar(
                select(func.count(Order.id)).where(Order.payment_state == PaymentState.PAID)
            )
            mails = session.scalar(
                select(func.count(OutboxEmail.id)).where(OutboxEmail.status == EmailStatus.QUEUED)
            )
            stuck = session.scalar(
                select(func.count(StripeEvent.id)).where(StripeEvent.handled_at.is_(None))
            )
        state = ask(f"{store.sandbox_url}/sandbox/state")
        waiting = sum(
            n for name, n in state["deliveries"].items() if name in {"pending", "sending", "held"}
        )
        if paid == len(orders) and mails == 0 and stuck == 0 and waiting == 0:
            break
        time.sleep(0.3)


def test_two_hundred_orders_survive_the_storm(store: Store, mailbox: tuple[Mailbox, int]) -> None:
    licensing = ask(f"{store.url}/api/v1/films/{FILM}/licensing?class=college&size=4200&country=US")
    offers = licensing["offers"]
    assert len(offers) >= 2
    ask(
        f"{store.sandbox_url}/sandbox/faults",
        body={"duplicate": 4, "concurrent": True, "reorder_seconds": 0.5},
    )
    key = make_api_key(store)
    killer = Killer(store, seed=len(store.database_url))
    killer.start()
    with ThreadPoolExecutor(BUYERS) as pool:
        bought = [
            pool.submit(buy, store, offers[: 1 + n % 2], f"storm-{n}", key) for n in range(ORDERS)
        ]
        orders = [future.result() for future in bought]
    killer.end()
    with reading(store) as sessions:
        wait_until_quiet(store, sessions, orders)

    assert sum(killer.killed.values()) == KILLS
    assert len({order.number for order in orders}) == ORDERS
    with reading(store) as sessions, sessions() as session:
        assert_books_are_exact(session, orders)
        expected = assert_mails_left_once(session, orders, mailbox[0])
    assert expected >= 2 * ORDERS
    assert_same_sums_at_stripe(store, orders)
    assert visit(store, orders[0])["payment_state"] == "paid"


def assert_books_are_exact(session: Session, orders: list[Placed]) -> None:
    rows = {order.number: order for order in session.scalars(select(Order))}
    assert set(rows) == {order.number for order in orders}  # none lost, none doubled
    for placed in orders:
        order = rows[placed.number]
        assert order.payment_state is PaymentState.PAID, order.number
        assert order.state in {OrderState.ACCEPTED, OrderState.COMPLETED}, order.number
        assert order.paid_amount == order.total_amount == placed.total
        assert order.refunded_amount == 0
    by_order = select(OrderLine.order_id, func.sum(OrderLine.total_amount))
    line_sums: dict[int, int] = dict(session.execute(by_order.group_by(OrderLine.order_id)).all())
    for order in rows.values():
        assert line_sums[order.id] + order.shipping_amount == order.total_amount
    payments = Counter(session.scalars(select(Payment.order_id)))
    assert payments == Counter({order.id: 1 for order in rows.values()})
    granted = session.scalars(select(License.granted_for)).all()
    wanted = {f"{o.number}/{n}" for o in orders for n in range(1, o.lines + 1)}
    assert len(granted) == len(wanted)
    assert set(granted) == wanted


def assert_mails_left_once(session: Session, orders: list[Placed], box: Mailbox) -> int:
    """Each mail row reached the server, and under one id only. Return how many there were."""
    mails = session.scalars(select(OutboxEmail)).all()
    assert {mail.status for mail in mails} == {EmailStatus.SENT}
    received = Counter(str(message["Message-ID"]) for message in box.messages)
    assert len(received) == len(mails)  # at least once each; a copy has the same id
    paid = Counter(mail.reference for mail in mails if mail.key.startswith("payment-received:"))
    assert paid == Counter({order.number: 1 for order in orders})
    return len(mails)


def assert_same_sums_at_stripe(store: Store, orders: list[Placed]) -> None:
    key = {"Authorization": "Bearer sk_test_sandbox_reelright"}
    received: Counter[str] = Counter()
    after = ""
    while True:
        listed = ask(f"{store.sandbox_url}/v1/payment_intents?limit=100{after}", headers=key)
        for intent in listed["data"]:
            received[intent["metadata"].get("order_number", "?")] += intent["amount_received"]
        if not listed["has_more"]:
            break
        after = f"&starting_after={listed['data'][-1]['id']}"
    assert received == Counter({order.number: order.total for order in orders})
