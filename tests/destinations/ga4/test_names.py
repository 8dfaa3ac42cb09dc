"""An event's name is changed to one that GA4 accepts, or the event is refused."""

import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, ga4_app, refused, remarks_about, sent


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Song Played", "Song_Played"),
        ("add-to-cart", "add_to_cart"),
        ("  Cart:  Step 2 (new)! ", "Cart_Step_2_new"),
        ("a\tb", "a_b"),
        ("two__words", "two__words"),
    ],
)
def test_blanks_and_punctuation_in_a_name_are_spelled_as_underscores(
    name: str, spelled: str, example: Example, now: float
) -> None:
    event = example("page_view") | {"event_name": name}
    assert sent(event, now)["events"][0]["name"] == spelled
    line = f"event_name: sent as {spelled} because GA4 accepts only letters, digits and underscores"
    assert remarks_about(event, now) == ([line] if spelled != name else [])


def test_the_time_of_user_engagement_counts_under_another_name(
    example: Example, now: float
) -> None:
    event = example("page_view", engagement_time_msec=5000) | {"event_name": "user_engagement"}
    for destination in (ga4(), ga4_app()):
        (body,) = sent(event | {"app_instance_id": "i"}, now, destination)["events"]
        assert (body["name"], body["params"]["engagement_time_msec"]) == ("engagement", 5000)
        assert body["params"]["session_id"]
    assert remarks_about(event, now) == [
        "event_name: sent as engagement because GA4 does not accept user_engagement from servers"
    ]
    assert "reserved" in refused(event | {"engagement_time_msec": 0}, now)


@pytest.mark.parametrize(
    "name", ["9lives", "añadir", "añadir uno", "_x", "- -", "x" * 41, "x " * 21]
)
def test_names_that_no_event_can_have(name: str, example: Example, now: float) -> None:
    assert "event_name must start with a letter" in refused(
        example("page_view") | {"event_name": name}, now
    )


@pytest.mark.parametrize("name", ["session_start", "first_visit", "user_engagement", "error"])
def test_names_that_are_reserved(name: str, example: Example, now: float) -> None:
    assert "reserved" in refused(example("page_view") | {"event_name": name}, now)


def test_names_that_are_reserved_in_apps_alone(example: Example, now: float) -> None:
    event = example("page_view") | {"event_name": "screen_view"}
    assert sent(event, now)["events"][0]["name"] == "screen_view"
    assert "reserved" in refused(event, now, ga4_app())
