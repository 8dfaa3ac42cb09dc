"""With `hash_at_ingest`, events have no personal data in clear, so no mapping can use any."""

from __future__ import annotations

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings


def configured(on: bool, source: str) -> Settings:
    return parse_settings(
        f"""
sources: {{site: {{type: collect}}}}
hash_at_ingest: {str(on).lower()}
destinations:
  ads:
    type: meta
    pixel_id: "1"
    access_token: s3cret-token
    mapping: {{fields: {{user_data.em: {{field: {source}}}}}}}""",
        environment={},
    )


@pytest.mark.parametrize("source", ["user_data.email_address", "contact.email"])
def test_a_mapping_of_clear_values_is_a_mistake(source: str) -> None:
    words = f"9: destinations.ads.mapping.fields.user_data.em: .* {source} is not there in clear"
    with pytest.raises(ConfigurationError, match=words):
        configured(True, source)
    configured(False, source)


def test_a_mapping_of_what_is_hashed_or_no_personal_data_is_none() -> None:
    configured(True, "user_data.sha256_email_address")
    configured(True, "customer_id")
