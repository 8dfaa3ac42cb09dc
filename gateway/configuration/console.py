"""Settings of the console: where it is reached, and who may see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    StringConstraints,
    model_validator,
)

from gateway.urls.domains import host_name, is_local
from gateway.urls.origin import check_origin

Role = Literal["viewer", "operator"]

LOCAL = "local"
"""The name of anyone who signs in with a one-time link. No configured user can have it."""

MIN_MEMORY_KIB, MAX_MEMORY_KIB = 7_168, 1_048_576
"""Bounds of a password hash's memory: the minimum that OWASP's Password Storage Cheat Sheet
recommends, and the most that one attempt to sign in may cost the gateway."""
MAX_ITERATIONS, MAX_LANES = 64, 16

_HASH = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
"""Source: github.com/P-H-C/phc-winner-argon2, "Encoded hash"; RFC 9106, 3.1."""

UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,64}$")]


def _password_hash(secret: SecretStr) -> SecretStr:
    found = _HASH.fullmatch(secret.get_secret_value())
    if found is None:
        raise ValueError(
            "is not an argon2id hash, which begins with `$argon2id$v=19$`; `gateway console "
            "hash-password` makes one from a password"
        )
    memory, iterations, lanes = map(int, found.groups())
    if not (
        MIN_MEMORY_KIB <= memory <= MAX_MEMORY_KIB
        and 1 <= iterations <= MAX_ITERATIONS
        and 1 <= lanes <= MAX_LANES
    ):
        raise ValueError(
            f"was made with m={memory}, t={iterations}, p={lanes}: m must be from "
            f"{MIN_MEMORY_KIB} to {MAX_MEMORY_KIB} (KiB), t at most {MAX_ITERATIONS}, p at most "
            f"{MAX_LANES}; `gateway console hash-password` makes a hash with good values"
        )
    return secret


def _host(text: str) -> str:
    name = host_name(text)
    if not name or ":" in text.rpartition("]")[2]:
        raise ValueError(
            "is not a host: write a name or an address without scheme and port, such as "
            "console.shop.example; write letters beyond a to z in Punycode (xn--...)"
        )
    return name


def _issuer(url: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", url) or re.search(r"[?#\\@]", url):
        raise ValueError(
            "is not an issuer: write its URL as the provider states it, such as "
            "https://login.example/realms/shop, without a query"
        )
    if url.startswith("http:") and not is_local(host_name(url[7:].partition("/")[0])):
        raise ValueError("must begin with https://: only a provider on this machine may use http")
    return url


def _secure_origin(text: str) -> str:
    origin = check_origin(text)
    if origin.startswith("http:") and not is_local(host_name(origin[7:])):
        raise ValueError("must begin with https://: only a loopback address may use http")
    return origin


class ConsoleUser(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    password: Annotated[SecretStr, AfterValidator(_password_hash)] = Field(
        description="Hash of the user's password (argon2id). `gateway console hash-password` asks "
        "for a password and prints its hash."
    )
    role: Role = Field(
        default="viewer",
        description="What the user may do: a `viewer` sees no personal data and changes nothing, "
        "an `operator` may do everything.",
    )


class OpenIdSettings(BaseModel):
    """OpenID Connect Core 1.0."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        description="URL of the provider, exactly as the provider states it in "
        "`/.well-known/openid-configuration` below this URL.",
    )
    client_id: str = Field(min_length=1, description="ID of the client at the provider.")
    client_secret: SecretStr = Field(
        min_length=1, description="Secret of the client at the provider."
    )
    base_url: Annotated[str, AfterValidator(_secure_origin)] = Field(
        description="URL at which browsers reach the console, without a path. At the provider, "
        "register this URL with the path `/login/openid/callback` as the redirect URI.",
    )
    scopes: list[Annotated[str, StringConstraints(pattern=r"^[!#-\[\]-~]+$")]] = Field(
        default=["openid", "email"],
        description="Scopes to ask for. `openid` is always asked for.",
    )
    role_claim: str = Field(
        default="groups",
        min_length=1,
        description="Claim of the ID token that decides about the role: a text, a list of texts, "
        "or true. A dot leads into an object, as in `realm_access.roles`.",
    )
    operators: list[str] = Field(
        default=[],
        description="Values of `role_claim` that make a user an operator.",
    )
    viewers: list[str] = Field(
        default=[],
        description="Values of `role_claim` that make a user a viewer. Users with none of the "
        "values of both lists are refused.",
    )

    @model_validator(mode="after")
    def _somebody_may_sign_in(self) -> Self:
        if not self.operators and not self.viewers:
            raise ValueError(
                "needs `operators` or `viewers`: without a value of `role_claim` in one of them "
                "the console would refuse everyone who signs in"
            )
        return self


class ConsoleSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Whether `gateway run` starts the console.")
    hosts: list[Annotated[str, AfterValidator(_host)]] = Field(
        default=[],
        description="Names and addresses under which browsers reach the console, without port. "
        "Requests for any other host are refused. Loopback addresses, `localhost` and the host of "
        "`openid.base_url` are always allowed.",
    )
    users: Annotated[
        Mapping[UserName, ConsoleUser], Field(json_schema_extra={"additionalProperties": False})
    ] = Field(
        default={},
        description="Users who sign in with a password: a name, and a password hash with a role.",
    )
    openid: OpenIdSettings | None = Field(
        default=None, description="Provider with which users sign in by OpenID Connect."
    )
    session_hours: PositiveInt = Field(
        default=12,
        le=720,
        description="Hours after which a user has to sign in again. After four hours without a "
        "request a session ends earlier.",
    )
    edit: bool = Field(
        default=False,
        description="Whether operators may write the configuration file from the console.",
    )

    @model_validator(mode="after")
    def _no_user_is_local(self) -> Self:
        if LOCAL in self.users:
            raise ValueError(
                f"users.{LOCAL}: is the name of those who sign in with a one-time link; use "
                "another name"
            )
        return self

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Hosts that are allowed besides loopback addresses, in lower case, without port."""
        if self.openid is None:
            return frozenset(self.hosts)
        return frozenset({*self.hosts, host_name(self.openid.base_url.partition("://")[2])})
