"""Access settings at the console and in the portal, the tester, and the list of trouble."""

import re
from base64 import b64decode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.access.claims import Method
from app.access.fetching import FetchError, check_url, fetch_bytes
from app.access.logins import record_refusal
from app.access.models import SamlRegistration
from app.access.networks import find_ranges, format_range
from app.access.registrations import (
    SamlDraft,
    fetch_metadata,
    find_platforms,
    find_saml,
    find_settings,
    set_saml,
)
from app.accounts.permissions import Role
from app.core.config import Settings
from app.institutions.member_models import MemberRole
from app.institutions.models import Institution, InstitutionSite
from app.portal.access_routes import write_stanza
from campus_sandbox.saml import SCOPED_AFFILIATION, build_response, write_metadata
from tests.access.campus import IDP, KEY, STAFF, add_college, register_saml, start_saml
from tests.console.staff_browser import Page, StaffBrowser, log_in
from tests.institutions.people import add_institution, add_member, sign_in


@pytest.fixture
def sales(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.SALES)


@pytest.fixture
def college(session: Session) -> Institution:
    made = add_college(session)
    made.sites = [InstitutionSite(name="North")]
    session.commit()
    return made


def metadata() -> str:
    sso = "https://idp.example.edu/sso"
    return write_metadata(KEY, entity_id=IDP, sso_url=sso, scopes=["example.edu"]).decode()


PLATFORM = {
    "issuer": "https://lms.example.edu",
    "client_id": "c1",
    "deployments": "1\n2",
    "login_url": "https://lms.example.edu/authorize",
    "keys_url": "https://lms.example.edu/keys",
}


def fill(browser: StaffBrowser, path: str, step: str = "save", **fields: str) -> Page:
    """Send the form of a page with these fields alone."""
    form = browser.see(path).hidden(path)
    return browser.post(path, form | {"step": step} | fields)


def once_in(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_librarian_keeps_networks_saml_and_platforms(
    client: TestClient, session: Session, college: Institution
) -> None:
    librarian = add_member(session, "lib@example.edu", college, [MemberRole.LIBRARIAN])
    session.commit()
    sign_in(client, librarian)
    page = client.get("/account/access").text
    form = {
        "once": once_in(page),
        "networks/0/range": "192.0.2.0/24",
        "networks/0/site": "North",
        "networks/0/is_public": "yes",
        "more": "2001:db8::/48\n\n198.51.100.7",
        "contact": "Ada Reader",
    }
    for _ in range(2):  # a second press of the button changes nothing
        saved = client.post("/account/access", data=form)
        assert saved.headers["location"] == "/account/access?done=saved"
    ranges = [format_range(row) for row in find_ranges(session, college)]
    assert ranges == ["192.0.2.0/24", "198.51.100.7", "2001:db8::/48"]
    assert find_settings(session, college).contact == "Ada Reader"
    assert not find_settings(session, college).has_email_links
    session.commit()
    page = client.get("/account/access").text
    saml = {"once": once_in(page), "metadata_xml": metadata()}
    assert client.post("/account/access/saml", data=saml).status_code == 303
    platform = PLATFORM | {"once": once_in(page)}
    assert client.post("/account/access/platforms", data=platform).status_code == 303
    page = client.get("/account/access").text
    assert f"Registered: <strong>{IDP}</strong>. Scopes: example.edu." in page
    assert "2 deployments" in page
    number = find_platforms(session, college)[0].id
    session.commit()
    client.post("/account/access/platforms/remove", data={"platform": str(number)})
    client.post("/account/access/saml", data={"once": once_in(page), "step": "remove"})
    assert find_platforms(session, college) == []
    assert find_saml(session, college) is None
    stanza = client.get("/account/access/ezproxy.txt").text
    assert stanza.startswith("Title Reelright Films\nURL http://127.0.0.1:8000\nHJ http")


def test_librarian_sees_each_problem_beside_its_field(
    client: TestClient, session: Session, college: Institution
) -> None:
    librarian = add_member(session, "lib@example.edu", college, [MemberRole.LIBRARIAN])
    session.commit()
    sign_in(client, librarian)
    page = client.get("/account/access").text
    form = {
        "once": once_in(page),
        "networks/0/range": "192.0.2.0/24",
        "networks/1/range": "10.0.0.0/16",
        "networks/2/range": "192.0.2.77",
        "proxy_prefix": "javascript:alert(1)//url=",
        "contact": "Nothing typed is lost",
    }
    refused = client.post("/account/access", data=form)
    assert refused.status_code == 422
    for words in (
        'id="networks/1/range-error"',
        "private or reserved",
        'id="networks/2/range-error"',
        "overlaps 192.0.2.0/24",
        'id="proxy_prefix-error"',
        "Nothing typed is lost",
        'href="#networks/1/range"',
    ):
        assert words in refused.text, words
    assert find_ranges(session, college) == []
    session.commit()
    broken = {"once": once_in(page), "metadata_xml": "<x/>"}
    answer = client.post("/account/access/saml", data=broken)
    assert "must be that of one identity provider" in answer.text
    answer = client.post(
        "/account/access/platforms",
        data=PLATFORM | {"once": once_in(answer.text), "keys_url": "ftp://x"},
    )
    assert (answer.status_code, "starts with https://" in answer.text) == (422, True)
    assert "c1" in answer.text


def test_staff_keep_the_same_and_overlaps_are_refused(
    sales: StaffBrowser, session: Session, college: Institution
) -> None:
    other = add_institution(session, "Other College")
    session.commit()
    path = f"/console/customers/{college.ref}/access"
    form = {
        "networks/0/range": "192.0.2.0/24",
        "networks/0/site": "North",
        "has_email_links": "yes",
    }
    assert fill(sales, path, **form).status == 200
    assert 'value="192.0.2.0/24"' in sales.see(path).text
    refused = fill(
        sales, f"/console/customers/{other.ref}/access", **{"networks/0/range": "192.0.2.9"}
    )
    assert refused.status == 422
    assert "overlaps a network of another institution" in refused.text
    assert fill(sales, f"{path}/saml", metadata_xml=metadata()).status == 200
    assert "Scopes: example.edu." in sales.see(f"{path}/saml").text
    fields = {f"platforms/0/{name}": value for name, value in PLATFORM.items()}
    assert fill(sales, f"{path}/platforms", **fields).status == 200
    again = fill(sales, f"/console/customers/{other.ref}/access/platforms", **fields)
    assert (again.status, "registered already" in again.text) == (422, True)
    assert fill(sales, f"{path}/saml", step="remove").status == 200
    assert fill(sales, f"{path}/platforms").status == 200
    assert find_platforms(session, college) == []


def test_tester_says_what_would_happen(
    sales: StaffBrowser,
    client: TestClient,
    session: Session,
    settings: Settings,
    college: Institution,
) -> None:
    register_saml(session, settings, college)
    session.commit()
    path = f"/console/customers/{college.ref}/access"
    fill(sales, path, **{"networks/0/range": "192.0.2.0/24", "networks/0/is_public": "yes"})
    started = start_saml(client, college)
    graduate = {SCOPED_AFFILIATION: ["alum@example.edu"]}
    good, bad = (
        build_response(KEY, IDP, started.wanted, attributes)
        for attributes in ({SCOPED_AFFILIATION: ["student@example.edu"]}, graduate)
    )
    for typed, words in (
        ("ada@other.example.edu", "No institution with email links"),
        ("192.0.2.255", "192.0.2.0/24 is a network of Example College: lets in as a walk-in"),
        ("192.0.3.0", "in no institution's network"),
        ("nonsense", "no IPv4 or IPv6 address"),
        (good, "Lets in as a member of Example College."),
        (b64decode(good).decode(), "Lets in as a member of Example College."),
        (bad, "did not say that the person belongs"),
        ("x" * 300, "No registered provider issued this answer."),
    ):
        page = fill(sales, "/console/access", typed=typed)
        assert words in page.text.replace("&#39;", "'"), typed[:40]
    # A test uses nothing up.
    answer = {"SAMLResponse": good, "RelayState": started.relay_state}
    assert client.post("/access/saml/acs", data=answer).status_code == 303


def test_trouble_counts_refusals_by_institution_and_reason(
    sales: StaffBrowser, session: Session, college: Institution
) -> None:
    assert "No refusals" in sales.see("/console/access").text
    for _ in range(3):
        record_refusal(session, college, Method.SAML, "audience")
    record_refusal(session, college, Method.NETWORK, "no_license")
    session.commit()
    page = sales.see("/console/access").text
    assert "Check the entity ID at the campus" in page
    assert page.index(">3<") < page.index("has no license of the film")


def test_fetch_metadata_keeps_the_last_good_one(
    session: Session, sessions: sessionmaker[Session], settings: Settings, college: Institution
) -> None:
    draft = SamlDraft(entity_id=IDP, metadata_url="http://127.0.0.1:9/entities/")
    set_saml(session, settings, college, draft, actor=STAFF)
    row = session.scalars(select(SamlRegistration)).one()
    row.metadata_xml, row.scopes = metadata(), ["example.edu"]
    session.commit()
    failure = fetch_metadata(sessions, settings, registration_id=row.id)
    assert "did not answer" in failure
    session.refresh(row)
    assert (row.scopes, row.failure) == (["example.edu"], failure)
    assert row.next_fetch_at is not None
    session.commit()
    assert fetch_metadata(sessions, settings, registration_id=0) == "gone"


@pytest.mark.once
def test_stanza_keeps_media_of_another_host_off_the_proxy(settings: Settings) -> None:
    assert "NeverProxy" not in write_stanza(settings)
    own = settings.model_copy(update={"media_base_url": "https://media.example.org"})
    assert write_stanza(own).endswith("DJ 127.0.0.1\nNeverProxy media.example.org\n")


@pytest.mark.once
@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.edu/",
        "https://",
        "ftp://idp.example.edu/",
        "https://user@idp.example.edu/",
        "",
    ],
)
def test_check_url_of_what_is_not_public_https_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(FetchError):
        check_url(settings, url)


@pytest.mark.once
def test_fetch_bytes_in_production_reads_no_private_address(settings: Settings) -> None:
    live = settings.model_copy(update={"stripe_secret_key": type(settings.secret_key)("sk_test_x")})
    for url in (
        "http://127.0.0.1:9/",
        "https://127.0.0.1:9/",
        "https://[::1]:9/",
        "https://10.0.0.1/",
    ):
        with pytest.raises(FetchError, match=r"https|not public"):
            fetch_bytes(live, url)
