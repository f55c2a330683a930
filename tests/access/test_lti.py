"""LTI 1.3: launches and deep links, and each refusal."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.claims import CLAIM_COOKIE
from app.access.models import AccessRefusal
from app.core.config import Settings
from app.institutions.models import Institution
from campus_sandbox.keys import make_key
from campus_sandbox.tokens import DEEP_LINK, LTI, launch_claims, sign_token
from tests.access.campus import ISSUER, KEY, add_college, register_platform, serve_keys

CLIP = "http://127.0.0.1:8000/watch/the-red-soul?t=60,120"


@pytest.fixture
def college(session: Session, settings: Settings, client: TestClient) -> Iterator[Institution]:
    del client
    with serve_keys() as keys_url:
        made = add_college(session)
        register_platform(session, settings, made, keys_url)
        session.commit()
        yield made


def begin(client: TestClient, **changed: str) -> dict[str, str]:
    """Begin a launch, and return what the platform is asked."""
    sent = {
        "iss": ISSUER,
        "client_id": "client-1",
        "login_hint": "x",
        "lti_message_hint": "m",
        "target_link_uri": CLIP,
    }
    answer = client.post("/access/lti/login", data=sent | changed)
    assert answer.status_code == 303, answer.text
    url = urlsplit(answer.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/authorize"
    return {name: values[0] for name, values in parse_qs(url.query).items()}


def claims_for(asked: dict[str, str], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    facts = {"deployment": "1", "target": CLIP, "client_id": "client-1", "issuer": ISSUER}
    return launch_claims(nonce=asked["nonce"], **(facts | more))


def launch(client: TestClient, asked: dict[str, str], token: str, **headers: str) -> Any:  # noqa: ANN401
    form = {"id_token": token, "state": asked["state"]}
    cross_site = {"origin": ISSUER, "sec-fetch-site": "cross-site"}
    return client.post("/access/lti/launch", data=form, headers=cross_site | headers)


@pytest.mark.usefixtures("college")
def test_lti_launch_opens_the_clip(client: TestClient) -> None:
    asked = begin(client)
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/access/lti/launch"
    assert (asked["response_mode"], asked["prompt"]) == ("form_post", "none")
    done = launch(client, asked, sign_token(KEY, claims_for(asked)))
    assert (done.status_code, done.headers["location"]) == (303, "/watch/the-red-soul?t=60,120")
    assert CLAIM_COOKIE in client.cookies


@pytest.mark.usefixtures("college")
def test_lti_launch_in_a_frame_carries_its_proof(client: TestClient) -> None:
    asked = begin(client)
    token = sign_token(KEY, claims_for(asked))
    done = launch(client, asked, token, **{"sec-fetch-dest": "iframe"})
    location = done.headers["location"]
    assert re.fullmatch(r"/watch/the-red-soul/embed\?t=60,120&launch=[0-9a-f]+\.[\w-]+", location)


@pytest.mark.usefixtures("college")
def test_lti_launch_replayed_is_refused(client: TestClient) -> None:
    asked = begin(client)
    token = sign_token(KEY, claims_for(asked))
    assert launch(client, asked, token).status_code == 303
    assert launch(client, asked, token).status_code == 403
    # In a second login its nonce is another one.
    assert launch(client, begin(client), token).status_code == 403


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("another platform", {"iss": "https://evil.example.org"}, "issuer"),
    ("another tool", {"aud": "client-2"}, "audience"),
    ("two tools", {"aud": ["client-1", "client-2"]}, "audience"),
    ("another nonce", {"nonce": "x"}, "nonce"),
    ("no nonce", {"nonce": None}, "nonce"),
    ("ended", {"exp": 1_700_000_000}, "time"),
    ("no end", {"exp": "soon"}, "time"),
    ("from the future", {"iat": 4_000_000_000}, "time"),
    ("unknown deployment", {f"{LTI}deployment_id": "2"}, "deployment"),
    ("no deployment", {f"{LTI}deployment_id": None}, "deployment"),
    ("another message", {f"{LTI}message_type": "LtiSubmissionReviewRequest"}, "message"),
    ("another version", {f"{LTI}version": "1.1"}, "message"),
    ("another site", {f"{LTI}target_link_uri": "https://evil.example.org/watch/x"}, "target"),
    ("like our site", {f"{LTI}target_link_uri": "http://127.0.0.1:8000.evil.org/"}, "target"),
    ("two slashes", {f"{LTI}target_link_uri": "http://127.0.0.1:8000//evil.org/"}, "target"),
]


@pytest.mark.parametrize(
    ("changed", "code"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
@pytest.mark.usefixtures("college")
def test_lti_launch_with_one_fault_is_refused_and_counted(
    client: TestClient, session: Session, changed: dict[str, Any], code: str
) -> None:
    asked = begin(client)
    refused = launch(client, asked, sign_token(KEY, claims_for(asked) | changed))
    assert refused.status_code == 403
    assert CLAIM_COOKIE not in client.cookies
    assert session.scalars(select(AccessRefusal.reason)).all() == [code]


@pytest.mark.usefixtures("college")
def test_lti_launch_unsigned_altered_or_of_another_key_is_refused(client: TestClient) -> None:
    header = "eyJhbGciOiJub25lIn0"
    # The public key as a shared secret.
    secret = OctKey.import_key(KEY.certificate.encode().hex())
    for make in (
        lambda claims: sign_token(make_key(), claims),
        lambda claims: f"{header}.{sign_token(KEY, claims).split('.')[1]}.",
        lambda claims: sign_token(KEY, claims)[:-6] + "AAAAAA",
        lambda claims: jwt.encode({"alg": "HS256"}, claims, secret),
        lambda _: "",
        lambda _: "a.b.c",
    ):
        asked = begin(client)
        assert launch(client, asked, make(claims_for(asked))).status_code == 403  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("college")
def test_lti_login_of_unknown_platform_or_site_is_refused(client: TestClient) -> None:
    sent = {"iss": ISSUER, "client_id": "client-1", "login_hint": "x", "target_link_uri": CLIP}
    for changed in (
        {"iss": "https://other.example.org"},
        {"client_id": "client-2"},
        {"target_link_uri": "https://evil.example.org/watch/x"},
        {"target_link_uri": ""},
    ):
        assert client.post("/access/lti/login", data=sent | changed).status_code == 403
    # One client: its name may be left out, and the login may come by link.
    assert client.get("/access/lti/login", params=sent | {"client_id": ""}).status_code == 303


@pytest.mark.seeded
def test_lti_deep_link_puts_a_clip_into_the_course(
    client: TestClient, session: Session, settings: Settings
) -> None:
    with serve_keys() as keys_url:
        register_platform(session, settings, add_college(session, "deep.example.edu"), keys_url)
        session.commit()
        asked = begin(client)
        claims = claims_for(asked, return_url="https://lms.example.edu/items")
        page = launch(client, asked, sign_token(KEY, claims))
    assert page.status_code == 200
    assert f"frame-ancestors 'self' {ISSUER}" in page.headers["content-security-policy"]
    context = re.search(r'name="context" value="([^"]+)"', page.text)
    assert context is not None
    form = {"context": context[1], "film": "the-red-soul", "starts": "1:00", "ends": "0:30"}
    assert "a start before the end" in client.post("/access/lti/choose", data=form).text
    assert client.post("/access/lti/choose", data=form | {"context": "x"}).status_code == 403
    no_film = client.post("/access/lti/choose", data=form | {"film": "No such film"})
    assert (no_film.status_code, "Enter the title" in no_film.text) == (422, True)
    page = client.post("/access/lti/choose", data=form | {"film": "The Red Soul", "ends": "2:00"})
    assert page.status_code == 200
    assert "form-action 'self' https://lms.example.edu" in page.headers["content-security-policy"]
    token = re.search(r'name="JWT" value="([^"]+)"', page.text)
    assert token is not None
    keys = KeySet.import_key_set(client.get("/access/lti/keys").json())
    answer = jwt.decode(token[1], keys, algorithms=["RS256"]).claims
    assert (answer["iss"], answer["aud"]) == ("client-1", ISSUER)
    assert answer[f"{DEEP_LINK}data"] == claims[f"{DEEP_LINK}deep_linking_settings"]["data"]
    (item,) = answer[f"{DEEP_LINK}content_items"]
    assert item == {"type": "ltiResourceLink", "title": "The Red Soul", "url": CLIP}
