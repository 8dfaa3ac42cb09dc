"""Mutual TLS: both carriers present the configured certificate; unusable ones are found at load."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import ValidationError

from destinations.base import Request
from gateway.http import Client, ClientSettings, SendError, open_client
from gateway.http.fast import GuardedFastClient
from gateway.http.httpx_carrier import HttpxClient
from tests.support.certificates import PKCS8, SEC1, certificate_of, written

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = certificate_of(KEY)
OF_SECP112R1 = """-----BEGIN CERTIFICATE-----
MIIBLjCB+qADAgECAhQXxHwpmqRI7lyno/lMsCrAM7Wu7zAKBggqhkjOPQQDAjAS
MRAwDgYDVQQDDAdnYXRld2F5MCAXDTI2MTIwMTIwNTUzMVoYDzIxMjYxMTA3MjA1
NTMxWjASMRAwDgYDVQQDDAdnYXRld2F5MDIwEAYHKoZIzj0CAQYFK4EEAAYDHgAE
lp3yW6QnUVNir3DQDbvJGIDMdXnVgVc4b8mGHaNTMFEwHQYDVR0OBBYEFJgLZuNT
+db5+K/POX9q2EI12449MB8GA1UdIwQYMBaAFJgLZuNT+db5+K/POX9q2EI12449
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDIwAwIAIOHmxwLtpwPmnCVV0v
gnoCDm4mN0aOBHg6MGGKzg6c
-----END CERTIFICATE-----
"""
"""A certificate on a curve that `cryptography` does not know."""


@pytest.fixture
async def strict_server(tmp_path: Path) -> AsyncIterator[Callable[[str], Any]]:
    """Starts servers that talk only to clients with `certificate`; returns their ports and the
    subjects that they saw."""
    servers: list[asyncio.Server] = []

    async def start(certificate: str) -> tuple[int, list[str]]:
        accepted = tmp_path / "accepted.pem"
        accepted.write_text(certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(HERE / "shop.test.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(accepted)
        seen: list[str] = []

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            subject = writer.get_extra_info("peercert")["subject"]
            seen.append(dict(pair for part in subject for pair in part)["commonName"])
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        return server.sockets[0].getsockname()[1], seen

    yield start
    for server in servers:
        server.close()


@pytest.fixture
async def open_to_shop(carrier: str, trusted: None) -> AsyncIterator[Callable[..., Client]]:
    """Opens clients for which ``shop.test`` is this machine."""
    clients: list[Client] = []

    async def resolve(_: str) -> list[str]:
        return ["127.0.0.1"]

    def open_client(**settings: Any) -> Client:
        given = ClientSettings(carrier=carrier, allow_private_addresses=False, **settings)
        kind = GuardedFastClient if carrier == "fast" else HttpxClient
        clients.append(kind(given, resolve))
        return clients[-1]

    yield open_client
    for client in clients:
        await client.close()


@pytest.mark.parametrize(
    ("key", "form"),
    [
        (KEY, PKCS8),
        (KEY, SEC1),
        (rsa.generate_private_key(65537, 2048), PKCS8),
        (ed25519.Ed25519PrivateKey.generate(), PKCS8),
    ],
    ids=["EC PKCS#8", "EC SEC1", "RSA", "Ed25519"],
)
async def test_the_server_sees_the_certificate(
    open_to_shop: Any, strict_server: Any, key: Any, form: serialization.PrivateFormat
) -> None:
    certificate = certificate_of(key)
    port, seen = await strict_server(certificate)
    client = open_to_shop(client_certificate=certificate, client_key=written(key, form))
    request = Request("POST", f"https://shop.test:{port}/", {}, b"", (0,))
    assert (await client.send(request)).body == b"ok"
    assert seen == ["gateway"]


async def test_without_it_the_server_refuses(open_to_shop: Any, strict_server: Any) -> None:
    port, seen = await strict_server(CERTIFICATE)
    with pytest.raises(SendError):
        await open_to_shop().send(Request("POST", f"https://shop.test:{port}/", {}, b"", (0,)))
    assert seen == []


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        (OF_SECP112R1, written(KEY), "client_certificate: has a key of an unsupported type"),
        (CERTIFICATE, None, "needs both `client_certificate` and `client_key`"),
        (None, written(KEY), "needs both `client_certificate` and `client_key`"),
        ("TOPSECRET", written(KEY), "client_certificate: is not a certificate in PEM"),
        (written(KEY), written(KEY), "client_certificate: is not a certificate in PEM"),
        (CERTIFICATE, "TOPSECRET", "client_key: is not a private key in PEM"),
        (CERTIFICATE, CERTIFICATE, "client_key: is not a private key in PEM"),
        (
            CERTIFICATE,
            written(KEY, password=serialization.BestAvailableEncryption(b"TOPSECRET")),
            "client_key: is encrypted",
        ),
        (CERTIFICATE, written(OTHER_KEY), "client_key: does not belong to the first certificate"),
    ],
    ids=[
        "unknown curve",
        "no key",
        "alone",
        "text",
        "key first",
        "no PEM",
        "twice",
        "encrypted",
        "another's",
    ],
)
def test_what_cannot_work_is_found_at_load_and_not_repeated(
    certificate: str | None, key: str | None, said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        ClientSettings(client_certificate=certificate, client_key=key)
    assert said in str(caught.value)
    assert "TOPSECRET" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)


PASSED_OVER = {
    "remarks": "friendlyName: Müller\n{}",
    "a byte order mark": "\ufeff{}",
    "a revocation list": "{}-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
    "other line ends": "{}",
}


@pytest.mark.parametrize("carrier", ["fast", "httpx"])
@pytest.mark.parametrize("case", PASSED_OVER)
async def test_what_else_the_files_hold_is_passed_over(carrier: str, case: str) -> None:
    certificate, key = (
        PASSED_OVER[case].format(text) for text in (CERTIFICATE, written(KEY, SEC1))
    )
    if case == "other line ends":
        certificate, key = (text.replace("\n", "\r\n") for text in (certificate, key))
    settings = ClientSettings(carrier=carrier, client_certificate=certificate, client_key=key)
    await open_client(settings).close()


FAST_NEEDS = "client_key: the carrier `fast` needs a key of type RSA with 2048 bits or more"


@pytest.mark.parametrize(
    ("key", "carrier", "said"),
    [
        (rsa.generate_private_key(65537, 1024), "fast", FAST_NEEDS),
        (rsa.generate_private_key(65537, 1024), "httpx", "client_certificate: OpenSSL refuses it"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "fast", FAST_NEEDS),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "httpx", ""),
        (ec.generate_private_key(ec.SECP521R1()), "fast", ""),
        (ec.generate_private_key(ec.SECP521R1()), "httpx", ""),
    ],
    ids=["RSA 1024", "RSA 1024 httpx", "brainpool", "brainpool httpx", "P-521", "P-521 httpx"],
)
async def test_a_key_that_the_carrier_cannot_use_is_found_at_load(
    key: Any, carrier: str, said: str
) -> None:
    given = {"client_certificate": certificate_of(key), "client_key": written(key)}
    if not said:
        await open_client(ClientSettings(carrier=carrier, **given)).close()
        return
    with pytest.raises(ValidationError) as caught:
        ClientSettings(carrier=carrier, **given)
    assert said in str(caught.value)


def test_an_intermediate_certificate_may_follow() -> None:
    chain = CERTIFICATE + certificate_of(OTHER_KEY, "intermediate")
    settings = ClientSettings(client_certificate=chain, client_key=written(KEY))
    assert settings.identity == (chain, written(KEY))


def test_the_key_is_a_secret() -> None:
    settings = ClientSettings(client_certificate=CERTIFICATE, client_key=written(KEY))
    assert written(KEY)[30:60] not in f"{settings!r} {settings.model_dump_json()}"
