"""MARC 21 by OAI-PMH: a record for each film and delivery, dated as the record changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sickle.oaiexceptions import NoRecordsMatch
from sqlalchemy.orm import Session
from time_machine import travel

from app.catalog import film_service
from app.core import clock
from app.discovery.oai import responses
from app.exports import ledger
from tests import factories
from tests.catalog.films import collection, film
from tests.discovery.harvester import NS, Harvester, asked, error
from tests.exports import unusual_films
from tests.exports.reading import lines, read

MARC = "metadataPrefix=marc21"


@pytest.fixture
def harvester(client: TestClient) -> Harvester:
    return Harvester(client)


def told(harvester: Harvester, **given: str) -> dict[str, bool]:
    """Return, by its name, whether each record that is told is deleted."""
    try:
        found = list(harvester.ListRecords(metadataPrefix="marc21", **given))
    except NoRecordsMatch:
        return {}
    return {each.header.identifier.partition(":127.0.0.1:")[2]: each.deleted for each in found}


def test_every_delivery_has_its_record_with_its_sets(
    harvester: Harvester, client: TestClient, session: Session
) -> None:
    made = film(session, "The Red Soul", subjects=["War"])
    for delivery in ("dvd", "stream"):
        unusual_films.offer(session, made, delivery)
    collection(session, "Chosen", [made])
    film(session, "Unsold")
    session.commit()

    assert told(harvester) == {"the-red-soul/dvd": False, "the-red-soul/stream": False}
    assert told(harvester, set="delivery:stream") == {"the-red-soul/stream": False}
    assert told(harvester, set="collection:chosen", until="9999-12-31") == told(harvester)
    query = f"verb=GetRecord&{MARC}&identifier=oai:127.0.0.1:the-red-soul/dvd"
    document = asked(client, query)
    assert document.xpath("//o:setSpec/text()", namespaces=NS) == [
        "collection:chosen",
        "subject:war",
        "delivery:dvd",
    ]
    (element,) = document.xpath("//m:record", namespaces=NS)
    served = client.get("/films/the-red-soul/record.mrc?delivery=dvd").content
    [alone] = read(served)
    assert {field.text for field in element.iterfind("m:controlfield[@tag='001']", NS)} == {
        "the-red-soul-dvd"
    }
    said = [
        f"{field.get('tag')}  {''.join(part.get('code') + part.text for part in field)}"
        for field in element.iterfind("m:datafield", NS)
    ]
    assert len(said) == len([field for field in alone.fields if not field.control_field])
    assert lines(alone, "245")[0].replace("$", "")[8:] in " ".join(said)


def test_each_record_has_the_formats_that_it_has(client: TestClient, session: Session) -> None:
    made = film(session, "A")
    unusual_films.offer(session, made, "dvd")
    session.commit()
    formats = "//o:metadataPrefix/text()"
    query = "verb=ListMetadataFormats"
    assert asked(client, query).xpath(formats, namespaces=NS) == ["oai_dc", "marc21"]
    named = f"{query}&identifier=oai:127.0.0.1:a"
    assert asked(client, named).xpath(formats, namespaces=NS) == ["oai_dc"]
    asked(client, f"verb=ListIdentifiers&{MARC}")
    assert asked(client, f"{named}/dvd").xpath(formats, namespaces=NS) == ["oai_dc", "marc21"]
    record = "verb=GetRecord&identifier=oai:127.0.0.1:a"
    assert error(client, f"{record}&{MARC}") == "cannotDisseminateFormat"
    assert error(client, f"{record}/stream&{MARC}") == "idDoesNotExist"
    assert error(client, f"{record}/reel&{MARC}") == "idDoesNotExist"
    for spec in ("delivery:reel", "delivery", "delivery:stream"):
        assert error(client, f"verb=ListRecords&{MARC}&set={spec}") == "noRecordsMatch", spec


def test_every_item_offers_dublin_core(
    harvester: Harvester, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "PAGE", 2)
    for title in ("A", "B", "C"):
        made = film(session, title)
        for delivery in ("dvd", "file"):
            unusual_films.offer(session, made, delivery)
    film(session, "Unsold")
    session.commit()
    names = {f"{slug}{end}" for slug in "abc" for end in ("", "/dvd", "/file")} | {"unsold"}

    def listed(**given: str) -> list[str]:
        found = harvester.ListRecords(metadataPrefix="oai_dc", **given)
        return [each.header.identifier.partition(":127.0.0.1:")[2] for each in found]

    assert sorted(listed()) == sorted(names)
    assert sorted(listed(set="delivery:dvd")) == ["a/dvd", "b/dvd", "c/dvd"]
    for name in names:
        alone = harvester.GetRecord(identifier=f"oai:127.0.0.1:{name}", metadataPrefix="oai_dc")
        assert alone.metadata["title"] == [name[0].upper() + name.partition("/")[0][1:]]
    dvd = harvester.GetRecord(identifier="oai:127.0.0.1:a/dvd", metadataPrefix="oai_dc")
    assert dvd.metadata["format"] == ["90 min", "DVD"]
    film_service.withdraw_film(session, "b", actor=factories.STAFF)
    session.commit()
    gone = {
        each.header.identifier.partition(":127.0.0.1:")[2]
        for each in harvester.ListRecords(metadataPrefix="oai_dc")
        if each.deleted
    }
    assert gone == {"b", "b/dvd", "b/file"}


def test_a_price_and_the_end_of_rights_are_harvested_too(
    harvester: Harvester, session: Session
) -> None:
    with travel(datetime(2027, 1, 1, tzinfo=UTC)):
        first = film(session, "Sold")
        offer = factories.offer(session, of=first)
        second = film(session, "Ending")
        factories.offer(session, of=second, rights_end=date(2028, 6, 30))
        third = film(session, "Gone")
        factories.offer(session, of=third)
        session.commit()
        assert len(told(harvester)) == 3
    with travel(datetime(2027, 2, 1, tzinfo=UTC)):
        assert told(harvester, **{"from": "2027-01-02"}) == {}
        begins = factories.reprice(session, offer.sku, 45000)
        film_service.withdraw_film(session, third.slug, actor=factories.STAFF)
        session.commit()
        assert told(harvester, **{"from": "2027-01-02"}) == {"gone/dvd": True}
    with travel(datetime(begins.year, begins.month, begins.day, 12, tzinfo=UTC)):
        assert told(harvester, **{"from": f"{begins}"}) == {"sold/dvd": False}
    # A license of a year no longer fits into what is held.
    with travel(datetime(2027, 7, 3, tzinfo=UTC)):
        assert told(harvester, **{"from": "2027-07-02"}) == {"ending/dvd": True}


def test_a_list_is_cut_within_the_deliveries_of_a_film(
    harvester: Harvester, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All came in one instant, so that the order rests on the film and its delivery."""
    monkeypatch.setattr(responses, "PAGE", 3)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for title in ("A", "B", "C"):
        made = film(session, title)
        for delivery in ("dvd", "bluray", "file", "stream"):
            unusual_films.offer(session, made, delivery)
    session.commit()
    found = list(harvester.ListRecords(metadataPrefix="marc21"))
    ways = ("dvd", "bluray", "file", "stream")
    names = [each.header.identifier.rpartition(":")[2] for each in found]
    assert len(harvester.answers) == 4
    assert names == [f"{slug}/{way}" for slug in "abc" for way in ways]


def test_offer_removed_since_the_sync_is_deleted(
    harvester: Harvester, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = film(session, "A")
    factories.offer(session, of=made)
    session.commit()
    assert told(harvester) == {"a/dvd": False}
    monkeypatch.setattr(ledger, "sync_records", lambda *_: None)
    film_service.withdraw_film(session, "a", actor=factories.STAFF)
    session.commit()
    assert told(harvester) == {"a/dvd": True}


@pytest.mark.seeded
def test_the_sample_catalog_is_harvested_as_marc(client: TestClient) -> None:
    records = list(Harvester(client).ListRecords(metadataPrefix="marc21"))
    whole = read(client.get("/api/v1/records").content)
    names = {each.header.identifier.rpartition(":")[2].replace("/", "-") for each in records}
    assert names == {record["001"].data for record in whole}
    assert len(records) > 60
    later = f"{clock.now() + timedelta(days=2):%Y-%m-%d}"
    assert error(client, f"verb=ListRecords&{MARC}&from={later}") == "noRecordsMatch"
