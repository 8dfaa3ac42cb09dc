"""An anonymous event has a one-off client_id and is not used for advertising."""

import re

from destinations.ga4 import GA4
from tests.destinations.conftest import Example
from tests.support.digests import digest
from tests.support.ga4_destination import anonymised, ga4, ga4_app, refused, sent


def test_an_anonymous_event_in_full(example: Example, now: float) -> None:
    event = anonymised(example, event_location={"country": "DE"}, event_id="e-1")
    body = sent(event, now)
    (told,) = body.pop("events")
    one_off = digest("e-1")

    assert body == {
        "client_id": f"{int(one_off[:8], 16)}.{int(one_off[8:16], 16)}",
        "user_location": {"country_id": "DE"},
        "device": {"language": "en"},
        "consent": {"ad_user_data": "DENIED", "ad_personalization": "DENIED"},
    }
    assert told["name"] == "purchase"
    assert told["params"]["anonymised"] == "true", "so that reports can tell it apart"
    assert told["params"]["value"] == 59.8
    assert not {"transaction_id", "session_id", "page_title"} & told["params"].keys()


def test_its_browser_is_one_of_its_own_and_the_same_at_every_attempt(
    example: Example, now: float
) -> None:
    one, other = (anonymised(example, event_id=event_id) for event_id in ("e-1", "e-2"))
    again = sent(one, now + 60)["client_id"]
    assert re.fullmatch(r"\d+\.\d+", again)
    assert sent(one, now)["client_id"] == again != sent(other, now)["client_id"]


def test_what_only_claims_to_be_anonymous_is_not_used_for_advertising(
    example: Example, now: float
) -> None:
    event = example("contact", anonymised=True)
    body = sent(event, now)
    assert body["client_id"] == event["client_id"]
    assert set(body["consent"].values()) == {"DENIED"}
    assert "user_data" not in body


def test_an_app_stream_takes_no_anonymous_event(example: Example, now: float) -> None:
    assert refused(anonymised(example), now, ga4_app()).startswith("app_instance_id is missing")
    assert GA4.takes_anonymous(ga4().settings)
    assert not GA4.takes_anonymous(ga4_app().settings)
