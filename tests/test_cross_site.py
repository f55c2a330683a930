"""What changes something is refused where a browser says that another site sent it."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import HttpUrl

from app.console.access import HOME
from app.console.routes import router as console
from app.core.config import Settings
from app.core.cross_site import allow_other_sites
from app.discovery import routes as discovery
from app.main import API, attach
from app.portal import routes as portal
from app.storefront import routes as storefront

PAGE = {"accept": "text/html"}
BUYER = {"class": "college", "size": "4200", "country": "US", "next": "/films"}
# What they take is a secret in the address, or nothing of a visitor's.
FOR_ANY_SITE = {
    *("/alerts/unsubscribe", "/notes/replies", "/oai"),
    # A campus, or a learning platform, sends its answer by a form of its own.
    *("/access/saml/acs", "/access/lti/login", "/access/lti/launch"),
}
TITLE = "This form came from another site"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        # What the browser says of the site counts before what it says of the origin.
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 303),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"origin": "http://testserver"}, 303),
        ({"origin": "http://TestServer"}, 303),
        ({"origin": "http://testserver:81"}, 403),
        ({"origin": "http://sub.testserver"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://evil.example", "host": "evil.example.testserver"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "x"}, 403),
        ({}, 303),
    ],
)
def test_a_form_is_taken_from_our_own_pages(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/buyer", data=BUYER, headers=PAGE | headers, follow_redirects=False)

    assert answer.status_code == status
    assert (TITLE in answer.text) is (status == 403)
    assert ("set-cookie" in answer.headers) is (status == 303)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://films.example.org", 303),
        ("http://films.example.org", 303),
        ("https://films.example.org:8443", 403),
        ("https://example.org", 403),
    ],
)
def test_behind_a_proxy_the_public_address_counts_too(
    app: FastAPI, settings: Settings, origin: str, status: int
) -> None:
    attach(app, settings.model_copy(update={"base_url": HttpUrl("https://films.example.org")}))
    with TestClient(app, base_url="http://10.0.0.7:8000", follow_redirects=False) as client:
        assert client.post("/buyer", data=BUYER, headers={"origin": origin}).status_code == status


def test_a_program_reads_what_was_wrong(client: TestClient) -> None:
    answer = client.post("/buyer", data=BUYER, headers={"sec-fetch-site": "cross-site"})

    problem = answer.json()
    assert (problem["status"], problem["type"]) == (403, "cross-site-request")
    assert "Nothing was changed." in problem["detail"]


def test_reading_is_open_to_links_of_every_site(client: TestClient) -> None:
    headers = PAGE | {"sec-fetch-site": "cross-site"}
    assert client.get("/films", headers=headers).status_code == 200
    assert client.head("/films", headers=headers).status_code == 200


def test_keys_and_stripe_need_no_origin(client: TestClient) -> None:
    for path in (f"{API}/admin/films", f"{API}/orders", "/webhooks/stripe"):
        answer = client.post(path, json={}, headers={"sec-fetch-site": "cross-site"})
        assert TITLE not in answer.text
        assert answer.status_code in {400, 401, 422}, path


def forms() -> Iterator[str]:
    """Return the address of every form of visitors and of staff."""
    waiting: list[tuple[str, APIRouter]] = [(HOME, console)]
    waiting += [("", part.router) for part in (discovery, *storefront.PARTS, *portal.PARTS)]
    while waiting:
        prefix, router = waiting.pop()
        for route in router.routes:
            if isinstance(route, APIRoute) and "POST" in (route.methods or ()):
                yield prefix + route.path
            inner = getattr(route, "original_router", None)
            if inner is not None:
                waiting.append((prefix, inner))


def test_every_form_is_guarded(client: TestClient) -> None:
    found = set(forms())
    assert len(found) > 70
    assert found > FOR_ANY_SITE
    for path in found:
        answer = client.post(path, headers=PAGE | {"sec-fetch-site": "cross-site"})
        assert (TITLE in answer.text) is (path not in FOR_ANY_SITE), path


@pytest.mark.once
def test_a_mark_is_put_on_the_endpoint_itself() -> None:
    def endpoint() -> None: ...

    assert allow_other_sites(endpoint) is endpoint
