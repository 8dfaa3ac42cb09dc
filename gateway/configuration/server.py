"""Settings of the web part, of Redis and of the spool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PositiveInt,
    SecretStr,
    field_validator,
)

from gateway.redis_client.namespace import DEFAULT_NAMESPACE, NAMESPACE_PATTERN
from gateway.urls.origin import check_origin


def _sendable(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]{16,}", token.get_secret_value()):
        raise ValueError(
            "use at least 16 printable ASCII characters without spaces, such as those that "
            "`openssl rand -hex 32` prints"
        )
    return token


class ServerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: Annotated[str, AfterValidator(check_origin)] = Field(
        default="http://127.0.0.1:8080",
        description="URL at which browsers reach the gateway: scheme, host and an optional port, "
        "without a path.",
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default=[],
        description="Addresses or networks of your proxies. Only they can state the visitor's "
        "address: in `X-Forwarded-For`, or in `Forwarded` if there is no `X-Forwarded-For`.",
    )
    client_ip_header: str | None = Field(
        default=None,
        pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$",
        description="Only header from which the visitor's address is taken, such as "
        "`CF-Connecting-IP`, `True-Client-IP` or `X-Real-IP`. Your proxies must set or remove it "
        "in every request.",
    )
    max_connections_per_address: PositiveInt = Field(
        default=1_000,
        description="Maximum number of connections from one public address (one /64 network for "
        "IPv6) that wait for their sender, in each web process. Beyond it, those that have "
        "waited longest are closed. Addresses in `trusted_proxies`, private and loopback "
        "addresses have no limit.",
    )
    max_body_bytes: PositiveInt = Field(
        default=1_048_576,
        description="Maximum size in bytes of a request body, as sent and after gunzip. Sources "
        "have their own `max_body_bytes`, which is smaller for sources that browsers send to.",
    )
    hash_salt: SecretStr | None = Field(
        default=None,
        description="Key of the HMAC in the `hash` action, and of the digests that stand for "
        "pages and visitors in held consent.",
    )
    operators_token: Annotated[SecretStr, AfterValidator(_sendable)] | None = Field(
        default=None,
        description="Token for the operators' address (`--operators-host` and "
        "`--operators-port`), which serves `/metrics`: each request there needs `Authorization: "
        "Bearer TOKEN`. At least 16 printable ASCII characters without spaces. Without a token, "
        "only requests from this machine are answered there.",
    )
    demo: bool = Field(
        default=False,
        description="Serve the demo shop at /demo. It shows each browser the requests that "
        "destinations get for its own events. On an address that other machines can reach, the "
        "gateway refuses to serve it without `--allow-demo`.",
    )

    @field_validator("hash_salt", "operators_token", mode="before")
    @classmethod
    def _nothing_is_no_secret(cls, secret: object) -> object:
        """An empty text, as from ``${OPERATORS_TOKEN:-}``, means no secret."""
        return None if secret == "" else secret


class RedisSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="embedded",
        pattern=r"^(embedded|(rediss?|unix|sentinels?|clusters?)://.+)$",
        description="URL of the Redis server: redis://, rediss://, unix://, sentinel:// or "
        "cluster://. With `embedded`, the gateway starts its own Valkey server.",
    )
    jobs_url: str | None = Field(
        default=None,
        pattern=r"^(rediss?|unix|sentinels?)://.+$",
        description="URL of the Redis server for RQ jobs, which are wake-ups without events: "
        "redis://, rediss://, unix:// or sentinel://. Default: the server at `url`. Required "
        "with a cluster.",
    )
    namespace: str = Field(
        default=DEFAULT_NAMESPACE,
        pattern=NAMESPACE_PATTERN,
        description="Prefix of every key in Redis: up to 32 letters, digits and underscores. "
        "Gateways that share a Redis server, such as staging and production, each need their own "
        "namespace.",
    )
    data_dir: Path = Field(
        default=Path("./data"),
        description="Folder for the files of the embedded server and of the spool, and for the "
        "last good configuration. Relative to the working directory.",
    )
    embedded_memory_bytes: PositiveInt | None = Field(
        default=None,
        ge=16_000_000,
        le=2**60,
        description="Maximum memory in bytes of the embedded server (`maxmemory`). Default: half "
        "of the memory of the machine, or of the container if it has a lower limit. At the "
        "limit, no events are accepted and none are lost.",
    )

    @field_validator("url")
    @classmethod
    def _can_be_used(cls, url: str) -> str:
        if url != "embedded":
            from gateway.redis_client.connect import check_url

            check_url(url)
        return url

    @field_validator("jobs_url")
    @classmethod
    def _can_hold_jobs(cls, url: str | None) -> str | None:
        if url is not None:
            from gateway.redis_client.connect import check_url

            check_url(url)
        return url

    def jobs_at(self, url: str) -> str:
        """The URL of RQ's jobs when the events are at `url`."""
        return self.jobs_url or url


class SpoolSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Store events of sources with `spool` on disk while Redis cannot accept them.",
    )
    folder: Path | None = Field(
        default=None,
        description="Folder of the spool, on a disk of this machine. Default: `spool` under "
        "`redis.data_dir`, or `spool-NAMESPACE` with a `redis.namespace`. Gateways cannot share "
        "a folder.",
    )
    max_bytes: PositiveInt = Field(
        default=100_000_000,
        description="Maximum size in bytes of the spooled events of each web process. Further "
        "events are answered 503.",
    )
