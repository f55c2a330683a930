"""The sandbox killed with -9 while it works: nothing half done, nothing forgotten."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import stripe

from stripe_sandbox.config import DEFAULT_KEY
from tests.processes import free_port
from tests.stripe_sandbox.running import Receiver

pytestmark = [pytest.mark.once(on="postgresql"), pytest.mark.fault]

ROOT = Path(__file__).parents[2]
SESSIONS = 24


class Process:
    """A sandbox in a process of its own."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.port = free_port()
        self.command = [
            sys.executable, "-m", "stripe_sandbox", "--port", str(self.port),
            "--database", str(folder / "sandbox.db"), "--webhook-url", f"{receiver.url}/hook",
            "--settle-seconds", "0.2",
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=ROOT, env=os.environ | {"TZ": "UTC"})
        for _ in range(1200):
            try:
                if httpx2.get(f"http://127.0.0.1:{self.port}/sandbox/health").status_code == 200:
                    return
            except httpx2.HTTPError:
                time.sleep(0.05)
        pytest.fail("the sandbox did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            DEFAULT_KEY,
            base_addresses={"api": f"http://127.0.0.1:{self.port}"},
            max_network_retries=0,
        )


def _buy(process: Process, number: int) -> str:
    """Open session ``number`` and pay it by bank debit; try again for as long as it takes."""
    client = process.client()
    session_id = ""
    for _ in range(1200):
        try:
            session_id = client.v1.checkout.sessions.create(
                params={
                    "mode": "payment",
                    "client_reference_id": f"ORDER-{number}",
                    "success_url": "http://127.0.0.1/thanks",
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": "usd",
                                "unit_amount": 39800,
                                "product_data": {"name": "Field Guide"},
                            },
                        }
                    ],
                },
                options={"idempotency_key": f"checkout:{number}"},
            ).id
            answer = httpx2.post(
                f"http://127.0.0.1:{process.port}/sandbox/sessions/{session_id}/pay",
                json={"account": "000123456789"},
            )
            assert answer.status_code == 200
        except (stripe.StripeError, httpx2.HTTPError):
            time.sleep(0.05)
            continue
        return session_id
    pytest.fail(f"session {number} was never paid")


def test_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, receiver: Receiver) -> None:
    process = Process(tmp_path, receiver)
    process.start()
    try:
        with ThreadPoolExecutor(6) as pool:
            buying = [pool.submit(_buy, process, number) for number in range(SESSIONS)]
            for pause in (0.15, 0.2):
                time.sleep(pause)
                process.kill()
                process.start()
            ids = [bought.result() for bought in buying]
        _wait_until_settled(process)
        client = process.client()

        sessions = list(client.v1.checkout.sessions.list(params={"limit": 100}).auto_paging_iter())
        assert {session.id for session in sessions} == set(ids)
        assert {session.payment_status for session in sessions} == {"paid"}
        charges = client.v1.charges.list(params={"limit": 100}).data
        assert len(charges) == SESSIONS == len({charge.payment_intent for charge in charges})
        moved = client.v1.balance_transactions.list(params={"limit": 100}).data
        assert sum(transaction.amount for transaction in moved) == SESSIONS * 39800
        delivered = {
            event["data"]["object"]["id"]
            for event in receiver.events()
            if event["type"] == "checkout.session.async_payment_succeeded"
        }
        assert delivered == set(ids)
    finally:
        process.kill()


def _wait_until_settled(process: Process) -> None:
    for _ in range(1200):
        state = httpx2.get(f"http://127.0.0.1:{process.port}/sandbox/state").json()
        waiting = {"pending", "sending"} & state["deliveries"].keys()
        if not waiting and not state["due"]:
            return
        time.sleep(0.05)
    pytest.fail("it never came to rest")
