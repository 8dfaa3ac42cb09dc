"""An event gets the name of Meta's corresponding standard event."""

import pytest

from destinations.meta.built_in import EVENTS
from tests.destinations.conftest import Example
from tests.support.meta_destination import sent


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("view_search_results", "Search"),
        ("gtm.dom", "PageView"),
        ("customize_product", "CustomizeProduct"),
        ("donate", "Donate"),
        ("find_location", "FindLocation"),
        ("schedule", "Schedule"),
        ("submit_application", "SubmitApplication"),
    ],
)
def test_other_names_of_standard_events(
    name: str, standard: str, example: Example, now: float
) -> None:
    assert sent(example("page_view", event_name=name), now)["event_name"] == standard


def test_names_of_metas_own_stay(example: Example, now: float) -> None:
    for name in EVENTS.values():
        event = example("purchase") | {"event_name": name}
        assert sent(event, now)["event_name"] == name
