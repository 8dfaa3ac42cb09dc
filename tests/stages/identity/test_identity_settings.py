"""The key `identity:` of the configuration."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.stages.identity import IdentitySettings


def test_by_default_there_is_a_visitor_cookie_that_needs_analytics_storage() -> None:
    settings = IdentitySettings()

    assert settings.visitor_cookie == "visitor_id"
    assert settings.consent == ["analytics_storage"]
    assert settings.link_domains == []
    assert not settings.meta_cookies
    assert not settings.hash_user_id


@pytest.mark.parametrize(
    "given",
    [
        {"visitor_cookie": None},
        {"visitor_cookie": "__Host-id"},
        {"domain": "shop.example"},
        {"link_domains": ["shop.com", "shop.github.io", "localhost", "127.0.0.1"]},
        {"link_secret": "0123456789abcdef", "link_seconds": 60},
    ],
)
def test_what_can_be_said(given: dict[str, Any]) -> None:
    IdentitySettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cookie": "x"}, "Extra inputs"),
        ({"visitor_cookie": "a b"}, "pattern"),
        ({"visitor_cookie": "a;b"}, "pattern"),
        ({"visitor_cookie": ""}, "pattern"),
        ({"visitor_cookie": "_ga"}, "the cookie of another tool"),
        ({"visitor_cookie": "_ga_ABC"}, "the cookie of another tool"),
        ({"visitor_cookie": "gateway_client_id"}, "the cookie of another tool"),
        ({"consent": ["cookies"]}, "ad_storage"),
        ({"domain": "co.uk"}, "public suffix"),
        ({"domain": "127.0.0.1"}, "remove this setting"),
        ({"domain": "localhost"}, "remove this setting"),
        ({"link_domains": ["https://shop.com"]}, "without scheme"),
        ({"link_domains": ["shop.com:8080"]}, "without scheme"),
        ({"link_domains": ["github.io"]}, "public suffix"),
        ({"link_domains": ["com"]}, "public suffix"),
        ({"link_seconds": 3_600}, "less than or equal to 600"),
        ({"link_secret": "short"}, "at least 16"),
    ],
)
def test_what_is_refused_and_why(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        IdentitySettings.model_validate(given)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in IdentitySettings.model_fields.values())
