"""Sign-in with OpenID Connect, against a local provider in its own process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.accounts.keys import Scope, create_key
from app.core.config import Settings
from app.institutions import openid
from app.institutions.member_models import IdentityProvider, Member
from app.institutions.models import Institution
from app.institutions.openid import Provider
from app.institutions.providers import set_provider
from app.institutions.sessions import COOKIE
from app.main import attach
from app.portal.openid_routes import FLOW_COOKIE
from tests.console.staff_browser import StaffBrowser
from tests.factories import STAFF
from tests.institutions.people import add_institution, add_member
from tests.processes import free_port

ADA = "ada@example.edu"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Start a provider that lets anyone sign in as anyone."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                requests.get(f"{address}/jwks", timeout=5).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield address
        process.terminate()


@pytest.fixture
def college(session: Session, issuer: str) -> Institution:
    made = add_institution(session, "Example College", "example.edu")
    set_provider(session, made, Provider(issuer, "store", "secret"), actor=STAFF)
    session.commit()
    return made


def begin(client: TestClient, query: str) -> str:
    """Begin a sign-in and return the provider's address."""
    answer = client.get(f"/account/sign-in/start?{query}", headers=HTML)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def consent(address: str, **claims: str | bool) -> str:
    """Sign in at the provider; return the path that it leads back to."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    user = requests.put(f"{origin}/users/ada", json={"name": "Ada", **claims}, timeout=5)
    user.raise_for_status()
    answer = requests.post(address, data={"sub": "ada"}, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


def verified(email: str) -> dict[str, str | bool]:
    return {"email": email, "email_verified": True}


def members(session: Session) -> list[str]:
    found = list(session.scalars(select(Member.email)))
    session.commit()
    return found


def test_person_signs_in_at_their_institution(client: TestClient, college: Institution) -> None:
    address = begin(client, f"institution={college.ref}&next=/cart")
    sent = parse_qs(urlsplit(address).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert all(len(sent[name][0]) >= 32 for name in ("state", "nonce", "code_challenge"))
    assert sent["scope"] == ["openid email profile"]
    back = consent(address, **verified("Ada@Example.edu"))
    done = client.get(back, headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, "/cart")
    page = client.get("/account", headers=HTML)
    assert "Example College" in page.text
    assert ADA in page.text
    # The code, and the browser's memory of the sign-in, work once.
    assert client.get(back, headers=HTML).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"email": ADA, "email_verified": False},
        {"email": ADA},
        {"email_verified": True},
        {"email": "no address", "email_verified": True},
        {"email": ADA, "email_verified": "true"},
    ],
)
def test_address_that_is_not_verified_signs_nobody_in(
    client: TestClient, session: Session, college: Institution, claims: dict[str, str | bool]
) -> None:
    back = consent(begin(client, f"institution={college.ref}"), **claims)
    assert client.get(back, headers=HTML).status_code == 403
    assert COOKIE not in client.cookies
    assert members(session) == []


def test_provider_never_speaks_for_another_institution(
    client: TestClient, session: Session, college: Institution
) -> None:
    other = add_institution(session, "Other College", "other.edu")
    eve = add_member(session, "eve@other.edu", other)
    invited = add_member(session, "bo@town.org", college)
    moved = add_member(session, "cy@example.edu", other)
    session.commit()
    for email in (eve.email, invited.email, moved.email, "new@other.edu", "x@lib.example.edu"):
        back = consent(begin(client, f"institution={college.ref}"), **verified(email))
        answer = client.get(back, headers=HTML)
        assert answer.status_code == 403, email
        assert COOKIE not in client.cookies
    session.expire_all()
    assert [each.institution_id for each in (eve, moved)] == [other.id, other.id]
    assert {each.last_sign_in_at for each in (eve, invited, moved)} == {None}
    session.commit()
    assert len(members(session)) == 3


def test_sign_in_that_another_browser_began_is_refused(
    client: TestClient, session: Session, settings: Settings, college: Institution
) -> None:
    address = begin(client, f"institution={college.ref}")
    cookie = client.cookies[FLOW_COOKIE]
    back = consent(address, **verified(ADA))
    client.cookies.clear()
    assert client.get(back, headers=HTML).status_code == 403
    client.cookies.set(FLOW_COOKIE, f"x{cookie}", domain="testserver.local")
    assert client.get(back, headers=HTML).status_code == 403
    # The same state with another nonce: an ID token of another sign-in.
    state = parse_qs(urlsplit(back).query)["state"][0]
    flow = openid.read_flow(settings, cookie, state=state).model_copy(update={"nonce": "x" * 32})
    client.cookies.clear()
    client.cookies.set(FLOW_COOKIE, flow.to_cookie(settings), domain="testserver.local")
    assert client.get(back, headers=HTML).status_code == 502
    assert members(session) == []


def test_token_for_another_client_or_of_another_issuer_is_refused(
    client: TestClient, session: Session, issuer: str, college: Institution
) -> None:
    back = consent(begin(client, f"institution={college.ref}"), **verified(ADA))
    row = session.scalars(select(IdentityProvider)).one()
    row.client_id = "another"
    session.commit()
    assert client.get(back, headers=HTML).status_code == 502
    # What describes itself as another issuer is not asked at all.
    row.issuer = issuer.replace("127.0.0.1", "localhost")
    session.commit()
    start = f"/account/sign-in/start?institution={college.ref}"
    assert client.get(start, headers=HTML).status_code == 502
    assert members(session) == []


def test_provider_of_the_store_counts_as_an_email_does(
    app: FastAPI, client: TestClient, settings: Settings, session: Session, issuer: str
) -> None:
    assert client.get("/account/sign-in/start", headers=HTML).status_code == 404
    add_institution(session, "Example College", "example.edu")
    session.commit()
    fields = {
        "oidc_issuer": issuer,
        "oidc_client_id": "store",
        "oidc_client_secret": SecretStr("secret"),
        "oidc_label": "Library Login",
    }
    attach(app, settings.model_copy(update=fields), app.state.engine)
    assert "Sign in with Library Login" in client.get("/account/sign-in", headers=HTML).text
    client.get(consent(begin(client, ""), **verified(ADA)), headers=HTML)
    assert "Example College" in client.get("/account", headers=HTML).text


def test_staff_set_and_remove_a_provider_and_never_read_its_secret(
    client: TestClient, session: Session
) -> None:
    ref = add_institution(session, "Example College", "example.edu").ref
    scopes = [Scope.CUSTOMERS_WRITE, Scope.ORDERS_READ]
    key = create_key(session, label="x", scopes=scopes)
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/admin/institutions/{ref}/sign-in"
    body = {"issuer": "https://login.example.edu", "client_id": "store", "client_secret": "s3cret"}
    assert client.get(path, headers=headers).status_code == 404
    wrong = client.put(path, json=body | {"issuer": "http://login.example.edu"}, headers=headers)
    assert wrong.json()["errors"][0]["pointer"] == "#/issuer"
    assert client.put(path, json=body, headers=headers).status_code == 200
    shown = client.get(path, headers=headers)
    assert shown.json() == {"issuer": "https://login.example.edu", "client_id": "store"}
    history = entries_about(session, "institution", ref)
    assert "s3cret" not in repr([(entry.before, entry.after) for entry in history])
    session.commit()
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


def test_staff_set_and_remove_a_provider_at_the_console(
    sales: StaffBrowser, session: Session
) -> None:
    path = f"/console/customers/{add_institution(session, 'Example College').ref}"
    session.commit()
    form = sales.see(f"{path}/sign-in")
    typed = {"issuer": "login.example.edu", "client_id": "store", "client_secret": "s3cret"}
    wrong = sales.send(form, **typed)
    assert "Enter the issuer, which starts with https://." in wrong.words
    assert "s3cret" not in wrong.text
    typed["issuer"] = "https://login.example.edu"
    assert "Customer saved." in sales.send(wrong, **typed).words
    again = sales.see(f"{path}/sign-in")
    assert "login.example.edu" in again.text
    assert "s3cret" not in again.text
    sales.send(again, step="remove")
    assert session.scalars(select(IdentityProvider)).all() == []
