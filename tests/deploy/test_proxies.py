"""The gateway behind a real nginx and a real Caddy, configured as docs/deploy.md shows it."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.system.processes import die_with_parent
from tests.support.documents import DOCS, blocks
from tests.support.gateway_process import Gateway, free_port, wait_for
from tests.support.sink_server import Sink

SITE = "shop.example"
VISITOR = "127.0.0.9"
"""An address of this machine that is not the proxy's, so that the two can be told apart."""

CONFIG = """
server: {trusted_proxies: [127.0.0.1]}
enrichment: []
sources:
  site: {type: collect, allowed_origins: ["https://shop.example"]}
destinations:
  hook: {type: webhook, url: "%s/hook", allow_private_addresses: true, consent: [], ip: full}
"""
EVENT = {"event_name": "page_view", "page_location": "https://shop.example/"}

Run = Callable[[Path, int, int, Path, Path], list[str]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificate(tmp_path_factory.mktemp("certificate"), SITE)


def write_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """The files of a certificate for `host` and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "site.pem", folder / "site.key"
    pem.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, private


def replaced(text: str, changes: dict[str, str]) -> str:
    """`text` with each key of `changes` replaced; each of them must be in it."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, gateway: int, pem: Path, key: Path) -> list[str]:
    [shown] = blocks(DOCS / "deploy.md", "nginx")
    return nginx_at(folder, shown, SITE, port, {8080: gateway}, pem, key)


def nginx_at(
    folder: Path, shown: str, host: str, port: int, ports: dict[int, int], pem: Path, key: Path
) -> list[str]:
    """ports: those in the document, and those that replace them."""
    site = replaced(
        shown,
        {
            **{f"127.0.0.1:{old}": f"127.0.0.1:{new}" for old, new in ports.items()},
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            f"/etc/ssl/certs/{host}.pem": str(pem),
            f"/etc/ssl/private/{host}.key": str(key),
        },
    )
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{site}}}\n"
    )
    return ["nginx", "-e", str(folder / "error.log"), "-c", str(file)]


def caddy(folder: Path, port: int, gateway: int, pem: Path, key: Path) -> list[str]:
    [shown] = blocks(DOCS / "deploy.md", "caddy")
    return caddy_at(folder, shown, SITE, port, {8080: gateway}, pem, key)


def caddy_at(
    folder: Path, shown: str, host: str, port: int, ports: dict[int, int], pem: Path, key: Path
) -> list[str]:
    """ports: as for `nginx_at`."""
    site = replaced(
        shown,
        {
            f"{host} {{": f"https://{host}:{port} {{\n\tbind 127.0.0.1\n\ttls {pem} {key}",
            **{f"127.0.0.1:{old}": f"127.0.0.1:{new}" for old, new in ports.items()},
        },
    )
    settings = f"admin off\nauto_https disable_redirects\nstorage file_system {folder}/caddy"
    file = folder / "Caddyfile"
    file.write_text(f"{{\n{settings}\n}}\n{site}")
    return ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]


@contextmanager
def running(
    command: list[str], folder: Path, port: int, host: str = SITE, path: str = "/gw/healthz"
) -> Iterator[None]:
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, preexec_fn=die_with_parent, cwd=folder
        )
    try:
        with client(port, host=host) as visitor:

            def answers() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    return visitor.get(path).status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(answers, 60, f"{command[0]} to be ready")
        yield
    finally:
        process.terminate()
        process.wait(60)


def client(port: int, http2: bool = True, host: str = SITE) -> httpx.Client:
    """A visitor's browser, which reaches the proxy from `VISITOR`."""
    return httpx.Client(
        base_url=f"https://127.0.0.1:{port}",
        headers={"host": host, "origin": f"https://{host}"},
        transport=_Named(verify=False, http2=http2, local_address=VISITOR),
        timeout=60,
    )


class _Named(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = request.headers["host"]
        return super().handle_request(request)


@pytest.fixture(params=[nginx, caddy], ids=lambda run: run.__name__, scope="module")
def site(
    request: pytest.FixtureRequest,
    certificate: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[httpx.Client, Sink]]:
    """A visitor of the site, and what the gateway delivers."""
    run: Run = request.param
    if shutil.which(run.__name__) is None:
        pytest.skip(f"{run.__name__} is not installed")
    folder = tmp_path_factory.mktemp(run.__name__)
    with Sink() as sink, Gateway(folder, CONFIG % sink.url) as gateway:
        port = free_port()
        command = run(folder, port, gateway.port, *certificate)
        with running(command, folder, port), client(port) as visitor:
            yield visitor, sink


def delivered(sink: Sink, event_id: str) -> Any:
    def find() -> Any:
        return next(
            (
                each.body["data"]
                for each in sink.requests
                if each.body["data"]["event_id"] == event_id
            ),
            None,
        )

    return wait_for(find, 60, f"{event_id} to be delivered")


def test_an_event_arrives_under_the_path_with_the_visitors_address(
    site: tuple[httpx.Client, Sink],
) -> None:
    visitor, sink = site
    answer = visitor.post("/gw/collect", json={**EVENT, "event_id": "plain"})
    assert (answer.status_code, answer.http_version) == (204, "HTTP/2")
    assert delivered(sink, "plain")["ip_override"] == VISITOR


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_a_visitor_cannot_make_up_an_address(site: tuple[httpx.Client, Sink], header: str) -> None:
    visitor, sink = site
    made_up = "for=198.51.100.7" if header == "forwarded" else "198.51.100.7"
    event = {**EVENT, "event_id": header}
    assert visitor.post("/gw/collect", json=event, headers={header: made_up}).status_code == 204
    assert delivered(sink, header)["ip_override"] == VISITOR


def test_the_cookie_is_set_for_the_site(site: tuple[httpx.Client, Sink]) -> None:
    visitor, _ = site
    consent = {"ad_storage": "granted", "analytics_storage": "granted"}
    answer = visitor.post("/gw/collect", json={**EVENT, "event_id": "cookie", "consent": consent})
    assert f"Domain={SITE}" in answer.headers["set-cookie"]


def test_the_snippet_is_served(site: tuple[httpx.Client, Sink]) -> None:
    visitor, _ = site
    answer = visitor.get("/gw/gateway.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")


def test_a_body_over_the_limit_is_refused(site: tuple[httpx.Client, Sink]) -> None:
    port = site[0].base_url.port
    assert port
    body = b'{"event_name": "page_view", "page_title": "' + b"x" * 2_000_000 + b'"}'
    with client(port, http2=False) as visitor:  # reads the answer while it still sends
        assert visitor.post("/gw/collect", content=body).status_code == 413


@pytest.mark.parametrize("path", ["/gw/metrics", "/metrics", "/collect"])
def test_nothing_else_is_reached(site: tuple[httpx.Client, Sink], path: str) -> None:
    visitor, _ = site
    answer = visitor.get(path)
    assert answer.status_code == 404 or not answer.content, answer.text
