"""The shape of the configuration: the settings of a gateway.

Every setting is declared once, in the class of the part that it belongs to; validation, the
JSON Schema for editors and the documentation come from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self, Union

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)

from gateway.configuration.console import ConsoleSettings
from gateway.configuration.credentials import CredentialSettings, unknown_credentials
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.kinds import destination_types, source_types
from gateway.configuration.ledger import LedgerSettings
from gateway.configuration.mapping import clear_sources
from gateway.configuration.server import RedisSettings, ServerSettings, SpoolSettings
from gateway.redis_client.schemes import names_cluster
from gateway.sources.base import Source, SourceSettings
from gateway.stages.consent import ConsentSettings
from gateway.stages.enrichment import BY_DEFAULT, EnrichmentList, LookupSettings
from gateway.stages.held_consent import compile_held_consent
from gateway.stages.identity import IdentitySettings, compile_identity
from gateway.stages.pii import PiiGuardSettings
from gateway.stages.rules import Rule
from gateway.stages.schemas import EventName, SchemaSettings

SOURCES = "Sources of events: a name, and a source with its `type`."
DESTINATIONS = "Destinations of events: a name, and a destination with its `type`."

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Settings(BaseModel):
    """The configuration of a gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: ServerSettings = Field(
        default=ServerSettings(), description="Settings of the web server."
    )
    redis: RedisSettings = Field(
        default=RedisSettings(), description="Redis server that stores the events."
    )
    ledger: LedgerSettings = Field(
        default=LedgerSettings(),
        description="Records of what happened to every event, for `gateway trace`, `gateway "
        "events` and `gateway stats`.",
    )
    spool: SpoolSettings = Field(
        default=SpoolSettings(),
        description="Disk storage for events while Redis cannot accept them.",
    )
    console: ConsoleSettings = Field(
        default=ConsoleSettings(), description="Console: who may see it, and what they may do."
    )
    dedupe_window: NonNegativeInt = Field(
        default=600,
        le=604_800,
        description="Seconds for which a destination accepts an event only once. A repetition "
        "with the same `event_name` and `event_id` is answered like the first event, counted and "
        "ignored. With `0`, every event is accepted.",
    )
    sources: Mapping[str, SourceSettings] = Field(description=SOURCES)
    consent: ConsentSettings = Field(
        default=ConsentSettings(),
        description="Consent defaults and the signals that state consent.",
    )
    identity: IdentitySettings = Field(
        default=IdentitySettings(), description="How visitors are recognised."
    )
    pii_guard: PiiGuardSettings = Field(
        default=PiiGuardSettings(),
        description="Removal of personal data and secrets from free text.",
    )
    hash_at_ingest: bool = Field(
        default=False,
        description="Store no personal data of `user_data` in clear, but only its hashes, in the "
        "forms that the configured destinations need. Rules see the clear values; receivers that "
        "get events as they are, such as webhooks, get the hashes.",
    )
    enrichment: EnrichmentList = Field(
        default=list(BY_DEFAULT),
        description="Enrichments of every event: names, or `{name: settings}` for those that "
        "have settings.",
    )
    lookups: Annotated[
        dict[Name, LookupSettings], Field(json_schema_extra={"additionalProperties": False})
    ] = Field(
        default={},
        description="Your own tables in which values of every event are looked up, after all "
        "enrichments: a name, and a lookup.",
    )
    schemas: dict[EventName, SchemaSettings] = Field(
        default={},
        description="Schemas that events must match: the name of an event, and its schema.",
    )
    rules: list[Rule] = Field(
        default=[], description="Rules that are applied to every event, in order."
    )
    credentials: Annotated[
        dict[Name, CredentialSettings], Field(json_schema_extra={"additionalProperties": False})
    ] = Field(
        default={},
        description="Credentials with which destinations get access tokens: a name, and a "
        "credential with its `type`.",
    )
    destinations: Mapping[str, ForwardingSettings] = Field(description=DESTINATIONS)

    _version: str = PrivateAttr(default="")
    _folder: Path = PrivateAttr(default=Path())
    _text: str = PrivateAttr(default="")
    _secret_files: Mapping[Path, bytes] = PrivateAttr(default={})

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if mistakes := [*self._conflicts()]:
            raise ValueError("\n".join(mistakes))
        return self

    def _conflicts(self) -> Iterator[str]:
        """A line for each setting that conflicts with another; it begins with the setting's key."""
        for stage in (
            lambda: compile_identity(self.identity, self.salt),
            lambda: compile_held_consent(self.consent, self.salt),
        ):
            try:
                stage()
            except ValueError as error:
                yield str(error)
        if mistake := self.mistake_at(self.redis.url):
            yield mistake
        if self.ledger.url is not None and not self.salt:
            yield (
                "ledger.url needs server.hash_salt: the key of the ledger's digests is derived "
                "from it, so that it is the same on all machines"
            )
        yield from unknown_credentials(self.destinations, self.credentials)
        if self.hash_at_ingest:
            yield from clear_sources(self.destinations)

    def mistake_at(self, redis_url: str) -> str | None:
        """Why these settings cannot be used with events at `redis_url`; None if they can."""
        if not names_cluster(redis_url):
            return None
        if self.redis.jobs_url is None:
            return (
                "redis.jobs_url: is needed with a cluster, because RQ works within a single "
                "server; name one outside the cluster, such as redis://jobs.example:6379"
            )
        if self.consent.hold is not None:
            return (
                "consent.hold: does not work with a Redis cluster; remove it, or use a single "
                "Redis server"
            )
        return None

    def with_redis(self, redis: RedisSettings) -> Self:
        """The same settings with another `redis`."""
        return self.model_copy(update={"redis": redis})

    @property
    def has_ledger(self) -> bool:
        return self.ledger.enabled and (self.ledger.url is not None or self.redis.url == "embedded")

    @property
    def salt(self) -> str | None:
        """`server.hash_salt`, if there is one."""
        salt = self.server.hash_salt
        return salt.get_secret_value() if salt else None

    @property
    def folder(self) -> Path:
        """The folder of the file, where relative paths of other files start."""
        return self._folder

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    @property
    def secret_files(self) -> Mapping[Path, bytes]:
        """The files from which values were read (``${file:PATH}`` and `.env`), with their
        SHA-256."""
        return self._secret_files

    @property
    def version(self) -> str:
        """Twelve hex digits that change with the file; every decision records them."""
        return self._version


def read_settings(data: Any) -> Settings:
    """The settings in `data`. Raises ValidationError.

    Validates with only the kinds of destination that `data` names, so that less is imported and
    built. Mistakes are reported by the complete model, which knows all kinds.
    """
    if named := _destinations_named(data):
        with suppress(ValidationError):
            return settings_model(named).model_validate(data)
    return settings_model().model_validate(data)


@cache
def settings_model(kinds: frozenset[str] | None = None) -> type[Settings]:
    """`Settings` with the settings of every installed kind of source and destination. kinds: the
    only kinds of destination to include, None for all."""
    sources = [kind.Settings for kind in source_types().values()]
    types = destination_types()
    destinations = [
        create_model(f"{kind.__name__}Destination", __base__=(kind.Settings, ForwardingSettings))
        for kind in (types.values() if kinds is None else [types[name] for name in sorted(kinds)])
    ]
    return create_model(
        "Gateway",
        __base__=Settings,
        sources=(_named(sources), Field(description=SOURCES)),
        destinations=(_named(destinations), Field(description=DESTINATIONS)),
    )


def _named(models: list[Any]) -> Any:
    """The type of a mapping from names to settings of one of `models`, told apart by `type`."""
    one: Any = Union[tuple(models)]  # noqa: UP007
    if len(models) > 1:
        one = Annotated[one, Field(discriminator="type")]
    named: Any = dict[Name, one]
    return Annotated[named, Field(json_schema_extra={"additionalProperties": False})]


def _destinations_named(data: Any) -> frozenset[str]:
    """The kinds of the destinations in `data`, which may be of any shape; empty if there are none
    or if one of them is unknown."""
    found = data.get("destinations") if isinstance(data, dict) else None
    each = found.values() if isinstance(found, dict) else ()
    kinds = frozenset(str(one.get("type")) if isinstance(one, dict) else "" for one in each)
    return kinds if all(kind in destination_types() for kind in kinds) else frozenset()


def build_sources(settings: Settings) -> dict[str, Source[Any]]:
    """The sources that `settings` describe, by name."""
    return {name: source_types()[each.type](each) for name, each in settings.sources.items()}
