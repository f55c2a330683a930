"""Find your institution, links by email, and class links, in a browser without scripts."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.access.claims import CLAIM_COOKIE, _read
from app.access.class_links import (
    add_class_link,
    class_link_path,
    find_class_links,
    withdraw_class_link,
)
from app.access.email_links import delete_unsent
from app.access.models import AccessLogin, ClassLink
from app.access.registrations import SettingsDraft, set_settings
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.core.email_outbox import send_email
from app.core.errors import InvalidInputError
from app.core.signing import Purpose
from app.email_kinds import EMAIL_KINDS
from app.institutions.member_models import MemberRole
from app.storefront.access_view import INSTITUTIONS_COOKIE
from tests.access.campus import STAFF, add_college, register_saml
from tests.institutions.people import add_institution, add_member, sign_in

ADDRESS = "zebedee@example.edu"


def token_in(session: Session) -> str:
    facts = session.scalars(select(OutboxEmail.facts).order_by(OutboxEmail.id.desc())).first()
    assert facts is not None
    session.commit()
    return str(facts["url"]).partition("token=")[2]


def test_find_by_name_or_address_leads_to_the_institution(
    client: TestClient, session: Session
) -> None:
    college = add_college(session)
    add_institution(session, "Example Without A Way In")
    session.commit()
    page = client.get("/access/find", params={"q": "exampl", "film": "the-red-soul"})
    assert f"/access/institutions/{college.ref}?next=/watch/the-red-soul" in page.text
    assert "Without A Way In" not in page.text
    assert "1 institution found" in page.text
    direct = client.get("/access/find", params={"q": ADDRESS, "film": "the-red-soul"})
    assert direct.headers["location"].startswith(f"/access/institutions/{college.ref}?next=")
    for typed in ("ex", "nowhere at all", "zebedee@other.example.edu"):
        page = client.get("/access/find", params={"q": typed})
        assert "No institution matches" in page.text, typed


def test_find_remembers_what_was_chosen(client: TestClient, session: Session) -> None:
    college = add_college(session)
    session.commit()
    assert "You came from here before" not in client.get("/access/find").text
    client.get(f"/access/institutions/{college.ref}", params={"next": "/films"})
    page = client.get("/access/find")
    assert "You came from here before" in page.text
    assert f"/access/institutions/{college.ref}" in page.text
    client.cookies.set(INSTITUTIONS_COOKIE, "IN-NONE.\x7f.IN-", domain="testserver.local")
    assert client.get("/access/find").status_code == 200


def test_institution_page_offers_what_works(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    prefix = "https://login.proxy.example.edu/login?qurl="
    set_settings(
        session,
        college,
        SettingsDraft(False, prefix, "Ada Reader, library@example.edu"),
        actor=STAFF,
    )
    session.commit()
    path = f"/access/institutions/{college.ref}"
    page = client.get(path, params={"next": "/films?q=a&sort=year"})
    assert f"/access/saml/login?institution={college.ref}" in page.text
    assert f"{prefix}http%3A%2F%2F127.0.0.1%3A8000%2Ffilms%3Fq%3Da%26sort%3Dyear" in page.text
    assert "library@example.edu" in page.text
    assert "Email me a link" not in page.text
    page = client.get(path, params={"next": "//evil.example.org/"})
    assert "evil" not in page.text
    set_settings(session, college, SettingsDraft(False), actor=STAFF)
    session.commit()
    assert "Log in at your institution" in client.get(path).text


def test_email_link_opens_a_session_once_and_the_address_is_forgotten(
    client: TestClient, session: Session, sessions: sessionmaker[Session], settings: Settings
) -> None:
    college = add_college(session)
    session.commit()
    sent = client.post("/access/email", data={"email": ADDRESS, "next": "/films?q=soul"})
    assert (sent.status_code, ADDRESS in sent.text) == (200, True)
    token = token_in(session)
    # Scanners of mail servers open links; they do not press buttons.
    for _ in range(2):
        assert "Press the button" in client.get("/access/email/link", params={"token": token}).text
    done = client.post("/access/email/link", data={"token": token})
    assert (done.status_code, done.headers["location"]) == (303, "/films?q=soul")
    claim = _read(settings, Purpose.ACCESS, client.cookies[CLAIM_COOKIE])
    assert claim is not None
    assert (claim.institution_id, claim.method) == (college.id, "email")
    assert client.post("/access/email/link", data={"token": token}).status_code == 404
    assert client.get("/access/email/link", params={"token": token}).status_code == 404
    assert client.post("/access/leave").status_code == 303
    assert CLAIM_COOKIE not in client.cookies
    # Without a mail server the email is read at the console, until the link has ended.
    email_id = session.scalars(select(OutboxEmail.id)).one()
    session.commit()
    send_email(sessions, EMAIL_KINDS, settings, email_id=email_id)
    with time_machine.travel(clock.now() + timedelta(hours=2)), sessions.begin() as own:
        delete_unsent(own)
    assert session.scalar(select(func.count(OutboxEmail.id))) == 0
    for row in session.scalars(select(AccessLogin)):
        assert "zebedee" not in str(vars(row))


def test_email_link_is_for_domains_of_institutions_only(
    client: TestClient, session: Session
) -> None:
    college = add_college(session)
    session.commit()
    for typed in ("", "nobody", "zebedee@other.example.edu", "zebedee@sub.example.edu"):
        refused = client.post("/access/email", data={"email": typed})
        assert refused.status_code == 422, typed
        assert 'aria-invalid="true"' in refused.text
    set_settings(session, college, SettingsDraft(has_email_links=False), actor=STAFF)
    session.commit()
    assert client.post("/access/email", data={"email": ADDRESS}).status_code == 422
    assert session.scalar(select(func.count(OutboxEmail.id))) == 0


def test_email_link_too_old_is_refused(client: TestClient, session: Session) -> None:
    add_college(session)
    session.commit()
    client.post("/access/email", data={"email": ADDRESS})
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        page = client.post("/access/email/link", data={"token": token_in(session)})
    assert (page.status_code, "This link has ended" in page.text) == (404, True)


@pytest.fixture
def link(session: Session) -> ClassLink:
    college = add_college(session)
    teacher = add_member(session, "teacher@example.edu", college)
    film = session.scalars(select(Film).where(Film.slug == "the-red-soul")).one()
    made = add_class_link(session, teacher, film, label="HIST 210", max_uses=2, days=30)
    session.commit()
    return made


@pytest.mark.seeded
def test_class_link_opens_its_film_as_often_as_it_may(
    client: TestClient, session: Session, settings: Settings, link: ClassLink
) -> None:
    path = class_link_path(settings, link)
    page = client.get(path)
    assert "The Red Soul" in page.text
    assert "Example College" in page.text
    for _ in range(2):
        done = client.post(path)
        assert (done.status_code, done.headers["location"]) == (303, "/watch/the-red-soul")
    claim = _read(settings, Purpose.ACCESS, client.cookies[CLAIM_COOKIE])
    assert claim is not None
    assert (claim.film, claim.institution_id) == ("the-red-soul", link.institution_id)
    for answer in (client.post(path), client.get(path)):
        assert (answer.status_code, "class link has ended" in answer.text) == (403, True)
    session.refresh(link)
    assert link.uses == 2


@pytest.mark.seeded
def test_teacher_makes_and_withdraws_a_class_link(client: TestClient, session: Session) -> None:
    teacher = add_member(session, "teacher@example.edu", add_college(session))
    session.commit()
    sign_in(client, teacher)
    page = client.get("/account/class-links").text
    once = page.partition('name="once" value="')[2].partition('"')[0]
    form = {"once": once, "film": "No such film", "label": "HIST", "max_uses": "2", "days": "1"}
    refused = client.post("/account/class-links", data=form)
    assert (refused.status_code, "Enter the title" in refused.text) == (422, True)
    form["film"] = "the red soul"
    for _ in range(2):  # a second press of the button makes no second link
        assert client.post("/account/class-links", data=form).status_code == 303
    page = client.get("/account/class-links").text
    assert page.count("0 of 2 uses") == 1
    path = page.partition('value="http://127.0.0.1:8000')[2].partition('"')[0]
    assert client.get(path).status_code == 200
    ref = session.scalars(select(ClassLink.ref)).one()
    session.commit()
    assert client.post(f"/account/class-links/{ref}/withdraw").status_code == 303
    assert client.get(path).status_code == 403


@pytest.mark.seeded
def test_class_link_altered_ended_or_withdrawn_is_refused(
    client: TestClient, session: Session, settings: Settings, link: ClassLink
) -> None:
    path = class_link_path(settings, link)
    assert client.get(path + "x").status_code == 403
    assert client.get(f"/access/class/{link.ref}").status_code == 403
    with time_machine.travel(link.expires_at):
        assert client.post(path).status_code == 403
    teacher = add_member(session, "teacher@example.edu")
    withdraw_class_link(session, teacher, link.ref)
    session.commit()
    assert client.post(path).status_code == 403


@pytest.mark.seeded
def test_class_link_pressed_by_many_at_once_keeps_its_cap(
    client: TestClient, settings: Settings, link: ClassLink
) -> None:
    path = class_link_path(settings, link)
    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(lambda _: client.post(path).status_code, range(6)))
    assert codes == [303, 303, 403, 403, 403, 403]


@pytest.mark.seeded
def test_class_links_are_seen_by_their_teacher_and_librarians(
    session: Session, link: ClassLink
) -> None:
    college_id = link.institution_id
    teacher = add_member(session, "teacher@example.edu")
    other = add_member(session, "other@example.edu")
    other.institution_id = college_id
    session.flush()
    assert [each.ref for each in find_class_links(session, teacher)] == [link.ref]
    assert find_class_links(session, other) == []
    other.roles = [MemberRole.LIBRARIAN]
    assert [each.ref for each in find_class_links(session, other)] == [link.ref]
    film = session.get_one(Film, link.film_id)
    with pytest.raises(InvalidInputError) as caught:
        add_class_link(session, teacher, film, label="", max_uses=501, days=0)
    pointers = [each.pointer for each in caught.value.errors]
    assert pointers == ["#/label", "#/max_uses", "#/days"]
    assert re.fullmatch(r"CL-[0-9A-Z]{8}", link.ref)
