"""Orders and payments on PostgreSQL, with a stand-in for Stripe that answers at once.

``python -m bench.paying`` measures them alone.
"""

import argparse
import hashlib
import hmac
import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from app.core.config import SANDBOX_WEBHOOK_SECRET
from bench.films import MODEL
from bench.postgres_server import on_postgresql
from bench.report import Report
from bench.servers import RunningServer, serve

CLIENTS = 4
ORDERS_TARGET, PAYMENTS_TARGET = 150, 200
ADDRESS = {
    "line1": "1 Example Street",
    "city": "Brooklyn",
    "region": "NY",
    "postal_code": "11201",
    "country": "US",
}
Work = Callable[[http.client.HTTPConnection], None]


@dataclass
class FakeStripe:
    """What Stripe would know: the pages that were opened, and which of them are paid."""

    url: str = ""
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    serial: Iterator[int] = field(default_factory=itertools.count)

    def open(self, form: dict[str, str]) -> dict[str, Any]:
        """Answer a request for a page to pay on."""
        number = next(self.serial)
        lines = range(sum(key.endswith("[unit_amount]") for key in form))
        price = "line_items[{}][price_data]".format
        total = sum(
            int(form[f"{price(n)}[unit_amount]"]) * int(form[f"line_items[{n}][quantity]"])
            for n in lines
        )
        tags = {key: form[f"metadata[{key}]"] for key in ("store_id", "order_number", "attempt")}
        page: dict[str, Any] = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "url": f"{self.url}/pay/{number}",
            "livemode": False,
            "metadata": tags,
            "client_reference_id": tags["order_number"],
            "payment_intent": None,
            "payment_status": "unpaid",
            "amount_total": total,
            "currency": form[f"{price(0)}[currency]"],
            "status": "open",
            "expires_at": int(form["expires_at"]),
        }
        self.pages[page["id"]] = page
        return page

    def pay(self, page: dict[str, Any]) -> bytes:
        """Pay on a page; return the event that says so."""
        reference = page["id"].replace("cs_", "pi_")
        amount, now = page["amount_total"], int(time.time())
        charge = {
            "id": reference.replace("pi_", "ch_"),
            "object": "charge",
            "amount_refunded": 0,
            "created": now,
            "payment_method_details": {"type": "card"},
            "receipt_url": None,
        }
        page["payment_intent"] = {
            "id": reference,
            "object": "payment_intent",
            "livemode": False,
            "metadata": page["metadata"],
            "status": "succeeded",
            "amount_received": amount,
            "currency": page["currency"],
            "created": now,
            "latest_charge": charge,
            "last_payment_error": None,
        }
        page.update(status="complete", payment_status="paid")
        event = {
            "id": page["id"].replace("cs_", "evt_"),
            "object": "event",
            "type": "checkout.session.completed",
            "created": now,
            "livemode": False,
            "api_version": None,
            "data": {"object": {"id": page["id"], "metadata": page["metadata"]}},
        }
        return json.dumps(event).encode()


class _Handler(BaseHTTPRequestHandler):
    """Stripe's part of the conversation, as far as paying needs it."""

    protocol_version = "HTTP/1.1"
    # Or each answer waits 40 ms for the client's acknowledgment of its headers.
    disable_nagle_algorithm = True
    stand_in: ClassVar[FakeStripe]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {key: values[0] for key, values in parse_qs(body).items()}
        self._answer(self.stand_in.open(form))

    def do_GET(self) -> None:
        self._answer(self.stand_in.pages[urlsplit(self.path).path.rpartition("/")[2]])

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, found: dict[str, Any]) -> None:
        data = json.dumps(found).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def run_fake_stripe() -> Iterator[FakeStripe]:
    """Answer for Stripe until the block ends."""
    stand_in = FakeStripe()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Paying:
    """How quickly one worker took in orders and payments."""

    orders: float
    payments: float
    busy_ms_an_order: float
    busy_ms_a_payment: float
    failed: int


def report_paying(report: Report, *, orders: int) -> None:
    """Place and pay ``orders`` with one worker, and write down how quickly."""
    report.heading(f"Orders and payments: PostgreSQL, one worker, {orders:,} orders")
    with on_postgresql() as url, run_fake_stripe() as stand_in:
        if url is None:
            report.line("Not measured: there is no PostgreSQL here.")
            return
        store = {
            "REELRIGHT_DATABASE_URL": url,
            "REELRIGHT_STRIPE_API_BASE": stand_in.url,
            "REELRIGHT_ENVIRONMENT": "test",
            "REELRIGHT_ORDERS_PER_HOUR": "1000000",
        }
        with serve("app.asgi:from_environment", path="/films", environment=store) as running:
            measure_paying(running, stand_in, orders=50)  # warm up
            found = measure_paying(running, stand_in, orders=orders)
            memory = running.memory_mb
    report.table(
        ("work", "a second", "target", "worker busy, ms each"),
        [
            (
                "cart and checkout session",
                f"{found.orders:.0f}",
                str(ORDERS_TARGET),
                f"{found.busy_ms_an_order:.1f}",
            ),
            (
                "webhook to paid order",
                f"{found.payments:.0f}",
                str(PAYMENTS_TARGET),
                f"{found.busy_ms_a_payment:.1f}",
            ),
        ],
    )
    report.line(f"The worker had {memory:.0f} MB afterwards.")


def measure_paying(running: RunningServer, stand_in: FakeStripe, *, orders: int) -> Paying:
    """Place ``orders`` and open a page to pay each, then pay them; per second of the clock."""
    texts = _texts(running)
    first = len(stand_in.pages)
    numbers = iter(range(first, first + orders))
    placed: list[tuple[str, str]] = []

    def order(connection: http.client.HTTPConnection) -> None:
        n = next(numbers)
        made = _post(connection, "/api/v1/orders", _draft(n, texts), {"idempotency-key": f"b-{n}"})
        secret = {"x-order-token": made["token"]}
        _post(connection, f"/api/v1/orders/{made['number']}/checkout", {}, secret)
        placed.append((made["number"], made["token"]))

    before = running.busy_seconds
    ordering = _run(running, order)
    between = running.busy_seconds
    opened = [page for page in stand_in.pages.values() if page["status"] == "open"]
    unpaid = iter(opened)

    def pay(connection: http.client.HTTPConnection) -> None:
        body, at = stand_in.pay(next(unpaid)), int(time.time())
        signed = hmac.new(SANDBOX_WEBHOOK_SECRET.encode(), b"%d." % at + body, hashlib.sha256)
        header = {"stripe-signature": f"t={at},v1={signed.hexdigest()}"}
        _post(connection, "/webhooks/stripe", body, header)

    paying = _run(running, pay)
    after = running.busy_seconds
    number, token = placed[-1]
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc)
    connection.request("GET", f"/api/v1/orders/{number}", headers={"x-order-token": token})
    last = json.loads(connection.getresponse().read())
    if last["payment_state"] != "paid":
        msg = f"order {number} was not paid: {last}"
        raise RuntimeError(msg)
    return Paying(
        orders=len(placed) / ordering,
        payments=len(opened) / paying,
        busy_ms_an_order=(between - before) / len(placed) * 1000,
        busy_ms_a_payment=(after - between) / len(opened) * 1000,
        failed=orders - len(placed),
    )


def _run(running: RunningServer, work: Work) -> float:
    """Do ``work`` in several threads until it has nothing left; return the seconds it took."""

    def client() -> None:
        connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=60)
        try:
            while True:
                work(connection)
        except StopIteration:
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def _post(
    connection: http.client.HTTPConnection,
    path: str,
    body: object,
    headers: dict[str, str],
) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, data, headers | {"content-type": "application/json"})
    answer = connection.getresponse()
    told = answer.read()
    if answer.status >= HTTPStatus.BAD_REQUEST:
        msg = f"{path} answered {answer.status}: {told[:500]!r}"
        raise RuntimeError(msg)
    found: dict[str, Any] = json.loads(told)
    return found


def _texts(running: RunningServer) -> list[dict[str, str]]:
    """Return the license text that the offer names, as an order accepts it."""
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc)
    connection.request("GET", f"/api/v1/films/{MODEL}/licensing?class=college&size=4200")
    offers = json.loads(connection.getresponse().read())["offers"]
    connection.close()
    (text,) = [each["license_text"] for each in offers if each["sku"] == f"{MODEL}-dvd-ppr"]
    return [{"code": text["code"], "version": text["version"]}]


def _draft(number: int, texts: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "lines": [{"offer": f"{MODEL}-dvd-ppr", "quantity": 1}],
        "buyer": {
            "institution": f"College {number}",
            "class": "college",
            "size": 4200,
            "contact_name": "Ada Reader",
            "email": f"reader{number}@example.edu",
            "phone": "+1 212 555 0100",
        },
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "po_number": f"PO-{number}",
        "accepted_texts": texts,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.paying", description=__doc__)
    parser.add_argument("--orders", type=int, default=500, help="how many to place and to pay")
    report_paying(Report(None), orders=parser.parse_args().orders)
