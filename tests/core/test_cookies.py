"""Cookies over https, and headers that keep what is somebody's own out of caches and frames."""

import pytest
from fastapi.testclient import TestClient
from pydantic import HttpUrl
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.accounts.staff import create_staff
from app.core.config import Settings
from app.core.request_middleware import read_cookies, write_cookie
from app.main import attach, create_app
from tests import factories
from tests.console.staff_browser import PASSWORD


@pytest.fixture
def secure(settings: Settings) -> Settings:
    changes = {"base_url": HttpUrl("https://films.example.org"), "hsts_include_subdomains": True}
    return settings.model_copy(update=changes)


@pytest.fixture
def client(secure: Settings) -> TestClient:
    app = create_app(secure)
    attach(app, secure)
    return TestClient(app, base_url="https://films.example.org", follow_redirects=False)


def test_cookies_over_https_are_this_hosts_own(client: TestClient, session: Session) -> None:
    create_staff(
        session,
        email="sam@example.org",
        name="Sam",
        password=PASSWORD,
        roles=[Role.SALES],
        actor=factories.STAFF,
    )
    session.commit()
    buyer = client.post("/buyer", data={"class": "college", "size": "4200", "country": "US"})
    login = client.post("/console/login", data={"email": "sam@example.org", "password": PASSWORD})
    cookies = [
        cookie for answer in (buyer, login) for cookie in answer.headers.get_list("set-cookie")
    ]
    assert {cookie.split("=")[0] for cookie in cookies} >= {"__Host-rr_buyer", "__Host-rr_staff"}
    for cookie in cookies:
        assert cookie.startswith("__Host-rr_"), cookie
        assert "Path=/;" in f"{cookie};"
        assert "Secure" in cookie
    assert login.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_cookie_that_another_host_set_is_not_read() -> None:
    assert read_cookies(b"rr_cart=evil; a=b; __Host-rr_cart=mine") == b"a=b; rr_cart=mine"
    assert read_cookies(b"rr_staff=evil") == b""
    assert write_cookie(b"other=1; Path=/x") == b"other=1; Path=/x"
    deleted = write_cookie(b'rr_staff=""; Max-Age=0; path=/console; Secure')
    assert deleted == b'__Host-rr_staff=""; Max-Age=0; Path=/; Secure'


@pytest.mark.seeded
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/admin/orders",
        "/cart",
        "/console/login",
        "/health/ready",
    ],
)
def test_what_is_somebodys_own_is_kept_by_no_cache(client: TestClient, path: str) -> None:
    assert "no-store" in client.get(path).headers["cache-control"]


def test_no_page_frames_ours(client: TestClient) -> None:
    for path in ("/api/docs", "/", "/films"):
        policy = client.get(path, headers={"Accept": "text/html"}).headers
        assert "frame-ancestors 'none'" in policy["content-security-policy"]
