"""Settings of a webhook destination."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, model_validator

from destinations.base import DestinationSettings
from destinations.setting_types import Url
from destinations.webhook.bodies import Body, check_body
from destinations.webhook.settings_parts import (
    AuthSettings,
    BatchSettings,
    CloudEventsSettings,
    Headers,
    HeaderTemplate,
)
from destinations.webhook.signatures import Scheme, check_secret

FormatName = Literal[
    "json", "json_array", "ndjson", "cloudevents", "cloudevents_binary", "cloudevents_batch"
]
_BATCHES = frozenset({"json_array", "ndjson", "cloudevents_batch"})


def _valid_secret(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    scheme: Scheme | None = info.data.get("signature")
    if scheme:
        check_secret(scheme, secret.get_secret_value())
    return secret


def _valid_body(body: Body) -> Body:
    check_body(body)
    return body


Secret = Annotated[SecretStr, AfterValidator(_valid_secret)]
Success = Literal["2xx"] | Annotated[int, Field(ge=200, le=499)]


class WebhookSettings(DestinationSettings):
    type: Literal["webhook"] = Field(default="webhook", description="Your own HTTP endpoint.")
    url: Url = Field(
        description="URL that receives the events. It is shown in logs, so put credentials into "
        "`auth` or `headers`, or set `secret_url`."
    )
    secret_url: bool = Field(
        default=False,
        description="Mask the path and the query of `url` wherever requests are shown. Use it for "
        "receivers that take everyone who knows the URL, such as Slack.",
    )
    signature: Scheme = Field(
        default="standard",
        description="Scheme of the signature: `standard` (Standard Webhooks, header "
        "`webhook-signature`) or `github` (HMAC-SHA256 of the body, header `X-Hub-Signature-256`).",
    )
    secret: Secret | Annotated[list[Secret], Field(min_length=1, max_length=2)] | None = Field(
        default=None,
        description="Secret that signs every request: `whsec_` followed by 24 to 64 random bytes "
        "in base64, or `whsk_` followed by an Ed25519 private key in base64. While you replace a "
        "secret, list both: both sign. With `signature: github` one secret, any text.",
    )
    auth: AuthSettings | None = Field(
        default=None, description="Credentials for the header `Authorization`."
    )
    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="HTTP method.")
    headers: Headers = Field(
        default={},
        description="Additional headers of every request. A text is sent as it is and never shown. "
        '`{template: "{path}"}` inserts fields of the event, percent-encoded where necessary; the '
        "header is omitted if a field is missing.",
    )
    format: FormatName = Field(
        default="json",
        description="Format of the requests. One event per request: `json`, `cloudevents` "
        "(structured) or `cloudevents_binary`. Several events per request: `json_array`, `ndjson` "
        "or `cloudevents_batch`.",
    )
    body: Annotated[Body, AfterValidator(_valid_body)] | None = Field(
        default=None,
        description="Content for each event: `message` (`type`, `timestamp`, and the event as "
        "`data`), `event`, a list of fields, or a JSON object as a template with `{path}` in its "
        "texts. Default: `message` with the format `json`, `event` with others.",
    )
    batch: BatchSettings = Field(
        default=BatchSettings(), description="Limits of the formats with several events."
    )
    cloudevents: CloudEventsSettings = Field(
        default=CloudEventsSettings(), description="Attributes of CloudEvents."
    )
    success: Annotated[list[Success], Field(min_length=1)] = Field(
        default=["2xx"],
        description="Statuses that count as delivered: `2xx` for all from 200 to 299, and numbers "
        "from 200 to 499. Add 409 if the receiver uses it for events that it has already.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem in self._misfits():
            raise ValueError(problem)
        return self

    @property
    def is_batch(self) -> bool:
        """Whether a request can have several events."""
        return self.format in _BATCHES

    @property
    def body_in_force(self) -> Body:
        return self.body or ("message" if self.format == "json" else "event")

    @property
    def secrets_in_force(self) -> list[str]:
        """The secrets that sign: none, one or two."""
        secrets = self.secret if isinstance(self.secret, list) else [self.secret]
        return [secret.get_secret_value() for secret in secrets if secret]

    @property
    def fixed_headers(self) -> dict[str, str]:
        """The headers that are the same in every request."""
        fixed = {
            name: value.get_secret_value()
            for name, value in self.headers.items()
            if isinstance(value, SecretStr)
        }
        return fixed | self.auth.fixed_headers if self.auth else fixed

    @property
    def credential(self) -> str:
        """The name of the credential that requests need; "" for none."""
        return (self.auth and self.auth.oauth2) or ""

    def credential_names(self) -> Iterator[str]:
        yield from filter(None, [self.credential])

    @property
    def header_templates(self) -> dict[str, str]:
        """The templates of headers that depend on the event, by the header's name."""
        return {
            name: value.template
            for name, value in self.headers.items()
            if isinstance(value, HeaderTemplate)
        }

    @property
    def success_statuses(self) -> frozenset[int]:
        numbers = [status for status in self.success if status != "2xx"]
        return frozenset({*numbers, *(range(200, 300) if "2xx" in self.success else ())})

    def _misfits(self) -> Iterator[str]:
        """Problems with combinations of settings that are valid on their own."""
        names = {name.lower() for name in self.headers}
        has_cloudevents = self.format.startswith("cloudevents")
        if self.signature == "github" and len(self.secrets_in_force) != 1:
            yield "secret: `signature: github` needs one secret"
        if self.auth and "authorization" in names:
            yield "headers: must not set Authorization, because `auth` does"
        if self.is_batch and self.header_templates:
            yield f"headers: a template needs one event per request; `{self.format}` has several"
        if self.format == "cloudevents_binary" and any(name.startswith("ce-") for name in names):
            yield "headers: must not start with ce-, because `cloudevents_binary` sets these"
        if has_cloudevents and self.cloudevents.source is None:
            yield "cloudevents: needs `source`, a URI that names your site"
        if not has_cloudevents and "cloudevents" in self.model_fields_set:
            yield f"cloudevents: has no effect with `format: {self.format}`"
        if not self.is_batch and "batch" in self.model_fields_set:
            yield f"batch: has no effect with `format: {self.format}`: one event per request"
