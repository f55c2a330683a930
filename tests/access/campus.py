"""An institution with every way in, for the tests of logins."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.access.registrations import PlatformDraft, SamlDraft, add_platform, set_saml
from app.accounts.actors import Actor
from app.core.config import Settings
from app.institutions.models import Institution
from campus_sandbox.keys import CampusKey, make_key
from campus_sandbox.saml import Wanted, read_request, write_metadata
from campus_sandbox.tokens import key_set
from tests.institutions.people import add_institution
from tests.servers import get_port, open_socket, run_server

STAFF = Actor.system("test")
IDP = "https://idp.example.edu/shibboleth"
ISSUER = "https://lms.example.edu"
KEY = make_key()


@dataclass(frozen=True)
class Started:
    """A SAML login that the store began."""

    wanted: Wanted
    relay_state: str


def add_college(session: Session, *domains: str) -> Institution:
    return add_institution(session, "Example College", *(domains or ("example.edu",)))


def register_saml(
    session: Session, settings: Settings, college: Institution, key: CampusKey = KEY
) -> None:
    sso = "https://idp.example.edu/sso"
    metadata = write_metadata(key, entity_id=IDP, sso_url=sso, scopes=["example.edu"])
    draft = SamlDraft(metadata_xml=metadata.decode())
    set_saml(session, settings, college, draft, actor=STAFF)


def start_saml(client: TestClient, college: Institution, *, target: str = "/films") -> Started:
    """Begin a login, and return what the provider has to answer."""
    query = {"institution": college.ref, "next": target}
    answer = client.get("/access/saml/login", params=query)
    assert answer.status_code == 303, answer.text
    sent = parse_qs(urlsplit(answer.headers["location"]).query)
    request_id, acs_url, audience = read_request(sent["SAMLRequest"][0])
    metadata = client.get("/access/saml/metadata").text
    body = metadata.partition("X509Certificate>")[2].partition("</")[0]
    certificate = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    wanted = Wanted(acs_url, audience, certificate, in_response_to=request_id)
    return Started(wanted, sent["RelayState"][0])


@contextmanager
def serve_keys(key: CampusKey = KEY) -> Iterator[str]:
    """Serve the platform's key set; yield its address."""

    async def answer(_: Request) -> JSONResponse:
        return JSONResponse(key_set(key))

    listening = open_socket()
    with run_server(Starlette(routes=[Route("/keys", answer)]), listening):
        yield f"http://127.0.0.1:{get_port(listening)}/keys"


def register_platform(
    session: Session, settings: Settings, college: Institution, keys_url: str
) -> None:
    login_url = f"{ISSUER}/authorize"
    draft = PlatformDraft(ISSUER, "client-1", ["1"], login_url, keys_url)
    add_platform(session, settings, college, draft, actor=STAFF)
