import re
from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.email_models import OutboxEmail
from app.institutions.member_models import Member, MemberRole
from app.portal.film_requests import delete_unconfirmed
from app.portal.models import FilmRequest, FilmRequestState
from tests import factories
from tests.emails import text_of
from tests.institutions.people import add_institution, add_member, sign_in
from tests.storefront.visitor import Page, Visitor

ASKED = {"email": "teach@north.edu", "name": "Tea Cher", "note": "For HIST 201, 40 students."}


@pytest.fixture
def film(sessions: sessionmaker[Session]) -> str:
    """The slug of a film with one license, at $398."""
    with sessions.begin() as session:
        return factories.offer(session).film.slug


@pytest.fixture
def people(sessions: sessionmaker[Session]) -> dict[str, Member]:
    with sessions.begin() as session:
        north = add_institution(session, "North College", "north.edu")
        south = add_institution(session, "South College", "south.edu")
        librarian = [MemberRole.LIBRARIAN]
        return {
            "librarian": add_member(session, "ada@north.edu", north, librarian),
            "teacher": add_member(session, "teach@north.edu", north),
            "colleague": add_member(session, "bo@north.edu", north),
            "payables": add_member(session, "ap@north.edu", north, [MemberRole.ACCOUNTS_PAYABLE]),
            "stranger": add_member(session, "ada@south.edu", south, librarian),
        }


def ask(visitor: Visitor, slug: str, **changes: str) -> Page:
    page = visitor.get(f"/films/{slug}")
    path = f"/films/{slug}/request"
    assert path in page.all("//a/@href")
    return visitor.send(visitor.get(path).form(path), **{**ASKED, **changes})


def emails(sessions: sessionmaker[Session]) -> dict[str, list[str]]:
    """Return the texts of the emails about requests, by kind and address."""
    with sessions() as session:
        kept: dict[str, list[str]] = {}
        query = select(OutboxEmail).where(OutboxEmail.kind.startswith("film-request"))
        for email in session.scalars(query.order_by(OutboxEmail.id)):
            kept.setdefault(f"{email.kind} {email.to_address}", []).append(text_of(email))
        return kept


def the_request(sessions: sessionmaker[Session]) -> FilmRequest:
    with sessions() as session:
        return session.scalars(select(FilmRequest)).one()


def test_request_of_a_guest_is_confirmed_then_put_in_the_cart_by_the_librarian(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member], film: str
) -> None:
    visitor = Visitor(client)
    needed = str(clock.today() + timedelta(days=30))
    assert ask(visitor, film, needed_on=needed).heading == "Check your email"
    sent = emails(sessions)
    assert list(sent) == ["film-request-confirm teach@north.edu"]
    (text,) = sent["film-request-confirm teach@north.edu"]
    assert ASKED["note"] not in text  # the address may be a stranger's
    link = re.search(r"/film-requests/confirm\?token=\S+", text)
    assert link is not None
    page = visitor.get(link[0])
    assert visitor.send(page.form("/film-requests/confirm")).heading == "Request sent"
    assert visitor.get(link[0]).status == 404
    (text,) = emails(sessions)["film-request-new ada@north.edu"]
    assert ASKED["note"] in text

    sign_in(client, people["librarian"])
    assert "1 film request to decide" in visitor.get("/account").text
    asked = the_request(sessions)
    page = visitor.get(f"/account/requests/{asked.ref}")
    cart = visitor.send(page.form(f"/account/requests/{asked.ref}/cart"))
    assert cart.path.startswith("/cart")
    assert "$398.00" in cart.text
    asked = the_request(sessions)
    assert (asked.state, asked.decided_by) == (FilmRequestState.ACCEPTED, "ada@north.edu")
    assert len(emails(sessions)["film-request-accepted teach@north.edu"]) == 1
    # The form again changes nothing, and a decision for a license stays.
    visitor.send(page.form(f"/account/requests/{asked.ref}/cart"))
    late = visitor.send(page.form(f"/account/requests/{asked.ref}/decline"), reason="Too late")
    assert late.status == 409
    assert len(emails(sessions)["film-request-accepted teach@north.edu"]) == 1


def test_request_is_declined_with_a_reason_that_the_requester_reads(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member], film: str
) -> None:
    visitor = Visitor(client)
    sign_in(client, people["teacher"])
    assert ask(visitor, film).heading == "Request sent"
    assert list(emails(sessions)) == ["film-request-new ada@north.edu"]
    ref = the_request(sessions).ref
    page = visitor.get(f"/account/requests/{ref}")
    assert not any("/decline" in (form.action or "") for form in page.document.forms)
    assert client.post(f"/account/requests/{ref}/decline", data={"reason": "x"}).status_code == 404

    sign_in(client, people["librarian"])
    form = visitor.get(f"/account/requests/{ref}").form(f"/account/requests/{ref}/decline")
    assert visitor.send(form, reason=" ").status == 422
    assert the_request(sessions).state is FilmRequestState.OPEN
    assert "No budget until July." in visitor.send(form, reason="No budget until July.").text
    (text,) = emails(sessions)["film-request-declined teach@north.edu"]
    assert "Reason: No budget until July." in text


@pytest.mark.parametrize(
    ("who", "status"), [("librarian", 200), ("teacher", 200), ("colleague", 404),
                        ("payables", 404), ("stranger", 404)],
)  # fmt: skip
def test_request_is_shown_to_who_asked_and_to_their_librarian_only(
    *,
    client: TestClient,
    sessions: sessionmaker[Session],
    people: dict[str, Member],
    film: str,
    who: str,
    status: int,
) -> None:
    visitor = Visitor(client)
    sign_in(client, people["teacher"])
    ask(visitor, film)
    ref = the_request(sessions).ref
    sign_in(client, people[who])
    assert visitor.get(f"/account/requests/{ref}").status == status
    assert (ref in visitor.get("/account/requests").html) is (status == 200)
    answer = client.post(f"/account/requests/{ref}/cart", data={"offer": "none"})
    assert answer.status_code == (422 if who == "librarian" else 404 if status == 404 else 422)
    assert the_request(sessions).state is FilmRequestState.OPEN


def test_page_says_the_same_whether_or_not_a_library_is_known(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member], film: str
) -> None:
    assert people
    visitor = Visitor(client)
    known, unknown = (ask(visitor, film, email=email) for email in ("xx@north.edu", "yy@other.edu"))
    assert known.html.replace("xx@north", "yy@other") == unknown.html
    assert list(emails(sessions)) == [
        "film-request-confirm xx@north.edu",
        "film-request-no-library yy@other.edu",
    ]
    with sessions() as session:
        assert len(session.scalars(select(FilmRequest)).all()) == 1


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("email", "teacher", "Enter your work email address, like name@example.edu"),
        ("name", " ", "Enter your name"),
        ("needed_on", "2020-01-01", "Enter a date from today on, or leave it empty"),
        ("needed_on", "soon", "Enter a date from today on, or leave it empty"),
        ("note", "x" * 1001, "Shorten the note to 1,000 characters"),
    ],
)
def test_invalid_request_is_refused_beside_its_field(
    client: TestClient, film: str, field: str, value: str, problem: str
) -> None:
    page = ask(Visitor(client), film, **{field: value})
    assert page.status == 422
    assert page.problems() == [problem]


def test_unconfirmed_request_is_deleted_after_three_days(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member], film: str
) -> None:
    assert people
    ask(Visitor(client), film)
    for days, left in ((2, 1), (4, 0)):
        with time_machine.travel(clock.now() + timedelta(days=days)), sessions.begin() as session:
            delete_unconfirmed(session)
            assert len(session.scalars(select(FilmRequest)).all()) == left
