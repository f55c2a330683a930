"""The store's own keys for SAML and LTI, made when they are first needed."""

from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import AccessKey
from app.core import clock
from app.core.db import insert_ignore

SAML, LTI = "saml", "lti"
KEY_BITS: Final = 2048
# Campuses copy the certificate by hand, so it does not end often.
LIFETIME = timedelta(days=3650)


def find_key(session: Session, purpose: str) -> AccessKey | None:
    """Return the key of this purpose, if it was made."""
    return session.scalar(select(AccessKey).where(AccessKey.purpose == purpose))


def get_key(session: Session, purpose: str) -> AccessKey:
    """Return the key of this purpose. The first caller makes it; of two at once one does."""
    found = find_key(session, purpose)
    if found is None:
        private_key, certificate = make_pair(f"reelright {purpose}")
        values = {"purpose": purpose, "private_key": private_key, "certificate": certificate}
        insert_ignore(session, AccessKey, values, index_elements=["purpose"])
        found = session.scalars(select(AccessKey).where(AccessKey.purpose == purpose)).one()
    return found


def make_pair(name: str) -> tuple[str, str]:
    """Return a new private key and its self-signed certificate, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    private_key = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private_key.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
