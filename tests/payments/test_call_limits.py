"""A Stripe that hangs or fails holds up only what needs it."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.config import Settings
from app.payments import call_limits, gateway
from app.payments.call_limits import MAX_FAILURES, PAUSE_SECONDS, CallLimits
from app.payments.errors import GatewayRefusedError, GatewayUnavailableError
from app.payments.gateway import StripeGateway
from tests import factories

pytestmark = pytest.mark.once


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> CallLimits:
    return CallLimits(threads=8, clock=clock)  # two slots, two that wait


def fail(limits: CallLimits, *, is_outage: bool = True) -> None:
    msg = "no answer"
    with pytest.raises(GatewayUnavailableError, match=msg), limits.call():
        raise GatewayUnavailableError(msg, is_outage=is_outage)


def is_paused(limits: CallLimits) -> bool:
    try:
        with limits.call():
            return False
    except GatewayUnavailableError as error:
        return "is not responding" in str(error)


def test_calls_pause_after_repeated_failures(limits: CallLimits, clock: Clock) -> None:
    for _ in range(MAX_FAILURES - 1):
        fail(limits)
    with limits.call():
        pass  # an answer: counting begins anew
    for _ in range(MAX_FAILURES):
        fail(limits)

    assert is_paused(limits)
    clock.now += PAUSE_SECONDS
    assert not is_paused(limits)


def test_failed_probe_pauses_again(limits: CallLimits, clock: Clock) -> None:
    for _ in range(MAX_FAILURES):
        fail(limits)
    clock.now += PAUSE_SECONDS
    with limits.call():
        assert is_paused(limits)  # another one meanwhile
    for _ in range(MAX_FAILURES):
        fail(limits)
    clock.now += PAUSE_SECONDS
    fail(limits)

    assert is_paused(limits)


def test_refusals_and_rate_limits_count_as_answers(limits: CallLimits) -> None:
    for _ in range(MAX_FAILURES * 2):
        fail(limits, is_outage=False)
        with pytest.raises(GatewayRefusedError), limits.call():
            raise GatewayRefusedError("no")  # noqa: EM101

    assert not is_paused(limits)


def test_concurrent_calls_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_limits, "MAX_WAIT_SECONDS", 0.05)
    limits = CallLimits(threads=8)
    hanging = threading.Event()
    inside = threading.Semaphore(0)

    def hang() -> None:
        with limits.call():
            inside.release()
            hanging.wait(30)

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(hang) for _ in range(2)]
        for _ in calls:
            assert inside.acquire(timeout=10)
        time.sleep(0.06)
        with pytest.raises(GatewayUnavailableError, match="Too many"), limits.call():
            pass
        assert is_paused(limits)
        hanging.set()
        for call in calls:
            call.result(30)
    with limits.call():
        pass  # what hung was answered in the end, so Stripe is asked again


@pytest.fixture
def hanging_stripe() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
        yield listening.getsockname()[1]


def test_checkouts_at_hanging_stripe_block_no_other_page(
    app: FastAPI, settings: Settings, hanging_stripe: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "TIMEOUTS_SECONDS", (2, 6))
    monkeypatch.setattr(gateway, "MAX_RETRIES", 0)
    settings = settings.model_copy(update={"sandbox_port": hanging_stripe})
    app.state.gateway = StripeGateway(settings)
    with TestClient(app) as client:
        with app.state.sessions.begin() as session:
            offer = factories.offer(session)
            orders = [factories.order(session, offer, settings=settings) for _ in range(45)]
            paths = [
                (f"/api/v1/orders/{order.number}/checkout", {"X-Order-Token": order.access_token})
                for order in orders
            ]

        def check_out(path: str, headers: dict[str, str]) -> tuple[int, float]:
            begun = time.monotonic()
            answer = client.post(path, headers=headers)
            assert answer.json()["type"] == "payments-unavailable"
            assert answer.headers["retry-after"]
            return answer.status_code, time.monotonic() - begun

        with ThreadPoolExecutor(46) as pool:
            begun = time.monotonic()
            waiting = [pool.submit(check_out, *path) for path in paths]
            time.sleep(0.5)
            live = client.get("/health/live")
            film = client.get(f"/api/v1/films/{offer.film.slug}")
            took = time.monotonic() - begun
            answers = [future.result(60) for future in waiting]

    assert (live.status_code, film.status_code) == (200, 200)
    assert {status for status, _ in answers} == {503}
    # Those that hang are few; the others hear at once, or within their wait for a turn.
    hung = sum(seconds > 5 for _, seconds in answers)
    assert 0 < hung <= settings.threads // call_limits.SHARE_OF_THREADS
    assert took < 6
