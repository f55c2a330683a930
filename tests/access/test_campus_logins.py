"""SAML logins from the browser's side: begun here, answered by a campus, and finished once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.access.claims import CLAIM_COOKIE, _read
from app.access.models import AccessLogin, AccessRefusal, SamlRegistration, SeenAssertion
from app.core import clock
from app.core.config import Settings
from app.core.signing import Purpose
from campus_sandbox.saml import SCOPED_AFFILIATION, Wanted, build_response
from tests.access.campus import IDP, KEY, Started, add_college, register_saml, start_saml

STUDENT = {SCOPED_AFFILIATION: ["student@example.edu"]}


def answer(started: Started, wanted: Wanted | None = None) -> dict[str, str]:
    response = build_response(KEY, IDP, wanted or started.wanted, STUDENT)
    return {"SAMLResponse": response, "RelayState": started.relay_state}


def test_saml_login_opens_the_page_that_asked(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    started = start_saml(client, college, target="/films?q=a%26b")
    # The form comes from the campus's site.
    headers = {"origin": "https://idp.example.edu", "sec-fetch-site": "cross-site"}
    done = client.post("/access/saml/acs", data=answer(started), headers=headers)
    assert (done.status_code, done.headers["location"]) == (303, "/films?q=a%26b")
    claim = _read(settings, Purpose.ACCESS, client.cookies[CLAIM_COOKIE])
    assert claim is not None
    assert (claim.institution_id, claim.method) == (college.id, "saml")
    # The same form again, and the same assertion in another login.
    assert client.post("/access/saml/acs", data=answer(started)).status_code == 403
    assert client.post("/access/saml/acs", data={}).status_code == 403


def test_saml_assertion_in_a_second_login_is_refused_and_counted(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    first, second = (start_saml(client, college) for _ in range(2))
    named = replace(first.wanted, assertion_id="_same")
    assert client.post("/access/saml/acs", data=answer(first, named)).status_code == 303
    again = replace(second.wanted, assertion_id="_same")
    refused = client.post("/access/saml/acs", data=answer(second, again))
    assert refused.status_code == 403
    assert "used before" in refused.text
    # An answer to one request in the login of another.
    third = start_saml(client, college)
    assert client.post("/access/saml/acs", data=answer(third, first.wanted)).status_code == 403
    found = session.scalars(select(AccessRefusal.reason).order_by(AccessRefusal.id)).all()
    assert found == ["replay", "request"]


def test_saml_answer_sent_twice_at_once_opens_one_session(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    form = answer(start_saml(client, college))

    def send(_: int) -> int:
        return client.post("/access/saml/acs", data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(send, range(4)))
    assert codes == [303, 403, 403, 403]
    assert session.scalar(select(func.count(SeenAssertion.id))) == 1


def test_saml_login_to_another_site_stays_here(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    for target in ("https://evil.example.org/", "//evil.example.org", "/\\evil.example.org"):
        started = start_saml(client, college, target=target)
        done = client.post("/access/saml/acs", data=answer(started))
        assert done.headers["location"] == "/films"
    # A RelayState that is no secret of ours leads nowhere.
    started = start_saml(client, college)
    form = answer(started) | {"RelayState": "https://evil.example.org/"}
    assert client.post("/access/saml/acs", data=form).status_code == 403


def test_saml_login_past_the_end_of_metadata_is_refused(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    started = start_saml(client, college)
    session.execute(update(SamlRegistration).values(valid_until=clock.now() - timedelta(seconds=1)))
    session.commit()
    refused = client.post("/access/saml/acs", data=answer(started))
    assert (refused.status_code, "does not log in with SAML" in refused.text) == (403, True)
    assert client.get("/access/saml/login", params={"institution": college.ref}).status_code == 404
    session.expire_all()
    assert session.scalars(select(AccessRefusal.reason)).all() == ["metadata"]


def test_saml_login_that_takes_too_long_is_refused(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    started = start_saml(client, college)
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        refused = client.post("/access/saml/acs", data=answer(started))
    assert refused.status_code == 403
    assert "took too long" in refused.text


def test_saml_login_of_graduate_is_refused_without_a_trace_of_them(
    client: TestClient, session: Session, settings: Settings
) -> None:
    college = add_college(session)
    register_saml(session, settings, college)
    session.commit()
    started = start_saml(client, college)
    attributes = {
        SCOPED_AFFILIATION: ["alum@example.edu"],
        "urn:oid:0.9.2342.19200300.100.1.3": ["zebedee@example.edu"],
    }
    response = build_response(KEY, IDP, started.wanted, attributes)
    form = {"SAMLResponse": response, "RelayState": started.relay_state}
    refused = client.post("/access/saml/acs", data=form)
    assert refused.status_code == 403
    assert CLAIM_COOKIE not in client.cookies
    for model in (AccessLogin, AccessRefusal, SeenAssertion):
        for row in session.scalars(select(model)):
            assert "zebedee" not in str(vars(row))
