"""The certificate with which the gateway identifies itself to a server (mutual TLS).

cryptography is imported where it is used: every process imports this module, and few have such a
certificate.
"""

from __future__ import annotations

import re
import ssl
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def check_pair(certificate: str, key: str, carrier: str) -> None:
    """Raises `ValueError`, which repeats neither, unless `certificate` (PEM, the gateway's own
    first, then intermediate ones) belongs to the private `key` (PEM, not encrypted), and `carrier`
    can use them."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        first = _chain(certificate)[0]
        public = first.public_key()
    except ValueError:
        raise ValueError("client_certificate: is not a certificate in PEM") from None
    except UnsupportedAlgorithm:
        raise ValueError("client_certificate: has a key of an unsupported type") from None
    try:
        private = _private(key)
    except TypeError:  # it needs a password
        raise ValueError("client_key: is encrypted; store it without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("client_key: is not a private key in PEM") from None
    if public != private.public_key():
        raise ValueError("client_key: does not belong to the first certificate")
    if carrier == "fast" and not _is_for_rustls(first, private):
        raise ValueError(
            "client_key: the carrier `fast` needs a key of type RSA with 2048 bits or more, EC on "
            "P-256, P-384 or P-521, or Ed25519; use such a key, or set `carrier: httpx`"
        )
    if carrier == "httpx":
        try:
            _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem(certificate, key))
        except ssl.SSLError as error:
            raise ValueError(f"client_certificate: OpenSSL refuses it: {error.reason}") from None


def with_client_certificate(certificate: str, key: str) -> ssl.SSLContext:
    """A context that trusts the system's authorities and presents `certificate`."""
    context = ssl.create_default_context()
    _load(context, pem(certificate, key))
    return context


def pem(certificate: str, key: str) -> str:
    """Both in one text, without the remarks, byte order mark, parameters and revocation lists that
    the files may contain. Not every carrier skips these."""
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = [each.public_bytes(Encoding.PEM).decode() for each in _chain(certificate)]
    found = _KEY.search(key)
    return "".join([*chain, found[0] if found else key, "\n"])


def _load(context: ssl.SSLContext, pair: str) -> None:
    """Loads `pair` into `context`. OpenSSL reads it only from a file; the one written here exists
    for a moment, and only this user can read it."""
    with NamedTemporaryFile("w", encoding="ascii") as file:  # mode 0600
        file.write(pair)
        file.flush()
        context.load_cert_chain(file.name)


def _chain(certificate: str) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    return load_pem_x509_certificates(certificate.encode())


def _private(key: str) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(key.encode(), None)


def _is_for_rustls(certificate: Certificate, private: PrivateKeyTypes) -> bool:
    """Whether rustls accepts the pair. It compares the public keys byte by byte, so the certificate
    must not have a key of type RSA-PSS or one that spells out its curve."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    match private:
        case rsa.RSAPrivateKey():
            is_known = private.key_size >= 2048
        case ec.EllipticCurvePrivateKey():
            is_known = private.curve.name in _CURVES
        case _:
            is_known = isinstance(private, ed25519.Ed25519PrivateKey)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return is_known and public in certificate.tbs_certificate_bytes
