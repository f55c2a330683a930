"""Film alerts: asked for, confirmed, written once a week, ended with one click."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP, default
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from time_machine import travel

from app.accounts.customers import CustomerClass
from app.alerts import digests, links, service
from app.alerts.models import AlertSubscriber, SavedSearch
from app.alerts.searches import format_query, parse_query
from app.catalog import film_service
from app.catalog.enums import FilmSort
from app.core.email_models import OutboxEmail
from app.core.email_outbox import build_message, read_email
from app.email_kinds import EMAIL_KINDS
from app.exports import ledger
from app.exports.holdings import Seller
from app.offers.licensing import Buyer
from app.search.facets import Facet
from app.search.query import FilmQuery
from tests import factories
from tests.catalog.films import film
from tests.due_jobs import run_due_once
from tests.emails import html_of, text_of
from tests.storefront.visitor import Page, Visitor

START = datetime(2030, 3, 4, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
T = TypeVar("T")
ADA = "ada@example.edu"


@pytest.fixture
def visitor(client: TestClient) -> Visitor:
    return Visitor(client)


def emails(session: Session) -> list[OutboxEmail]:
    found = (
        select(OutboxEmail).where(OutboxEmail.reference.like("alerts:%")).order_by(OutboxEmail.id)
    )
    return rows(session, found)


def rows(session: Session, statement: Select[T]) -> list[T]:
    """Return what is there now, and hold no lock."""
    session.expire_all()
    found = list(session.scalars(statement))
    session.commit()
    return found


def readers(session: Session) -> list[AlertSubscriber]:
    return rows(session, select(AlertSubscriber))


def link(text: str, path: str) -> str:
    """Return the one address in a mail that leads to ``path``."""
    (found,) = set(re.findall(rf"http://127\.0\.0\.1:8000({path}\S*)", text))
    return str(found)


def asked(visitor: Visitor, path: str, email: str = ADA) -> Page:
    return visitor.send(visitor.get(path).form("/alerts"), email=email)


def confirmed(visitor: Visitor, session: Session, path: str, email: str = ADA) -> Page:
    """Ask for an alert and follow the link in the mail."""
    asked(visitor, path, email)
    page = visitor.get(link(text_of(emails(session)[-1]), "/alerts/confirm"))
    return visitor.send(page.form("/alerts/confirm"))


def test_a_subject_becomes_an_alert_that_counts_once_its_link_is_followed(
    visitor: Visitor, session: Session
) -> None:
    film(session, "River", subjects=["Water"])
    session.commit()
    with travel(START):
        (path,) = visitor.get("/subjects/water").document.xpath(
            "//a[contains(., 'Email me')]/@href"
        )
        assert path == "/alerts/new?subject=water"
        page = visitor.get(path)
        assert page.one("//*[@class='lead']") == "New films for: Water"
        wrong = visitor.send(page.form("/alerts"), email="ada")
        assert (wrong.status, wrong.problems()) == (
            422,
            ["Enter an email address, like name@example.edu"],
        )
        answer = asked(visitor, path, "Ada@Example.edu")
        assert answer.heading == "Check your email"
        assert answer.headers["cache-control"] == "private, no-store"
        (email,) = emails(session)
        assert (email.to_address, email.subject) == (ADA, "Confirm your film alert")
        confirm = link(text_of(email), "/alerts/confirm")
        token = confirm.partition("token=")[2]
        search = rows(session, select(SavedSearch))[0]
        assert search.confirm_hash is not None
        assert token not in search.confirm_hash
        # A mail program that opens links by itself confirms nothing.
        assert visitor.get(confirm).heading == "Confirm your film alert"
        assert visitor.get(confirm).heading == "Confirm your film alert"
        done = visitor.send(visitor.get(confirm).form("/alerts/confirm"))
        assert done.one("//*[@role='status']").startswith("Alert confirmed.")
        assert done.all("//h2[@class='alert-words']") == ["Water"]
        assert visitor.get(confirm).status == 404
        # Asked for again, the page says the same, and the mail that it is there already.
        assert asked(visitor, path).heading == "Check your email"
        assert emails(session)[-1].subject == "You already have this film alert"


def test_a_link_grows_old_and_the_address_is_forgotten(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    with travel(START):
        asked(visitor, "/alerts/new?q=water")
        confirm = link(text_of(emails(session)[0]), "/alerts/confirm")
    with travel(START + timedelta(hours=48, seconds=1)):
        assert visitor.get(confirm).status == 404
        with app.state.sessions.begin() as writing_session:
            service.delete_expired(writing_session)
    assert readers(session) == []
    assert emails(session) == []


def test_the_digest_tells_what_came_once_a_week_and_nothing_when_nothing_did(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    state = app.state
    with travel(START - timedelta(days=1)):
        film(session, "Old River", subjects=["Water"])
        later = film(session, "Dry River", subjects=["Water"])
        session.commit()
    with travel(START):
        confirmed(visitor, session, "/alerts/new?subject=water")
        confirmed(visitor, session, "/alerts/new?q=mountain")
        assert run_due_once(state) == 2, "the emails that ask for confirmation"
    with travel(START + timedelta(days=3)):
        film(session, "New <River>", subjects=["Water"])
        film(session, "Mountain Night", subjects=["War"])
        film(session, "Unasked", subjects=["War"])
        factories.offer(session, of=later, amount=39800)
        session.commit()
        ledger.sync_records(state.readers, state.sessions, Seller.of(state.settings))
        before = len(emails(session))
        assert run_due_once(state) == 0
    with travel(START + WEEK + timedelta(minutes=1)):
        assert run_due_once(state) == 2, "the reader, and the mail"
        digest = emails(session)[-1]
        assert len(emails(session)) == before + 1
        assert (digest.to_address, digest.subject) == (ADA, "3 films for 2 of your alerts")
        text = " ".join(text_of(digest).split())
        assert "New <River> (2018) by Jessica Gorter: new in the catalog http" in text
        assert (
            "Dry River (2018) by Jessica Gorter: now available to license, licenses from "
            "$398.00" in text
        )
        assert "Mountain Night" in text
        assert "Old River" not in text
        assert "Unasked" not in text
        assert "New &lt;River&gt;" in html_of(digest)
        assert run_due_once(state) == 0
        reader = readers(session)[0]
        outcome = digests.send_digest(
            state.readers, state.sessions, state.settings, reader_id=reader.id
        )
        assert outcome == "not due", "done twice after a crash, the second finds it done"
    with travel(START + 2 * WEEK + timedelta(minutes=2)):
        assert run_due_once(state) == 1, "looked, and found nothing to tell"
        assert len(emails(session)) == before + 1
        film(session, "Late River", subjects=["Water"])
        session.commit()
    with travel(START + 3 * WEEK + timedelta(minutes=3)):
        film_service.withdraw_film(session, "late-river", actor=factories.STAFF)
        session.commit()
        assert run_due_once(state) == 1
        assert len(emails(session)) == before + 1


def test_the_mail_has_the_headers_of_one_click_and_the_click_deletes_all(
    visitor: Visitor, client: TestClient, app: FastAPI, session: Session
) -> None:
    with travel(START):
        confirmed(visitor, session, "/alerts/new")
        film(session, "River")
        session.commit()
    with travel(START + WEEK + timedelta(hours=2)):
        run_due_once(app.state)
    digest = emails(session)[-1]
    assert digest.subject == "1 film for all films"
    message = build_message(digest, read_email(digest, EMAIL_KINDS), app.state.settings)
    raw = message.as_bytes(policy=SMTP.clone(max_line_length=700))
    read = message_from_bytes(raw, policy=default)
    reader = readers(session)[0]
    address = links.unsubscribe_url(app.state.settings, reader)
    assert read["List-Unsubscribe"] == f"<{address}>"
    assert f"List-Unsubscribe: <{address}>\r\n".encode() in raw, "neither folded nor encoded"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert address in text_of(digest)
    assert f'href="{address}"' in html_of(digest)

    path = urlsplit(address).path + "?" + urlsplit(address).query
    page = visitor.get(path)
    assert page.heading == "Unsubscribe from all alerts?"
    assert len(readers(session)) == 1
    # As a mail program does it: no cookie, no token of ours.
    client.cookies.clear()
    for _ in range(2):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert readers(session) == []
    assert rows(session, select(SavedSearch)) == []
    assert emails(session) == []
    assert client.post(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404


def test_a_reader_pauses_resumes_and_deletes(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    with travel(START):
        confirmed(visitor, session, "/alerts/new?q=river")
        page = confirmed(visitor, session, "/alerts/new?q=mountain")
        form = page.document.xpath("//form[.//button[@value='paused']]")[0]
        paused = visitor.send(form, action="paused")
        assert "Paused since March 4, 2030" in paused.text
        film(session, "River")
        session.commit()
    with travel(START + WEEK + timedelta(hours=2)):
        run_due_once(app.state)
        assert "film for" not in emails(session)[-1].subject
        form = paused.document.xpath("//form[.//button[@value='resumed']]")[0]
        page = visitor.send(form, action="resumed")
        run_due_once(app.state)
        assert emails(session)[-1].subject == "1 film for “river”"
        for expected in ("Your film alerts", "You're unsubscribed"):
            form = page.document.xpath("//form[.//button[@value='removed']]")[0]
            page = visitor.send(form, action="removed")
            assert page.heading == expected
    assert readers(session) == []
    assert visitor.get("/alerts/manage?key=x.y").status == 404


def test_asking_is_limited_by_address(visitor: Visitor, session: Session) -> None:
    for number in range(5):
        assert asked(visitor, f"/alerts/new?q=w{number}").status == 200
    assert asked(visitor, "/alerts/new?q=more").status == 429
    assert asked(visitor, "/alerts/new?q=more", "bo@example.edu").status == 200
    assert len(emails(session)) == 6


@pytest.mark.once
def test_a_kept_search_is_read_as_it_was_written() -> None:
    asked = FilmQuery(q="w\u00e4r & peace", year_from=1990, sort=FilmSort.NEWEST, exact=True)
    asked = asked.with_values(Facet.SUBJECT, ["war", "peace"])
    college = Buyer(CustomerClass.COLLEGE, 4200, "US")
    kept = "q=w%C3%A4r+%26+peace&subject=peace&subject=war&year_from=1990"
    assert format_query(asked, college) == kept
    assert format_query(parse_query(kept)) == kept
    priced = format_query(FilmQuery().with_values(Facet.PRICE, ["under-100"]), college)
    assert priced == "price=under-100&class=college&size=4200&buyer_country=US"
    assert parse_query("") == FilmQuery()
    for bad in ("x=1", "year_from=x", "year_from=1", "year_from=1990&q=a", "q", "sort=title"):
        with pytest.raises(ValueError, match=r"not a valid search|bad query field"):
            parse_query(bad)
