"""A page view with a campaign is preceded by a `campaign_details` event."""

import orjson
import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import anonymised, ga4, requests_of, sent


def test_a_page_view_with_a_campaign_tells_it_first(example: Example, now: float) -> None:
    campaign = {"source": "news", "medium": "email", "name": "spring", "id": "7"}
    details, view = sent(example("page_view", campaign=campaign), now)["events"]
    assert view == sent(example("page_view"), now)["events"][0]
    assert details == {
        "name": "campaign_details",
        "timestamp_micros": view["timestamp_micros"],
        "params": {
            "session_id": "1795210000",
            "engagement_time_msec": 1,
            "campaign_id": "7",
            "campaign": "spring",
            "source": "news",
            "medium": "email",
        },
    }


@pytest.mark.parametrize(
    ("name", "campaign"), [("purchase", {"source": "news"}), ("page_view", {}), ("page_view", None)]
)
def test_other_events_tell_none(
    name: str, campaign: dict[str, str] | None, example: Example, now: float
) -> None:
    assert len(sent(example(name, campaign=campaign), now)["events"]) == 1


def test_an_anonymous_page_view_tells_none(example: Example, now: float) -> None:
    event = anonymised(example, "page_view", campaign={"source": "news"})
    assert len(sent(event, now)["events"]) == 1


def test_events_that_tell_a_campaign_are_counted_as_two(example: Example, now: float) -> None:
    events = [example("page_view", campaign={"source": "news"})] * 13
    requests = requests_of(ga4(), events, now)
    assert [len(request.events) for request in requests] == [12, 1]
    assert [len(orjson.loads(each.body)["events"]) for each in requests] == [24, 2]
