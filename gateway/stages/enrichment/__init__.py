"""Enrichment: adds what can be derived about an event without calling other systems.

To add an enrichment: one file next to this one with a function `load`, its line in `ENRICHMENTS`,
its name in `gateway.stages.enrichment.settings`, and its tests. `load` does what is slow (imports,
tables), so only what is configured costs anything. It returns an `Enrichment`, which finds what an
event lacks; the stage writes all additions into one copy of the event.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from gateway.event import Event, Received
from gateway.stages.enrichment import (
    bot,
    campaign,
    channel_group,
    click_ids,
    currency,
    geo,
    items,
    language,
    lookup,
    page,
    referrer,
    user_agent,
)
from gateway.stages.enrichment.anonymise import IpChoice, anonymise_ip, compile_ip
from gateway.stages.enrichment.base import Enrichment, NamedFile
from gateway.stages.enrichment.headers import enrichment_needs
from gateway.stages.enrichment.lookup import LookupSettings
from gateway.stages.enrichment.settings import (
    ConfiguredEnrichment,
    EnrichmentElement,
    EnrichmentList,
    Name,
    name_of,
)
from gateway.stages.enrichment.table_mistake import TableMistake
from gateway.stages.enrichment.tables import Tables

__all__ = [
    "BY_DEFAULT",
    "ENRICHMENTS",
    "NAMES",
    "ConfiguredEnrichment",
    "EnrichmentElement",
    "EnrichmentList",
    "EnrichmentMistakes",
    "IpChoice",
    "LookupSettings",
    "Stage",
    "Tables",
    "anonymise_ip",
    "compile_enrichment",
    "compile_ip",
    "element_of",
    "enrichment_needs",
    "open_tables",
]

Stage = Callable[[Event, Received], tuple[Event, str]]
"""From an event to the enriched event (the same object if nothing was found), and the names of the
enrichments that found something, joined by commas."""

Loader = Callable[[Any, Tables], Enrichment]
"""From the settings of an enrichment (None without any) and the files; raises `TableMistake`."""


def _plain(load: Callable[[], Enrichment]) -> Loader:
    return lambda _settings, _tables: load()


ENRICHMENTS: dict[str, Loader] = {
    "bot": bot.load,
    "page": _plain(page.load),
    "campaign": _plain(campaign.load),
    "click_ids": _plain(click_ids.load),
    "referrer": referrer.load,
    "channel_group": _plain(channel_group.load),
    "language": _plain(language.load),
    "user_agent": _plain(user_agent.load),
    "geo": geo.load,
    "items": _plain(items.load),
    "currency": currency.load,
}
"""Loaders by name, in the order in which they run; lookups run after them, in their own order."""

NAMES = tuple(ENRICHMENTS)

BY_DEFAULT: tuple[Name, ...] = tuple(name for name in get_args(Name) if name != "currency")
"""The enrichments that need no settings."""

Place = tuple[str | int, ...]


class EnrichmentMistakes(ValueError):
    """All files of enrichments that cannot be used.

    problems: for each, the path of the key that is wrong, and what is wrong with it, in words:
    ``(("enrichment", 2, "geo", "database"), "... cannot be read: ...")``.
    """

    def __init__(self, problems: list[tuple[Place, str]]) -> None:
        super().__init__("\n".join(f"{'.'.join(map(str, key))}: {text}" for key, text in problems))
        self.problems = problems


def open_tables(
    elements: Iterable[EnrichmentElement],
    lookups: Mapping[str, LookupSettings] | None = None,
    folder: Path = Path(),
) -> Tables:
    """Reads the files that the settings name; this is much quicker than compiling the stage.

    folder: what their paths are relative to. Raises `EnrichmentMistakes`.
    """
    tables = Tables(folder)
    problems: list[tuple[Place, str]] = []
    for place, file in _files(elements, lookups or {}):
        try:
            tables.file(file.path, file.read)
        except TableMistake as mistake:
            problems.append((place, str(mistake)))
    if problems:
        raise EnrichmentMistakes(problems)
    return tables


def _files(
    elements: Iterable[EnrichmentElement], lookups: Mapping[str, LookupSettings]
) -> Iterator[tuple[Place, NamedFile]]:
    for index, element in enumerate(elements):
        if isinstance(element, ConfiguredEnrichment):
            for file in element.files():
                yield ("enrichment", index, *file.key.split(".")), file
    for name, settings in lookups.items():
        for file in settings.files():
            yield ("lookups", name, file.key), file


def compile_enrichment(
    elements: Collection[EnrichmentElement],
    lookups: Mapping[str, LookupSettings] | None = None,
    tables: Tables | None = None,
) -> Stage:
    """The stage that runs the enrichments in `elements`, in the order of `ENRICHMENTS`, and then
    `lookups`.

    tables: from `open_tables`; without them the files are read now, with paths relative to the
    working folder. Raises `ValueError` for a name that is not in `NAMES`, and `EnrichmentMistakes`.
    """
    lookups = lookups or {}
    settings = {name_of(element): _settings_of(element) for element in elements}
    if unknown := sorted(settings.keys() - ENRICHMENTS.keys()):
        raise ValueError(f"unknown enrichment {unknown[0]!r}: choose from {', '.join(NAMES)}")
    tables = tables or open_tables(elements, lookups)
    steps = [
        (name, load(settings[name], tables))
        for name, load in ENRICHMENTS.items()
        if name in settings
    ]
    steps += [(f"lookup {name}", lookup.load(each, tables)) for name, each in lookups.items()]

    def enrich(event: Event, received: Received) -> tuple[Event, str]:
        enriched = event
        found = []
        for name, find in steps:
            new = find(enriched, received)
            if not new:
                continue
            if enriched is event:
                enriched = event.copy()
            enriched.update(new)
            found.append(name)
        return enriched, ", ".join(found)

    return enrich


def element_of(elements: Iterable[EnrichmentElement], name: str) -> EnrichmentElement:
    """The element of `elements` for the enrichment `name`, else the bare `name`.

    With it, `geo` runs as configured when consent needs it before its turn.
    """
    return next((element for element in elements if name_of(element) == name), name)  # type: ignore[arg-type]


def _settings_of(element: EnrichmentElement) -> Any:
    return element.settings if isinstance(element, ConfiguredEnrichment) else None
