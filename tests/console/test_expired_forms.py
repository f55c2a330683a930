"""A form of staff whose session has ended meanwhile: what was typed comes back after the login."""

from datetime import timedelta

import lxml.html
import pyotp
import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import staff, totp
from app.accounts.models import StaffUser
from app.accounts.permissions import Role
from app.catalog.models import Film
from app.console.access import COOKIE
from app.core import clock
from app.orders.models import OrderNote
from tests import factories
from tests.console.staff_browser import Page, StaffBrowser, log_in

PASSWORD = "correct horse battery staple"
SYNOPSIS = "What was typed for an hour.\n\nWith “quotes”, <angles> & more."


@pytest.fixture
def film(sessions: sessionmaker[Session]) -> str:
    with sessions.begin() as session:
        return factories.film(session, title="The Red Soul").slug


@pytest.fixture
def desk(client: TestClient, sessions: sessionmaker[Session]) -> StaffBrowser:
    """An editor who knows a password."""
    desk = log_in(client, Role.CATALOG, Role.SALES)
    with sessions.begin() as session:
        staff.set_password(session, email=desk.email, password=PASSWORD, actor=factories.STAFF)
    return log_in_again(desk)


def log_in_again(desk: StaffBrowser) -> StaffBrowser:
    """Log in at the login page, which gives the browser another session."""
    desk.client.cookies.clear()
    page = desk.see("/console/login")
    fields = page.hidden("/console/login") | {"email": desk.email, "password": PASSWORD}
    desk.post("/console/login", fields)
    return desk


def resend_form(desk: StaffBrowser, page: Page) -> Page:
    """Press the button of the page that kept the form."""
    (form,) = lxml.html.document_fromstring(page.text).xpath("//section[@class='sent-form']//form")
    return desk.post(form.action, dict(form.form_values()))


def get_synopsis(sessions: sessionmaker[Session], slug: str) -> str:
    with sessions() as session:
        return session.scalars(select(Film.synopsis).where(Film.slug == slug)).one()


def test_expired_session_keeps_long_form(
    desk: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    form = desk.see(f"/console/films/{film}/edit/description")
    before = get_synopsis(sessions, film)
    desk.client.cookies.delete(COOKIE)

    login = desk.send(form, synopsis=SYNOPSIS)
    assert (login.status, login.title) == (403, "Log in")
    assert get_synopsis(sessions, film) == before
    wrong = desk.post(
        "/console/login",
        login.hidden("/console/login") | {"email": desk.email, "password": "wrong password"},
    )
    kept = desk.post(
        "/console/login",
        wrong.hidden("/console/login") | {"email": desk.email, "password": PASSWORD},
    )
    assert kept.title == "You're logged in again"
    assert SYNOPSIS.splitlines()[0] in kept.words
    assert get_synopsis(sessions, film) == before
    saved = resend_form(desk, kept)
    assert "Film saved." in saved.words
    assert get_synopsis(sessions, film) == SYNOPSIS


def test_expired_session_keeps_form_through_code_step(
    desk: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        user = session.scalars(select(StaffUser).where(StaffUser.email == desk.email)).one()
        totp.start_enrollment(session, user)
        secret = user.totp_secret or ""
        user.totp_confirmed_at = clock.now()
    form = desk.see(f"/console/films/{film}/edit/description")
    desk.client.cookies.delete(COOKIE)
    login = desk.send(form, synopsis=SYNOPSIS)

    code = desk.post(
        "/console/login",
        login.hidden("/console/login") | {"email": desk.email, "password": PASSWORD},
    )
    assert code.title == "Enter your verification code"
    now = pyotp.TOTP(secret).now()
    kept = desk.post("/console/login/code", code.hidden("/console/login/code") | {"code": now})

    assert "Film saved." in resend_form(desk, kept).words
    assert get_synopsis(sessions, film) == SYNOPSIS


def test_idle_session_keeps_form(desk: StaffBrowser, film: str) -> None:
    form = desk.see(f"/console/films/{film}/edit/description")
    with time_machine.travel(clock.now() + timedelta(hours=13), tick=True):
        login = desk.send(form, synopsis=SYNOPSIS)
    assert "your entries are kept" in login.words
    assert "typed for an hour" in login.text


def test_form_of_earlier_session_is_accepted(
    desk: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    form = desk.see(f"/console/films/{film}/edit/description")
    log_in_again(desk)

    assert "Film saved." in desk.send(form, synopsis=SYNOPSIS).words
    assert get_synopsis(sessions, film) == SYNOPSIS


def test_invalid_form_shows_errors_after_login(desk: StaffBrowser, film: str) -> None:
    form = desk.see(f"/console/films/{film}/edit/titles")
    desk.client.cookies.delete(COOKIE)
    login = desk.send(form, title="", original_title="Красная душа")
    kept = desk.post(
        "/console/login",
        login.hidden("/console/login") | {"email": desk.email, "password": PASSWORD},
    )

    again = resend_form(desk, kept)
    assert again.status == 422
    assert again.typed()["original_title"] == "Красная душа"


def test_short_form_is_resent_after_login(
    desk: StaffBrowser, placed: str, sessions: sessionmaker[Session]
) -> None:
    action = f"/console/orders/{placed}/note"
    page = desk.see(f"/console/orders/{placed}")
    desk.client.cookies.delete(COOKIE)
    login = desk.fill(page, action, body="She called: ship to the annex.")
    kept = desk.post(
        "/console/login",
        login.hidden("/console/login") | {"email": desk.email, "password": PASSWORD},
    )
    assert "She called: ship to the annex." in kept.words

    for _ in range(2):  # pressed twice, it is done once
        resend_form(desk, kept)

    with sessions() as session:
        assert session.scalars(select(OrderNote.body)).all() == ["She called: ship to the annex."]


def test_upload_form_keeps_text_and_asks_for_file(desk: StaffBrowser, film: str) -> None:
    desk.client.cookies.delete(COOKIE)
    answer = desk.client.post(
        f"/console/films/{film}/files",
        data={"kind-0": "still", "credit-0": "Photo: Ana Ferrer"},
        files={"file-0": ("a.png", b"not kept")},
        headers={"Accept": "text/html"},
    )
    login = Page(answer.status_code, answer.text, "/console")
    kept = desk.post(
        "/console/login",
        login.hidden("/console/login") | {"email": desk.email, "password": PASSWORD},
    )

    assert "Photo: Ana Ferrer" in kept.words
    assert kept.tree.xpath("//input[@type='file']/@name") == ["file-0"]


def test_login_ignores_form_of_other_site(desk: StaffBrowser, film: str) -> None:
    desk.client.cookies.delete(COOKIE)
    login = desk.see("/console/login")
    outside = ('{"action": "https://evil.example/console/x"}', '{"action": "/films"}')
    for resume in (*outside, "[1]", "{"):
        fields = login.hidden("/console/login") | {"email": desk.email, "password": PASSWORD}
        landed = desk.post("/console/login", fields | {"resume": resume})
        assert landed.title != "You're logged in again", resume
        desk.client.cookies.delete(COOKIE)
    foreign = desk.client.post(
        f"/console/films/{film}/edit/description",
        data={"synopsis": SYNOPSIS},
        headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"},
    )
    assert (foreign.status_code, "typed for an hour" in foreign.text) == (403, False)


def test_login_page_never_contains_passwords(desk: StaffBrowser) -> None:
    desk.client.cookies.delete(COOKIE)
    sent = {"current": PASSWORD, "password": "another long password"}
    login = desk.post("/console/account/password", sent)
    kept = desk.post(
        "/console/login",
        login.hidden("/console/login") | {"email": desk.email, "password": PASSWORD},
    )
    for page in (login, kept):
        assert PASSWORD not in page.text
        assert "another long password" not in page.text
    assert kept.tree.xpath("//section[@class='sent-form']//input[@type='password']/@name") == [
        "current",
        "password",
    ]
