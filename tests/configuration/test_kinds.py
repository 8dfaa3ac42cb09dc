"""Kinds of sources and destinations, including third parties', are found through entry points."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from destinations.base import (
    Destination,
    DestinationSettings,
    Event,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from gateway.configuration import kinds
from gateway.configuration.destination import build_destination
from gateway.configuration.kinds import destination_types, source_types
from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.pipeline.routes import required_consent
from gateway.sources.base import Source
from tests.support.installed_kinds import installed_destination


def test_ours() -> None:
    assert list(destination_types()) == [
        "ga4",
        "google_data_manager",
        "linkedin",
        "meta",
        "microsoft_uet",
        "openai_ads",
        "pinterest",
        "reddit",
        "snapchat",
        "tiktok",
        "webhook",
        "x",
    ]
    assert list(source_types()) == [
        "collect",
        "events",
        "ga4",
        "jitsu",
        "matomo",
        "measurement_protocol",
        "pixel",
        "plausible",
        "posthog",
        "segment",
        "snowplow",
        "stape_data",
        "umami",
    ]


@pytest.mark.parametrize("group", ["gateway.sources", "gateway.destinations"])
def test_ours_have_no_problems_that_are_only_looked_for_in_others(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = [each for each in entry_points(group=group) if each.module.split(".")[0] in kinds._OURS]
    assert len(ours) > 5
    monkeypatch.setattr(kinds, "_OURS", frozenset())
    assert [problem for each in ours for problem in kinds._problems(each, each.load())] == []


@pytest.mark.parametrize("types", [source_types, destination_types])
def test_a_kind_is_named_as_its_class_and_its_settings_say(types: Any) -> None:
    for name, kind in types().items():
        assert issubclass(kind, Source | Destination)
        assert kind.type == name
        assert kind.Settings.model_json_schema()["properties"]["type"]["const"] == name


def test_a_kind_is_imported_when_it_is_first_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    class Point(EntryPoint):
        def load(self) -> Any:
            loaded.append(self.name)
            return Pigeon

    points = [Point(name, "theirs:Pigeon", "gateway.destinations") for name in ("dove", "pigeon")]
    monkeypatch.setattr(kinds, "entry_points", lambda group: points)
    found = kinds.Kinds("gateway.destinations")
    assert found["pigeon"] is Pigeon
    assert "swift" not in found
    assert loaded == ["pigeon"]
    assert list(found) == ["pigeon"]
    assert "must be 'dove'" in found.problem("dove")
    assert loaded == ["pigeon", "dove"]


@pytest.mark.parametrize(
    ("destinations", "words"),
    [
        ("{one: {url: 'https://shop.example/'}}", "destinations.one: needs a `type`"),
        ("{one: {type: webhook}}", "destinations.one.url: is missing"),
        ("{one: {type: webhook, url: 'https://shop.example/'}, two: {type: tiktak}}", "tiktok"),
    ],
)
def test_a_mistake_is_told_with_all_kinds_in_mind(destinations: str, words: str) -> None:
    """Even if the configuration names only one kind, or none."""
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(f"sources: {{site: {{type: collect}}}}\ndestinations: {destinations}\n")
    assert words in str(caught.value)


class Corn(BaseModel):
    type: Literal["corn"]


class Wheat(BaseModel):
    type: Literal["wheat"]


class PigeonSettings(DestinationSettings):
    type: Literal["pigeon"]
    loft: str
    food: Annotated[Corn | Wheat, Field(discriminator="type")] | None = None


class Pigeon(Destination[PigeonSettings]):
    type = "pigeon"
    consent = ("functionality_storage",)
    Settings = PigeonSettings

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        yield from (Unsendable(position, "no pigeon") for position in range(len(events)))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return []


@pytest.fixture
def _with_pigeons() -> Iterator[None]:
    with installed_destination(Pigeon):
        yield


CONFIGURATION = """\
sources: {site: {type: collect}}
destinations: {roof: {type: pigeon, loft: north, dry_run: true}}
"""


@pytest.mark.usefixtures("_with_pigeons")
def test_a_third_partys_kind_is_like_ours() -> None:
    settings = parse_settings(CONFIGURATION, environment={})
    roof: Any = settings.destinations["roof"]
    assert (roof.loft, roof.dry_run) == ("north", True)
    assert required_consent(roof) == ("functionality_storage",)
    assert isinstance(build_destination(roof), Pigeon)

    with pytest.raises(ConfigurationError) as caught:
        parse_settings(CONFIGURATION.replace("loft", "lft"), "file", {})
    assert str(caught.value).splitlines() == [
        "file:2: destinations.roof.lft: unknown key; did you mean 'loft'?",
        "file:2: destinations.roof.loft: is missing",
    ]


@pytest.mark.usefixtures("_with_pigeons")
def test_an_unknown_type_within_its_settings_is_no_kind_of_destination() -> None:
    text = CONFIGURATION.replace("loft: north", "loft: north, food: {type: rice}")
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(text, "file", {})
    assert str(caught.value) == (
        "file:2: destinations.roof.food.type: 'rice' is not one of corn, wheat"
    )


def test_and_is_gone_with_its_package() -> None:
    with pytest.raises(ConfigurationError, match="'pigeon' is not one of ga4, google_data_manager"):
        parse_settings(CONFIGURATION, environment={})
