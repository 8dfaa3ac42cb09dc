"""A drain sends conversions to a vendor as strict as Google: each is counted once, and each event
ends as the vendor says."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from destinations.base import Request, Response
from destinations.google_data_manager import GoogleDataManager, GoogleDataManagerSettings
from destinations.google_data_manager import answers as answers_module
from gateway.delivery import polling as polling_module
from gateway.http.client import Ambiguous
from tests.support.drains import SOON, Fill, Start, dead_letters, outcomes, run
from tests.vendors.google_data_manager import GoogleDataManager as Vendor

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

CLICK = {"click_ids": {"gclid": "g-1"}}


class Client:
    """Carries requests to a vendor in this process. lost: how many responses to POST get lost."""

    def __init__(self, vendor: Vendor, lost: int = 0) -> None:
        self.vendor = vendor
        self.lost = lost

    async def send(self, request: Request) -> Response:
        url = urlsplit(request.url)
        answer = self.vendor.answer(request.method, url.path, url.query, request.body)
        if request.method == "POST" and self.lost:
            self.lost -= 1
            raise Ambiguous("no complete response within 10 s")
        return Response(answer.status, answer.headers, answer.body)

    async def close(self) -> None:
        pass


@pytest.fixture
def data_manager(monkeypatch: pytest.MonkeyPatch) -> GoogleDataManager:
    monkeypatch.setattr(polling_module, "MIN_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(answers_module, "POLL_AFTER", 0.05)
    settings = {
        "credential": "google",
        "account_id": "1234567890",
        "mapping": {"events": {"purchase": "987", "generate_lead": "654"}},
    }
    made = GoogleDataManager(GoogleDataManagerSettings.model_validate(settings))
    made.limits = type(made.limits)(max_events=2000, max_age=made.limits.max_age)
    return made


async def test_each_event_ends_as_google_says(
    redis: Redis, fill: Fill, start: Start, data_manager: GoogleDataManager
) -> None:
    vendor = Vendor(processing=2, reasons={"event-1": "INVALID_GCLID"})
    await fill(4, **CLICK)
    await run(await start(Client(vendor), destination=data_manager, idle=1.5))  # type: ignore[arg-type]
    assert await outcomes(redis) == {"delivered": 3, "rejected": 1}
    assert set(vendor.conversions.values()) == {1}
    (letter,) = await dead_letters(redis)
    assert (letter["event"]["event_id"], letter["reason"]) == ("event-1", "Google: INVALID_GCLID")


async def test_a_lost_answer_makes_no_second_conversion(
    redis: Redis, fill: Fill, start: Start, data_manager: GoogleDataManager
) -> None:
    vendor = Vendor()
    await fill(2, **CLICK)
    client = Client(vendor, lost=1)
    await run(
        await start(client, destination=data_manager, idle=1.5, backoff=SOON)  # type: ignore[arg-type]
    )
    assert await outcomes(redis) == {"delivered": 2}
    assert vendor.conversions == {("987", "event-0"): 1, ("987", "event-1"): 1}
    assert len(vendor.requests) in (2, 3), "what is tried again goes together or apart"


async def test_conversion_actions_share_a_request_and_end_apart(
    redis: Redis, fill: Fill, start: Start, data_manager: GoogleDataManager
) -> None:
    vendor = Vendor(reasons={"event-1": "INVALID_GCLID"})
    await fill(2, **CLICK)
    await fill(1, first=2, event_name="generate_lead", **CLICK)
    await run(await start(Client(vendor), destination=data_manager, idle=1.5))  # type: ignore[arg-type]
    assert await outcomes(redis) == {"delivered": 2, "rejected": 1}
    assert len(vendor.requests) == 1
    assert vendor.asked == ["request/0"] * 2, "once for each conversion action"
    assert vendor.conversions == {("987", "event-0"): 1, ("654", "event-2"): 1}


async def test_a_wrong_conversion_action_does_not_hold_up_the_others(
    redis: Redis, fill: Fill, start: Start, data_manager: GoogleDataManager
) -> None:
    vendor = Vendor(actions={"987"})
    await fill(1, event_name="generate_lead", **CLICK)
    await fill(3, first=1, **CLICK)
    await run(await start(Client(vendor), destination=data_manager, idle=1.5))  # type: ignore[arg-type]
    assert vendor.conversions == {("987", f"event-{number}"): 1 for number in (1, 2, 3)}
    assert await outcomes(redis) == {"delivered": 3, "rejected": 1}
    (letter,) = await dead_letters(redis)
    assert letter["event"]["event_id"] == "event-0"
    assert "a conversion action in `mapping` is unknown" in letter["reason"]
