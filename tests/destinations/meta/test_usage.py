"""Response headers say how much of Meta's rate limits is used and how long to wait."""

from typing import Any

import orjson
import pytest

from destinations.base import THROTTLE_SECONDS, Response
from tests.support.meta_destination import REQUEST, error, meta

BUSINESS = "x-business-use-case-usage"


def business(*entries: dict[str, Any]) -> dict[str, str]:
    return {BUSINESS: orjson.dumps({"1234567890": entries}).decode()}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (business({"estimated_time_to_regain_access": 5}), 300.0),
        (business({}, {"estimated_time_to_regain_access": 2}), 120.0),
        (business({"estimated_time_to_regain_access": 9999}), 3600.0),
        (business({"estimated_time_to_regain_access": 0}), THROTTLE_SECONDS),
        (business({"estimated_time_to_regain_access": "soon"}), THROTTLE_SECONDS),
        ({**business({"estimated_time_to_regain_access": 5}), "retry-after": "7"}, 7.0),
    ],
)
def test_it_is_left_alone_as_long_as_it_estimates(headers: dict[str, str], seconds: float) -> None:
    answer = Response(400, headers, orjson.dumps(error(80004)))
    assert {each.retry_after for each in meta().outcomes(REQUEST, answer)} == {seconds}


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({}, None),
        ({"x-app-usage": '{"call_count":28,"total_time":91.5,"total_cputime":25}'}, 91.5),
        ({"x-ad-account-usage": '{"acc_id_util_pct":9.67,"reset_time_duration":100}'}, 9.67),
        (business({"call_count": 3}, {"type": "ads_management", "total_cputime": 80}), 80.0),
        ({**business({"call_count": 3}), "x-app-usage": '{"call_count":50}'}, 50.0),
        ({"x-app-usage": '{"call_count":130}'}, 130.0),
        ({"x-app-usage": ""}, None),
        ({"x-app-usage": "{"}, None),
        ({"x-app-usage": "[1]"}, None),
        ({"x-app-usage": '{"call_count":"99","total_time":true,"total_cputime":-1}'}, None),
        ({BUSINESS: '{"1":{"call_count":99},"2":[7,null]}'}, None),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_it_says_how_much_of_its_limits_is_used(
    headers: dict[str, str], usage: float | None, status: int
) -> None:
    body = {"events_received": 2} if status == 200 else error(100)
    answer = Response(status, headers, orjson.dumps(body))
    assert {each.usage for each in meta().outcomes(REQUEST, answer)} == {usage}
