"""Settings that every destination has, and what is built from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from destinations.base import Destination, DestinationSettings
from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.kinds import destination_types
from gateway.configuration.mapping import mapping_mistakes
from gateway.http.client import ClientSettings, HttpSettings
from gateway.stages.anonymise import OwnField
from gateway.stages.conditions import When
from gateway.stages.consent import ConsentType
from gateway.stages.enrichment import IpChoice
from gateway.stages.field_consent import Purpose
from gateway.stages.rules import Rule


def _switch(value: object) -> object:
    """YAML 1.1 reads `on` and `off` as true and false."""
    return ("off", "on")[value] if isinstance(value, bool) else value


Switch = Annotated[
    Literal["on", "off"],
    BeforeValidator(_switch, json_schema_input_type=Literal["on", "off", True, False]),
]


class ForwardingSettings(DestinationSettings):
    """Settings that every destination has, whatever its kind."""

    when: When = Field(
        default=None,
        description="Condition that an event must match to be sent to this destination.",
    )
    consent: list[ConsentType] | None = Field(
        default=None,
        description="Consent types that must be granted. An empty list requires none. Default: "
        "depends on the type of the destination.",
    )
    on_denied: Literal["withhold", "anonymise"] = Field(
        default="withhold",
        description="What happens to an event without the required consent: `withhold` does not "
        "send it to this destination, `anonymise` sends only what cannot identify the visitor.",
    )
    anonymised_fields: list[OwnField] = Field(
        default=[],
        description="Names of additional fields to keep in anonymised events, because they do "
        "not identify anyone. Other custom fields are removed.",
    )
    purpose: Purpose | None = Field(
        default=None,
        description="Purpose of the receiver: `advertising`, `analytics`, or `own` for your own "
        "systems. It determines which fields are removed when the visitor denied a consent type. "
        "Default: depends on the type of the destination.",
    )
    field_consent: Switch = Field(
        default="on",
        description="Whether fields that need a consent type are removed from events that lack "
        "it. Use `off` only where a law or a contract obliges you to pass them on.",
    )
    ip: IpChoice | None = Field(
        default=None,
        description="Form of the visitor's address (`ip_override`) that the destination "
        "receives: `full`, `anonymised` (the last octet of an IPv4 address zero, the last 80 "
        "bits of an IPv6 one) or `none`. Default: depends on the type of the destination.",
    )
    allow_private_addresses: bool | None = Field(
        default=None,
        description="Send to loopback, private and link-local addresses too. Without it, whoever "
        "can change the URL of a destination could reach what only this machine can. Default: "
        "depends on the type of the destination; `true` where the vendor's address is fixed.",
    )
    integration_names: list[Annotated[str, Field(min_length=1, max_length=128)]] = Field(
        default=[],
        description="Additional names by which the `integrations` of an event (Segment, "
        "RudderStack) include or exclude this destination. Its own name, its `type` and the "
        "usual names of that type always count. Only letters and digits are compared; case is "
        "ignored.",
    )
    rules: list[Rule] = Field(default=[], description="Rules for this destination only.")
    dry_run: bool = Field(
        default=False, description="Build and record requests without sending them."
    )
    delivery: DeliverySettings = Field(
        default=DeliverySettings(), description="Pace, retries and limits of delivery."
    )
    http: HttpSettings = Field(default=HttpSettings(), description="Settings of the HTTP client.")

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if mistakes := [*self._conflicts()]:
            raise ValueError("\n".join(mistakes))
        return self

    def _conflicts(self) -> Iterator[str]:
        """A line for each setting that conflicts with another; it begins with the setting's key."""
        kind = destination_types()[self.type]
        try:
            client_settings(self)
        except ValidationError as error:
            yield error.errors()[0]["msg"].removeprefix("Value error, ")
        if self.on_denied == "withhold" and self.anonymised_fields:
            yield "anonymised_fields: has no effect without `on_denied: anonymise`"
        if self.on_denied == "anonymise" and not kind.takes_anonymous(self):
            yield (
                f"on_denied: a {self.type} destination with these settings cannot accept "
                "anonymised events; use `on_denied: withhold`"
            )
        yield from mapping_mistakes(kind, self)


def build_destination(settings: ForwardingSettings) -> Destination[Any]:
    """The destination that `settings` describe."""
    return destination_types()[settings.type](settings)


def client_settings(settings: ForwardingSettings) -> ClientSettings:
    """Settings of a destination's HTTP client."""
    chosen = settings.allow_private_addresses
    usual = destination_types()[settings.type].allow_private_addresses
    return ClientSettings(
        **dict(settings.http),
        allow_private_addresses=usual if chosen is None else chosen,
        max_connections=settings.delivery.in_flight,
    )
