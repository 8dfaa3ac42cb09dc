"""An event names its browser or app instance, or gets a browser derived from its user_id."""

from hashlib import sha256

import orjson
import pytest

from gateway.event import Event
from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, ga4_app, refused, remarks_about, requests_of, sent


def test_app_events_belong_to_an_app_instance(example: Example, now: float) -> None:
    body = sent(example("purchase", app_instance_id="f00"), now, ga4_app())
    assert body["app_instance_id"] == "f00"
    assert "client_id" not in body
    assert "user_agent" not in body, "GA4 reads it of browsers alone"
    assert body["device"] == {"language": "en-gb", "screen_resolution": "1920x1080"}
    assert refused(example("purchase"), now, ga4_app()).startswith("app_instance_id is missing")


@pytest.mark.parametrize(
    ("stated", "client_id"),
    [
        ("GA1.1.1525593269.1795210000", "1525593269.1795210000"),
        ("GA1.2-2.1525593269.1795210000", "1525593269.1795210000"),
        ("1525593269.1795210000", "1525593269.1795210000"),
        ("GA1.1.amp-x", "GA1.1.amp-x"),
        ("GA1.1.1525593269", "GA1.1.1525593269"),
    ],
)
def test_a_browser_may_be_named_by_its_whole_cookie(
    stated: str, client_id: str, example: Example, now: float
) -> None:
    event = example("purchase", client_id=stated, consent={"analytics_storage": "granted"})
    assert sent(event, now)["client_id"] == client_id
    (hit,) = requests_of(ga4(transport="gtag"), [event], now)
    assert f"&cid={client_id}&" in hit.url


def test_no_client_id_is_invented(example: Example, now: float) -> None:
    nobody = example("purchase", client_id=None, user_id=None)
    assert refused(nobody, now).startswith("client_id is missing")
    no_instance = example("purchase", client_id=None)
    assert refused(no_instance, now, ga4_app()).startswith("app_instance_id is missing")


def test_an_event_that_names_a_user_alone_is_of_a_browser_of_that_user(
    example: Example, now: float
) -> None:
    def of(user_id: str, event_id: str) -> Event:
        return example("purchase", client_id=None, user_id=user_id, event_id=event_id)

    ada, ada_again, bob = of("ada", "1"), of("ada", "2"), of("bob", "3")
    first, second = (orjson.loads(r.body) for r in requests_of(ga4(), [ada, bob, ada_again], now))
    assert [len(first["events"]), len(second["events"])] == [2, 1]
    digest = sha256(b"user_id ada").hexdigest()
    expected = f"{int(digest[:8], 16)}.{int(digest[8:16], 16)}"
    assert first["client_id"] == expected != second["client_id"]
    assert first["user_id"] == "ada"
    assert remarks_about(ada, now) == [
        "client_id: derived from user_id for GA4 only, because the event has none"
    ]
    assert refused(ada, now, ga4_app()).startswith("app_instance_id is missing")
