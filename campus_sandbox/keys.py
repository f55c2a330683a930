"""The campus's key, kept in a file so that a restart changes nothing."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class CampusKey:
    """A private key and its certificate, as PEM."""

    private_key: str
    certificate: str

    @property
    def body(self) -> str:
        """Return the certificate as metadata has it: without the lines around it."""
        return "".join(self.certificate.splitlines()[1:-1])


def make_key() -> CampusKey:
    """Return a new key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "campus sandbox")])
    now = datetime.fromtimestamp(time.time(), UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private_key = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return CampusKey(
        private_key.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
    )


def load_key(path: Path) -> CampusKey:
    """Return the key of the file, which is made if it is missing."""
    if not path.exists():
        made = make_key()
        path.touch(mode=0o600)
        path.write_text(made.private_key + made.certificate)
    text = path.read_text()
    cut = text.index("-----BEGIN CERTIFICATE")
    return CampusKey(text[:cut], text[cut:])
