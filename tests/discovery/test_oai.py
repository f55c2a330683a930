"""OAI-PMH 2.0, verb by verb and error by error."""

import base64
import json
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog import film_service, queries
from app.catalog.documents import FilmPatch
from app.core import clock
from app.offers.states import Delivery
from tests import factories
from tests.catalog.films import collection, film
from tests.discovery.harvester import BASE, NS, Harvester, asked, error

DC = "metadataPrefix=oai_dc"


@pytest.fixture
def harvester(client: TestClient) -> Harvester:
    return Harvester(client)


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A clock that stands at the last instant of the list."""
    at = [datetime.fromisoformat("2030-01-01T10:00:00.250000Z")]
    monkeypatch.setattr(clock, "now", lambda: at[-1])
    return at


def ids(found: object) -> list[str]:
    return [each.identifier.rpartition(":")[2] for each in found]  # type: ignore[attr-defined]


def test_identify_says_who_we_are(harvester: Harvester, session: Session) -> None:
    made = film(session, "A")
    session.commit()
    found = harvester.Identify()
    assert made.published_at is not None
    assert found.repositoryName == "Reelright Films"
    assert found.baseURL == f"{BASE}/oai"
    assert found.protocolVersion == "2.0"
    assert found.adminEmail == "licensing@example.org"
    assert found.deletedRecord == "persistent"
    assert found.granularity == "YYYY-MM-DDThh:mm:ssZ"
    assert found.earliestDatestamp == f"{made.published_at:%Y-%m-%dT%H:%M:%SZ}"


def test_an_empty_store_identifies_itself(harvester: Harvester) -> None:
    assert harvester.Identify().earliestDatestamp == "1970-01-01T00:00:00Z"
    own = [f"delivery:{delivery}" for delivery in Delivery]
    assert [each.setSpec for each in harvester.ListSets()] == ["collection", "subject", *own]


def test_sets_are_the_collections_and_subjects(harvester: Harvester, session: Session) -> None:
    a = film(session, "A", subjects=["War", "Peace"])
    draft = film(session, "B", subjects=["Zen"], status="draft")
    collection(session, "Chosen <few>", [a])
    collection(session, "Unseen", [draft])
    session.commit()
    found = {each.setSpec: each.setName for each in harvester.ListSets()}
    assert found.pop("delivery:dvd") == "As DVD"
    found = {spec: name for spec, name in found.items() if not spec.startswith("delivery:")}
    assert found == {
        "collection": "Collections",
        "collection:chosen-few": "Chosen <few>",
        "subject": "Subjects",
        "subject:peace": "Peace",
        "subject:war": "War",
    }
    (record,) = harvester.ListRecords(metadataPrefix="oai_dc", set="collection:chosen-few")
    assert record.header.setSpecs == ["collection:chosen-few", "subject:war", "subject:peace"]
    assert ids(harvester.ListIdentifiers(metadataPrefix="oai_dc", set="subject")) == ["a"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_record_describes_the_film(client: TestClient, session: Session, method: str) -> None:
    film(
        session,
        "Tom & <Jerry>",
        slug="tom",
        original_title="Том",
        synopsis="One \u000b two",
        credits=[
            {"name": "Jessica Gorter", "role": "director"},
            {"name": "Zeppers Film", "role": "production_company"},
            {"name": "Ada Bo", "role": "editor"},
        ],
        identifiers=[{"kind": "upc", "value": "036000291452"}],
    )
    session.commit()
    found = Harvester(client, method).GetRecord(
        identifier="oai:127.0.0.1:tom", metadataPrefix="oai_dc"
    )
    assert not found.deleted
    assert found.metadata == {
        "title": ["Tom & <Jerry>", "Том"],
        "creator": ["Gorter, Jessica"],
        "subject": ["History"],
        "description": ["One \n two"],
        "publisher": ["Zeppers Film"],
        "contributor": ["Bo, Ada"],
        "date": ["2018"],
        "type": ["MovingImage", "Documentary"],
        "format": ["90 min"],
        "identifier": [f"{BASE}/films/tom", "UPC: 036000291452"],
        "language": ["rus"],
        "coverage": ["Netherlands"],
        "rights": [f"Reelright Films licenses this film to institutions: {BASE}/films/tom"],
    }


def test_drafts_are_unknown_and_what_was_public_is_deleted(
    harvester: Harvester, client: TestClient, session: Session
) -> None:
    film(session, "Draft", status="draft")
    film(session, "Gone")
    film(session, "Again a draft")
    film(session, "Seen")
    session.commit()
    film_service.withdraw_film(session, "gone", actor=factories.STAFF)
    present = queries.film_for_staff(session, "again-a-draft")
    patch = FilmPatch.model_validate({"status": "draft"})
    film_service.patch_film(session, present, patch, actor=factories.STAFF)
    session.commit()
    found = {
        record.header.identifier.rpartition(":")[2]: record.deleted
        for record in harvester.ListRecords(metadataPrefix="oai_dc")
    }
    assert found == {"seen": False, "gone": True, "again-a-draft": True}
    gone = asked(client, f"verb=GetRecord&{DC}&identifier=oai:127.0.0.1:gone")
    assert gone.xpath("//o:header/@status", namespaces=NS) == ["deleted"]
    assert gone.xpath("//o:metadata", namespaces=NS) == []
    assert gone.xpath("//o:setSpec/text()", namespaces=NS) == ["subject:history"]
    query = f"verb=GetRecord&{DC}&identifier=oai:127.0.0.1:"
    for slug in ("draft", "none", "", quote("\x00"), "%FF"):
        assert error(client, query + slug) == "idDoesNotExist"
    sent = client.post("/oai", content=b"verb=Identify&x=\xff")
    assert b'<error code="badVerb">' in sent.content
    assert error(client, f"verb=GetRecord&{DC}&identifier=seen") == "idDoesNotExist"


def test_from_and_until_count_whole_seconds_and_days(
    harvester: Harvester, client: TestClient, session: Session, day: list[datetime]
) -> None:
    film(session, "First")
    day.append(day[0] + timedelta(seconds=1))
    film(session, "Second")
    day.append(day[0] + timedelta(days=1))
    film(session, "Third")
    session.commit()

    def between(**dates: str) -> list[str]:
        given = {name.rstrip("_"): value for name, value in dates.items()}
        return ids(harvester.ListIdentifiers(metadataPrefix="oai_dc", **given))

    assert between() == ["first", "second", "third"]
    assert between(from_="2030-01-01T10:00:01Z") == ["second", "third"]
    assert between(until="2030-01-01T10:00:00Z") == ["first"]
    assert between(until="2030-01-01") == ["first", "second"]
    assert between(from_="2030-01-02") == ["third"]
    assert between(from_="2030-01-01", until="2030-01-01") == ["first", "second"]
    assert between(from_="0001-01-01", until="9999-12-31") == ["first", "second", "third"]
    stamps = [each.datestamp for each in harvester.ListIdentifiers(metadataPrefix="oai_dc")]
    assert stamps == ["2030-01-01T10:00:00Z", "2030-01-01T10:00:01Z", "2030-01-02T10:00:00Z"]
    for query in (
        "from=2030-01-03",
        "until=2029-12-31",
        "set=subject:none",
        "set=collection",
        "set=nothing",
        "set=nothing:else",
    ):
        assert error(client, f"verb=ListRecords&{DC}&{query}") == "noRecordsMatch", query


def test_every_error_has_its_code(client: TestClient, session: Session) -> None:
    film(session, "A")
    session.commit()
    cases = {
        "": "badVerb",
        "verb=": "badVerb",
        "verb=identify": "badVerb",
        "verb=Identify&verb=Identify": "badVerb",
        "verb=Identify&x=1": "badArgument",
        "verb=ListRecords": "badArgument",
        f"verb=ListRecords&{DC}&{DC}": "badArgument",
        f"verb=ListRecords&{DC}&from=": "badArgument",
        f"verb=ListRecords&{DC}&from=2026-13-01": "badArgument",
        f"verb=ListRecords&{DC}&from=2026-02-30": "badArgument",
        f"verb=ListRecords&{DC}&from=2026-01-01T10:00Z": "badArgument",
        f"verb=ListRecords&{DC}&from=2026-01-01T25:00:00Z": "badArgument",
        f"verb=ListRecords&{DC}&from=2026-01-02&until=2026-01-01": "badArgument",
        f"verb=ListRecords&{DC}&from=2026-01-01&until=2026-01-02T00:00:00Z": "badArgument",
        f"verb=ListRecords&{DC}&set=a%20b": "badArgument",
        f"verb=ListRecords&{DC}&resumptionToken=x": "badArgument",
        f"verb=ListSets&{DC}": "badArgument",
        "verb=GetRecord&identifier=x": "badArgument",
        f"verb=GetRecord&{DC}": "badArgument",
        "verb=ListRecords&metadataPrefix=mods": "cannotDisseminateFormat",
        "verb=GetRecord&metadataPrefix=mods&identifier=oai:127.0.0.1:a": "cannotDisseminateFormat",
        "verb=ListMetadataFormats&identifier=oai:127.0.0.1:b": "idDoesNotExist",
        "verb=ListSets&resumptionToken=x": "badResumptionToken",
        "&".join(f"x{n}=1" for n in range(30)): "badVerb",
    }
    assert {query: error(client, query) for query in cases} == cases


def test_an_altered_token_is_refused(client: TestClient, session: Session) -> None:
    made = film(session, "A")
    session.commit()
    plain = ["ListRecords", "oai_dc", None, None, None, made.updated_at.isoformat(), 0, 1, 1]

    def token(**changes: object) -> str:
        parts = [changes.get(f"at{n}", part) for n, part in enumerate(plain)]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    assert asked(client, f"verb=ListRecords&resumptionToken={token()}").xpath(
        "//o:identifier/text()", namespaces=NS
    ) == ["oai:127.0.0.1:a"]
    bad = [
        token(at0="ListIdentifiers"),
        token(at1="mods"),
        token(at1=None),
        token(at1=["x"]),
        token(at2=5),
        token(at2="yesterday"),
        token(at4="a b"),
        token(at5="2026-01-01"),
        token(at5=7),
        token(at6=2**40),
        token(at6=True),
        token(at6=-1),
        token(at7="1"),
        base64.urlsafe_b64encode(b"[" * 300).decode().rstrip("="),
        base64.urlsafe_b64encode(b"{}").decode(),
        "x" * 3000,
        "%C3%A9",
        "%00",
    ]
    for each in bad:
        query = f"verb=ListRecords&resumptionToken={each}"
        assert error(client, query) == "badResumptionToken", each


def test_request_is_repeated_unless_invalid(client: TestClient, session: Session) -> None:
    film(session, "A")
    session.commit()
    told = asked(client, f"verb=ListRecords&{DC}&until=9999-01-01").find("o:request", NS)
    assert told.text == f"{BASE}/oai"
    assert dict(told.attrib) == {
        "verb": "ListRecords",
        "metadataPrefix": "oai_dc",
        "until": "9999-01-01",
    }
    assert dict(asked(client, "verb=Nothing&a=b").find("o:request", NS).attrib) == {}
    assert dict(asked(client, "verb=Identify&a=b").find("o:request", NS).attrib) == {}
