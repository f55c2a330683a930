"""Pages of other origins may read what needs no key, and nothing else."""

import pytest
from fastapi.testclient import TestClient

from app.main import API

pytestmark = pytest.mark.seeded

FILM = "the-red-soul"
ORIGIN = {"Origin": "https://catalog.example.edu"}
OPEN = [
    f"{API}/films",
    f"{API}/films?q=stalin",
    f"{API}/films/facets",
    f"{API}/films/{FILM}",
    f"{API}/films/{FILM}/licensing?class=college&size=4200",
    f"{API}/films/{FILM}/notes",
    f"{API}/suggestions?q=gor",
    f"{API}/collections",
    f"{API}/collections/russia-and-the-former-soviet-union",
    f"{API}/subjects",
    f"{API}/subjects/russia",
    f"{API}/customer-classes",
    f"{API}/license-texts",
    f"{API}/records",
    "/api/openapi.json",
    f"/films/{FILM}/record.xml",
    f"/films/{FILM}/citation.ris",
    f"/films/{FILM}/poster.svg",
    "/kbart.txt",
    "/oai?verb=Identify",
    "/films.atom",
    "/press.atom",
    "/subjects/russia/films.atom",
    "/sitemap.xml",
    "/robots.txt",
    "/opensearch.xml",
    "/health/ready",
]
# They show a visitor's cart or class, take a secret, or need a key.
CLOSED = [
    "/",
    "/films",
    f"/films/{FILM}",
    "/cart",
    "/checkout",
    "/console/login",
    "/orders/RR-AAAAAA",
    "/orders/RR-AAAAAA/records.mrc",
    f"{API}/orders/RR-AAAAAA",
    f"{API}/licenses/RL-AAAAAAAA/certificate.json",
    f"{API}/admin/films",
    f"{API}/admin/orders",
]
AVAILABILITY = {"class": "college", "size": 4200, "rows": [{"title": "The Red Soul"}]}


@pytest.mark.parametrize("address", OPEN)
def test_a_read_without_a_key_is_open_to_every_origin(client: TestClient, address: str) -> None:
    answers = [client.get(address, headers=ORIGIN) for _ in range(2)]  # the second from memory
    answers += [client.head(address, headers=ORIGIN), client.get(address)]
    preflight = client.options(
        address,
        headers=ORIGIN
        | {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    assert [each.status_code for each in answers] == [200] * 4
    assert {each.headers["access-control-allow-origin"] for each in answers} == {"*"}
    assert "ETag" in answers[0].headers["access-control-expose-headers"]
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "GET" in preflight.headers["access-control-allow-methods"]
    assert "if-none-match" in preflight.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in preflight.headers
    assert "authorization" not in preflight.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize("address", CLOSED)
def test_nothing_with_cookies_or_keys_is(client: TestClient, address: str) -> None:
    asked = {"Access-Control-Request-Method": "GET"}
    answers = [
        client.get(address, headers=ORIGIN),
        client.get(address, headers=ORIGIN),
        client.options(address, headers=ORIGIN | asked),
    ]

    assert [name for each in answers for name in each.headers if "access-control" in name] == []


def test_availability_may_be_asked_by_pages_of_other_origins(client: TestClient) -> None:
    address = f"{API}/availability"
    preflight = client.options(
        address,
        headers=ORIGIN
        | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    answer = client.post(address, json=AVAILABILITY, headers=ORIGIN)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "OPTIONS, POST"
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_errors_and_unchanged_answers_are_readable_too(client: TestClient) -> None:
    tag = client.get(f"{API}/films/{FILM}").headers["etag"]
    answers = {
        304: client.get(f"{API}/films/{FILM}", headers=ORIGIN | {"If-None-Match": tag}),
        404: client.get(f"{API}/films/no-such-film", headers=ORIGIN),
        405: client.delete(f"{API}/films/{FILM}", headers=ORIGIN),
        413: client.post(f"{API}/availability", content=b" " * 2_000_000, headers=ORIGIN),
        422: client.post(f"{API}/availability", json={"rows": 3}, headers=ORIGIN),
    }

    assert {status: each.status_code for status, each in answers.items()} == {
        status: status for status in answers
    }
    assert {each.headers["access-control-allow-origin"] for each in answers.values()} == {"*"}
    assert answers[405].headers["allow"] == "GET, HEAD, OPTIONS"
