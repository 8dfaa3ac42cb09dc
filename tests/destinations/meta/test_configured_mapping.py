"""A configured mapping changes what Meta gets, but never undoes a visitor's refusal."""

from typing import Any

import pytest

from gateway.event import read_event
from tests.destinations.conftest import Example
from tests.support.digests import digest
from tests.support.meta_destination import meta, refused, sent


def mapped(**mapping: Any) -> dict[str, Any]:
    return {"mapping": mapping}


def test_a_mapping_of_the_users_changes_what_meta_gets(example: Example, now: float) -> None:
    event = example("purchase", event_name="lead_won", margin="12.5", crm={"mail": "Ada@Shop.ex"})
    settings = mapped(
        events={"lead_won": {"name": "Lead", "fields": {"custom_data.event_source": "crm"}}},
        fields={
            "custom_data.value": {"field": "margin", "as": "number"},
            "custom_data.coupon": None,
            "custom_data.contents": None,
            "user_data.em": {"field": "crm.mail"},
        },
    )
    data = sent(event, now, **settings)
    assert data["event_name"] == "Lead"
    assert data["user_data"]["em"] == [digest("ada@shop.ex")]
    assert data["custom_data"]["value"] == 12.5
    assert data["custom_data"]["event_source"] == "crm"
    assert data["custom_data"].keys().isdisjoint({"coupon", "contents"})


def test_a_phone_number_of_a_mapping_has_the_country_of_the_settings(
    example: Example, now: float
) -> None:
    settings = mapped(fields={"user_data.ph": {"field": "crm.call"}})
    event = example("purchase", crm={"call": "030 1234567"})
    assert sent(event, now, phone_region="DE", **settings)["user_data"]["ph"] == [
        digest("49301234567")
    ]


def test_what_a_mapping_may_mend_is_left_to_delivery(example: Example) -> None:
    refund, thin = example("purchase", value=-1), read_event({"event_name": "purchase"})
    for event, field in ((refund, "custom_data.value"), (thin, "user_data.em")):
        assert meta().unsendable(event)
        assert meta(**mapped(fields={field: {"field": "crm"}})).unsendable(event) == ""


def test_a_value_that_is_no_number_is_refused(example: Example, now: float) -> None:
    settings = mapped(fields={"custom_data.value": "12"})
    assert refused(example("purchase"), now, **settings).startswith("custom_data.value is not a n")


def test_without_customer_data_and_custom_data_nothing_breaks(example: Example, now: float) -> None:
    none = mapped(fields={"user_data": None, "custom_data": None})
    assert "no usable customer information" in refused(example("page_view"), now, **none)


@pytest.mark.parametrize("value", [None, "", "web", ["app"], 7, {"field": "crm"}], ids=repr)
def test_an_event_whose_action_source_the_mapping_spoils_is_refused(
    value: Any, example: Example, now: float
) -> None:
    settings = mapped(fields={"action_source": value})
    said = refused(example("page_view", crm={"a": 1}), now, **settings)
    assert said.startswith("action_source is missing or unknown")


def test_a_mapping_undoes_no_refusal(example: Example, now: float) -> None:
    event = example("page_view", consent={"ad_personalization": "denied"})
    assert sent(event, now, **mapped(fields={"opt_out": None, "x": 1}))["opt_out"] is True


@pytest.mark.parametrize(("name", "recognised"), [("purchase", True), ("page_view", False)])
def test_an_event_without_the_mapped_id_is_not_recognised(
    name: str, recognised: bool, example: Example
) -> None:
    destination = meta(**mapped(fields={"event_id": {"field": "transaction_id", "as": "text"}}))
    assert destination.recognises(example(name), 60) is recognised
    assert not destination.recognises(example(name), 49 * 3600)
