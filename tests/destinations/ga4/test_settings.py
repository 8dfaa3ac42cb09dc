"""Settings that cannot work are refused, and the error repeats no secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.ga4_destination import ga4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"measurement_id": None}, "needs either measurement_id or firebase_app_id"),
        ({"firebase_app_id": "1:12:ios:3a"}, "needs either"),
        ({"measurement_id": "UA-1-1"}, "measurement_id"),
        ({"api_secret": ""}, "is empty"),
        ({"api_secret": "TOP SECRET"}, "contains a space, quote or other character"),
        ({"base_url": "ftp://x.example"}, "base_url"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ga4(**settings)
    assert said in str(raised.value)
    assert "TOP SECRET" not in str(raised.value)
