"""What holds for every exchange: hosts, redirects, cookies, and what no cache may keep."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import HttpUrl
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.core.request_middleware import own_location
from tests import factories

OURS = "films.example.edu"


class TestInProduction:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(
            update={
                "environment": "production",
                "base_url": HttpUrl(f"https://{OURS}"),
                "allowed_hosts": "www.example.edu, Films.Example.org",
            }
        )

    @pytest.fixture
    def client(self, app: FastAPI) -> Iterator[TestClient]:
        with TestClient(app, base_url=f"https://{OURS}", follow_redirects=False) as client:
            yield client

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:443", f"{OURS}.evil.example", f"x.{OURS}", "[::1]", "a b"],
    )
    @pytest.mark.parametrize("path", ["/films/", "/api/v1/films", "/console/login", "/static/x"])
    def test_an_unknown_host_is_refused(self, client: TestClient, host: str, path: str) -> None:
        answer = client.get(path, headers={"Host": host})

        assert answer.status_code == 421
        assert "evil" not in answer.text
        assert "location" not in answer.headers

    @pytest.mark.parametrize(
        "host",
        [OURS, OURS.upper(), f"{OURS}:443", f"{OURS}.", "www.example.edu", "films.example.org"],
    )
    def test_hosts_of_ours_are_answered_to(self, client: TestClient, host: str) -> None:
        assert client.get("/films", headers={"Host": host}).status_code == 200

    def test_a_load_balancer_asks_by_address(self, client: TestClient) -> None:
        assert client.get("/health/ready", headers={"Host": "10.0.0.7:8000"}).status_code == 200

    def test_cookies_are_of_this_host_alone(self, client: TestClient) -> None:
        form = {"class": "college", "size": "4200", "country": "US"}
        page = client.post("/buyer", data=form)

        names = [cookie.split("=")[0] for cookie in page.headers.get_list("set-cookie")]
        assert names == ["__Host-rr_buyer"]
        for cookie in page.headers.get_list("set-cookie"):
            assert "; Path=/" in cookie
            assert "Secure" in cookie
            assert "domain" not in cookie.lower()

    def test_a_cookie_that_a_neighbor_planted_counts_for_nothing(self, client: TestClient) -> None:
        form = {"class": "college", "size": "4200", "country": "US"}
        client.post("/buyer", data=form)
        buyer = client.cookies["__Host-rr_buyer"]
        client.cookies.clear()

        planted = client.get("/buyer", headers={"Cookie": f"rr_buyer={buyer}"})
        own = client.get("/buyer", headers={"Cookie": f"x=y; __Host-rr_buyer={buyer}"})

        assert "4200" not in planted.text
        assert "4200" in own.text

    @pytest.mark.parametrize(
        ("below", "told"),
        [(False, "max-age=31536000"), (True, "max-age=31536000; includeSubDomains")],
    )
    def test_subdomains_are_spoken_for_only_when_told(
        self, settings: Settings, *, below: bool, told: str
    ) -> None:
        from app.main import create_app  # noqa: PLC0415

        app = create_app(settings.model_copy(update={"hsts_include_subdomains": below}))
        with TestClient(app, base_url=f"https://{OURS}") as client:
            assert client.get("/health/live").headers["strict-transport-security"] == told


@pytest.mark.parametrize("path", ["/films/", "/api/v1/films/", "/cart/", "/console/"])
def test_a_redirect_names_no_host(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 307
    assert answer.headers["location"] == path.rstrip("/")


@pytest.mark.once
@pytest.mark.parametrize(
    ("location", "told"),
    [
        (b"http://evil.example/films?q=1", b"/films?q=1"),
        (b"HTTP://Evil.Example/films", b"/films"),
        (b"http://evil.example", b"/"),
        (b"http://evil.example//other.example/x", b"/other.example/x"),
        (b"//other.example/x", b"/other.example/x"),
        (b"/\\other.example", b"/other.example"),
        (b"http://evil.example.com/x", b"http://evil.example.com/x"),
        (b"https://checkout.stripe.com/c/pay", b"https://checkout.stripe.com/c/pay"),
        (b"/cart?added=a//b", b"/cart?added=a//b"),
    ],
)
def test_a_location_is_within_the_store_or_on_purpose_elsewhere(
    location: bytes, told: bytes
) -> None:
    assert own_location(location, "http", b"evil.example") == told


def test_what_is_private_is_kept_by_no_cache(client: TestClient, session: Session) -> None:
    order = factories.paid_order(session, factories.offer(session))
    license_ = order.lines[0].license
    assert license_ is not None
    session.commit()
    paths = [
        f"/orders/{order.number}?token={order.access_token}",
        f"/api/v1/orders/{order.number}?token={order.access_token}",
        f"/licenses/{license_.number}/certificate.json?token={license_.access_token}",
        f"/licenses/{license_.number}/certificate.pdf?token={license_.access_token}",
        f"/api/v1/licenses/{license_.number}/certificate.json?token={license_.access_token}",
        "/api/v1/admin/orders",
        "/console",
        "/console/login",
        "/cart",
        "/checkout",
    ]
    told = {path: client.get(path).headers.get("cache-control", "") for path in paths}
    assert {path: value for path, value in told.items() if "no-store" not in value} == {}


@pytest.mark.parametrize(
    "path", ["/", "/api/docs", "/films", "/console/login", "/orders/RR-AAAAAA"]
)
def test_no_page_can_be_framed_by_another_site(client: TestClient, path: str) -> None:
    assert "frame-ancestors 'none'" in client.get(path).headers["content-security-policy"]
