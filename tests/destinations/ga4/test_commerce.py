"""Promotions and lists with Universal Analytics names become parameters of the event."""

from tests.destinations.conftest import Example
from tests.support.ga4_destination import params, remarks_about


def test_the_first_of_older_promotions_is_that_of_the_event(example: Example, now: float) -> None:
    promotions = [
        {"id": "P1", "name": "Summer", "creative": "Banner", "position": "top"},
        {"id": "P2", "name": "Winter"},
    ]
    nameless = dict.fromkeys(("promotion_id", "promotion_name", "creative_name", "creative_slot"))
    event = example("view_promotion", **nameless, promotions=promotions)
    found = params(event, now)
    assert {name: found[name] for name in nameless} == {
        "promotion_id": "P1",
        "promotion_name": "Summer",
        "creative_name": "Banner",
        "creative_slot": "top",
    }
    assert "promotions: removed all after the first, because GA4 accepts one for each event" in (
        remarks_about(event, now)
    )


def test_older_names_of_lists(example: Example, now: float) -> None:
    event = example("view_item_list", item_list_id=None, list_id="L1", list_name="Sale")
    found = params(event, now)
    assert (found["item_list_id"], found["item_list_name"]) == ("L1", "Summer"), "GA4's name wins"
