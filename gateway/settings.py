"""The configuration: its shape, what is wrong with one, and what `gateway schema` prints.

Every setting is declared once, in the class of the part that it belongs to; validation, the
JSON Schema for editors and the documentation come from there.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union

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
    field_validator,
    model_validator,
)

from destinations.base import Destination, DestinationSettings
from gateway.anonymise import OwnField
from gateway.conditions import Condition
from gateway.consent import ConsentSettings, ConsentType
from gateway.delivery.policy import DeliverySettings
from gateway.enrichment import (
    BY_DEFAULT,
    EnrichmentList,
    EnrichmentMistakes,
    IpChoice,
    LookupSettings,
    open_tables,
)
from gateway.event_schemas import SchemaMistakes, SchemaSettings, compile_schemas
from gateway.http.client import ClientSettings, HttpSettings
from gateway.identity import IdentitySettings, compile_identity
from gateway.mistakes import ConfigurationError, problems_of
from gateway.pii import PiiGuardSettings
from gateway.plugins import destination_types, source_types
from gateway.rules import Rule
from gateway.sources.base import Source, SourceSettings
from gateway.yaml_file import KeyPath, Problem, YamlFile, dotted, read_yaml, with_references

SOURCES = "Where events come in: a name, and a source of some `type`."
DESTINATIONS = "Where events go: a name, and a destination of some `type`."

OWN_PATHS = ("/healthz", "/readyz", "/metrics", "/gateway.js", "/link", "/demo")
"""URL paths that no source may answer, nor any below /demo."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


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
    data_dir: Path = Field(
        default=Path("./data"), description="Files of the embedded server and of the spool."
    )

    @field_validator("url")
    @classmethod
    def _can_be_used(cls, url: str) -> str:
        if url != "embedded":
            from gateway.queue.connect import check_url

            check_url(url)
        return url

    @field_validator("jobs_url")
    @classmethod
    def _can_hold_jobs(cls, url: str | None) -> str | None:
        if url is not None:
            from gateway.queue.connect import check_url

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
        "`redis.data_dir`.",
    )
    max_bytes: PositiveInt = Field(
        default=100_000_000,
        description="Most bytes of events in it, for each web process; more are answered 503.",
    )


class ForwardingSettings(DestinationSettings):
    """What every destination can be told, whatever its kind."""

    when: Condition | None = Field(default=None, description="Which events it gets.")
    consent: list[ConsentType] | None = Field(
        default=None,
        description="Consent Mode types that must be granted; an empty list asks for none. "
        "By default what suits the kind of destination.",
    )
    on_denied: Literal["withhold", "anonymise"] = Field(
        default="withhold",
        description="What becomes of an event that lacks such a consent: `withhold` keeps it from "
        "this destination, `anonymise` sends what cannot tell who the visitor is.",
    )
    anonymised_fields: list[OwnField] = Field(
        default=[],
        description="Names of further fields that such an anonymised event keeps, because they "
        "identify nobody; of fields of your own it has no others.",
    )
    ip: IpChoice | None = Field(
        default=None,
        description="How much of the visitor's address (`ip_override`) it gets: `full`, "
        "`anonymised` (the last octet of an IPv4 address zero, the last 80 bits of an IPv6 one) or "
        "`none`. By default what suits the kind of destination.",
    )
    rules: list[Rule] = Field(default=[], description="Rules for this destination alone.")
    dry_run: bool = Field(default=False, description="Build and record requests, send nothing.")
    delivery: DeliverySettings = Field(default=DeliverySettings(), description="Pace and retries.")
    http: HttpSettings = Field(default=HttpSettings(), description="How requests are carried.")

    @model_validator(mode="after")
    def _can_be_carried(self) -> Self:
        try:
            client_settings(self)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    @model_validator(mode="after")
    def _can_be_anonymous(self) -> Self:
        if self.on_denied == "anonymise":
            if not destination_types()[self.type].takes_anonymous(self):
                raise ValueError(
                    f"on_denied: a destination of type {self.type} with these settings takes no "
                    "event that does not tell whom it is about: leave it at `withhold`"
                )
        elif self.anonymised_fields:
            raise ValueError("anonymised_fields: does nothing without `on_denied: anonymise`")
        return self


class Settings(BaseModel):
    """The configuration of a gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: ServerSettings = Field(default=ServerSettings(), description="The web part.")
    redis: RedisSettings = Field(default=RedisSettings(), description="Where events are kept.")
    spool: SpoolSettings = Field(
        default=SpoolSettings(), description="Where events wait while Redis cannot take them."
    )
    dedupe_window: PositiveInt | None = Field(
        default=None,
        le=604_800,
        description="Seconds in which a destination takes an event once: another with the same "
        "`event_name` and `event_id` is answered like the first, counted and left out. Without "
        "it every event is taken.",
    )
    sources: Mapping[str, SourceSettings] = Field(description=SOURCES)
    consent: ConsentSettings = Field(
        default=ConsentSettings(), description="What holds when an event does not say."
    )
    identity: IdentitySettings = Field(
        default=IdentitySettings(), description="How visitors are recognised."
    )
    pii_guard: PiiGuardSettings = Field(
        default=PiiGuardSettings(),
        description="Takes personal data and secrets out of free text.",
    )
    enrichment: EnrichmentList = Field(
        default=list(BY_DEFAULT),
        description="What is found out about every event: names, or `{name: settings}` for those "
        "that have settings.",
    )
    lookups: Annotated[
        dict[Name, LookupSettings], Field(json_schema_extra={"additionalProperties": False})
    ] = Field(
        default={},
        description="Tables of your own in which values of every event are looked up, after all "
        "enrichments: a name, and a lookup.",
    )
    schemas: dict[str, SchemaSettings] = Field(
        default={}, description="What events must look like: the name of an event, and its schema."
    )
    rules: list[Rule] = Field(default=[], description="Evaluated in order on every event.")
    destinations: Mapping[str, ForwardingSettings] = Field(description=DESTINATIONS)

    _version: str = PrivateAttr(default="")
    _folder: Path = PrivateAttr(default=Path())
    _text: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _identity_can_be_used(self) -> Self:
        compile_identity(self.identity, self.salt)
        return self

    @model_validator(mode="after")
    def _redis_can_be_used(self) -> Self:
        if mistake := self.mistake_at(self.redis.url):
            raise ValueError(mistake)
        return self

    def mistake_at(self, redis_url: str) -> str | None:
        """What cannot be done where the events are at `redis_url`, if there is anything."""
        from gateway.queue.connect import names_cluster

        if not names_cluster(redis_url):
            return None
        if self.redis.jobs_url is None:
            return (
                "redis.jobs_url: is needed with a cluster: RQ works within a single server, so its "
                "jobs are on one beside the cluster, such as redis://jobs.example:6379"
            )
        if self.consent.hold is not None:
            return (
                "consent.hold: cannot be had on a cluster: what waits there and the counts of its "
                "destinations are on different nodes, and could not change in one step"
            )
        return None

    @property
    def salt(self) -> str | None:
        """`server.hash_salt`, if there is one."""
        salt = self.server.hash_salt
        return salt.get_secret_value() if salt else None

    @property
    def folder(self) -> Path:
        """The folder of the file, from which the paths of other files count."""
        return self._folder

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    @property
    def version(self) -> str:
        """Twelve hex digits that change with the file; they stand in every decision."""
        return self._version


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
        sources=(_named(sources), Field(description=SOURCES)),
        destinations=(_named(destinations), Field(description=DESTINATIONS)),
    )


def _named(models: list[Any]) -> Any:
    """The type of names that each have settings of one of `models`, which their `type` tells."""
    one: Any = Annotated[Union[tuple(models)], Field(discriminator="type")]  # noqa: UP007
    named: Any = dict[Name, one]
    return Annotated[named, Field(json_schema_extra={"additionalProperties": False})]


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
    shared = _shared_paths(file)
    try:
        settings = settings_model().model_validate(file.data)
    except ValidationError as error:
        problems = problems_of(error, file, settings_schema())
        raise ConfigurationError(name, problems + shared) from None
    if file.problems or shared:
        raise ConfigurationError(name, file.problems + shared)
    settings._version, settings._folder, settings._text = version, Path(name).parent, text
    if wrong := list(_wrong_files(settings)):
        problems = [Problem(file.line(key), dotted(key), text) for key, text in wrong]
        raise ConfigurationError(name, problems)
    return settings


def _wrong_files(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong with schemas, and with the files that enrichments and lookups read."""
    try:
        compile_schemas(settings.schemas, settings.folder)
    except SchemaMistakes as error:
        yield from error.problems
    try:
        open_tables(settings.enrichment, settings.lookups, settings.folder)
    except EnrichmentMistakes as mistakes:
        yield from mistakes.problems


def _shared_paths(file: YamlFile) -> list[Problem]:
    """Where a source answers a URL path that is answered already, whatever else is wrong."""
    owners: dict[str, str | int] = {}
    problems = []
    for place, path in _answered_paths(file.data):
        if own := _own_path(path):
            message = f"the gateway itself answers {own}"
            problems.append(Problem(file.line(place), dotted(place), message))
        elif path in owners:
            message = f"{owners[path]} answers {path} already"
            problems.append(Problem(file.line(place), dotted(place), message))
        owners.setdefault(path, place[1])
    return problems


def _own_path(path: str) -> str | None:
    """The path of the gateway's own that a source at `path` would answer; parts of `path` in
    braces stand for anything."""
    if path.startswith("/demo/"):
        return path
    pattern = re.compile(re.sub(r"(?:\\\{[^/{}]*\\\})+", ".*", re.escape(path)))
    return next((own for own in OWN_PATHS if pattern.fullmatch(own)), None)


def _answered_paths(data: Any) -> Iterator[tuple[KeyPath, str]]:
    """Every URL path that a source answers, with its place in `data`, which may be of any shape."""
    sources = data.get("sources") if isinstance(data, dict) else None
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if not isinstance(source, dict):
            continue
        kind, paths = source_types().get(str(source.get("type"))), source.get("paths")
        if isinstance(paths, list) and paths:
            for index, path in enumerate(paths):
                if isinstance(path, str):
                    yield ("sources", name, "paths", index), path
        elif kind is not None:
            for path in kind.paths:
                yield ("sources", name), path


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in the file at `path`. Raises `ConfigurationError`, also without a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), problems_of(f"cannot be read: {error}")) from None
    return parse_settings(text, str(path), environment)


@cache
def settings_schema() -> dict[str, Any]:
    """JSON Schema of the configuration once the environment's values stand in it."""
    return settings_model().model_json_schema()


def file_schema() -> dict[str, Any]:
    """JSON Schema of the configuration as it is written, for editors."""
    schema: dict[str, Any] = with_references(settings_schema())
    return schema


def build_destination(settings: ForwardingSettings) -> Destination[Any]:
    """The destination that `settings` describe."""
    return destination_types()[settings.type](settings)


def client_settings(settings: ForwardingSettings) -> ClientSettings:
    """What the HTTP client of a destination is opened with.

    A kind of destination whose address is anybody's choice has `allow_private_addresses` among
    its own settings, and there it is off by default.
    """
    return ClientSettings(
        **dict(settings.http),
        allow_private_addresses=getattr(settings, "allow_private_addresses", True),
        max_connections=settings.delivery.in_flight,
    )


def build_sources(settings: Settings) -> dict[str, Source[Any]]:
    """The sources that `settings` describe, by name."""
    return {name: source_types()[each.type](each) for name, each in settings.sources.items()}
