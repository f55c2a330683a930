"""A SAML 2.0 identity provider: its metadata, and signed and encrypted answers."""

import base64
import secrets
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import xmlsec
from lxml import etree

from campus_sandbox.keys import CampusKey

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SCOPED_AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"
ENTITLEMENT = "urn:oid:1.3.6.1.4.1.5923.1.1.1.7"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a service asked for, and how to answer it. Tests change one field at a time."""

    acs_url: str
    audience: str
    certificate: str = ""
    """Of the service, PEM; empty: the assertion is not encrypted."""
    in_response_to: str = ""
    assertion_id: str = ""
    lifetime: timedelta = timedelta(minutes=5)
    shift: timedelta = timedelta(0)
    """How far the campus's clock is ahead."""
    is_signed: bool = True
    is_sha1: bool = False
    issuer: str = ""
    cipher: str = "aes256-gcm"


def write_metadata(
    key: CampusKey,
    *,
    entity_id: str,
    sso_url: str,
    scopes: Sequence[str],
    valid_until: datetime | None = None,
    is_signed: bool = False,
) -> bytes:
    """Return the provider's metadata."""
    end = f' validUntil="{_time(valid_until)}"' if valid_until else ""
    listed = "".join(
        f'<shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">{scope}'
        "</shibmd:Scope>"
        for scope in scopes
    )
    text = (
        f'<md:EntityDescriptor xmlns:md="{METADATA}" ID="_metadata" entityID="{entity_id}"{end}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">'
        f"<md:Extensions>{listed}</md:Extensions>"
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DSIG}"><ds:X509Data>'
        f"<ds:X509Certificate>{key.body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</md:KeyDescriptor>"
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        f'Location="{sso_url}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )
    root = etree.fromstring(text.encode())
    if is_signed:
        _sign(root, key, position=0)
    return bytes(etree.tostring(root))


def read_request(packed: str) -> tuple[str, str, str]:
    """Return the id of a request, where it wants its answer, and who sent it."""
    root = etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))
    issuer = root.findtext(f"{{{ASSERTION}}}Issuer") or ""
    return root.get("ID", ""), root.get("AssertionConsumerServiceURL", ""), issuer


def build_response(
    key: CampusKey, entity_id: str, wanted: Wanted, attributes: Mapping[str, Sequence[str]]
) -> str:
    """Return an answer as a form sends it."""
    now = datetime.fromtimestamp(time.time(), UTC) + wanted.shift
    issuer = wanted.issuer or entity_id
    request = f' InResponseTo="{wanted.in_response_to}"' if wanted.in_response_to else ""
    values = "".join(
        f'<saml:Attribute Name="{name}" '
        'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">'
        + "".join(f"<saml:AttributeValue>{each}</saml:AttributeValue>" for each in each_of)
        + "</saml:Attribute>"
        for name, each_of in attributes.items()
    )
    end = _time(now + wanted.lifetime)
    text = (
        f'<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="{_new_id()}" '
        f'Version="2.0" IssueInstant="{_time(now)}" Destination="{wanted.acs_url}"{request}>'
        f"<saml:Issuer>{issuer}</saml:Issuer><samlp:Status><samlp:StatusCode "
        'Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f'<saml:Assertion ID="{wanted.assertion_id or _new_id()}" Version="2.0" '
        f'IssueInstant="{_time(now)}"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData{request} NotOnOrAfter="{end}" '
        f'Recipient="{wanted.acs_url}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{_time(now)}" NotOnOrAfter="{end}">'
        f"<saml:AudienceRestriction><saml:Audience>{wanted.audience}</saml:Audience>"
        "</saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{_time(now)}"><saml:AuthnContext>'
        "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        f"<saml:AttributeStatement>{values}</saml:AttributeStatement>"
        "</saml:Assertion></samlp:Response>"
    )
    root = etree.fromstring(text.encode())
    assertion = root.find(f"{{{ASSERTION}}}Assertion")
    if wanted.is_signed:
        _sign(assertion, key, position=1, is_sha1=wanted.is_sha1)
    if wanted.certificate:
        _encrypt(root, assertion, wanted.certificate, wanted.cipher)
    return base64.b64encode(etree.tostring(root)).decode()


def _sign(node: Any, key: CampusKey, *, position: int, is_sha1: bool = False) -> None:  # noqa: ANN401
    constants = xmlsec.constants
    method = constants.TransformRsaSha1 if is_sha1 else constants.TransformRsaSha256
    digest = constants.TransformSha1 if is_sha1 else constants.TransformSha256
    signature = xmlsec.template.create(node, constants.TransformExclC14N, method, ns="ds")
    node.insert(position, signature)
    xmlsec.tree.add_ids(node, ["ID"])
    reference = xmlsec.template.add_reference(signature, digest, uri=f"#{node.get('ID')}")
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    info = xmlsec.template.ensure_key_info(signature)
    xmlsec.template.add_x509_data(info)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private_key, constants.KeyDataFormatPem, None)
    context.key.load_cert_from_memory(key.certificate, constants.KeyDataFormatPem)
    context.sign(signature)


def _encrypt(root: Any, assertion: Any, certificate: str, cipher: str) -> None:  # noqa: ANN401
    constants = xmlsec.constants
    transform, bits = {
        "aes256-gcm": (constants.TransformAes256Gcm, 256),
        "aes128-gcm": (constants.TransformAes128Gcm, 128),
        "aes256-cbc": (constants.TransformAes256Cbc, 256),
    }[cipher]
    wrapper = etree.SubElement(root, f"{{{ASSERTION}}}EncryptedAssertion")
    root.remove(assertion)
    wrapper.append(assertion)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(certificate, constants.KeyDataFormatCertPem, None))
    data = xmlsec.template.encrypted_data_create(
        wrapper, transform, type=constants.TypeEncElement, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="dsig")
    wrapped = xmlsec.template.add_encrypted_key(info, constants.TransformRsaOaep)
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(constants.KeyDataAes, bits, constants.KeyDataTypeSession)
    context.encrypt_xml(data, assertion)


def _new_id() -> str:
    return f"_{secrets.token_hex(16)}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
