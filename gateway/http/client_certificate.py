"""The certificate with which the gateway identifies itself to a server (mutual TLS)."""

from __future__ import annotations

import ssl
from tempfile import NamedTemporaryFile


def check_pair(certificate: str, key: str) -> None:
    """Raises `ValueError`, which repeats neither, unless `certificate` (PEM, the gateway's own
    first, then intermediate ones) belongs to the private `key` (PEM, not encrypted)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    try:
        chain = load_pem_x509_certificates(certificate.encode())
    except ValueError:
        raise ValueError("client_certificate: is not a certificate in PEM") from None
    try:
        private = load_pem_private_key(key.encode(), None)
    except TypeError:  # it needs a password
        raise ValueError("client_key: is encrypted; store it without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("client_key: is not a private key in PEM") from None
    if chain[0].public_key() != private.public_key():
        raise ValueError("client_key: does not belong to the first certificate")


def with_client_certificate(certificate: str, key: str) -> ssl.SSLContext:
    """A context that trusts the system's authorities and presents `certificate`.

    OpenSSL reads both from a file only, so there is one that nobody else can read, for a moment.
    """
    context = ssl.create_default_context()
    with NamedTemporaryFile("w", encoding="ascii") as file:  # mode 0600
        file.write(pem(certificate, key))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def pem(certificate: str, key: str) -> str:
    """Both in one text."""
    return f"{certificate}\n{key}\n"
