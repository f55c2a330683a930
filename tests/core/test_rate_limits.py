"""One network address may ask the API so much in a minute, and every answer tells what is left."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import create_key
from app.accounts.permissions import Scope
from app.core.config import Settings

POLICY = '"api";q=5;w=60'
LIST: dict[str, Any] = {"class": "college", "size": 4200}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"api_requests_per_minute": 5, "cache_megabytes": 0})


@pytest.fixture(autouse=True)
def traveller() -> Any:  # noqa: ANN401 - the library's own
    """Stand still at the beginning of a minute."""
    with time_machine.travel(datetime.fromisoformat("2026-11-22T12:00:00Z"), tick=False) as clock:
        yield clock


def test_each_answer_tells_what_is_left_and_the_sixth_is_refused_until_the_minute_is_over(
    client: TestClient, traveller: time_machine.Traveller
) -> None:
    answers = [client.get("/api/v1/customer-classes") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {POLICY}
    assert [answer.headers["ratelimit"] for answer in answers] == [
        f'"api";r={left};t=60' for left in (4, 3, 2, 1, 0, 0)
    ]
    problem = answers[5].json()
    assert problem["type"].endswith("too-many-requests")
    assert "5 requests in a minute. Try again in 60 seconds" in problem["detail"]
    assert answers[5].headers["retry-after"] == "60"

    traveller.shift(61)
    assert client.get("/api/v1/customer-classes").headers["ratelimit"] == '"api";r=4;t=60'


def test_errors_tell_it_too(client: TestClient) -> None:
    answer = client.get("/api/v1/films/no-such-film")
    assert answer.status_code == 404
    assert answer.headers["ratelimit"] == '"api";r=4;t=60'


def test_a_long_list_counts_as_what_it_is(client: TestClient) -> None:
    asked = LIST | {"rows": [{"title": "No such film"}] * 60}
    assert client.post("/api/v1/availability", json=asked).headers["ratelimit"].endswith("r=2;t=60")
    assert client.post("/api/v1/availability", json=asked).status_code == 429


def test_the_whole_catalog_counts_as_twenty(client: TestClient) -> None:
    for path in ("/api/v1/records", "/kbart.txt"):
        assert client.get(path).status_code == 429


@pytest.mark.parametrize("path", ["/", "/films", "/health/live"])
def test_pages_are_not_counted(client: TestClient, path: str) -> None:
    answers = [client.get(path) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


def test_each_key_has_a_count_of_its_own(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        keys = [create_key(session, label=name, scopes=[Scope.ORDERS_READ]) for name in "ab"]
    first, second = ({"Authorization": f"Bearer {key}"} for key in keys)
    orders = "/api/v1/admin/orders"

    said = [client.get(orders, headers=first).status_code for _ in range(6)]

    assert said == [200] * 5 + [429]
    answer = client.get(orders, headers=second)
    assert (answer.status_code, answer.headers["ratelimit"]) == (200, '"api";r=4;t=60')
    # Neither took anything from their address, which pays for keys that are made up.
    assert client.get("/api/v1/customer-classes").headers["ratelimit"] == '"api";r=4;t=60'
    made_up = {"Authorization": "Bearer rr_made_up"}
    said = [client.get(orders, headers=made_up).status_code for _ in range(5)]
    assert said == [401] * 4 + [429]


def test_addresses_of_one_network_share_a_count(app: FastAPI) -> None:
    said = []
    for n in range(6):
        with TestClient(app, client=(f"2001:db8:1:2::{n}", 1)) as client:
            said.append(client.get("/api/v1/customer-classes").status_code)

    assert said == [200] * 5 + [429]
