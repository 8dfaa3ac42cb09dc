"""Settings of credentials: how access tokens are obtained."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)

from destinations.base import DestinationSettings
from destinations.setting_types import Url
from gateway.http.client import ClientSettings, HttpSettings

GOOGLE_TOKEN_URL = HttpUrl("https://oauth2.googleapis.com/token")

_NAMING = ("credential", "oauth2")
"""Settings of destinations that name a credential."""


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("is empty")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_not_empty)]


class _CredentialSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    scope: str = Field(
        default="", description="Scopes that the token shall have, separated by spaces."
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Ask for tokens at loopback, private and link-local addresses too.",
    )
    http: HttpSettings = Field(
        default=HttpSettings(), description="Settings of the HTTP client that asks for tokens."
    )

    def client_settings(self) -> ClientSettings:
        """Settings of the HTTP client that asks for tokens."""
        return ClientSettings(
            **dict(self.http),
            allow_private_addresses=self.allow_private_addresses,
            max_connections=1,
        )

    @model_validator(mode="after")
    def _client_can_be_opened(self) -> Self:
        try:
            self.client_settings()
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self


class _ClientSettings(_CredentialSettings):
    token_url: Url = Field(description="URL of the token endpoint.")
    client_id: str = Field(min_length=1, description="ID of the OAuth client.")
    client_secret: Secret = Field(description="Secret of the OAuth client.")
    client_authentication: Literal["basic", "body"] = Field(
        default="basic",
        description="How the client proves who it is: `basic` sends its id and secret in the "
        "header `Authorization`, `body` sends them as `client_id` and `client_secret`.",
    )
    parameters: dict[str, str] = Field(
        default={},
        description="Further parameters of the token request, such as `audience` or `resource`.",
    )


class ClientCredentialsSettings(_ClientSettings):
    """RFC 6749, 4.4."""

    type: Literal["client_credentials"] = Field(description="OAuth 2.0 client credentials.")

    @property
    def root(self) -> SecretStr:
        """The secret with which stored tokens are encrypted."""
        return self.client_secret


class RefreshTokenSettings(_ClientSettings):
    """RFC 6749, 6."""

    type: Literal["refresh_token"] = Field(description="OAuth 2.0 refresh token.")
    refresh_token: Secret = Field(
        description="The first refresh token. When the vendor replaces it, the gateway keeps the "
        "new one, encrypted, in Redis."
    )

    @property
    def root(self) -> SecretStr:
        """The secret with which stored tokens are encrypted: the refresh token that they come from,
        since the client secret may change."""
        return self.refresh_token


def _google_key(secret: SecretStr) -> SecretStr:
    try:
        key = orjson.loads(secret.get_secret_value())
        usable = isinstance(key, dict) and all(
            isinstance(key.get(name), str) for name in ("client_email", "private_key")
        )
    except orjson.JSONDecodeError:
        usable = False
    if not usable:
        raise ValueError(
            "must be the content of the JSON key file of a service account, with client_email and "
            "private_key: use `${file:PATH}`"
        )
    return secret


class ServiceAccountSettings(_CredentialSettings):
    """RFC 7523, 2.1, as Google uses it."""

    type: Literal["service_account"] = Field(description="Service account of Google Cloud.")
    key: Annotated[SecretStr, AfterValidator(_google_key)] = Field(
        description="Content of the JSON key file, such as `${file:/run/secrets/google.json}`."
    )
    scope: str = Field(
        min_length=1,
        description="Scopes that the token shall have, separated by spaces, such as "
        "`https://www.googleapis.com/auth/datamanager`.",
    )
    token_url: Url = Field(default=GOOGLE_TOKEN_URL, description="URL of the token endpoint.")
    subject: str = Field(
        default="",
        description="E-mail address of the user for whom the service account acts, if it has "
        "domain-wide delegation.",
    )

    @property
    def root(self) -> SecretStr:
        """The secret with which stored tokens are encrypted."""
        return self.key

    @property
    def parsed_key(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.key.get_secret_value())
        return parsed


CredentialSettings = Annotated[
    ClientCredentialsSettings | RefreshTokenSettings | ServiceAccountSettings,
    Field(discriminator="type"),
]


def unknown_credentials(
    destinations: Mapping[str, DestinationSettings], credentials: Collection[str]
) -> Iterator[str]:
    """A line for each credential that a destination names and `credentials` lack. The line begins
    with the key that names the credential. destinations: by name."""
    known = ", ".join(credentials) or "none"
    for name, destination in destinations.items():
        for credential in destination.credential_names():
            if credential not in credentials:
                place = ".".join(["destinations", name, *_key_of(destination, credential)])
                yield f"{place}: there is no credential {credential}; `credentials` has: {known}"


def _key_of(settings: BaseModel, credential: str) -> list[str]:
    """The keys that lead to the name `credential` in `settings`; none if it stands elsewhere."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in _NAMING and value == credential:
            return [name]
        if isinstance(value, BaseModel) and (below := _key_of(value, credential)):
            return [name, *below]
    return []
