"""Settings that cannot work are refused, and the error repeats no secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.meta_destination import meta


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pixel_id": "my pixel"}, "pixel_id"),
        ({"access_token": ""}, "is empty"),
        ({"access_token": "TOP-SECRET\n"}, "contains a space, quote or other character"),
        ({"api_version": "26"}, "api_version"),
        ({"base_url": "https://user:pw@graph.example"}, "must not contain a user name"),
        ({"base_url": "https://graph.example/?a=1"}, "must end before `?`"),
        ({"phone_region": "XX"}, "is not a country code"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        meta(**settings)
    assert said in str(raised.value)
    assert "TOP-SECRET" not in str(raised.value)
