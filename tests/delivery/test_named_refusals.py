"""A vendor refuses a request and names the event at fault: the others are delivered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from destinations.base import Destination, Request, Response
from destinations.snapchat import Snapchat, SnapchatSettings
from destinations.tiktok import TikTok, TikTokSettings
from gateway.delivery.planning import plan
from gateway.delivery.policy import SendPolicy
from gateway.delivery.send import Attempt, Sender
from gateway.queue.entry import Entry
from tests.support.drains import send_to_the_end
from tests.support.events import make_entries
from tests.vendors.snapchat import Snapchat as StrictSnapchat
from tests.vendors.tiktok import TikTok as StrictTikTok

pytestmark = pytest.mark.anyio

DAYS = timedelta(days=7)
TIKTOK = TikTok(TikTokSettings.model_validate({"event_source_id": "1", "access_token": "t"}))
SNAPCHAT = Snapchat(SnapchatSettings.model_validate({"pixel_id": "1", "access_token": "t"}))


class Network:
    """Passes requests to the strict `vendor` instead of the network."""

    def __init__(self, vendor: StrictTikTok | StrictSnapchat) -> None:
        self.vendor = vendor
        self.sizes: list[int] = []

    async def send(self, request: Request) -> Response:
        self.sizes.append(len(request.events))
        path = urlsplit(request.url).path
        answer = self.vendor.answer(request.method, path, request.headers, request.body)
        return Response(answer.status, answer.headers, answer.body)


def entries_with(poison: int) -> Sequence[Entry]:
    """A hundred entries; number `poison` has a currency that the vendor does not accept."""
    entries = make_entries(100)
    for number, entry in enumerate(entries):
        own: dict[str, Any] = {"event_name": "purchase", "value": 1, "currency": "EUR"}
        own |= {"user_data": {"email_address": "ada@example.com"}, "timestamp": time.time() - 60}
        entry.event.update(own)
        if number == poison:
            entry.event["currency"] = "EU"
    return entries


@pytest.mark.parametrize(
    ("destination", "vendor"), [(TIKTOK, StrictTikTok()), (SNAPCHAT, StrictSnapchat())]
)
@pytest.mark.parametrize("poison", [0, 41, 99])
async def test_only_the_event_that_is_named_is_rejected(
    destination: Destination[Any], vendor: Any, poison: int
) -> None:
    vendor.events.clear()
    network, entries = Network(vendor), entries_with(poison)
    sender = Sender(destination, network, SendPolicy(3, lambda _: DAYS), lambda _: None)  # type: ignore[arg-type]
    (shipment,) = plan(destination, entries, lambda _: DAYS, time.time())
    attempts = await send_to_the_end(sender, shipment)  # type: ignore[arg-type]

    became = {
        entry.event["event_id"]: outcome.result
        for attempt in attempts
        if isinstance(attempt, Attempt)
        for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True)
    }
    guilty = entries[poison].event["event_id"]
    assert {event for event, result in became.items() if result == "rejected"} == {guilty}
    assert sorted(event["event_id"] for event in vendor.events) == sorted(became.keys() - {guilty})
    assert network.sizes == [100, 49, 50]
