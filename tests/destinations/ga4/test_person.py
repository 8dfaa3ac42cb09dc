"""Personal data is hashed, and no more of it is sent than GA4 takes."""

from tests.destinations.conftest import Example
from tests.support.ga4_destination import sent


def test_personal_data_has_limits_and_is_never_clear(example: Example, now: float) -> None:
    user_data = {
        "email_address": [f"{n}@x.example" for n in range(5)],
        "sha256_phone_number": "+49301234567",
        "address": [{"country": "DE"}, {"country": "AT"}, {"country": "CH"}],
    }
    body = sent(example("contact", user_data=user_data), now)
    assert len(body["user_data"]["sha256_email_address"]) == 3
    assert "sha256_phone_number" not in body["user_data"]
    assert body["user_data"]["address"] == [{"country": "DE"}, {"country": "AT"}]
