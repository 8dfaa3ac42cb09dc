"""The device is described only if the event has no user agent."""

from tests.destinations.conftest import Example
from tests.support.ga4_destination import remarks_about, sent


def test_a_device_is_told_for_want_of_a_user_agent(example: Example, now: float) -> None:
    device = {"category": "mobile", "operating_system": "Android", "secret": "x", "model": None}
    assert "device" not in sent(example("contact", device=device), now)
    body = sent(example("contact", device=device, user_agent=None), now)
    assert body["device"] == {
        "category": "mobile",
        "operating_system": "Android",
        "language": "en-gb",
        "screen_resolution": "1920x1080",
    }


def test_client_hints_are_a_device_where_there_is_no_user_agent(
    example: Example, now: float
) -> None:
    hints = {"platform": "Android", "platform_version": "15", "model": "Pixel 9", "mobile": True}
    body = sent(example("contact", user_agent=None, client_hints=hints), now)
    assert body["device"] == {
        "category": "mobile",
        "language": "en-gb",
        "screen_resolution": "1920x1080",
        "operating_system": "Android",
        "operating_system_version": "15",
        "model": "Pixel 9",
    }


def test_a_version_may_be_a_number_and_a_language_the_locale_of_an_app(
    example: Example, now: float
) -> None:
    device = {"operating_system": "iOS", "operating_system_version": 17.1}
    event = example("contact", user_agent=None, language="en_US", device=device)
    assert sent(event, now)["device"] == {
        "language": "en-US",
        "operating_system": "iOS",
        "operating_system_version": "17.1",
        "screen_resolution": "1920x1080",
    }
    assert remarks_about(event, now) == []


def test_what_is_no_device_is_left_out(example: Example, now: float) -> None:
    event = example(
        "contact", user_agent=None, screen_resolution="large", device={"category": "fridge"}
    )
    assert sent(event, now)["device"] == {"language": "en-gb"}
    assert remarks_about(event, now) == [
        "device.category: removed because its value is not valid",
        "device.screen_resolution: removed because its value is not valid",
    ]
