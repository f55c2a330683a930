"""SAML: what is accepted, and each refusal."""

import base64
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.access import saml
from app.access.decisions import Affiliation
from app.access.errors import LoginRefusedError
from app.access.keys import make_pair
from app.access.saml import Assertion, KeyPair, MetadataError
from app.core import clock
from app.core.config import Settings
from campus_sandbox.keys import CampusKey, make_key
from campus_sandbox.saml import (
    ENTITLEMENT,
    SCOPED_AFFILIATION,
    Wanted,
    build_response,
    read_request,
    write_metadata,
)

IDP = "https://idp.example.edu/shibboleth"
STUDENT = {SCOPED_AFFILIATION: ["student@example.edu"]}
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return KeyPair(*make_pair("test"))


@pytest.fixture(scope="module")
def campus() -> CampusKey:
    return make_key()


@pytest.fixture(scope="module")
def metadata(campus: CampusKey) -> str:
    return write_metadata(
        campus, entity_id=IDP, sso_url="https://idp.example.edu/sso", scopes=["example.edu"]
    ).decode()


@pytest.fixture
def wanted(plain_settings: Settings, keys: KeyPair) -> Wanted:
    return Wanted(
        acs_url=plain_settings.url(saml.ACS_PATH),
        audience=plain_settings.url(saml.METADATA_PATH),
        certificate=keys.certificate,
        in_response_to="_request",
    )


def read(
    settings: Settings, keys: KeyPair, metadata: str, response: str, **changed: object
) -> Assertion:
    facts: dict[str, object] = {
        "entity_id": IDP,
        "scopes": ["example.edu"],
        "request_id": "_request",
    }
    return saml.read_response(settings, keys, metadata, response, **(facts | changed))  # type: ignore[arg-type]


def test_find_problem_with_these_libraries_is_none() -> None:
    assert saml.find_problem() == ""


@pytest.mark.parametrize("cipher", ["aes256-gcm", "aes128-gcm", "aes256-cbc", ""])
def test_read_response_signed_and_encrypted_is_accepted(
    *,
    plain_settings: Settings,
    keys: KeyPair,
    campus: CampusKey,
    metadata: str,
    wanted: Wanted,
    cipher: str,
) -> None:
    answer = replace(wanted, cipher=cipher) if cipher else replace(wanted, certificate="")
    response = build_response(campus, IDP, answer, STUDENT)
    found = read(plain_settings, keys, metadata, response)
    assert found.affiliation == Affiliation.MEMBER
    assert found.issuer == IDP
    assert found.id.startswith("_")
    assert timedelta(minutes=9) < found.ends_at - clock.now() < timedelta(minutes=11)


REFUSALS: list[tuple[str, dict[str, object], str]] = [
    ("not signed", {"is_signed": False}, "signature"),
    ("not signed nor encrypted", {"is_signed": False, "certificate": ""}, "signature"),
    ("SHA-1", {"is_sha1": True}, "signature"),
    ("another request", {"in_response_to": "_other"}, "request"),
    ("no request", {"in_response_to": ""}, "request"),
    ("another audience", {"audience": "https://other.example.org/sp"}, "audience"),
    ("another issuer", {"issuer": "https://evil.example.org/idp"}, "issuer"),
    ("another destination", {"acs_url": "https://other.example.org/acs"}, "destination"),
    ("ended", {"lifetime": timedelta(minutes=-6)}, "time"),
    ("clock ahead by six minutes", {"shift": timedelta(minutes=6)}, "time"),
    ("clock behind by eleven minutes", {"shift": timedelta(minutes=-11)}, "time"),
]


@pytest.mark.parametrize(
    ("changed", "code"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_read_response_with_one_fault_is_refused(
    *,
    plain_settings: Settings,
    keys: KeyPair,
    campus: CampusKey,
    metadata: str,
    wanted: Wanted,
    changed: dict[str, object],
    code: str,
) -> None:
    answer = replace(wanted, **changed)  # type: ignore[arg-type]
    response = build_response(campus, IDP, answer, STUDENT)
    with pytest.raises(LoginRefusedError) as caught:
        read(plain_settings, keys, metadata, response)
    assert caught.value.code == code


@pytest.mark.parametrize("minutes", [4, -4])
def test_read_response_of_a_clock_within_five_minutes_is_accepted(
    *,
    plain_settings: Settings,
    keys: KeyPair,
    campus: CampusKey,
    metadata: str,
    wanted: Wanted,
    minutes: int,
) -> None:
    answer = replace(wanted, shift=timedelta(minutes=minutes))
    found = read(plain_settings, keys, metadata, build_response(campus, IDP, answer, STUDENT))
    assert found.affiliation == Affiliation.MEMBER


def test_read_response_of_another_key_altered_or_wrapped_is_refused(
    plain_settings: Settings, keys: KeyPair, campus: CampusKey, metadata: str, wanted: Wanted
) -> None:
    plain = replace(wanted, certificate="")
    good = base64.b64decode(build_response(campus, IDP, plain, STUDENT))
    evil = good.replace(b"student@", b"faculty@")
    # The signed assertion moves aside, and an unsigned one takes its place (wrapping).
    start, end = good.index(b"<saml:Assertion"), good.index(b"</samlp:Response>")
    signed = good[start:end]
    forged = signed.replace(b'ID="_', b'ID="_x', 1).replace(b"student@", b"faculty@")
    cut = forged.index(b"<ds:Signature"), forged.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    unsigned = forged[: cut[0]] + forged[cut[1] :]
    aside = b"<samlp:Extensions>" + signed + b"</samlp:Extensions>"
    wrapped = good[:start] + unsigned + aside + good[end:]
    two = good[:start] + unsigned + signed + good[end:]
    for body in (evil, wrapped, two, b"<a/>", b"", b"\xff"):
        with pytest.raises(LoginRefusedError):
            read(plain_settings, keys, metadata, base64.b64encode(body).decode())
    with pytest.raises(LoginRefusedError):
        read(plain_settings, keys, metadata, build_response(make_key(), IDP, wanted, STUDENT))
    with pytest.raises(LoginRefusedError):
        read(plain_settings, keys, metadata, "not base64 at all")


@pytest.mark.parametrize(
    ("attributes", "affiliation"),
    [
        ({SCOPED_AFFILIATION: ["member@example.edu"]}, Affiliation.MEMBER),
        ({SCOPED_AFFILIATION: ["STAFF@Example.EDU"]}, Affiliation.MEMBER),
        ({"eduPersonScopedAffiliation": ["faculty@example.edu"]}, Affiliation.MEMBER),
        ({SCOPED_AFFILIATION: ["library-walk-in@example.edu"]}, Affiliation.WALK_IN),
        ({ENTITLEMENT: [saml.ENTITLEMENT]}, Affiliation.MEMBER),
        ({SCOPED_AFFILIATION: ["alum@example.edu"]}, None),
        ({SCOPED_AFFILIATION: ["member@other.edu"]}, None),
        ({SCOPED_AFFILIATION: ["member@sub.example.edu"]}, None),
        ({SCOPED_AFFILIATION: ["member@example.edu.evil.org"]}, None),
        ({SCOPED_AFFILIATION: ["member"]}, None),
        ({SCOPED_AFFILIATION: ["member@"]}, None),
        ({"urn:oid:1.2.3": ["member@example.edu"]}, None),
        ({}, None),
    ],
)
def test_find_affiliation_by_attributes_counts_only_known_scopes(
    attributes: dict[str, list[str]], affiliation: Affiliation | None
) -> None:
    assert saml.find_affiliation(attributes, ["example.edu"]) == affiliation


def test_read_response_of_scope_not_in_metadata_is_refused(
    plain_settings: Settings, keys: KeyPair, campus: CampusKey, metadata: str, wanted: Wanted
) -> None:
    other = {SCOPED_AFFILIATION: ["student@other.edu"]}
    with pytest.raises(LoginRefusedError) as caught:
        read(plain_settings, keys, metadata, build_response(campus, IDP, wanted, other))
    assert caught.value.code == "affiliation"


def test_read_metadata_signed_is_verified_to_the_byte(campus: CampusKey) -> None:
    end = clock.now() + timedelta(days=7)
    sso = "https://idp.example.edu/sso"
    scopes = ["example.edu", "example.org"]
    signed = write_metadata(
        campus, entity_id=IDP, sso_url=sso, scopes=scopes, valid_until=end, is_signed=True
    )
    unsigned = write_metadata(campus, entity_id=IDP, sso_url=sso, scopes=scopes)
    found = saml.read_metadata(signed, entity_id=IDP, certificate=campus.certificate)
    assert found.scopes == scopes
    assert found.valid_until is not None
    assert abs(found.valid_until - end) < timedelta(seconds=1)
    for body, certificate, part in (
        (signed.replace(b">example.org<", b">example.com<"), campus.certificate, "not signed"),
        (signed, make_key().certificate, "not signed"),
        (unsigned, campus.certificate, "not signed"),
    ):
        with pytest.raises(MetadataError, match=part):
            saml.read_metadata(body, entity_id=IDP, certificate=certificate)


def test_read_metadata_that_cannot_be_used_is_refused(campus: CampusKey) -> None:
    sso = "https://idp.example.edu/sso"
    past = write_metadata(
        campus,
        entity_id=IDP,
        sso_url=sso,
        scopes=[],
        valid_until=clock.now() - timedelta(seconds=1),
    )
    good = write_metadata(campus, entity_id=IDP, sso_url=sso, scopes=[])
    dtd = b'<!DOCTYPE a [<!ENTITY e "x">]>' + good
    for body, part in (
        (past, "has ended"),
        (dtd, "document type"),
        (b"<html/>", "does not name"),
        (b"nothing", "not XML"),
        (good.replace(b"HTTP-Redirect", b"HTTP-Artifact"), "no login with"),
    ):
        with pytest.raises(MetadataError, match=part):
            saml.read_metadata(body, entity_id=IDP)
    with pytest.raises(MetadataError, match="does not name https://other"):
        saml.read_metadata(good, entity_id="https://other.example.edu/idp")


def test_start_login_asks_for_an_answer_here(
    plain_settings: Settings, keys: KeyPair, metadata: str
) -> None:
    url, request_id = saml.start_login(
        plain_settings, keys, metadata, entity_id=IDP, relay_state="secret"
    )
    assert url.startswith("https://idp.example.edu/sso?SAMLRequest=")
    query = parse_qs(urlsplit(url).query)
    assert query["RelayState"] == ["secret"]
    assert read_request(query["SAMLRequest"][0]) == (
        request_id,
        plain_settings.url(saml.ACS_PATH),
        plain_settings.url(saml.METADATA_PATH),
    )


def test_write_metadata_names_the_store_and_its_key(
    plain_settings: Settings, keys: KeyPair
) -> None:
    text = saml.write_metadata(plain_settings, keys).decode()
    assert plain_settings.url(saml.ACS_PATH) in text
    assert 'WantAssertionsSigned="true"' in text
    assert text.count("KeyDescriptor use=") == 2
