"""Parts of the settings of a webhook destination."""

import re
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from destinations.setting_types import Credential
from destinations.webhook.headers import basic, check_names, check_value
from destinations.webhook.json_template import check_text

_is_uri = re.compile(r"[!#-;=?-\[\]_a-z~]+").fullmatch
"""The characters of a URI reference. Source: RFC 3986, 2"""


def _valid_template(template: str) -> str:
    check_text(template)
    return template


def _valid_uri(text: str) -> str:
    if not _is_uri(text):
        raise ValueError("is not a URI, such as https://shop.example")
    return text


def _valid_username(name: str) -> str:
    if ":" in name or not name.isprintable():
        raise ValueError("must be on one line and contain no colon")
    return name


def _valid_password(password: SecretStr) -> SecretStr:
    if not password.get_secret_value().isprintable():
        raise ValueError("must be on one line")
    return password


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True
    )


class HeaderTemplate(_Part):
    template: Annotated[str, AfterValidator(_valid_template)] = Field(
        description="Text in which `{path}` is a field of the event."
    )


Header = SecretStr | HeaderTemplate


def _valid_headers(headers: dict[str, Header]) -> dict[str, Header]:
    check_names(headers)
    for name, value in headers.items():
        text = value.template if isinstance(value, HeaderTemplate) else value.get_secret_value()
        check_value(name, text)
    return headers


Headers = Annotated[dict[str, Header], AfterValidator(_valid_headers)]


class BasicSettings(_Part):
    username: Annotated[str, AfterValidator(_valid_username)] = Field(description="User name.")
    password: Annotated[SecretStr, AfterValidator(_valid_password)] = Field(description="Password.")


class AuthSettings(_Part):
    """Exactly one of them."""

    bearer: Credential | None = Field(
        default=None, description="Token that is sent as `Authorization: Bearer TOKEN`."
    )
    basic: BasicSettings | None = Field(
        default=None, description="`username` and `password` of HTTP basic authentication."
    )
    oauth2: str | None = Field(
        default=None,
        description="Name of a credential in `credentials`. Its access token is sent as "
        "`Authorization: Bearer TOKEN`.",
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if [self.bearer, self.basic, self.oauth2].count(None) != 2:
            raise ValueError("needs exactly one of `bearer`, `basic` and `oauth2`")
        return self

    @property
    def fixed_headers(self) -> dict[str, str]:
        """The header ``Authorization``, if it is the same in every request."""
        if self.bearer is not None:
            return {"authorization": f"Bearer {self.bearer.get_secret_value()}"}
        if self.basic is not None:
            password = self.basic.password.get_secret_value()
            return {"authorization": basic(self.basic.username, password)}
        return {}


class BatchSettings(_Part):
    max_events: int = Field(
        default=100, ge=1, le=1000, description="Maximum number of events in one request."
    )
    max_bytes: int = Field(
        default=1_000_000,
        ge=1_000,
        le=100_000_000,
        description="Maximum size in bytes of a request body. An event that is larger alone "
        "becomes a dead letter.",
    )


class CloudEventsSettings(_Part):
    source: Annotated[str, AfterValidator(_valid_uri)] | None = Field(
        default=None,
        description="`source` of every CloudEvent: a URI that names your site, such as "
        "`https://shop.example`. Together with the event's id it must be unique at the receiver.",
    )
    type: Annotated[str, AfterValidator(_valid_template), Field(min_length=1)] = Field(
        default="{event_name}",
        description="`type` of a CloudEvent: a text in which `{path}` is a field of the event, "
        "such as `example.shop.{event_name}`. If a field is missing, it is the event's name.",
    )
