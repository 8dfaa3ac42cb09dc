"""Personal data is hashed and cut to GA4's limits."""

from tests.destinations.conftest import Example
from tests.support.digests import digest
from tests.support.ga4_destination import sent


def test_a_hash_is_not_sent_as_a_place(example: Example, now: float) -> None:
    hashed = {field: digest(field) for field in ("city", "region", "postal_code", "country")}
    body = sent(example("contact", user_data={"address": {**hashed, "street": "A 1"}}), now)
    assert body["user_data"]["address"] == [{"sha256_street": digest("a 1")}]


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
