"""Claims: what a visitor proved, in which order it is looked for, and when it ends."""

from datetime import timedelta

import pytest
import time_machine
from fastapi import FastAPI, Request, Response
from sqlalchemy.orm import Session

from app.access.claims import (
    CLAIM_COOKIE,
    Claim,
    Method,
    claim_of,
    make_claim,
    set_claim_cookie,
    sign_launch,
)
from app.access.decisions import Affiliation
from app.access.networks import RangeDraft, set_ranges
from app.accounts.actors import Actor
from app.core import clock
from app.core.config import Settings
from app.institutions.merging import merge_institutions
from app.institutions.models import Institution, InstitutionSite
from app.institutions.sessions import COOKIE as MEMBER_COOKIE
from app.institutions.sessions import open_member_session
from tests.institutions.people import add_institution, add_member

STAFF = Actor.system("test")


def ask(
    app: FastAPI,
    *,
    cookies: dict[str, str] | None = None,
    host: str = "203.0.113.1",
    query: str = "",
) -> Request:
    """Return a request of this visitor."""
    text = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    return Request(
        {
            "type": "http",
            "app": app,
            "method": "GET",
            "path": "/",
            "query_string": query.encode(),
            "headers": [(b"cookie", text.encode())],
            "client": (host, 50_000),
        }
    )


def cookie_of(claim: Claim, settings: Settings) -> str:
    response = Response()
    set_claim_cookie(response, claim, settings=settings)
    return response.headers["set-cookie"].partition(";")[0].partition("=")[2]


@pytest.fixture
def college(session: Session) -> Institution:
    return add_institution(session, "Claim College", "claim.example.edu")


def test_claim_of_stranger_is_none(app: FastAPI, session: Session, college: Institution) -> None:
    del college
    assert claim_of(ask(app), session) is None
    assert claim_of(ask(app, cookies={CLAIM_COOKIE: "61.x"}, query="launch=zz"), session) is None


def test_claim_of_cookie_lasts_its_time_and_holds_no_more(
    app: FastAPI, session: Session, settings: Settings, college: Institution
) -> None:
    claim = make_claim(settings, college.id, Method.SAML)
    cookies = {CLAIM_COOKIE: cookie_of(claim, settings)}
    assert claim_of(ask(app, cookies=cookies), session) == claim
    with time_machine.travel(clock.now() + timedelta(minutes=settings.access_session_minutes)):
        assert claim_of(ask(app, cookies=cookies), session) is None
    altered = {CLAIM_COOKIE: cookies[CLAIM_COOKIE].replace(".", "00.", 1)}
    assert claim_of(ask(app, cookies=altered), session) is None
    # A launch is signed for another purpose.
    as_launch = {CLAIM_COOKIE: sign_launch(settings, claim)}
    assert claim_of(ask(app, cookies=as_launch), session) is None


def test_claim_of_launch_opens_one_page_for_two_minutes(
    app: FastAPI, session: Session, settings: Settings, college: Institution
) -> None:
    launch = sign_launch(settings, make_claim(settings, college.id, Method.LTI))
    found = claim_of(ask(app, query=f"launch={launch}"), session)
    assert found is not None
    assert found.method == Method.LTI
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert claim_of(ask(app, query=f"launch={launch}"), session) is None


def test_claim_of_class_link_is_for_its_film_only(
    app: FastAPI, session: Session, settings: Settings, college: Institution
) -> None:
    claim = make_claim(settings, college.id, Method.CLASS_LINK, film="the-red-soul")
    cookies = {CLAIM_COOKIE: cookie_of(claim, settings)}
    assert claim_of(ask(app, cookies=cookies), session, film="the-red-soul") == claim
    assert claim_of(ask(app, cookies=cookies), session, film="other") is None
    assert claim_of(ask(app, cookies=cookies), session) is None


def test_claim_of_network_knows_site_and_walk_ins(
    app: FastAPI, session: Session, college: Institution
) -> None:
    college.sites = [InstitutionSite(name="North")]
    session.flush()
    drafts = [
        RangeDraft("192.0.2.0/24", college.sites[0].id, is_public=True),
        RangeDraft("2001:db8::/48"),
    ]
    set_ranges(session, college, drafts, actor=STAFF)
    found = claim_of(ask(app, host="192.0.2.255"), session)
    assert found is not None
    assert (found.affiliation, found.site) == (Affiliation.WALK_IN, "North")
    found = claim_of(ask(app, host="2001:db8:0:ffff::1"), session)
    assert found is not None
    assert (found.affiliation, found.site) == (Affiliation.MEMBER, "")
    assert claim_of(ask(app, host="192.0.3.0"), session) is None


def test_claim_of_account_comes_before_launch_and_network(
    app: FastAPI, session: Session, settings: Settings, college: Institution
) -> None:
    other = add_institution(session, "Other College")
    set_ranges(session, other, [RangeDraft("192.0.2.0/24")], actor=STAFF)
    member = add_member(session, "ada@claim.example.edu", college)
    token = open_member_session(session, settings, member, user_agent="test")
    launch = sign_launch(settings, make_claim(settings, other.id, Method.LTI))
    visit = ask(app, cookies={MEMBER_COOKIE: token}, host="192.0.2.1", query=f"launch={launch}")
    found = claim_of(visit, session)
    assert found is not None
    assert (found.method, found.institution_id) == (Method.ACCOUNT, college.id)
    # A person without an institution is no proof; then the launch comes before the network.
    member.institution_id = None
    session.flush()
    found = claim_of(visit, session)
    assert found is not None
    assert (found.method, found.institution_id) == (Method.LTI, other.id)


def test_claim_of_merged_institution_is_of_the_one_that_remains(
    app: FastAPI, session: Session, settings: Settings, college: Institution
) -> None:
    other = add_institution(session, "Other College")
    cookies = {CLAIM_COOKIE: cookie_of(make_claim(settings, college.id, Method.SAML), settings)}
    merge_institutions(session, college.ref, other.ref, actor=STAFF)
    found = claim_of(ask(app, cookies=cookies), session)
    assert found is not None
    assert found.institution_id == other.id
