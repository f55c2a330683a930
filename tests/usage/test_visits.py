"""Film pages and searches are counted for known institutions, and stay cached for everyone."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.institutions.member_models import Member
from app.institutions.sessions import COOKIE
from app.usage.models import UsageEvent
from tests.institutions.people import add_institution, add_member, sign_in
from tests.usage.test_folding import BROWSER

pytestmark = pytest.mark.seeded
FILM = "/films/the-red-soul"
PAGE = {"user-agent": BROWSER, "accept": "text/html"}


@pytest.fixture
def reader(session: Session) -> Member:
    """Return a person of a college."""
    found = add_member(session, "a@ohio.edu", add_institution(session, "Ohio College", "ohio.edu"))
    session.commit()
    return found


def events(session: Session) -> list[tuple[int, bool, str]]:
    found = [
        (row.institution_id, row.film_id is None, row.metric.value)
        for row in session.scalars(select(UsageEvent).order_by(UsageEvent.id))
    ]
    session.commit()
    return found


def test_page_and_search_of_a_signed_in_person_are_counted_once_each(
    client: TestClient, session: Session, reader: Member
) -> None:
    sign_in(client, reader)
    first = client.get(FILM, headers=PAGE)
    assert first.status_code == 200
    client.get("/films?q=soul", headers=PAGE)
    institution = reader.institution_id
    assert events(session) == [
        (institution, False, "investigation"),
        (institution, True, "search"),
    ]
    # What the browser has is seen again, too.
    again = PAGE | {"if-none-match": first.headers["etag"]}
    assert client.get(FILM, headers=again).status_code == 304
    assert len(events(session)) == 3


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/films", {}),
        ("/films?q=soul&page=2", {}),
        ("/films/no-such-film", {}),
        (f"{FILM}/poster.svg", {}),
        (FILM, {"user-agent": "Googlebot/2.1"}),
        (FILM, {"sec-purpose": "prefetch;prerender"}),
    ],
)
def test_what_is_no_visit_is_not_counted(
    client: TestClient, session: Session, reader: Member, path: str, headers: dict[str, str]
) -> None:
    sign_in(client, reader)
    client.get(path, headers=PAGE | headers)
    client.head(FILM, headers=PAGE)
    assert events(session) == []


def test_page_of_an_unknown_visitor_is_cached_and_reads_nothing(
    client: TestClient, app: FastAPI, session: Session, reader: Member
) -> None:
    page = client.get(FILM, headers=PAGE)
    assert "public" in page.headers["cache-control"]
    statements: list[str] = []

    def listen(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(app.state.engine, "before_cursor_execute", listen)
    client.get(FILM, headers=PAGE)
    event.remove(app.state.engine, "before_cursor_execute", listen)
    assert not [each for each in statements if "usage" in each or "member" in each]
    client.cookies.set(COOKIE, "forged", domain="testserver.local")
    client.get(FILM, headers=PAGE)
    client.cookies.clear()
    sign_in(client, reader)
    signed_in = client.get(FILM, headers=PAGE)
    assert signed_in.content == page.content
    assert signed_in.headers["cache-control"] == page.headers["cache-control"]
    assert len(app.state.response_cache) == 1
    assert len(events(session)) == 1
