"""A whole catalog harvested through resumption tokens, while staff work on it."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog import film_service, queries
from app.catalog.documents import FilmPatch
from app.core import clock
from app.discovery.oai import responses
from tests import factories
from tests.catalog.counting import counted
from tests.catalog.films import collection, film
from tests.discovery.harvester import NS, Harvester, asked

FILMS = 300


def retitle(session: Session, slug: str) -> None:
    present = queries.film_for_staff(session, slug)
    patch = FilmPatch.model_validate({"title": f"{present.title}, changed"})
    assert film_service.patch_film(session, present, patch, actor=factories.STAFF)


@pytest.mark.slow
def test_harvest_misses_no_film_during_changes(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were added in the same instant, so that the order rests on the ids within it."""
    start = clock.now()
    at = [start]
    monkeypatch.setattr(clock, "now", lambda: at[-1])
    for number in range(FILMS):
        film(session, f"Film {number}")
    session.commit()
    assert responses.PAGE == 100
    harvester = Harvester(client)
    latest: dict[str, tuple[bool, str]] = {}
    told = 0
    changed = ["film-5", "film-150", "film-299", "film-5"]
    gone = ["film-7", "film-160", "film-298"]
    came = ["new-0", "new-1", "new-2"]
    for record in harvester.ListRecords(metadataPrefix="oai_dc"):
        slug = record.header.identifier.rpartition(":")[2]
        title = "" if record.deleted else record.metadata["title"][0]
        latest[slug] = (record.deleted, title)
        told += 1
        if told % 90 == 0 and came:
            at.append(at[-1] + timedelta(milliseconds=1))
            retitle(session, changed.pop())
            film_service.withdraw_film(session, gone.pop(), actor=factories.STAFF)
            film(session, came.pop().replace("-", " ").title())
            session.commit()

    assert not came
    assert len(harvester.answers) == 4
    assert len(latest) == FILMS + 3
    deleted = {slug for slug, (is_gone, _) in latest.items() if is_gone}
    assert deleted == {"film-7", "film-160", "film-298"}
    for slug in ("film-5", "film-150", "film-299"):
        assert latest[slug] == (False, f"Film {slug.removeprefix('film-')}, changed")
    assert {"new-0", "new-1", "new-2"} <= set(latest)
    # What had been told before it changed is told again, at the end: two of each and no more.
    assert FILMS + 3 <= told <= FILMS + 3 + 6


@pytest.mark.slow
def test_the_next_harvest_brings_the_changes_only(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: at[-1])
    films = [film(session, f"Film {number}") for number in range(120)]
    chosen = collection(session, "Chosen", films[:3])
    session.commit()
    harvester = Harvester(client)
    assert len(list(harvester.ListIdentifiers(metadataPrefix="oai_dc"))) == 120
    at.append(at[-1] + timedelta(seconds=5))
    since = f"{at[-1]:%Y-%m-%dT%H:%M:%SZ}"
    film_service.withdraw_film(session, "film-2", actor=factories.STAFF)
    retitle(session, "film-119")
    session.commit()
    found = harvester.ListRecords(metadataPrefix="oai_dc", **{"from": since})
    told = {each.header.identifier: each.deleted for each in found}
    assert told == {"oai:127.0.0.1:film-2": True, "oai:127.0.0.1:film-119": False}
    spec = f"collection:{chosen.slug}"
    in_set = harvester.ListRecords(metadataPrefix="oai_dc", set=spec, **{"from": since})
    assert [each.deleted for each in in_set] == [True]


def test_tokens_have_cursor_and_size(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "PAGE", 4)
    for number in range(9):
        film(session, f"Film {number}")
    session.commit()
    query = "verb=ListIdentifiers&metadataPrefix=oai_dc&set=subject:history&from=2000-01-01"
    places = []
    while True:
        root = asked(client, query)
        (token,) = root.xpath("//o:resumptionToken", namespaces=NS)
        number = len(root.xpath("//o:header", namespaces=NS))
        places.append((number, token.get("cursor"), token.get("completeListSize")))
        if not token.text:
            break
        query = f"verb=ListIdentifiers&resumptionToken={token.text}"
        # The same token gives the same answer, however often it is used.
        first, again = asked(client, query), asked(client, query)
        found = [each.xpath("//o:identifier/text()", namespaces=NS) for each in (first, again)]
        assert found[0] == found[1]
    assert places == [(4, "0", "9"), (4, "4", "9"), (1, "8", "9")]


def test_a_list_that_fits_has_no_token(client: TestClient, session: Session) -> None:
    film(session, "A")
    session.commit()
    root = asked(client, "verb=ListRecords&metadataPrefix=oai_dc")
    assert root.xpath("//o:resumptionToken", namespaces=NS) == []


def test_harvest_ends_when_the_rest_was_removed(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "PAGE", 2)
    start = clock.now()
    for number in range(3):
        film(session, f"Film {number}")
    session.commit()
    until = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    harvester = Harvester(client)
    found = harvester.ListIdentifiers(metadataPrefix="oai_dc", until=until)
    first = [next(found).identifier, next(found).identifier]
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=1))
    retitle(session, "film-2")
    session.commit()
    assert first == ["oai:127.0.0.1:film-0", "oai:127.0.0.1:film-1"]
    assert list(found) == []


def test_a_page_takes_the_same_queries_for_many_films(client: TestClient, session: Session) -> None:
    # A first answer follows the catalog; what is counted is an answer's own.
    follow = "verb=ListIdentifiers&metadataPrefix=oai_dc"
    film(session, "A")
    session.commit()
    asked(client, follow)
    with counted(session) as one:
        asked(client, "verb=ListRecords&metadataPrefix=oai_dc")
    for number in range(20):
        film(session, f"Film {number}")
    session.commit()
    asked(client, follow)
    with counted(session) as many:
        asked(client, "verb=ListRecords&metadataPrefix=oai_dc")
    assert len(many) == len(one)
    assert len(one) < 25


@pytest.mark.seeded
def test_the_sample_catalog_is_harvested_whole(client: TestClient) -> None:
    records = list(Harvester(client).ListRecords(metadataPrefix="oai_dc"))
    slugs = {record.header.identifier.rpartition(":")[2] for record in records}
    listed = client.get("/api/v1/films?limit=200").json()["items"]
    deliveries = {name for name in slugs if "/" in name}
    assert slugs - deliveries == {each["slug"] for each in listed}
    marc = Harvester(client).ListIdentifiers(metadataPrefix="marc21")
    assert deliveries == {each.identifier.rpartition(":")[2] for each in marc}
    assert all(record.metadata["title"] and record.metadata["date"] for record in records)
