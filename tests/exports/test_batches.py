"""Files of many records: whole, narrowed, and what changed since the last one."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import travel

from app.catalog import film_service
from app.catalog.documents import FilmPatch
from app.catalog.queries import film_for_staff
from app.core import clock
from app.core.job_steps import run_inline
from app.exports import batches
from app.exports.models import LibraryRecord
from app.offers import offer_service
from app.worker import WorkerContext, build_jobs
from tests import factories
from tests.catalog.counting import counted
from tests.catalog.films import collection
from tests.exports import unusual_films
from tests.exports.reading import read, told

SCHEMA = Path(__file__).parent / "marcxml.rng"
NAMESPACE = {"m": "http://www.loc.gov/MARC21/slim"}


def sold(session: Session, title: str, *deliveries: str) -> str:
    """Make a film on offer, and return its slug."""
    film = factories.film(session, title=title)
    for delivery in deliveries or ("dvd",):
        unusual_films.offer(session, film, delivery)
    session.commit()
    return film.slug


def change(session: Session, slug: str, **changes: object) -> None:
    film = film_for_staff(session, slug, for_change=True)
    patch = FilmPatch.model_validate(changes)
    film_service.patch_film(session, film, patch, actor=factories.STAFF)
    session.commit()


def since(client: TestClient, instant: str, **params: str) -> dict[str, str]:
    answer = client.get("/api/v1/records", params={"since": instant} | params)
    assert answer.status_code == 200, answer.text
    return told(read(answer.content))


def mark(client: TestClient) -> str:
    """Take all there is, and return from when on to ask for changes."""
    answer = client.get("/api/v1/records")
    assert answer.status_code == 200
    return answer.headers["X-Next-Since"]


def test_a_delta_holds_exactly_what_came_changed_and_went(
    client: TestClient, session: Session
) -> None:
    same, changed, gone = (sold(session, title, "dvd", "file") for title in ("A", "B", "C"))
    start = mark(client)
    assert since(client, start) == {}

    new = sold(session, "D", "stream")
    change(session, changed, color="bw")
    film_service.withdraw_film(session, gone, actor=factories.STAFF)
    session.commit()

    expected = {
        f"{new}-stream": "n",
        f"{changed}-dvd": "c",
        f"{changed}-file": "c",
        f"{gone}-dvd": "d",
        f"{gone}-file": "d",
    }
    assert since(client, start) == expected
    assert since(client, start) == expected, "asked again, it says the same"
    whole = told(read(client.get("/api/v1/records").content))
    kept = (f"{same}-dvd", f"{same}-file", f"{changed}-dvd", f"{changed}-file", f"{new}-stream")
    assert whole == dict.fromkeys(kept, "n")


def test_a_change_that_no_record_tells_of_is_no_change(
    client: TestClient, session: Session
) -> None:
    slug = sold(session, "A", "dvd", "file")
    start = mark(client)

    change(session, slug, tagline="Nothing a record says", press=[{"kind": "review", "by": "X"}])

    assert since(client, start) == {}


def test_a_price_changes_the_records_of_its_delivery_only_and_on_its_day(
    client: TestClient, session: Session
) -> None:
    slug = sold(session, "A", "file")
    film = film_for_staff(session, slug)
    disc = factories.offer(session, of=film, delivery="dvd")
    session.commit()
    start = mark(client)
    begins = factories.reprice(session, disc.sku, 45000)
    session.commit()

    assert since(client, start) == {}
    noon = datetime(begins.year, begins.month, begins.day, 12, tzinfo=UTC)
    with travel(noon, tick=False):
        [record] = read(client.get("/api/v1/records", params={"since": start}).content)
        assert record["001"].data == f"{slug}-dvd"
        assert str(record.leader)[5] == "c"
        assert record["037"]["c"] == "USD 450.00 (College or university)"


def test_rights_that_run_out_take_the_record_with_them(
    client: TestClient, session: Session
) -> None:
    ends = date(2028, 6, 30)
    with travel(datetime(2027, 1, 1, tzinfo=UTC)):
        film = factories.film(session)
        factories.offer(session, of=film, rights_end=ends)
        session.commit()
        start = mark(client)
        assert since(client, start) == {}
    # A license of a year no longer fits.
    with travel(datetime(2027, 7, 3, tzinfo=UTC), tick=False):
        assert since(client, start) == {f"{film.slug}-dvd": "d"}


def test_a_withdrawn_offer_takes_its_record_and_brings_it_back_as_new(
    client: TestClient, session: Session
) -> None:
    film = factories.film(session)
    offer = factories.offer(session, of=film)
    session.commit()
    start = mark(client)

    offer_service.withdraw_offer(session, sku=offer.sku, actor=factories.STAFF)
    session.commit()
    between = client.get("/api/v1/records", params={"since": start})
    assert told(read(between.content)) == {f"{film.slug}-dvd": "d"}
    offer_service.publish_offer(session, sku=offer.sku, actor=factories.STAFF)
    session.commit()

    assert since(client, between.headers["X-Next-Since"]) == {f"{film.slug}-dvd": "n"}


def test_what_went_before_anybody_asked_is_told_too_and_for_good(
    client: TestClient, session: Session
) -> None:
    slug = sold(session, "A")
    film_service.withdraw_film(session, slug, actor=factories.STAFF)
    session.commit()

    [record] = read(client.get("/api/v1/records", params={"since": "2026-01-01"}).content)

    assert str(record.leader)[5] == "d"
    assert [field.tag for field in record.fields] == ["001", "003", "005", "008", "040", "245"]
    with travel(clock.now() + timedelta(days=1000), tick=False):
        assert since(client, "2026-01-01") == {f"{slug}-dvd": "d"}
        assert read(client.get("/api/v1/records").content) == []


def test_the_worker_follows_the_catalog_every_hour(
    app: FastAPI, client: TestClient, session: Session
) -> None:
    slug = sold(session, "A")
    state = app.state
    context = WorkerContext(
        state.settings, state.sessions, state.readers, state.gateway, state.storage
    )

    build_jobs(context)["hourly"](run_inline, "hourly:now")

    rows = session.scalars(select(LibraryRecord)).all()
    assert [(row.delivery, row.removed_at) for row in rows] == [("dvd", None)]
    with Session(app.state.engine) as base, counted(base) as statements:
        assert since(client, "2026-01-01") == {f"{slug}-dvd": "n"}
    assert [one for one in statements if one.startswith(("INSERT", "UPDATE"))] == []


def test_a_file_is_narrowed_by_a_collection_and_by_a_search(
    client: TestClient, session: Session
) -> None:
    inside, outside = (sold(session, title) for title in ("River One", "Mountain Two"))
    collection(session, "Water", [film_for_staff(session, inside)])
    session.commit()
    start = mark(client)

    def ids(**params: str) -> list[str]:
        answer = client.get("/api/v1/records", params=params)
        return list(told(read(answer.content)))

    assert ids(collection="water") == [f"{inside}-dvd"]
    assert ids(q="mountain") == [f"{outside}-dvd"]
    assert ids(q="river", collection="water") == [f"{inside}-dvd"]
    assert ids(q="nothing like it") == []
    for slug in (inside, outside):
        change(session, slug, color="bw")
    assert since(client, start, collection="water") == {f"{inside}-dvd": "c"}
    film_service.withdraw_film(session, inside, actor=factories.STAFF)
    film_service.withdraw_film(session, outside, actor=factories.STAFF)
    session.commit()
    assert since(client, start, collection="water") == {f"{inside}-dvd": "d"}
    assert since(client, start, q="river") == {f"{inside}-dvd": "d", f"{outside}-dvd": "d"}


@pytest.mark.once
def test_marcxml_has_the_structure_of_the_standard(client: TestClient, session: Session) -> None:
    films = unusual_films.films(session)
    session.commit()

    answer = client.get("/api/v1/records", params={"format": "xml"})

    document = etree.fromstring(answer.content)
    etree.RelaxNG(etree.parse(SCHEMA)).assertValid(document)
    assert len(document) == 2 * len(films)
    assert answer.headers["content-type"] == "application/marcxml+xml"
    titles = document.xpath(
        "//m:datafield[@tag='245']/m:subfield[@code='a']/text()", namespaces=NAMESPACE
    )
    assert titles.count("$9.99 {or less} \\ more /") == 2
    assert titles.count('"The End" & <Beginning> /') == 2


@pytest.mark.parametrize("form", ["mrc", "xml", "mrk"])
def test_a_file_without_records_is_still_one(client: TestClient, form: str) -> None:
    answer = client.get("/api/v1/records", params={"format": form})

    assert answer.status_code == 200
    if form == "xml":
        assert list(ET.fromstring(answer.text)) == []  # noqa: S314 - our own answer
    else:
        assert answer.content == b""
    today = clock.today()
    assert f'filename="reelright-records-{today}.{form}"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("path", ["/api/v1/records", "/kbart.txt"])
def test_more_films_take_no_more_queries(
    app: FastAPI, client: TestClient, session: Session, path: str
) -> None:
    def count() -> int:
        # Of readers and writers alike: both are made of this engine.
        with Session(app.state.engine) as base, counted(base) as statements:
            assert client.get(path).status_code == 200
        return len(statements)

    sold(session, "First", "dvd", "file")
    count()
    sold(session, "Second", "dvd", "file")
    few = (count(), count())
    for n in range(12):
        sold(session, f"More {n}", "dvd", "file")

    assert (count(), count()) == few
    assert few[1] > 10


def test_a_long_file_comes_in_chunks(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    slugs = [sold(session, f"Film {n}") for n in range(7)]
    start = "2026-01-01"
    monkeypatch.setattr(batches, "BATCH_SIZE", 2)

    whole = client.get("/api/v1/records").content
    changes = client.get("/api/v1/records", params={"since": start}).content

    expected = [f"{slug}-dvd" for slug in slugs]
    assert [record["001"].data for record in read(whole)] == expected
    assert [record["001"].data for record in read(changes)] == expected
