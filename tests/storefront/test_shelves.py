"""Lists that people come back to: new films, films that leave, the press; people and groups."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog.models import Subject
from app.core import clock
from app.offers import expiring_rights
from app.offers.states import HeldRight
from app.storefront import browse_routes, film_list_routes
from tests import factories
from tests.storefront.visitor import Page, Visitor


def json_ld(page: Page) -> dict[str, Any]:
    (script,) = page.document.xpath("//script[@type='application/ld+json']/text()")
    found: dict[str, Any] = json.loads(script)
    return found


def press(session: Session, title: str, *items: dict[str, str], status: str = "published") -> None:
    factories.film(session, title=title, press=list(items), status=status)


def test_recent_films_are_grouped_by_day(
    visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.film(session, title="Older")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1))
    factories.film(session, title="Newer")
    factories.film(session, title="Draft", status="draft")
    session.commit()
    page = visitor.get("/recent")
    added = page.all("//section/div/h2/time/@datetime")
    assert added == [f"{now.date() + timedelta(days=1)}", f"{now.date()}"]
    assert page.all("//h3") == ["Newer", "Older"]


def test_expiring_films_show_the_last_day_of_each_license(
    visitor: Visitor, session: Session, client: TestClient
) -> None:
    film = factories.film(session, title="Going")
    ends = clock.today() + timedelta(days=400)
    factories.offer(session, of=film, delivery="file", rights_end=ends)
    factories.offer(session)
    session.commit()
    page = visitor.get("/leaving")
    assert page.all("//main//h2") == ["Going"]
    assert page.all("//main//p/time/@datetime") == [str(ends)]
    (until,) = page.all("//main//dd/time/@datetime")
    assert clock.today() < date.fromisoformat(until) < ends
    assert "Digital site license" in page.one("//main//dt")
    assert "Going (2018): rights end on" in client.get("/leaving.atom").text


def test_expiring_films_are_paged(
    visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_list_routes, "LEAVING_PER_PAGE", 1)
    monkeypatch.setattr(expiring_rights, "BATCH_SIZE", 1)
    for days in (390, 410):  # take no page
        unsold = factories.film(session)
        ends = clock.today() + timedelta(days=days)
        factories.hold(session, unsold, HeldRight.DSL, ends_on=ends)
        stays = factories.film(session)
        factories.offer(session, of=stays, delivery="file", rights_end=ends)
        factories.hold(session, stays, HeldRight.DSL, ends_on=None)
    for days in (400, 420):
        film = factories.film(session, title=f"In {days}", slug=f"in-{days}")
        ends = clock.today() + timedelta(days=days)
        factories.offer(session, of=film, delivery="file", rights_end=ends)
    session.commit()
    first = visitor.get("/leaving")
    assert first.all("//main//h2") == ["In 400"]
    second = visitor.get(first.all("//a[@rel='next']/@href")[0])
    assert second.all("//main//h2") == ["In 420"]
    assert second.all("//a[@rel='next' or @rel='first']/@href") == ["/leaving"]
    last = visitor.get("/leaving?after=in-420")
    assert last.one("//main//h2") == "No more films"
    assert visitor.client.get("/leaving?after=nothing").headers["location"] == "/leaving"


def test_people_are_listed_by_first_letter(
    visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, zoe, ben, li = "ana-aberg", "zoe-abel", "ben-zuiker", "li"
    names = [(ana, "Ana Åberg"), (zoe, "Zoë Abel"), (ben, "Ben Zuiker"), (zoe, "Zoë Abel")]
    for number, (slug, name) in enumerate([*names, (li, "李")]):
        done = [{"name": name, "person": slug, "role": role} for role in ("director", "editor")]
        factories.film(session, title=f"Film {number}", slug=f"film-{number}", credits=done)
    hidden = [{"name": "Xi Quiet", "role": "director"}]
    factories.film(session, title="Draft", slug="draft", status="draft", credits=hidden)
    session.commit()
    page = visitor.get("/people")
    assert page.all("//nav[@aria-label='Letters']//a") == [
        "A 2 people",
        "Z 1 person",
        "Other 1 person",
    ]
    assert page.all("//ul[@class='people-list']/li") == ["Abel, Zoë 2 films", "Åberg, Ana 1 film"]
    assert visitor.get("/people?letter=Z").all("//ul[@class='people-list']/li/a") == ["Zuiker, Ben"]
    assert visitor.get("/people?letter=other").all("//ul[@class='people-list']//a") == ["李"]
    assert visitor.get("/people?letter=Q").one("//main//h2") == "No people under Q"
    assert visitor.get("/people?letter=q").status == 422
    monkeypatch.setattr(browse_routes, "PEOPLE_PER_PAGE", 1)
    second = visitor.get("/people?letter=A&page=2")
    assert second.all("//ul[@class='people-list']/li/a") == ["Åberg, Ana"]
    assert second.all("//a[@rel='prev']/@href") == ["/people?letter=A"]
    assert visitor.client.get("/people?page=9").headers["location"] == "/people?page=2"


def test_the_press_is_ordered_filtered_and_paged_by_its_address(
    visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(
        session,
        "Zebra",
        {"kind": "review", "by": "B. Critic", "outlet": "Times", "published_on": "2020-01-02"},
        {"kind": "podcast", "title": "A talk", "outlet": "Radio", "url": "https://example.org/t"},
    )
    press(
        session,
        "Ant",
        {"kind": "review", "by": "A. Critic", "outlet": "Daily", "published_on": "2021-01-02"},
    )
    press(session, "Draft", {"kind": "review", "outlet": "Secret"}, status="draft")
    session.commit()
    titles = "//*[@class='press-title']"
    page = visitor.get("/press")
    assert page.all(titles) == ["Daily", "Times", "A talk"]
    assert page.all("//nav[@aria-label='Types']//a") == ["All 3", "Reviews 2", "Podcasts 1"]
    assert page.all("//*[@class='press-play']/a") == ["▶ Listen: A talk"]
    assert visitor.get("/press?sort=outlet").all(titles) == ["Daily", "A talk", "Times"]
    assert visitor.get("/press?sort=film").all(titles) == ["Daily", "Times", "A talk"]
    only = visitor.get("/press?kind=review&sort=outlet")
    assert only.all(titles) == ["Daily", "Times"]
    assert only.all("//a[@aria-current='true']") == ["Reviews 2"]
    assert only.all("//meta[@name='robots']/@content") == ["noindex, follow"]
    assert only.all("//main//p/a[contains(@href, 'kind=review')]/@href") == [
        "/press?kind=review",
        "/press?kind=review&sort=film",
    ]
    monkeypatch.setattr(film_list_routes, "PRESS_PER_PAGE", 2)
    first = visitor.get("/press?sort=date")  # an address that was not rendered before
    assert "3 items, page 1 of 2" in first.text
    assert visitor.get(first.all("//a[@rel='next']/@href")[0]).all(titles) == ["A talk"]
    assert visitor.client.get("/press?page=9").headers["location"] == "/press?page=2"
    assert visitor.get("/press?kind=gossip").status == 422


def test_the_press_has_a_feed_whose_entries_keep_their_names(
    client: TestClient, session: Session
) -> None:
    item = {
        "kind": "review",
        "outlet": "Times",
        "verdict": "Recommended",
        "published_on": "2020-01-02",
    }
    press(session, "Ant", item)
    session.commit()
    feed = client.get("/press.atom").text
    assert "<title>Times: review about Ant</title>" in feed
    assert "<published>2020-01-02T00:00:00Z</published>" in feed
    assert "Recommended. About Ant (2018)" in feed


@pytest.mark.seeded
def test_a_person_has_films_by_role_for_people_and_for_programs(
    visitor: Visitor, client: TestClient
) -> None:
    page = visitor.get("/people/jessica-gorter")
    assert page.all("//h2") == ["Director", "Writer", "Films", "Licensing", "Legal"]
    told = json_ld(page)
    assert (told["@type"], told["name"]) == ("Person", "Jessica Gorter")
    assert told["jobTitle"] == ["Director", "Writer"]
    assert {name: [film["name"] for film in films] for name, films in told["@reverse"].items()} == {
        "director": ["The Red Soul"],
        "author": ["The Red Soul"],
    }
    assert "subjectOf" not in told
    assert page.all("//link[@rel='canonical']/@href") == [told["url"]]
    assert (
        "<title>The Red Soul (2018)</title>"
        in client.get(page.all("//link[@rel='alternate']/@href")[0]).text
    )
    answer = client.get("/api/v1/people/jessica-gorter").json()
    film = {"slug": "the-red-soul", "title": "The Red Soul", "release_year": 2018}
    assert answer["sort_name"] == "Gorter, Jessica"
    assert answer["roles"] == [
        {"role": "director", "films": [film]},
        {"role": "writer", "films": [film]},
    ]
    company = json_ld(visitor.get("/people/zeppers-film-tv"))
    assert company["@type"] == "Organization"
    assert company["@reverse"]["productionCompany"][0]["@type"] == "Movie"
    assert client.get("/api/v1/people/nobody").json()["type"] == "not-found"


@pytest.mark.seeded
def test_subject_and_collection_have_json_ld(
    visitor: Visitor, client: TestClient, session: Session
) -> None:
    subject = visitor.get("/subjects/stalinism")
    assert "The rule of Joseph Stalin" in subject.one("//*[@class='lead']")
    assert "The rule of Joseph Stalin" in subject.all("//meta[@name='description']/@content")[0]
    assert all(found.summary for found in session.query(Subject))
    told = client.get("/api/v1/subjects/stalinism").json()
    assert (told["name"], told["film_count"]) == ("Stalinism", 3)
    collection = "/collections/russia-and-the-former-soviet-union"
    listed = json_ld(visitor.get(collection))
    first = {
        "@type": "ListItem",
        "position": 1,
        "url": "http://127.0.0.1:8000/films/the-red-soul",
        "name": "The Red Soul",
    }
    assert listed["@type"] == "CollectionPage"
    assert listed["mainEntity"]["itemListElement"][0] == first
    answer = client.get(f"/api/v1{collection}").json()
    assert answer["film_count"] == len(answer["films"]) == 12
    assert [film["slug"] for film in answer["films"][:2]] == ["the-red-soul", "art-and-oligarchs"]
