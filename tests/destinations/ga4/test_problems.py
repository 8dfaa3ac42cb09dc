"""An event that GA4 would lose or miscount is refused or gets a remark."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import ga4, ga4_app, params, refused, remarks_about


def test_an_event_that_ga4_loses_is_told_beforehand(example: Example) -> None:
    assert ga4().unsendable(example("purchase")) == ""
    nobody = example("purchase", client_id=None, user_id=None)
    assert "client_id is missing" in ga4().unsendable(nobody)
    assert "reserved" in ga4().unsendable(example("purchase", event_name="session_start"))
    app_event = example("purchase", app_instance_id=None)
    assert "app_instance_id is missing" in ga4_app().unsendable(app_event)


def test_an_order_whose_id_would_be_cut_is_withheld(example: Example, now: float) -> None:
    assert params(example("purchase", transaction_id="T" * 100), now)["transaction_id"] == "T" * 100
    too_long = example("purchase", transaction_id="T" * 101)
    assert "transaction_id has more than 100 characters" in ga4().unsendable(too_long)
    assert "merge orders" in refused(too_long, now)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        (
            {"transaction_id": None},
            ["transaction_id: missing; GA4 counts a purchase without it each time it comes"],
        ),
        ({"currency": None}, ["currency: missing; GA4 does not count a value without it"]),
        ({"currency": None, "value": None, "items": None}, []),
    ],
)
def test_what_reports_would_miss_of_a_purchase_is_remarked(
    changes: dict[str, Any], said: list[str], example: Example, now: float
) -> None:
    assert remarks_about(example("purchase", **changes), now) == said
