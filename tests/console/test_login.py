from datetime import timedelta

import pyotp
import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from lxml import html
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit, totp
from app.accounts.actors import Actor
from app.accounts.models import StaffSession, StaffUser
from app.accounts.permissions import Role
from app.accounts.staff import create_staff, set_active
from app.console.access import COOKIE
from app.core import clock
from app.main import create_app
from tests.console.staff_browser import PASSWORD

EMAIL = "sam@example.org"
OPERATOR = Actor.operator("test")
PAGE = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def sam(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        create_staff(
            session, email=EMAIL, name="Sam", password=PASSWORD, roles=[Role.SALES], actor=OPERATOR
        )


def attempt(
    client: TestClient, password: str = PASSWORD, *, email: str = EMAIL, target: str = "/console"
) -> Response:
    """Fill in the login page."""
    form = {"email": email, "password": password, "next": target}
    return client.post("/console/login", data=form, headers=PAGE)


def give_code(client: TestClient, code: str) -> Response:
    return client.post("/console/login/code", data={"code": code}, headers=PAGE)


def test_login_with_right_password_opens_console(client: TestClient) -> None:
    answer = attempt(client, target="/console/orders?q=a")

    assert (answer.status_code, answer.headers["location"]) == (303, "/console/orders?q=a")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "Path=/console" in cookie
    assert "SameSite=lax" in cookie
    page = client.get("/console/orders", headers=PAGE)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "Sam" in page.text


def test_failed_logins_get_same_response(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    wrong = attempt(client, "not the password")
    unknown = attempt(client, email="tom@example.org")
    with sessions.begin() as session:
        set_active(session, email=EMAIL, active=False, actor=OPERATOR)
    closed = attempt(client)

    said = []
    for answer in (wrong, unknown, closed):
        assert answer.status_code == 401
        assert COOKIE not in answer.cookies
        said.append(html.fromstring(answer.text).get_element_by_id("error-summary").text_content())
    assert len(set(said)) == 1
    assert "incorrect" in said[0]
    with sessions() as session:
        assert session.scalars(select(StaffSession)).all() == []


def test_eleventh_login_attempt_is_throttled_on_all_workers(
    app: FastAPI, client: TestClient
) -> None:
    for _ in range(10):
        assert attempt(client, "not the password").status_code == 401

    other_worker = TestClient(create_app(app.state.settings), follow_redirects=False)
    answer = attempt(other_worker)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "Try again in" in answer.text
    other_worker.app.state.sessions.kw["bind"].dispose()  # type: ignore[attr-defined]
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert attempt(client).status_code == 303


def test_login_attempts_are_limited_by_address(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.login_limits.MAX_OF_ADDRESS", 3)
    for serial in range(3):
        assert attempt(client, email=f"guess-{serial}@example.org").status_code == 401

    assert attempt(client).status_code == 429


def at(app: FastAPI, address: str) -> TestClient:
    """Return a new browser at a network address."""
    return TestClient(app, follow_redirects=False, client=(address, 1234))


def test_known_browser_is_not_locked_out(app: FastAPI) -> None:
    attacker = at(app, "203.0.113.9")
    known = at(app, "198.51.100.4")
    assert attempt(known).status_code == 303
    known.cookies.delete(COOKIE)
    for _ in range(10):
        assert attempt(attacker, "not the password").status_code == 401
    assert attempt(attacker).status_code == 429

    assert attempt(at(app, "198.51.100.5")).status_code == 303
    assert attempt(known).status_code == 303


def test_known_browser_logs_in_during_distributed_guessing(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.login_limits.MAX_OF_ACCOUNT", 5)
    known = at(app, "198.51.100.4")
    assert attempt(known).status_code == 303
    known.cookies.delete(COOKIE)
    for serial in range(5):
        assert attempt(at(app, f"203.0.113.{serial}"), "wrong").status_code == 401

    assert attempt(at(app, "203.0.113.99")).status_code == 429
    assert attempt(known).status_code == 303
    # The cookie is of one account only, and nobody can write one.
    known.cookies.delete(COOKIE)
    other = attempt(known, "wrong", email="tom@example.org")
    assert other.status_code == 401
    forged = at(app, "203.0.113.98")
    forged.cookies.set("rr_device", "x~y", path="/console")
    assert attempt(forged).status_code == 429


def test_successful_logins_do_not_count(app: FastAPI) -> None:
    for _ in range(15):
        assert attempt(at(app, "198.51.100.4")).status_code == 303


def test_failed_login_is_audited(client: TestClient, sessions: sessionmaker[Session]) -> None:
    attempt(client, "not the password")
    attempt(client, email="x" * 300 + "@example.org")
    with sessions() as session:
        entries = audit.entries_about(session, "staff", EMAIL)
        failed = [each for each in entries if each.action == "staff.login_failed"]
    assert [each.after for each in failed] == [{"network": "testclient"}]


def test_role_requires_two_step_verification(app: FastAPI, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        create_staff(
            session,
            email="ada@example.org",
            name="Ada",
            password=PASSWORD,
            roles=[Role.ADMIN],
            actor=OPERATOR,
        )
    admin, sam = at(app, "198.51.100.4"), at(app, "198.51.100.5")
    attempt(admin, email="ada@example.org")
    attempt(sam)
    assert admin.post("/console/staff/codes", data={"roles": "sales"}).status_code == 303

    sent_off = sam.get("/console/orders", headers=PAGE)
    assert sent_off.headers["location"] == "/console/account?done=codes-needed"
    page = html.fromstring(sam.get("/console/account?done=codes-needed", headers=PAGE).text)
    assert "Your role requires two-step verification" in page.text_content()
    assert sam.post("/console/account/codes/begin").status_code == 303
    with sessions() as session:
        secret = session.scalar(select(StaffUser.totp_secret).where(StaffUser.email == EMAIL))
    code = pyotp.TOTP(secret or "").at(clock.now())
    done = sam.post("/console/account/codes/confirm", data={"code": code}, headers=PAGE)
    assert done.status_code == 200
    assert sam.get("/console/orders", headers=PAGE).status_code == 200
    off = sam.post("/console/account/codes/off", data={"current": PASSWORD}, headers=PAGE)
    assert off.status_code == 409
    assert "Your role requires" in off.text
    # Admins were not asked: whoever made the rule is not locked out.
    assert admin.get("/console/orders", headers=PAGE).status_code == 200


def test_cross_site_login_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/console/login",
        data={"email": EMAIL, "password": PASSWORD},
        headers=PAGE | {"sec-fetch-site": "cross-site"},
    )

    assert answer.status_code == 403
    assert COOKIE not in answer.cookies


def test_login_replaces_old_session(client: TestClient) -> None:
    stale_tab = {"email": EMAIL, "password": PASSWORD}
    client.post("/console/login", data=stale_tab)
    first = client.cookies[COOKIE]
    client.post("/console/login", data=stale_tab)

    assert client.cookies[COOKIE] != first
    assert client.get("/console/orders").status_code == 200
    client.cookies.clear()
    client.cookies.set(COOKIE, first, path="/console")
    assert client.get("/console/orders").status_code == 303


def test_logout_ends_session(client: TestClient, sessions: sessionmaker[Session]) -> None:
    attempt(client)
    token = client.cookies[COOKIE]

    assert client.post("/console/logout").status_code == 303

    client.cookies.set(COOKIE, token, path="/console")
    assert client.get("/console/orders").status_code == 303
    with sessions() as session:
        actions = [entry.action for entry in audit.entries_about(session, "staff", EMAIL)]
    assert actions == ["staff.created", "staff.logged_in", "staff.logged_out"]


def test_pages_need_login(client: TestClient) -> None:
    answer = client.get("/console/orders?q=a&state=accepted")

    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/console/login?next=/console/orders%3Fq%3Da%26state%3Daccepted"
    )
    posted = client.post("/console/orders/RR-1/cancel", data={"reason": "x"})
    assert posted.headers["location"] == "/console/login?next=/console"


def test_idle_session_ends(client: TestClient) -> None:
    attempt(client)
    with time_machine.travel(clock.now() + timedelta(minutes=121), tick=False):
        assert client.get("/console/orders").status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/console",
        "//evil.example",
        "/consolex",
        "/console\\@evil.example",
        "/console/\r\nSet-Cookie: a=b",
        "/films",
        "",
    ],
)
def test_login_redirects_only_into_console(client: TestClient, target: str) -> None:
    assert attempt(client, target=target).headers["location"] == "/console"


@pytest.fixture
def secret(sessions: sessionmaker[Session]) -> str:
    """Sam's secret, in force."""
    with sessions.begin() as session:
        user = session.scalars(select(StaffUser)).one()
        made = totp.start_enrollment(session, user)
        user.totp_confirmed_at = clock.now()
    return made


def test_login_with_codes_needs_code(client: TestClient, secret: str) -> None:
    answer = attempt(client, target="/console/emails")
    assert answer.headers["location"] == "/console/login/code?next=/console/emails"
    half = client.cookies[COOKIE]
    assert client.get("/console/orders").headers["location"].startswith("/console/login/code")

    wrong = give_code(client, "000000")
    assert wrong.status_code == 401
    assert "incorrect" in wrong.text

    right = give_code(client, pyotp.TOTP(secret).now())
    assert right.status_code == 303
    assert client.get("/console/orders", headers=PAGE).status_code == 200
    # The half-open token died when the real one was made.
    stranger = TestClient(client.app, follow_redirects=False)
    stranger.cookies.set(COOKIE, half, path="/console")
    assert stranger.get("/console/orders").status_code == 303


def test_code_attempts_are_limited(client: TestClient, secret: str) -> None:
    attempt(client)
    for _ in range(6):
        assert give_code(client, "000000").status_code == 401

    assert give_code(client, pyotp.TOTP(secret).now()).status_code == 429
    assert client.get("/console/orders").status_code == 303


def test_code_page_needs_password_first(client: TestClient) -> None:
    assert client.get("/console/login/code").headers["location"] == "/console/login"


def test_invalid_login_input_is_refused(client: TestClient) -> None:
    assert attempt(client, "x" * 900).status_code == 401
    # No form can hold what no database takes; the reader of forms refuses it for all pages.
    assert attempt(client, "\x00").status_code == 400
    assert attempt(client, email="a\x00b@example.org").status_code == 400
