"""Certificates of clients and their private keys, made for a test."""

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

PLAIN, PKCS8, SEC1 = (
    serialization.NoEncryption(),
    serialization.PrivateFormat.PKCS8,
    serialization.PrivateFormat.TraditionalOpenSSL,
)


def certificate_of(key: Any, name: str = "gateway") -> str:
    """A self-signed certificate in PEM, valid on any date of this century."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 7)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def written(key: Any, form: serialization.PrivateFormat = PKCS8, password: Any = PLAIN) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, password).decode()  # type: ignore[no-any-return]
