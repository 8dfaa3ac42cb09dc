"""`enrichment:` in the configuration: a list of names, each with or without settings."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from gateway.stages.enrichment.base import NamedFile, PartSettings
from gateway.stages.enrichment.bot import BotSettings
from gateway.stages.enrichment.currency import CurrencySettings
from gateway.stages.enrichment.geo import GeoSettings
from gateway.stages.enrichment.referrer import ReferrerSettings

Name = Literal[
    "bot",
    "page",
    "campaign",
    "click_ids",
    "referrer",
    "channel_group",
    "language",
    "user_agent",
    "geo",
    "items",
    "currency",
]


class ConfiguredEnrichment(PartSettings):
    """One enrichment with its settings: ``{geo: {database: city.mmdb}}``."""

    bot: BotSettings | None = Field(default=None, description="Detection of bots.")
    referrer: ReferrerSettings | None = Field(
        default=None, description="Site that the visitor came from."
    )
    geo: GeoSettings | None = Field(default=None, description="Place of the visitor.")
    currency: CurrencySettings | None = Field(
        default=None, description="Conversion of values to one currency."
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError("should be one name with its settings")
        return self

    @property
    def name(self) -> str:
        return self._given()[0]

    @property
    def settings(self) -> PartSettings:
        settings: PartSettings = getattr(self, self.name)
        return settings

    def files(self) -> Iterable[NamedFile]:
        for file in self.settings.files():
            yield file._replace(key=f"{self.name}.{file.key}")

    def _given(self) -> list[str]:
        return [name for name in type(self).model_fields if getattr(self, name) is not None]


def _can_stand_alone(name: str) -> str:
    if name == "currency":
        raise ValueError("currency needs settings: {currency: {rates: rates.json, to: EUR}}")
    return name


def _form(value: Any) -> str:
    return "settings" if isinstance(value, dict | ConfiguredEnrichment) else "name"


EnrichmentElement = Annotated[
    Annotated[Name, AfterValidator(_can_stand_alone), Tag("name")]
    | Annotated[ConfiguredEnrichment, Tag("settings")],
    Discriminator(_form),
]


def name_of(element: EnrichmentElement) -> str:
    return element.name if isinstance(element, ConfiguredEnrichment) else element


def _each_once(elements: list[EnrichmentElement]) -> list[EnrichmentElement]:
    for name, times in Counter(map(name_of, elements)).items():
        if times > 1:
            raise ValueError(f"{name} is listed {times} times")
    return elements


EnrichmentList = Annotated[list[EnrichmentElement], AfterValidator(_each_once)]
"""The type of the setting."""
