"""Sign-in by a link: used once, in time, and no way to learn which addresses are known."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from time_machine import travel

from app.core.email_models import OutboxEmail
from app.core.errors import NotFoundError
from app.institutions import sign_in as links
from app.institutions.member_models import Member, MemberSession, SignInLink
from app.institutions.sessions import COOKIE
from tests.emails import text_of
from tests.institutions.people import add_institution, add_member, sign_in
from tests.orders.test_races import at_once
from tests.storefront.visitor import Page, Visitor

ADA = "ada@example.edu"
START = datetime(2030, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def visitor(client: TestClient) -> Visitor:
    return Visitor(client)


def request_link(visitor: Visitor, email: str = ADA, path: str = "/account/sign-in") -> Page:
    return visitor.send(visitor.get(path).form("/account/sign-in"), email=email)


def link_in_last_email(session: Session) -> str:
    session.expire_all()
    email = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc())).first()
    assert email is not None
    (found,) = set(re.findall(r"http://127\.0\.0\.1:8000(/account/\S*)", text_of(email)))
    session.commit()
    return str(found)


def use(visitor: Visitor, link: str) -> Page:
    return visitor.send(visitor.get(link).form("/account/sign-in/link"))


def test_link_signs_in_once_and_leads_back(visitor: Visitor, session: Session) -> None:
    add_institution(session, "Example College", "example.edu")
    session.commit()
    page = visitor.get("/account")
    assert (page.path, page.heading) == ("/account/sign-in?next=/account", "Sign in")
    assert request_link(visitor, "Ada@Example.edu", "/account/sign-in?next=/cart").heading == (
        "Check your email"
    )
    link = link_in_last_email(session)
    # A mail scanner that opens the link uses nothing up.
    for _ in range(2):
        assert ADA in visitor.get(link).text
    token = link.partition("token=")[2]
    stored = session.scalars(select(SignInLink)).one()
    assert token not in (stored.token_hash, stored.target)
    session.commit()

    done = use(visitor, link)
    assert done.path == "/cart"
    assert "Example College" in visitor.get("/account").text
    cookie = visitor.client.cookies[COOKIE]
    assert session.scalars(select(MemberSession.token_hash)).one() != cookie
    session.commit()

    again = visitor.get(link)
    assert (again.status, again.heading) == (404, "This link does not work")
    assert visitor.client.post("/account/sign-in/link", data={"token": token}).status_code == 404
    left = visitor.send(visitor.get("/account").form("/account/sign-out"))
    assert left.path == "/account/sign-in"
    visitor.client.cookies.set(COOKIE, cookie, domain="testserver.local")
    assert visitor.get("/account").heading == "Sign in"


def test_known_and_unknown_addresses_get_the_same_response(
    visitor: Visitor, session: Session
) -> None:
    known = add_institution(session, "Example College", "example.edu")
    add_member(session, ADA, known)
    add_member(session, "gone@example.edu", known).active = False
    session.commit()
    seen = set()
    for email in (ADA, "new@example.edu", "gone@example.edu", "nobody@elsewhere.org"):
        page = request_link(visitor, email)
        sent = session.scalars(select(OutboxEmail).order_by(OutboxEmail.id.desc())).first()
        assert sent is not None
        assert sent.to_address == email
        text = re.sub(r"token=\S+", "token", text_of(sent))
        seen.add((page.status, page.html.replace(email, "X"), text, sent.subject))
        session.commit()
    assert len(seen) == 1
    assert session.scalar(select(func.count()).select_from(Member)) == 2


def test_link_expires(visitor: Visitor, session: Session) -> None:
    with travel(START, tick=False):
        request_link(visitor)
        link = link_in_last_email(session)
    with travel(START + timedelta(minutes=60)):
        assert visitor.get(link).status == 404
        token = link.partition("token=")[2]
        assert visitor.client.post("/account/sign-in/link", data={"token": token}).status_code == (
            404
        )
    assert COOKIE not in visitor.client.cookies


def test_two_concurrent_uses_of_a_link_open_one_session(
    visitor: Visitor, session: Session, sessions: sessionmaker[Session]
) -> None:
    request_link(visitor)
    token = link_in_last_email(session).partition("token=")[2]
    results = at_once(
        sessions,
        *(lambda writer: links.use_link(writer, token).email for _ in range(4)),
    )
    assert results.count(ADA) == 1
    assert sum(isinstance(result, NotFoundError) for result in results) == 3


def test_session_ends_when_idle_and_when_old(client: TestClient, session: Session) -> None:
    member = add_member(session, ADA)
    session.commit()
    with travel(START, tick=False) as now:
        sign_in(client, member)
        for hours in (71, 71):
            now.shift(timedelta(hours=hours))
            assert client.get("/account").status_code == 200
        now.shift(timedelta(hours=73))
        assert client.get("/account").status_code == 401
    with travel(START, tick=False) as now:
        sign_in(client, member)
        for _ in range(11):
            now.shift(timedelta(hours=65))
            assert client.get("/account").status_code == 200
        now.shift(timedelta(hours=6))
        assert client.get("/account").status_code == 401


def test_requests_are_limited_by_address_and_by_network(visitor: Visitor, session: Session) -> None:
    with travel(START, tick=False):
        for _ in range(5):
            assert request_link(visitor).status == 200
        assert request_link(visitor).status == 429
        assert request_link(visitor, "bo@example.edu").status == 200
        for number in range(24):
            assert request_link(visitor, f"p{number}@example.edu").status == 200
        assert request_link(visitor, "last@example.edu").status == 429
    assert session.scalar(select(func.count()).select_from(SignInLink)) == 30


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_link_never_leads_to_another_site(visitor: Visitor, session: Session, target: str) -> None:
    visitor.client.post("/account/sign-in", data={"email": ADA, "next": target})
    assert use(visitor, link_in_last_email(session)).path == "/account"


def test_session_that_was_planted_ends_at_sign_in(visitor: Visitor, session: Session) -> None:
    mallory = add_member(session, "mallory@elsewhere.org")
    session.commit()
    sign_in(visitor.client, mallory)
    planted = visitor.client.cookies[COOKIE]
    visitor.client.post("/account/sign-in", data={"email": ADA})
    use(visitor, link_in_last_email(session))
    assert session.scalars(select(MemberSession)).one().member.email == ADA
    assert visitor.client.cookies[COOKIE] != planted


def test_deactivated_person_cannot_sign_in(visitor: Visitor, session: Session) -> None:
    member = add_member(session, ADA, add_institution(session, "Example College", "example.edu"))
    session.commit()
    sign_in(visitor.client, member)
    assert visitor.get("/account").heading == "Example College"
    member.active = False
    session.commit()
    assert visitor.get("/account").heading == "Sign in"
    visitor.client.post("/account/sign-in", data={"email": ADA})
    refused = use(visitor, link_in_last_email(session))
    assert (refused.status, refused.heading) == (403, "Your account is deactivated")


def test_subdomain_and_unknown_domain_join_nothing(visitor: Visitor, session: Session) -> None:
    add_institution(session, "Example College", "example.edu")
    session.commit()
    for email in ("bo@alumni.example.edu", "bo@elsewhere.org", "bo@notexample.edu"):
        visitor.client.post("/account/sign-in", data={"email": email})
        page = use(visitor, link_in_last_email(session))
        assert "no institution that we know" in page.text
    assert session.scalars(select(Member.institution_id)).all() == [None] * 3


def test_person_stays_when_the_domain_moves_to_another_institution(
    visitor: Visitor, session: Session
) -> None:
    first = add_institution(session, "First College", "example.edu")
    second = add_institution(session, "Second College")
    add_member(session, ADA, first)
    second.domains, first.domains = [], []
    session.flush()
    second.domains = add_institution(session, "Unused", "example.edu").domains
    session.commit()
    for email, expected in ((ADA, "First College"), ("new@example.edu", "Second College")):
        visitor.client.post("/account/sign-in", data={"email": email})
        assert expected in use(visitor, link_in_last_email(session)).text
