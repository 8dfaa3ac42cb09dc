"""Which destinations may send to addresses that are not on the public internet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from destinations.setting_types import Url
from gateway.configuration.destination import client_settings
from gateway.configuration.load import parse_settings
from tests.support.installed_kinds import installed_destination

DESTINATIONS = {
    "meta": "pixel_id: '1', access_token: t0ken",
    "ga4": "measurement_id: G-1, api_secret: s3cret",
    "webhook": "url: https://web.example/",
    "pigeon": "url: https://roof.example/",
}


class PigeonSettings(DestinationSettings):
    type: Literal["pigeon"]
    url: Url


class Pigeon(Destination[PigeonSettings]):
    """A third party's destination that says nothing about private addresses."""

    type = "pigeon"
    Settings = PigeonSettings

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        yield from ()

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return []


@pytest.fixture(autouse=True)
def _with_pigeons() -> Iterator[None]:
    with installed_destination(Pigeon):
        yield


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
