"""What is kept is what the ordinary endpoints say, byte for byte, and stands up to change."""

import threading
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.catalog import seeding
from app.catalog.queries import film_for_staff
from app.core import clock
from app.core.config import Settings
from app.core.response_cache import PublicRevision, ResponseCache, freshness
from app.main import attach
from app.offers import offer_service, window_service
from app.offers.queries import find_windows
from app.offers.staff_schemas import WindowPatch
from tests import factories
from tests.catalog import films
from tests.offers import offer_factories
from tests.storefront.visitor import PERSON

LICENSING = "/api/v1/films/the-red-soul/licensing?class=college&size=5000"
DATA = [
    "/api/v1/films",
    "/api/v1/films?limit=3&year_from=2000&q=red",
    "/api/v1/films/the-red-soul",
    LICENSING,
    "/api/v1/customer-classes",
    "/api/v1/collections",
    "/api/v1/subjects",
    "/api/v1/license-texts",
    "/films/the-red-soul/poster.svg?ratio=card",
]
PAGES = [
    "/",
    "/films",
    "/films?q=stalin",
    "/collections",
    "/collections/russia-and-the-former-soviet-union",
    "/subjects/russia",
    "/people?letter=G",
    "/people/jessica-gorter",
    "/how-licensing-works",
    "/terms",
    "/privacy",
    "/accessibility",
    "/license-texts/general-terms/1.0",
]


@pytest.fixture
def responses(app: FastAPI) -> ResponseCache:
    kept: ResponseCache = app.state.response_cache
    return kept


@pytest.fixture
def film(session: Session) -> str:
    """A film whose DVD is on sale at $199 for colleges."""
    made = offer_factories.film_with_rights(session)
    offer_factories.disc(session, made)
    session.commit()
    return made.slug


@pytest.mark.seeded
def test_cached_responses_equal_uncached_ones(app: FastAPI, settings: Settings) -> None:
    attach(app, settings.model_copy(update={"cache_megabytes": 0}))
    with TestClient(app) as client:
        plain = {"accept-encoding": "identity"}
        paths = [*DATA, *PAGES, "/films/the-red-soul"]
        ordinary = {path: client.get(path, headers=plain) for path in paths}
        assert len(app.state.response_cache) == 0
    # What is counted is asked of an endpoint: answers from memory cost nothing. What is not kept
    # here has no rule for caches, so none keeps it.
    told_once = {"content-length", "x-request-id", "ratelimit", "ratelimit-policy", "cache-control"}
    attach(app, settings)
    with TestClient(app) as client:
        for path, before in ordinary.items():
            assert before.status_code == 200, path
            for coding in ("identity", "gzip", "br"):
                first, again = (
                    client.get(path, headers={"accept-encoding": coding}) for _ in range(2)
                )
                assert first.content == again.content == before.content, path
                for name in before.headers.keys() - told_once:
                    assert again.headers[name] == before.headers[name], path
        assert len(app.state.response_cache) == len(ordinary)


@pytest.mark.seeded
@pytest.mark.parametrize("path", [*DATA, *PAGES])
def test_answer_says_how_it_may_be_kept_and_304_costs_no_body(
    client: TestClient, path: str
) -> None:
    first = client.get(path)
    assert first.headers["etag"].startswith('W/"')
    assert first.headers["vary"].startswith("Accept-Encoding")
    assert ("Cookie" in first.headers["vary"]) is (path in PAGES)
    # In tests nothing may be stale; test_cache has what is said elsewhere.
    expected = "public, max-age=3600" if "poster" in path else "public, no-cache"
    assert first.headers["cache-control"] == expected
    client.cookies.set("rr_cart_lines", "2")
    own = client.get(path)
    assert own.headers["cache-control"] == ("private, no-cache" if path in PAGES else expected)
    client.cookies.clear()
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-type" not in again.headers
    for name in ("etag", "vary", "cache-control"):
        assert again.headers[name] == first.headers[name]
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == first.headers["content-length"]


def test_date_alone_will_do_for_data_and_never_for_a_page(client: TestClient, film: str) -> None:
    for path, status in (("/api/v1/films", 304), (f"/films/{film}", 200)):
        with time_machine.travel(clock.now() + timedelta(seconds=5)):
            first = client.get(path)
            told = first.headers["last-modified"]
            assert client.get(path, headers={"if-modified-since": told}).status_code == status


def test_order_of_parameters_makes_no_other_answer(
    client: TestClient, responses: ResponseCache
) -> None:
    one = client.get("/api/v1/films?year_from=1990&limit=5")
    other = client.get("/api/v1/films?limit=5&year_from=1990")
    assert one.headers["etag"] == other.headers["etag"]
    assert len(responses) == 1


def test_errors_and_redirects_are_not_cached(client: TestClient, responses: ResponseCache) -> None:
    for path, status in {
        "/api/v1/films?yaer_from=1990": 422,
        "/api/v1/films/none": 404,
        "/films/none": 404,
        "/films?page=7": 307,
        "/films?year_from=x": 422,
    }.items():
        for _ in range(2):
            answer = client.get(path, headers=PERSON, follow_redirects=False)
            assert answer.status_code == status, path
            assert "etag" not in answer.headers
    assert len(responses) == 0
    unknown = client.get("/api/v1/films?yaer_from=1990").json()
    assert unknown["errors"][0]["pointer"] == "?/yaer_from"


CHANGES = ["price", "window", "text", "withdrawn", "film", "collection", "license text"]


@pytest.mark.parametrize("kind", CHANGES)
def test_each_kind_of_change_is_seen(
    client: TestClient, session: Session, tmp_path: Path, film: str, kind: str
) -> None:
    addresses = {
        "price": f"/api/v1/films/{film}/licensing?class=hospital",
        "window": f"/api/v1/films/{film}/licensing?class=college",
        "withdrawn": f"/api/v1/films/{film}/licensing?class=college",
        "text": f"/api/v1/films/{film}",
        "film": "/films",
        "collection": "/api/v1/collections",
        "license text": "/api/v1/license-texts",
    }
    path = addresses[kind]
    before = client.get(path)
    assert client.get(path).headers["etag"] == before.headers["etag"]
    sku = f"{film}-dvd-ppr"
    if kind == "price":
        factories.add_price(session, sku, 5500, customer_class=CustomerClass.HOSPITAL)
    elif kind == "window":
        film_id = film_for_staff(session, film).id
        patch = WindowPatch(ends_on=clock.today() - timedelta(days=1))
        for window in find_windows(session, [film_id]):
            window_service.change_window(
                session, ref=window.ref, patch=patch, actor=offer_factories.STAFF
            )
    elif kind == "withdrawn":
        offer_service.withdraw_offer(session, sku=sku, actor=offer_factories.STAFF)
    elif kind == "text":
        films.change(session, film, synopsis="Other words.", status="published")
    elif kind == "film":
        films.film(session, "A new one", status="published")
    elif kind == "license text":
        factories.license_text(session, version="2.0")
    else:
        text = f"- {{slug: new, name: New, summary: Of late., films: [{film}]}}"
        (tmp_path / "collections.yaml").write_text(text)
        seeding.seed_catalog(session, tmp_path)
    session.commit()
    after = client.get(path)
    assert after.status_code == 200
    assert after.content != before.content
    assert after.headers["etag"] != before.headers["etag"]


def test_price_of_tomorrow_is_asked_tomorrow(
    client: TestClient, session: Session, film: str
) -> None:
    tomorrow = factories.reprice(session, f"{film}-dvd-ppr", 29900)
    session.commit()
    path = f"/api/v1/films/{film}/licensing?class=college"

    def amounts() -> list[int]:
        return [offer["price"]["amount"] for offer in client.get(path).json()["offers"]]

    assert amounts() == [19900]
    midnight = datetime.combine(tomorrow, time(), UTC)
    with time_machine.travel(midnight - timedelta(seconds=1), tick=False) as clocks:
        assert amounts() == [19900]
        clocks.move_to(midnight)
        assert amounts() == [29900]


def test_cache_without_memory_stores_nothing(app: FastAPI, settings: Settings) -> None:
    attach(app, settings.model_copy(update={"cache_megabytes": 0}))
    with TestClient(app) as client:
        assert "etag" not in client.get("/films").headers
        assert len(app.state.response_cache) == 0


def test_database_that_is_away_stops_no_answer_in_memory(
    client: TestClient, responses: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = client.get("/api/v1/films")
    assert kept.status_code == 200

    lost = OperationalError("SELECT", {}, Exception("away"))

    def away() -> PublicRevision:
        raise lost

    monkeypatch.setattr(responses.freshness, "_read", away)
    answer = client.get("/api/v1/films")
    assert (answer.status_code, answer.headers["etag"]) == (200, kept.headers["etag"])
    # Who may just have written must not get an answer from before that: the endpoint is asked.
    assert "etag" not in client.get("/api/v1/films", headers={"Authorization": "x"}).headers
    # What is not in memory is asked of the application; it has a database of its own to ask.
    assert "etag" not in client.get("/api/v1/subjects").headers

    with time_machine.travel(clock.now() + freshness.MAX_AWAY + timedelta(minutes=1)):
        assert "etag" not in client.get("/api/v1/films").headers


def test_database_that_hangs_delays_answers_from_memory_once(
    client: TestClient, responses: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = client.get("/api/v1/films")
    read, thaw = responses.freshness._read, threading.Event()  # noqa: SLF001

    def hang() -> PublicRevision:
        thaw.wait(60)
        return read()

    monkeypatch.setattr(responses.freshness, "_read", hang)
    monkeypatch.setattr(freshness, "MAX_WAIT_SECONDS", 0.05)
    try:
        for _ in range(5):  # more than there are threads that ask
            assert client.get("/api/v1/films").headers["etag"] == kept.headers["etag"]
        assert responses.freshness._is_away  # noqa: SLF001
    finally:
        thaw.set()
    monkeypatch.setattr(freshness, "AWAY_WAIT_SECONDS", 10)
    assert client.get("/api/v1/films").status_code == 200
    assert not responses.freshness._is_away  # noqa: SLF001
