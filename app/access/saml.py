"""SAML 2.0 (docs/decisions/0039): the one module that knows python3-saml and xmlsec.

Where their libraries do not fit together, SAML is off and ``find_problem`` says why.
"""
# ruff: noqa: PLC0415 - they take a fifth of a second to load, and few requests need them

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from lxml import etree

from app.access.decisions import Affiliation
from app.access.errors import TRY_AGAIN, LoginRefusedError
from app.core import clock
from app.core.config import Settings

METADATA_PATH, LOGIN_PATH, ACS_PATH = (
    "/access/saml/metadata",
    "/access/saml/login",
    "/access/saml/acs",
)
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
ENTITLEMENT = "urn:mace:dir:entitlement:common-lib-terms"
ENTITLEMENTS = ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "eduPersonEntitlement")
AFFILIATIONS = ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "eduPersonScopedAffiliation")
# Of eduPerson: those whom licenses mean by students, faculty, and staff.
MEMBER_VALUES = frozenset({"member", "student", "faculty", "staff", "employee"})
WALK_IN_VALUE = "library-walk-in"
# An assertion is kept this long after its end: clocks may differ by five minutes.
CLOCK_SKEW = timedelta(minutes=5)
MAX_SCOPES = 50
NOT_VALID = f"The login from your institution could not be verified. {TRY_AGAIN}"
MAX_ENTITY_ID_LENGTH = 500


@dataclass(frozen=True, slots=True)
class IdpMetadata:
    """What the metadata of an identity provider says."""

    entity_id: str
    scopes: list[str]
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The store's key and certificate, as PEM."""

    private_key: str
    certificate: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an accepted assertion says. It names no person."""

    id: str
    issuer: str
    ends_at: datetime
    affiliation: Affiliation


class MetadataError(ValueError):
    """Metadata that cannot be used; the message is a sentence for its author."""


@cache
def find_problem() -> str:
    """Return why SAML is off on this machine; empty if it works."""
    try:
        import xmlsec
        from onelogin.saml2 import auth

        # Both must carry one libxml2, else every call raises.
        xmlsec.tree.add_ids(etree.fromstring("<a ID='b'/>"), ["ID"])
    except Exception as error:  # noqa: BLE001 - a library that does not load may raise anything
        return f"SAML is off: xmlsec and lxml do not fit together ({type(error).__name__})."
    return "" if auth else "SAML is off."


def write_metadata(settings: Settings, keys: KeyPair) -> bytes:
    """Return the store's own metadata, for the identity provider."""
    from onelogin.saml2.metadata import OneLogin_Saml2_Metadata as Metadata
    from onelogin.saml2.settings import OneLogin_Saml2_Settings as SamlSettings

    service = SamlSettings(_own_settings(settings, keys), sp_validation_only=True)
    text = Metadata.builder(
        service.get_sp_data(), authnsign=False, wsign=True, valid_until=None, cache_duration=None
    )
    return bytes(_as_bytes(Metadata.add_x509_key_descriptors(text, _body(keys.certificate))))


def read_metadata(xml: bytes, *, entity_id: str = "", certificate: str = "") -> IdpMetadata:
    """Return what one provider's metadata says. A signature is checked on the bytes as they came.

    Raises:
        MetadataError: it is not metadata of this provider, is not signed with ``certificate``, or
            has ended.
    """
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser

    root = _parse(xml)
    entity = _find_entity(root, entity_id)
    found = entity.get("entityID") or ""
    if not found or "'" in found or len(found) > MAX_ENTITY_ID_LENGTH:
        msg = "The metadata names no usable entityID."
        raise MetadataError(msg)
    if certificate:
        _check_signature(xml, root, certificate)
    ends = [_read_time(each) for each in (root.get("validUntil"), entity.get("validUntil")) if each]
    if any(end <= clock.now() for end in ends):
        msg = "The metadata has ended (validUntil). Enter a newer one."
        raise MetadataError(msg)
    try:
        provider = Parser.parse(xml, entity_id=found).get("idp", {})
    except Exception as error:
        msg = "The metadata cannot be read."
        raise MetadataError(msg) from error
    has_key = provider.get("x509cert") or provider.get("x509certMulti")
    login = provider.get("singleSignOnService", {})
    if not has_key or login.get("binding") != REDIRECT:
        msg = "The metadata has no signing certificate, or no login with HTTP-Redirect."
        raise MetadataError(msg)
    scopes = entity.xpath("./*/*[local-name()='Extensions']/*[local-name()='Scope']") + (
        entity.xpath("./*[local-name()='Extensions']/*[local-name()='Scope']")
    )
    names = {
        (each.text or "").strip().lower()
        for each in scopes
        # A pattern could match the whole world.
        if each.get("regexp", "false") in {"false", "0"}
    }
    return IdpMetadata(found, sorted(filter(None, names))[:MAX_SCOPES], min(ends, default=None))


def start_login(
    settings: Settings, keys: KeyPair, metadata_xml: str, *, entity_id: str, relay_state: str
) -> tuple[str, str]:
    """Return the provider's address to send the browser to, and the id of the request."""
    auth = _auth(settings, keys, metadata_xml, entity_id, post={})
    url = auth.login(return_to=relay_state, set_nameid_policy=False)
    return str(url), str(auth.get_last_request_id())


def read_response(
    settings: Settings,
    keys: KeyPair,
    metadata_xml: str,
    response: str,
    *,
    entity_id: str,
    scopes: Iterable[str],
    request_id: str | None,
) -> Assertion:
    """Return what the assertion in a response says, if it can be trusted.

    Without ``request_id`` any request may have asked for it: staff test an assertion so.

    Raises:
        LoginRefusedError: it cannot, or does not say that the person belongs to the institution.
    """
    auth = _auth(settings, keys, metadata_xml, entity_id, post={"SAMLResponse": response})
    try:
        auth.process_response(request_id=request_id)
        errors = auth.get_errors()
        reason = str(auth.get_last_error_reason() or "")
    except Exception as error:  # noqa: BLE001 - of what strangers send
        errors, reason = ["invalid_response"], str(error)
    if request_id is not None and auth.get_last_response_in_response_to() != request_id:
        # The library lets an answer pass that names no request.
        errors, reason = errors or ["no_request"], reason or "InResponseTo"
    if errors or not auth.is_authenticated():
        raise LoginRefusedError(NOT_VALID, code=_code_of(reason))
    affiliation = find_affiliation(auth.get_attributes(), scopes)
    if affiliation is None:
        detail = (
            "Your institution did not say that you are a student, on the faculty, or on the staff. "
            "Ask your library."
        )
        raise LoginRefusedError(detail, code="affiliation")
    ends = auth.get_last_assertion_not_on_or_after()
    ends_at = datetime.fromtimestamp(ends, UTC) if ends else clock.now() + timedelta(days=1)
    return Assertion(
        str(auth.get_last_assertion_id()), entity_id, ends_at + CLOCK_SKEW, affiliation
    )


def find_affiliation(
    attributes: Mapping[str, list[str]], scopes: Iterable[str]
) -> Affiliation | None:
    """Return what a person is, by their attributes; None if nothing says so.

    A scoped affiliation counts only if the provider's metadata lists its scope.
    """
    known = {scope.lower() for scope in scopes}
    if any(ENTITLEMENT in attributes.get(name, []) for name in ENTITLEMENTS):
        return Affiliation.MEMBER
    values = set()
    for value in (each for name in AFFILIATIONS for each in attributes.get(name, [])):
        kind, _, scope = value.strip().lower().partition("@")
        if scope in known:
            values.add(kind)
    if values & MEMBER_VALUES:
        return Affiliation.MEMBER
    return Affiliation.WALK_IN if WALK_IN_VALUE in values else None


def _code_of(reason: str) -> str:
    """Return a short code for a refusal of the library, which keeps its words to itself."""
    for pattern, code in (
        ("(?i)audience", "audience"),
        ("(?i)InResponseTo", "request"),
        ("(?i)timestamp|expired|SubjectConfirmation", "time"),
        ("(?i)decrypt|encrypt", "encryption"),
        ("(?i)issuer", "issuer"),
        ("(?i)status code", "status"),
        ("(?i)destination|received at", "destination"),
    ):
        if re.search(pattern, reason):
            return code
    return "signature"


def _own_settings(settings: Settings, keys: KeyPair) -> dict[str, Any]:
    return {
        "strict": True,
        "sp": {
            "entityId": settings.url(METADATA_PATH),
            "assertionConsumerService": {"url": settings.url(ACS_PATH), "binding": POST},
            "NameIDFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            "x509cert": _body(keys.certificate),
            "privateKey": keys.private_key,
        },
        "security": {
            "wantAssertionsSigned": True,
            "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False,
            "wantNameId": False,
            "wantAttributeStatement": False,
            "authnRequestsSigned": False,
        },
    }


def _auth(
    settings: Settings, keys: KeyPair, metadata_xml: str, entity_id: str, *, post: dict[str, str]
) -> Any:  # noqa: ANN401 - the library has no types
    from onelogin.saml2.auth import OneLogin_Saml2_Auth as Auth
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser

    provider = Parser.parse(metadata_xml.encode(), entity_id=entity_id)
    own = _own_settings(settings, keys) | {"idp": provider.get("idp", {})}
    base = settings.base_url
    port = "" if base.port in {80, 443, None} else f":{base.port}"
    request = {
        "https": "on" if base.scheme == "https" else "off",
        "http_host": f"{base.host}{port}",
        "script_name": ACS_PATH,
        "get_data": {},
        "post_data": post,
    }
    return Auth(request, own)


def _parse(xml: bytes) -> Any:  # noqa: ANN401 - lxml has no types
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        msg = "The metadata is not XML."
        raise MetadataError(msg) from error
    if root.getroottree().docinfo.internalDTD is not None:
        msg = "The metadata must not declare a document type."
        raise MetadataError(msg)
    return root


def _find_entity(root: Any, entity_id: str) -> Any:  # noqa: ANN401
    entities = root.xpath("descendant-or-self::*[local-name()='EntityDescriptor']")
    wanted = [each for each in entities if not entity_id or each.get("entityID") == entity_id]
    if len(wanted) != 1:
        msg = (
            f"The metadata does not name {entity_id}."
            if entity_id
            else "The metadata must be that of one identity provider."
        )
        raise MetadataError(msg)
    return wanted[0]


def _check_signature(xml: bytes, root: Any, certificate: str) -> None:  # noqa: ANN401
    from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

    # The library checks what is signed; that it is the whole document is checked here.
    uris = root.xpath("./*[local-name()='Signature']//*[local-name()='Reference']/@URI")
    methods = root.xpath(
        "./*[local-name()='Signature']//*[local-name()='SignatureMethod']/@Algorithm"
    )
    is_whole = uris in ([""], [f"#{root.get('ID')}"])
    try:
        is_signed = (
            is_whole
            and not any(method.endswith("sha1") for method in methods)
            and Utils.validate_metadata_sign(xml, cert=Utils.format_cert(_body(certificate)))
        )
    except Exception:  # noqa: BLE001 - of what strangers send
        is_signed = False
    if not is_signed:
        msg = "The metadata is not signed with the certificate that was entered."
        raise MetadataError(msg)


def _read_time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        msg = "The metadata names no readable end (validUntil)."
        raise MetadataError(msg) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _body(certificate: str) -> str:
    """Return a certificate without the lines around it."""
    return "".join(re.sub(r"-----[A-Z ]+-----", "", certificate).split())


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
