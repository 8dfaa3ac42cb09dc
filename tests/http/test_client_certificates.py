"""Mutual TLS: both carriers present the configured certificate; what cannot work is found first."""

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
from gateway.http import Client, ClientSettings, SendError
from gateway.http.fast import GuardedFastClient
from gateway.http.httpx_carrier import HttpxClient
from tests.support.certificates import PKCS8, SEC1, certificate_of, written

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = certificate_of(KEY)


@pytest.fixture
async def strict_server(tmp_path: Path) -> AsyncIterator[Callable[[str], Any]]:
    """Starts servers that talk only to who has a `certificate`, and returns their ports and the
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
    ids=["no key", "alone", "text", "key first", "no PEM", "twice", "encrypted", "another's"],
)
def test_what_cannot_work_is_found_at_load_and_not_repeated(
    certificate: str | None, key: str | None, said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        ClientSettings(client_certificate=certificate, client_key=key)
    assert said in str(caught.value)
    assert "TOPSECRET" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)


def test_an_intermediate_certificate_may_follow() -> None:
    chain = CERTIFICATE + certificate_of(OTHER_KEY, "intermediate")
    settings = ClientSettings(client_certificate=chain, client_key=written(KEY))
    assert settings.identity == (chain, written(KEY))


def test_the_key_is_a_secret() -> None:
    settings = ClientSettings(client_certificate=CERTIFICATE, client_key=written(KEY))
    assert written(KEY)[30:60] not in f"{settings!r} {settings.model_dump_json()}"
