"""Which destinations may send to addresses that are not on the public internet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

import pytest

from destinations.base import (
    Destination,
    DestinationSettings,
    Event,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from destinations.common import Url
from gateway.configuration import kinds
from gateway.configuration.destination import client_settings
from gateway.configuration.kinds import installed_kinds
from gateway.configuration.load import parse_settings, settings_schema
from gateway.configuration.settings import settings_model

DESTINATIONS = {
    "meta": "pixel_id: '1', access_token: t0ken",
    "ga4": "measurement_id: G-1, api_secret: s3cret",
    "webhook": "url: https://web.example/",
    "pigeon": "url: https://roof.example/",
}
CACHES = (installed_kinds, settings_model, settings_schema)


class PigeonSettings(DestinationSettings):
    type: Literal["pigeon"]
    url: Url


class Pigeon(Destination[PigeonSettings]):
    """A third party's, which does not think of private addresses."""

    type = "pigeon"
    Settings = PigeonSettings

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        yield from ()

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return []


class PigeonPoint(EntryPoint):
    def load(self) -> type[Pigeon]:
        return Pigeon


@pytest.fixture(autouse=True)
def _with_pigeons(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def with_pigeons(group: str) -> list[EntryPoint]:
        theirs = [PigeonPoint("pigeon", "pigeons:Pigeon", "gateway.destinations")]
        return [*entry_points(group=group), *(point for point in theirs if point.group == group)]

    monkeypatch.setattr(kinds, "entry_points", with_pigeons)
    for cached in CACHES:
        cached.cache_clear()
    yield
    for cached in CACHES:
        cached.cache_clear()


def may_be_private(kind: str, more: str = "") -> bool:
    settings = parse_settings(
        f"sources: {{}}\ndestinations: {{one: {{type: {kind}, {DESTINATIONS[kind]}{more}}}}}\n",
        environment={},
    )
    return client_settings(settings.destinations["one"]).allow_private_addresses


@pytest.mark.parametrize(
    ("kind", "private"), [("meta", True), ("ga4", True), ("webhook", False), ("pigeon", False)]
)
def test_only_what_knows_its_vendors_address_is_not_guarded(kind: str, private: bool) -> None:
    assert may_be_private(kind) is private


@pytest.mark.parametrize("kind", DESTINATIONS)
@pytest.mark.parametrize("chosen", ["true", "false"])
def test_the_configuration_decides_for_every_kind(kind: str, chosen: str) -> None:
    assert may_be_private(kind, f", allow_private_addresses: {chosen}") is (chosen == "true")
