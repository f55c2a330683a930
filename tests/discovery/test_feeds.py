"""Atom feeds, as a feed reader and as RFC 4287 see them."""

from datetime import datetime, timedelta

import feedparser
import pytest
from fastapi.testclient import TestClient
from lxml import etree
from sqlalchemy.orm import Session

from app.catalog import film_service
from app.core import clock
from app.discovery import feeds
from tests import factories
from tests.catalog.films import change, collection, film
from tests.discovery.pages import page
from tests.discovery.validating import valid

BASE = "http://127.0.0.1:8000"
NS = {"a": "http://www.w3.org/2005/Atom"}


def strictly_read(client: TestClient, path: str) -> etree._Element:
    """Return a feed that has all that RFC 4287 demands of it, and nothing twice."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == "application/atom+xml"
    root = valid(answer.content, "atom")
    assert root.tag == f"{{{NS['a']}}}feed"
    for holder in (root, *root.findall("a:entry", NS)):
        for name in ("id", "title", "updated"):
            (found,) = holder.findall(f"a:{name}", NS)
            assert found.text, name
        assert holder.findtext("a:id", None, NS).startswith("http")
        dates = [*holder.findall("a:updated", NS), *holder.findall("a:published", NS)]
        assert all(datetime.fromisoformat(date.text).tzinfo for date in dates)
        for link in holder.findall("a:link", NS):
            assert link.get("href").startswith(BASE)
        kinds = [(link.get("rel"), link.get("type")) for link in holder.findall("a:link", NS)]
        assert ("alternate", "text/html") in kinds
        assert len(set(kinds)) == len(kinds)
    # An entry without an author has its feed's.
    assert root.findtext("a:author/a:name", None, NS)
    (own,) = root.xpath("a:link[@rel='self']/@href", namespaces=NS)
    assert own == f"{BASE}{path}"
    ids = [each.text for each in root.findall("a:entry/a:id", NS)]
    assert len(set(ids)) == len(ids)
    return root


def test_the_newest_film_comes_first_with_its_facts(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now().replace(year=2030, month=5, day=6, hour=7, minute=8, second=9)
    monkeypatch.setattr(clock, "now", lambda: start)
    film(session, "Older", subjects=["War & Peace"], synopsis="<b>&amp; 'quoted'</b>")
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=1))
    film(session, "Newer", credits=[{"name": n, "role": "director"} for n in ("A B", "C D")])
    film(session, "Draft", status="draft")
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=2))
    change(session, "older", subjects=["War & Peace"], synopsis="<b>&amp; 'quoted'</b>", genre="X")
    film(session, "Gone")
    film_service.withdraw_film(session, "gone", actor=factories.STAFF)
    session.commit()

    strictly_read(client, "/films.atom")
    read = feedparser.parse(client.get("/films.atom").content)
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.title == "New films at Reelright Films"
    assert read.feed.updated == "2030-05-08T07:08:09Z"
    newer, older = read.entries
    assert (newer.title, newer.id) == ("Newer (2018)", f"{BASE}/films/newer")
    assert newer.link == f"{BASE}/films/newer"
    assert [author.name for author in newer.authors] == ["A B", "C D"]
    assert newer.published == newer.updated == "2030-05-07T07:08:09Z"
    assert (older.published, older.updated) == ("2030-05-06T07:08:09Z", "2030-05-08T07:08:09Z")
    assert [(tag.term, tag.label) for tag in older.tags] == [("war-peace", "War & Peace")]
    root = strictly_read(client, "/films.atom")
    summaries = root.findall("a:entry/a:summary", NS)
    assert (summaries[1].text, summaries[1].get("type")) == ("<b>&amp; 'quoted'</b>", "text")


def test_a_subject_and_a_collection_have_feeds_of_their_own(
    client: TestClient, session: Session
) -> None:
    a = film(session, "A", subjects=["War"])
    film(session, "B", subjects=["Peace"])
    collection(session, "Chosen <few>", [a])
    session.commit()
    for path, title in (
        ("/subjects/war", "War: new films at Reelright Films"),
        ("/collections/chosen-few", "Chosen <few>: new films at Reelright Films"),
    ):
        found = page(client, path).xpath("//link[@rel='alternate']/@href")
        assert found == [f"{path}/films.atom", "/films.atom"]
        root = strictly_read(client, found[0])
        assert root.findtext("a:title", None, NS) == title
        assert [each.text for each in root.findall("a:entry/a:title", NS)] == ["A (2018)"]
        assert root.xpath("a:link[@rel='alternate']/@href", namespaces=NS) == [f"{BASE}{path}"]
    found = page(client, "/films/a").xpath("//link[@rel='alternate']/@href")
    assert found == [
        "/collections/chosen-few/films.atom",
        "/subjects/war/films.atom",
        "/films.atom",
    ]
    for path in ("/subjects/none", "/collections/none"):
        assert client.get(f"{path}/films.atom").status_code == 404


def test_an_empty_store_has_a_valid_feed(client: TestClient) -> None:
    root = strictly_read(client, "/films.atom")
    assert root.findall("a:entry", NS) == []
    assert page(client, "/").xpath("//link[@rel='alternate']/@href") == ["/films.atom"]


def test_feed_has_fifty_entries(client: TestClient, session: Session) -> None:
    for number in range(feeds.MAX_ENTRIES + 3):
        film(session, f"Film {number}")
    session.commit()
    root = strictly_read(client, "/films.atom")
    titles = [each.text for each in root.findall("a:entry/a:title", NS)]
    assert titles == [f"Film {number} (2018)" for number in range(52, 2, -1)]


@pytest.mark.once
@pytest.mark.seeded
def test_sample_feeds_are_valid(client: TestClient) -> None:
    paths = ["/films.atom"]
    for kind in ("collections", "subjects"):
        listed = client.get(f"/api/v1/{kind}?limit=200").json()["items"]
        paths += [f"/{kind}/{each['slug']}/films.atom" for each in listed]
    assert len(paths) > 20
    for path in paths:
        strictly_read(client, path)
        read = feedparser.parse(client.get(path).content)
        assert not read.bozo, path
        assert read.entries, path
