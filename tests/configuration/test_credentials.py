"""Credentials in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError

YAML = """
sources: {shop: {type: collect}}
destinations: {hook: {type: webhook, url: "https://crm.example/"}}
credentials:
  crm:
    type: %s
    token_url: https://login.example/token
    client_id: gateway
    client_secret: %s
"""


def mistakes(text: str, **environment: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        parse_settings(text, environment=environment)
    return str(raised.value)


def test_a_secret_comes_from_a_variable() -> None:
    settings = parse_settings(
        YAML % ("client_credentials", "${CRM_SECRET}"), environment={"CRM_SECRET": "of the client"}
    )
    assert settings.credentials["crm"].root.get_secret_value() == "of the client"


def test_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the client\n")
    settings = parse_settings(
        YAML % ("client_credentials", "${file:secret}"), str(tmp_path / "gateway.yaml")
    )
    assert settings.credentials["crm"].root.get_secret_value() == "of the client"


@pytest.mark.parametrize("written", ["of-the-client", "${CRM_SECRET:-of-the-client}"])
def test_but_is_never_written_in_the_configuration(written: str) -> None:
    text = YAML % ("client_credentials", written)
    assert mistakes(text) == (
        "configuration:9: credentials.crm.client_secret: a credential must not be written in the "
        "configuration file. Take it from a variable (`${NAME}`) or from another file "
        "(`${file:PATH}`)"
    )


def test_what_stands_in_for_a_secret_may_be_written() -> None:
    parse_settings(YAML % ("client_credentials", "${CRM_SECRET:-no-secret-yet}"), environment={})


def test_an_unset_variable_is_one_mistake() -> None:
    found = mistakes(YAML % ("client_credentials", "${CRM_SECRET}"))
    assert found.count("\n") == 0
    assert "CRM_SECRET" in found


def test_a_refresh_token_is_needed_where_one_is_used() -> None:
    found = mistakes(YAML % ("refresh_token", "${CRM_SECRET}"), CRM_SECRET="of the client")
    assert "credentials.crm.refresh_token" in found


@pytest.mark.parametrize("allowed", [False, True])
def test_a_proxy_of_token_requests_has_to_guard_private_addresses(allowed: bool) -> None:
    text = YAML % ("client_credentials", "${CRM_SECRET}")
    text += "    http: {proxy: 'http://proxy.example:3128'}\n"
    if allowed:
        text += "    allow_private_addresses: true\n"
        parse_settings(text, environment={"CRM_SECRET": "of the client"})
        return
    found = mistakes(text, CRM_SECRET="of the client")
    assert "credentials.crm: a proxy needs `allow_private_addresses: true`" in found


@pytest.mark.parametrize("key", ["no JSON", "{}", '{"client_email": "a"}', "[]", "7"])
def test_a_key_of_a_service_account_is_googles_file(key: str) -> None:
    text = """
sources: {shop: {type: collect}}
destinations: {}
credentials: {google: {type: service_account, key: "${GOOGLE_KEY}", scope: read}}
"""
    found = mistakes(text, GOOGLE_KEY=key)
    assert "credentials.google.key: must be the content of the JSON key file" in found
    assert key not in found.split("must be")[0]
