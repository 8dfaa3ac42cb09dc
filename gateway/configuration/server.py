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
        description="Where browsers reach the gateway: scheme, host and an optional port, without "
        "a path.",
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default=[],
        description="Addresses or networks of your proxies. Only these can tell the visitor's "
        "address: in `X-Forwarded-For`, or in `Forwarded` if there is no `X-Forwarded-For`.",
    )
    client_ip_header: str | None = Field(
        default=None,
        pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$",
        description="The only header from which the visitor's address is taken, such as "
        "`CF-Connecting-IP`, `True-Client-IP` or `X-Real-IP`. Your proxies must set or remove it "
        "on every request.",
    )
    max_connections_per_address: PositiveInt = Field(
        default=1_000,
        description="Most connections of one public address (of one /64 network for IPv6) that may "
        "wait for their sender, in each web process. Beyond it those that have waited longest are "
        "closed. It does not apply to `trusted_proxies` and to private and loopback addresses.",
    )
    max_body_bytes: PositiveInt = Field(
        default=1_048_576,
        description="Largest request body, as sent and after gunzip. Sources have a "
        "`max_body_bytes` of their own, which is smaller where browsers send.",
    )
    hash_salt: SecretStr | None = Field(
        default=None,
        description="Key of the HMAC that the `hash` action uses, and of the digests by which held "
        "consent names pages and visitors.",
    )
    operators_token: Annotated[SecretStr, AfterValidator(_sendable)] | None = Field(
        default=None,
        description="Token for the operators' address (`--operators-host` and `--operators-port`), "
        "which has `/metrics`: each request there needs `Authorization: Bearer TOKEN`. At least 16 "
        "printable ASCII characters without spaces. Without a token, only requests from this "
        "machine are answered there.",
    )
    demo: bool = Field(
        default=False,
        description="Serve the demo shop at /demo. It shows each browser the requests that "
        "destinations get for its own events. On an address that other machines can reach it is "
        "refused without `--allow-demo`.",
    )

    @field_validator("operators_token", mode="before")
    @classmethod
    def _nothing_is_no_token(cls, token: object) -> object:
        """As of ``${OPERATORS_TOKEN:-}``."""
        return None if token == "" else token


class RedisSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="embedded",
        pattern=r"^(embedded|(rediss?|unix|sentinels?|clusters?)://.+)$",
        description="redis://, rediss://, unix://, sentinel:// or cluster://; `embedded` starts a "
        "Valkey of its own.",
    )
    jobs_url: str | None = Field(
        default=None,
        pattern=r"^(rediss?|unix|sentinels?)://.+$",
        description="Where RQ keeps its jobs, which are wake-ups and no events: redis://, "
        "rediss://, unix:// or sentinel://. By default at `url`; with a cluster it is needed.",
    )
    namespace: str = Field(
        default=DEFAULT_NAMESPACE,
        pattern=NAMESPACE_PATTERN,
        description="The beginning of every key in Redis: up to 32 letters, digits and "
        "underscores. Gateways that share a Redis, such as staging and production, each need a "
        "namespace of their own.",
    )
    data_dir: Path = Field(
        default=Path("./data"),
        description="Files of the embedded server and of the spool, and the last good "
        "configuration.",
    )
    embedded_memory_bytes: PositiveInt | None = Field(
        default=None,
        ge=16_000_000,
        le=2**60,
        description="The most memory that the embedded server may use (`maxmemory`). By default "
        "half of the memory of the machine, or of the container if it has a lower limit. At the "
        "limit no events are accepted, and none is lost.",
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
        """The URL of RQ's jobs, where the events are at `url`."""
        return self.jobs_url or url


class SpoolSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Keep events of sources with `spool` on disk while Redis cannot take them.",
    )
    folder: Path | None = Field(
        default=None,
        description="Where its files are, on a disk of this machine; by default `spool` under "
        "`redis.data_dir`, or `spool-NAMESPACE` with a `redis.namespace`. Gateways cannot share a "
        "folder.",
    )
    max_bytes: PositiveInt = Field(
        default=100_000_000,
        description="Most bytes of events in it, for each web process; more are answered 503.",
    )
