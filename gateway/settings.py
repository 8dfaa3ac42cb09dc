"""The configuration: its shape, what is wrong with one, and what `gateway schema` prints.

Every setting is declared once, in the class of the part that it belongs to; validation, the
JSON Schema for editors and the documentation come from there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PositiveInt,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)

from destinations.base import Destination, DestinationSettings
from gateway.conditions import Condition
from gateway.consent import ConsentSettings
from gateway.delivery.policy import DeliverySettings
from gateway.enrichment import ENRICHMENTS
from gateway.event import CONSENT_TYPES
from gateway.http.client import ClientSettings
from gateway.mistakes import ConfigurationError, problems_of
from gateway.plugins import destination_types, source_types
from gateway.rules import Rule
from gateway.sources.base import Source, SourceSettings
from gateway.yaml_file import read_yaml

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ConsentType = Literal[CONSENT_TYPES]  # type: ignore[valid-type]


class ServerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: str = Field(
        default="http://127.0.0.1:8080", description="Where browsers reach the gateway."
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default=[], description="Addresses or networks whose X-Forwarded-For is believed."
    )
    max_body_bytes: PositiveInt = Field(
        default=1_048_576, description="Largest request body, as sent and after gunzip."
    )
    hash_salt: SecretStr | None = Field(
        default=None, description="Key of the HMAC that the `hash` action uses."
    )
    demo: bool = Field(
        default=False,
        description="Serve the demo shop at /demo. It shows the last events to whoever asks: "
        "not for production.",
    )


class RedisSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="embedded",
        pattern=r"^(embedded|(redis|rediss|unix)://.+)$",
        description="redis://, rediss:// or unix://; `embedded` starts a Valkey of its own.",
    )
    data_dir: Path = Field(default=Path("./data"), description="Files of the embedded server.")


class ForwardingSettings(DestinationSettings):
    """What every destination can be told, whatever its kind."""

    when: Condition | None = Field(default=None, description="Which events it gets.")
    consent: list[ConsentType] | None = Field(
        default=None,
        description="Consent Mode types that must be granted; an empty list asks for none. "
        "By default what suits the kind of destination.",
    )
    rules: list[Rule] = Field(default=[], description="Rules for this destination alone.")
    dry_run: bool = Field(default=False, description="Build and record requests, send nothing.")
    delivery: DeliverySettings = Field(default=DeliverySettings(), description="Pace and retries.")
    http: ClientSettings = Field(default=ClientSettings(), description="How requests are carried.")


class Settings(BaseModel):
    """The configuration of a gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: ServerSettings = ServerSettings()
    redis: RedisSettings = RedisSettings()
    sources: Mapping[str, SourceSettings]
    consent: ConsentSettings = ConsentSettings()
    enrichment: list[Literal[tuple(ENRICHMENTS)]] = Field(  # type: ignore[valid-type]
        default=list(ENRICHMENTS), description="What is found out about every event."
    )
    rules: list[Rule] = Field(default=[], description="Evaluated in order on every event.")
    destinations: Mapping[str, ForwardingSettings]

    _version: str = PrivateAttr(default="")

    @property
    def version(self) -> str:
        """Twelve hex digits that change with the file; they stand in every decision."""
        return self._version

    @model_validator(mode="after")
    def _paths_are_distinct(self) -> Settings:
        owners: dict[str, str] = {}
        for name, source in self.sources.items():
            for path in source.paths or source_types()[source.type].paths:
                if path in owners:
                    raise ValueError(f"sources {owners[path]} and {name} both answer {path}")
                owners[path] = name
        return self


@cache
def settings_model() -> type[Settings]:
    """`Settings` with the settings of every installed kind of source and destination in it."""
    sources = [kind.Settings for kind in source_types().values()]
    destinations = [
        create_model(f"{kind.__name__}Destination", __base__=(kind.Settings, ForwardingSettings))
        for kind in destination_types().values()
    ]
    return create_model(
        "Gateway",
        __base__=Settings,
        sources=(dict[Name, _one_of(sources)], Field(description="Where events come in.")),  # type: ignore[arg-type, misc]
        destinations=(dict[Name, _one_of(destinations)], Field(description="Where they go.")),  # type: ignore[arg-type, misc]
    )


def _one_of(models: list[Any]) -> Any:
    return Annotated[Union[tuple(models)], Field(discriminator="type")]  # noqa: UP007


def parse_settings(
    text: str, name: str = "configuration", environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings in the YAML `text`.

    name: of the file, for messages. environment: for ``${NAME}``; by default the process's own.
    Raises `ConfigurationError` with every mistake in it.
    """
    file = read_yaml(text, os.environ if environment is None else environment)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    if file.data is None:
        raise ConfigurationError(name, file.problems or problems_of("the file is empty"))
    try:
        settings = settings_model().model_validate(file.data)
    except ValidationError as error:
        raise ConfigurationError(name, problems_of(error, file, settings_schema())) from None
    if file.problems:
        raise ConfigurationError(name, file.problems)
    settings._version = version
    return settings


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in the file at `path`. Raises `ConfigurationError`, also without a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), problems_of(f"cannot be read: {error}")) from None
    return parse_settings(text, str(path), environment)


def settings_schema() -> dict[str, Any]:
    """JSON Schema of the configuration, for editors and for messages."""
    return settings_model().model_json_schema()


def build_destination(settings: ForwardingSettings) -> Destination[Any]:
    """The destination that `settings` describe."""
    return destination_types()[settings.type](settings)


def client_settings(settings: ForwardingSettings) -> ClientSettings:
    """How requests of a destination are carried.

    A kind of destination whose address is anybody's choice has `allow_private_addresses` among
    its own settings, and there it is off by default.
    """
    allowed = getattr(settings, "allow_private_addresses", True)
    return settings.http.model_copy(update={"allow_private_addresses": allowed})


def build_sources(settings: Settings) -> dict[str, Source[Any]]:
    """The sources that `settings` describe, by name."""
    return {name: source_types()[each.type](each) for name, each in settings.sources.items()}
