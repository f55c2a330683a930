"""Sitemaps, robots.txt and the OpenSearch description."""

from urllib.robotparser import RobotFileParser

import pytest
from fastapi.testclient import TestClient
from lxml import etree
from sqlalchemy.orm import Session

from app.catalog import film_service, queries
from app.core import clock
from app.core.config import Settings
from app.discovery import crawling
from tests import factories
from tests.catalog.films import change, collection, film
from tests.discovery.pages import BROWSER, page
from tests.discovery.validating import valid

BASE = "http://127.0.0.1:8000"
NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def listed(client: TestClient, path: str = "/sitemap.xml") -> dict[str, str | None]:
    """Return what a sitemap or an index lists: addresses with their last changes."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == "application/xml"
    root = valid(answer.content, "sitemap")
    entries = {
        entry.findtext("s:loc", None, NS): entry.findtext("s:lastmod", None, NS) for entry in root
    }
    assert len(entries) == len(root)
    return entries


@pytest.mark.once
@pytest.mark.seeded
def test_every_address_of_the_sitemap_is_a_page(client: TestClient) -> None:
    found = list(listed(client))
    films = [url for url in found if url.startswith(f"{BASE}/films/")]
    assert len(films) == 42
    people = [url for url in found if url.startswith(f"{BASE}/people/")]
    rest = [url for url in found if url not in people]
    assert f"{BASE}/subjects/russia" in rest
    assert f"{BASE}/collections/russia-and-the-former-soviet-union" in rest
    for url in [*rest, *people[:5]]:
        answer = client.get(url.removeprefix(BASE), headers=BROWSER)
        assert answer.status_code == 200, url


def test_only_public_films_and_their_groups_are_listed(
    client: TestClient, session: Session
) -> None:
    seen = film(session, "Seen", subjects=["War"])
    hidden = film(session, "Draft", status="draft", subjects=["Zen"])
    film(session, "Gone", subjects=["Art"])
    collection(session, "Shown", [seen])
    collection(session, "Unseen", [hidden])
    film_service.withdraw_film(session, "gone", actor=factories.STAFF)
    session.commit()
    assert set(listed(client)) == {
        *(f"{BASE}{path}" for path in crawling.PAGES),
        f"{BASE}/films/seen",
        f"{BASE}/collections/shown",
        f"{BASE}/subjects/war",
        f"{BASE}/people/jessica-gorter",
    }


def test_sitemap_dates_follow_changes_of_parts(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now().replace(year=2030, month=5, day=6)
    monkeypatch.setattr(clock, "now", lambda: start)
    film(session, "A")
    film(session, "B", credits=[{"name": "Renée Doe", "role": "director"}])
    session.commit()
    later = start.replace(year=2031)
    monkeypatch.setattr(clock, "now", lambda: later)
    change(session, "a", accolades=[{"event": "Festival", "kind": "selection"}])
    session.commit()
    assert listed(client)[f"{BASE}/films/a"] == f"{later:%Y-%m-%dT%H:%M:%SZ}"
    assert listed(client)[f"{BASE}/films/b"] == f"{start:%Y-%m-%dT%H:%M:%SZ}"
    # A person spelled anew is spelled so in all of their films.
    change(session, "a", credits=[{"name": "Renee Doe", "role": "director"}])
    session.commit()
    assert listed(client)[f"{BASE}/films/b"] == f"{later:%Y-%m-%dT%H:%M:%SZ}"
    assert queries.film_by_slug(session, "b").directors == ["Renee Doe"]


def test_too_many_addresses_become_an_index_that_holds_them_all(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        film(session, f"Film {number}")
    session.commit()
    # Under another address: the answer is kept as long as the catalog stays as it is.
    whole = listed(client, "/sitemap.xml?whole=1")
    monkeypatch.setattr(crawling, "MAX_ADDRESSES", 12)
    index = [url.removeprefix(BASE) for url in listed(client)]
    assert index == [
        "/sitemaps/pages-1.xml",
        "/sitemaps/films-1.xml",
        "/sitemaps/films-2.xml",
        "/sitemaps/films-3.xml",
        "/sitemaps/subjects-1.xml",
        "/sitemaps/people-1.xml",
    ]
    assert all(listed(client, "/sitemap.xml").values())
    parts = [listed(client, path) for path in index]
    assert [len(part) for part in parts] == [11, 12, 12, 1, 1, 1]
    assert {url: at for part in parts for url, at in part.items()} == whole
    for path in ("films-4", "films-0", "collections-1", "nothing-1", "films-x"):
        assert client.get(f"/sitemaps/{path}.xml").status_code in {404, 422}, path
    assert client.get("/sitemaps/films-4.xml").json()["type"] == "not-found"


def test_robots_disallows_carts(client: TestClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    assert rules.site_maps() == [f"{BASE}/sitemap.xml"]
    for path in ("/", "/films", "/films/the-red-soul", "/oai?verb=Identify", "/films.atom"):
        assert rules.can_fetch("*", path), path
    for path in (
        "/cart",
        "/checkout",
        "/console/orders",
        "/orders/RR-1",
        "/api/v1/films",
        "/buyer",
    ):
        assert not rules.can_fetch("*", path), path


def test_opensearch_description(client: TestClient) -> None:
    (link,) = page(client, "/").xpath("//link[@rel='search']")
    assert link.get("type") == "application/opensearchdescription+xml"
    answer = client.get(link.get("href"))
    assert answer.headers["content-type"] == link.get("type")
    ns = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    root = etree.fromstring(answer.content)
    assert root.findtext("o:ShortName", None, ns) == "Reelright Films"
    template = root.find("o:Url[@type='text/html']", ns).get("template")
    assert template == f"{BASE}/films?q={{searchTerms}}"
    found = client.get(template.removeprefix(BASE).replace("{searchTerms}", "a%20%26%20b"))
    assert found.status_code == 200


def test_a_long_name_is_cut_to_what_opensearch_allows() -> None:
    settings = Settings(
        _env_file=None, seller_name="The <Long> & Winding Name of a Distributor " * 2
    )
    root = etree.fromstring(crawling.opensearch(settings))
    ns = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    assert root.findtext("o:ShortName", None, ns) == "The <Long> & Win"
    assert len(root.findtext("o:LongName", None, ns)) <= 48


@pytest.mark.parametrize("path", ["/sitemap.xml", "/robots.txt", "/opensearch.xml", "/films.atom"])
def test_unchanged_responses_are_304(client: TestClient, session: Session, path: str) -> None:
    film(session, "A")
    session.commit()
    first = client.get(path)
    assert first.headers["cache-control"].startswith("public, max-age=")
    again = client.get(path, headers={"if-none-match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert len(again.headers.get_list("etag")) == len(first.headers.get_list("etag")) == 1
    other = client.get(path, headers={"if-none-match": '"x"'})
    assert (other.status_code, other.content) == (200, first.content)
    if path in {"/sitemap.xml", "/films.atom"}:
        film(session, "B")
        session.commit()
        changed = client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert changed.status_code == 200
        assert changed.content != first.content
