"""The contract of a client, and the settings and texts that both carriers share.

A client sends one request once and returns the response, whatever its status. It follows no
redirects, keeps no cookies, reads no proxy from the environment, decodes no compressed body and
never sends a request twice. It may only choose another connection: if a kept-alive connection turns
out to be closed before a byte was written to it, the request goes to another one. Once a byte may
have left, a broken connection is `Ambiguous`.

A response consists of the status line, the headers and the body up to the limit; the rest of a
longer body is dropped. An incomplete body (broken off, or too slow) is no response: the body says
what the vendor did with an event, so half of it is `Ambiguous`.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Literal, Protocol, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import Url

from destinations.base import Request, Response
from gateway.http.client_certificate import check_pair


class SendError(Exception):
    """No response. `reason` is for people: short, without addresses, queries, headers or secrets.

    SendError
    ├── NotSent      the request certainly did not reach the server
    │   └── Invalid  and never will
    └── Ambiguous    it may have been processed, or not
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(SendError):
    """Name not found, connection refused or timed out, TLS failure, address or request refused."""


class Invalid(NotSent):
    """Not a valid HTTP request: its URL, its method or a header is too long or not valid."""

    def __init__(self) -> None:
        super().__init__("the URL, the method or a header is too long or not valid")


class Ambiguous(SendError):
    """The time ran out, or the connection broke, after the request may have been sent."""


class Client(Protocol):
    async def send(self, request: Request) -> Response:
        """The response to `request`, with header names in lower case.

        The values of a repeated header are joined with commas; a header whose value is not ASCII is
        left out. Raises `NotSent` or `Ambiguous`, and nothing else.
        """

    async def close(self) -> None:
        """Closes idle connections. Requests under way end with `Ambiguous`, later ones with
        `NotSent`."""


def _proxy_url(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        Url(text)  # reads it as the carriers do
        parts = urlsplit(text)
        rest = parts.path.removeprefix("/") + parts.query + parts.fragment
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and not rest and not any(map(str.isspace, text))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "must look like http://host:port or http://user:password@host:port, with user and "
            "password percent-encoded"
        )
    return secret


class HttpSettings(BaseModel):
    """How requests of one destination leave the gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    carrier: Literal["fast", "httpx"] = Field(
        default="fast",
        description="HTTP client for the requests. Both behave alike; `httpx` needs far more CPU "
        "and exists for its mocks.",
    )
    timeout: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Timeout in seconds for one attempt: connecting, sending and reading.",
    )
    connect_timeout: float = Field(
        default=5.0,
        gt=0,
        le=600,
        description="Timeout in seconds for each step of connecting: waiting for a free slot, "
        "DNS, TCP and TLS.",
    )
    proxy: Annotated[SecretStr, AfterValidator(_proxy_url)] | None = Field(
        default=None,
        description="Proxy for all requests: `http://[user:password@]host:port`. Proxy variables "
        "of the environment are ignored.",
    )
    max_response_bytes: int = Field(
        default=1_048_576,  # some vendors answer about each of thousands of events
        gt=0,
        le=16_777_216,
        description="Maximum number of bytes to read of a response body. The rest is discarded.",
    )
    client_certificate: str | None = Field(
        default=None,
        description="Certificate for servers that ask for one (mutual TLS), in PEM, followed by "
        "intermediate certificates if there are any: `${file:client.pem}`.",
    )
    client_key: SecretStr | None = Field(
        default=None,
        description="Private key of `client_certificate`, in PEM and without a password: "
        "`${file:client.key}`.",
    )

    @property
    def identity(self) -> tuple[str, str] | None:
        """Certificate and private key in PEM, if there are any."""
        if self.client_certificate is None or self.client_key is None:
            return None
        return self.client_certificate, self.client_key.get_secret_value()

    @model_validator(mode="after")
    def _has_certificate_and_key(self) -> Self:
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("needs both `client_certificate` and `client_key`, or neither")
        if self.identity:
            check_pair(*self.identity, self.carrier)
        return self


class ClientSettings(HttpSettings):
    """The settings with which a client is opened.

    allow_private_addresses: whether requests may go to loopback, private and other addresses that
    are not on the public internet. max_connections: requests under way at once; others wait.
    """

    allow_private_addresses: bool = True
    max_connections: int = Field(default=100, gt=0)

    @model_validator(mode="after")
    def _proxy_resolves_names(self) -> Self:
        if self.proxy and not self.allow_private_addresses:
            raise ValueError(
                "a proxy needs `allow_private_addresses: true`: it resolves host names itself, so "
                "block private addresses in the proxy"
            )
        return self


def _version() -> str:
    try:
        return version("event-gateway")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "dev"


DEFAULT_HEADERS = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "user-agent": f"event-gateway/{_version()}",
}
"""Sent unless a request has its own. Compression is declined: a small compressed body can inflate
beyond any limit, and responses are short."""

IDLE_SECONDS = 4.0
"""How long an unused connection is kept: shorter than common servers keep theirs (Node.js: 5 s),
since a request on a connection that is being closed is lost and `Ambiguous`."""

# Reasons. Fixed texts, because those of the libraries contain URLs with their queries.
BLOCKED = "the address is not on the public internet"
BROKEN = "the connection ended without a complete and valid response"
CERTIFICATE = "the server's certificate is not valid for this host, or not trusted"
CLOSED = "the client is closed"
NAME_NOT_FOUND = "the host name was not found"
NO_CONNECTION = "could not connect"
PROXY_REFUSED = "the proxy refused the connection"
REFUSED = "the connection was refused"
TLS_FAILED = "the TLS handshake failed"


def too_slow(seconds: float) -> str:
    return f"no complete response within {seconds:g} s"


def not_connected(seconds: float) -> str:
    return f"no connection within {seconds:g} s"
