"""The reference of the configuration, written from the settings classes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from destinations.mapping import EventMapping, MappingSettings, Source
from gateway.configuration.console import ConsoleSettings, ConsoleUser, OpenIdSettings
from gateway.configuration.credentials import (
    ClientCredentialsSettings,
    RefreshTokenSettings,
    ServiceAccountSettings,
)
from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.kinds import destination_types, source_types
from gateway.configuration.ledger import LedgerSettings
from gateway.configuration.server import RedisSettings, ServerSettings, SpoolSettings
from gateway.configuration.settings import Settings
from gateway.http.client import HttpSettings
from gateway.sources.base import SourceSettings
from gateway.sources.rate_limits import RateLimits
from gateway.sources.submission_tokens import SubmissionTokens
from gateway.stages.conditions import Operators
from gateway.stages.consent import ConsentSettings, HoldSettings, RegionDefault, TcfSettings
from gateway.stages.enrichment import LookupSettings
from gateway.stages.enrichment.bot import BotSettings
from gateway.stages.enrichment.currency import CurrencySettings
from gateway.stages.enrichment.geo import GeoSettings
from gateway.stages.enrichment.geo_headers import GeoHeaders
from gateway.stages.enrichment.referrer import ReferrerSettings
from gateway.stages.identity import IdentitySettings
from gateway.stages.pii import PiiGuardSettings
from gateway.stages.rules import Redact, Rule, Sample
from gateway.stages.schemas import SchemaSettings


def reference() -> str:
    """Markdown: a table of keys for each part of the configuration."""
    sections: list[tuple[str, type[BaseModel], set[str]]] = [
        ("Top level", Settings, set()),
        ("`server`", ServerSettings, set()),
        ("`redis`", RedisSettings, set()),
        ("`ledger`", LedgerSettings, set()),
        ("`spool`", SpoolSettings, set()),
        ("`console`", ConsoleSettings, set()),
        ("`console.users`, for each name", ConsoleUser, set()),
        ("`console.openid`", OpenIdSettings, set()),
        ("`consent`", ConsentSettings, set()),
        ("`consent.regions[]`", RegionDefault, set()),
        ("`consent.tcf`", TcfSettings, set()),
        ("`consent.hold`", HoldSettings, set()),
        ("`identity`", IdentitySettings, set()),
        ("`pii_guard`", PiiGuardSettings, set()),
        ("`bot` in `enrichment`", BotSettings, set()),
        ("`referrer` in `enrichment`", ReferrerSettings, set()),
        ("`geo` in `enrichment`", GeoSettings, set()),
        ("`geo.headers` of another CDN", GeoHeaders, set()),
        ("`currency` in `enrichment`", CurrencySettings, set()),
        ("`lookups`, for each name", LookupSettings, set()),
        ("`schemas`, for each event name", SchemaSettings, set()),
        ("`rules[]`, also under a destination", Rule, set()),
        ("`sample` of a rule", Sample, set()),
        ("`redact` of a rule", Redact, set()),
        ("Operators of a condition", Operators, set()),
        ("`credentials`, client credentials", ClientCredentialsSettings, set()),
        ("`credentials`, refresh token", RefreshTokenSettings, set()),
        ("`credentials`, service account", ServiceAccountSettings, set()),
        ("Every source", SourceSettings, set()),
        ("`submission_tokens` of a source", SubmissionTokens, set()),
        ("`rate_limit` of a source", RateLimits, set()),
    ]
    common = set(SourceSettings.model_fields) - {"type"}
    for name, source in source_types().items():
        sections.append((f"Source `{name}`", source.Settings, common))
    sections.append(("Every destination", ForwardingSettings, set()))
    sections.append(("`mapping` of a destination", MappingSettings, set()))
    sections.append(("An event in `mapping.events`", EventMapping, set()))
    sections.append(("A source in `mapping.fields`", Source, set()))
    sections.append(("`delivery` of a destination", DeliverySettings, set()))
    sections.append(("`http` of a destination", HttpSettings, set()))
    common = set(ForwardingSettings.model_fields) - {"type"}
    for name, destination in destination_types().items():
        sections.append((f"Destination `{name}`", destination.Settings, common))
        for key, part in _parts(destination.Settings, common):
            sections.append((f"`{key}` of a `{name}` destination", part, set()))
    return "\n".join(line for section in sections for line in settings_table(*section))


def _parts(model: type[BaseModel], without: set[str]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The settings in `model` that have keys of their own, with the paths that lead to them."""
    for name, field in model.model_fields.items():
        for part in () if name in without else _classes(field.annotation):
            yield name, part
            yield from ((f"{name}.{key}", inner) for key, inner in _parts(part, set()))


def _classes(annotation: Any) -> list[type[BaseModel]]:
    """The settings classes that the value of a key may have."""
    branches = get_args(annotation) or (annotation,)
    return [each for each in branches if isinstance(each, type) and issubclass(each, BaseModel)]


def settings_table(title: str, model: type[BaseModel], without: set[str]) -> Iterator[str]:
    """Lines of Markdown: a heading, and a row for each key of `model` that is not in `without`."""
    yield f"### {title}\n"
    yield "| key | default | meaning |\n|---|---|---|"
    for name, field in model.model_fields.items():
        if name not in without:
            yield f"| `{field.alias or name}` | {_default(field)} | {_cell(field.description)} |"
    yield ""


def _default(field: FieldInfo) -> str:
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "required"
    if default is None or isinstance(default, BaseModel | SecretStr) or default in ({}, []):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list) and not isinstance(default[0], BaseModel):
        return f"`[{', '.join(map(str, default))}]`"
    if isinstance(default, list | dict):
        return "see the text"
    return f"`{default}`"


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")
