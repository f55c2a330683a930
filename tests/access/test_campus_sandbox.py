"""Every login, clicked through between the store and the campus sandbox, both served."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from pydantic import HttpUrl
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.claims import CLAIM_COOKIE
from app.access.demo import seed_demo_access
from app.access.models import AccessRefusal, SamlRegistration
from app.access.registrations import fetch_metadata
from app.core.config import Settings
from app.main import create_app
from campus_sandbox.app import create_campus
from campus_sandbox.config import CampusConfig
from tests.servers import get_port, open_socket, run_server

pytestmark = pytest.mark.seeded


@dataclass
class World:
    """A browser without scripts, between two servers."""

    store: str
    campus: str
    session: Session
    browser: requests.Session

    def open(self, url: str) -> requests.Response:
        return self.browser.get(url, timeout=10)

    def press(self, page: requests.Response, button: str, **typed: str) -> requests.Response:
        """Send the form with this button, with its hidden fields and what is typed."""
        for form in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
            if f">{button}</button>" not in form:
                continue
            fields = {
                unescape(name): unescape(value)
                for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', form)
            }
            action = re.search(r'action="([^"]*)"', form)
            assert action is not None
            url = urljoin(page.url, unescape(action[1]))
            if 'method="get"' in form:
                return self.browser.get(url, params=fields | typed, timeout=10)
            return self.browser.post(url, data=fields | typed, timeout=10)
        raise AssertionError(button)

    def follow(self, page: requests.Response, words: str) -> requests.Response:
        text = re.sub(r"</?bdi[^>]*>", "", page.text)
        found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>{re.escape(words)}</a>', text)
        assert found is not None, words
        return self.open(urljoin(page.url, unescape(found[1])))


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> Iterator[World]:
    store_socket, campus_socket = open_socket(), open_socket()
    store = f"http://127.0.0.1:{get_port(store_socket)}"
    campus = f"http://127.0.0.1:{get_port(campus_socket)}"
    ports = {"base_url": HttpUrl(store), "campus_port": get_port(campus_socket)}
    own = settings.model_copy(update=ports)
    app = create_app(own)
    config = CampusConfig(campus, store, tmp_path / "campus.pem")
    with run_server(app, store_socket), run_server(create_campus(config), campus_socket):
        with app.state.sessions.begin() as session:
            assert seed_demo_access(session, own)
        with app.state.sessions.begin() as session:
            assert not seed_demo_access(session, own)  # safe to repeat
            number = session.scalars(select(SamlRegistration.id)).one()
        assert fetch_metadata(app.state.sessions, own, registration_id=number) == "fetched"
        with app.state.sessions() as session, requests.Session() as browser:
            yield World(store, campus, session, browser)
        # What is counted after a page was sent gives its connection back first.
        while app.state.engine.pool.checkedout():
            time.sleep(0.01)


def test_each_login_of_the_campus_opens_the_film(world: World) -> None:
    find = f"{world.store}/access/find?film=the-red-soul"
    for first, second in (
        ("Log in at your institution", "Continue to the store"),
        ("Log in with OpenID Connect", ""),
    ):
        world.browser.cookies.clear()
        page = world.press(world.open(find), "Find", q="example")
        page = world.follow(page, "Example College")
        page = world.press(world.follow(page, first), "Sam, a student")
        if second:
            page = world.press(page, second)
        assert page.url == f"{world.store}/watch/the-red-soul"
        assert CLAIM_COOKIE in world.browser.cookies


def test_graduate_of_the_campus_is_refused(world: World) -> None:
    words = "Alex, who graduated (may not watch)"
    page = world.open(f"{world.store}/access/find?q=a@example.edu")
    page = world.follow(page, "Log in at your institution")
    page = world.press(world.press(page, words), "Continue to the store")
    assert (page.status_code, "Ask your library" in page.text) == (403, True)
    page = world.open(f"{world.store}/access/find?q=a@example.edu")
    page = world.press(world.follow(page, "Log in with OpenID Connect"), words)
    assert (page.status_code, "not at a domain" in page.text) == (403, True)
    assert CLAIM_COOKIE not in world.browser.cookies
    found = world.session.execute(select(AccessRefusal.method, AccessRefusal.reason)).all()
    assert [tuple(row) for row in found] == [("saml", "affiliation"), ("openid", "affiliation")]


def test_course_of_the_campus_opens_and_adds_clips(world: World) -> None:
    course = world.open(f"{world.campus}/lms")
    page = world.press(world.follow(course, "The Red Soul, 1:00 to 2:00"), "Open the film")
    assert page.url == f"{world.store}/watch/the-red-soul?t=60,120"
    assert CLAIM_COOKIE in world.browser.cookies
    page = world.press(world.follow(course, "Add a film to this course"), "Choose a film")
    page = world.press(page, "Continue", film="The Red Soul", starts="0:10", ends="0:20")
    page = world.press(page, "Add to the course")
    assert page.url == f"{world.campus}/lms"
    page = world.press(world.follow(page, "The Red Soul"), "Open the film")
    assert page.url == f"{world.store}/watch/the-red-soul?t=10,20"


def test_proxy_of_the_campus_shows_the_store_under_its_address(world: World) -> None:
    page = world.open(f"{world.campus}/proxy/login?url={world.store}/watch/the-red-soul")
    assert page.url == f"{world.campus}/proxy/store/watch/the-red-soul"
    # The proxy is on the campus network: who comes through it is known.
    assert "no streaming license" in page.text
    assert 'href="/proxy/store/films"' in page.text
    elsewhere = world.open(f"{world.campus}/proxy/login?url=https://elsewhere.example.org/")
    assert elsewhere.status_code == 403
