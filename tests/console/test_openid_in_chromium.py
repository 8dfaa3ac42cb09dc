"""Chromium signs in with a provider on another site, and gets to the page it asked for."""

from __future__ import annotations

import httpx

from gateway.console.access.openid.start import CALLBACK
from tests.console.conftest import CONFIG
from tests.support.gateway_process import Gateway, wait_for
from tests.support.openid_provider import CLIENT, OpenIdProvider

DEEP = "/destinations/crm?period=7d"


def configured(provider: OpenIdProvider, url: str) -> str:
    return f"""
console:
  openid:
    issuer: {provider.issuer}
    client_id: "{CLIENT[0]}"
    client_secret: "{CLIENT[1]}"
    base_url: {url}
    operators: [admins]
"""


def test_a_deep_link_leads_through_the_provider_to_the_page(chromium, sink, tmp_path):
    gateway = Gateway(tmp_path, "").with_console()
    url = f"http://localhost:{gateway.console_port}"  # the provider is at 127.0.0.1: another site
    with OpenIdProvider(url + CALLBACK) as provider:
        gateway.config.write_text(CONFIG.format(sink=sink.url) + configured(provider, url))
        with gateway:
            wait_for(lambda: is_served(gateway), 60, "the console")
            context = chromium.new_context()
            page = context.new_page()
            page.goto(url + DEEP)
            assert page.url.startswith(f"{url}/login")
            page.get_by_role("link", name="Sign in").click()
            page.wait_for_url(url + DEEP)
            assert page.locator("h1").inner_text().startswith("crm")
            assert "carl@shop.example (operator)" in page.locator("form.who").inner_text()
            (cookie,) = context.cookies()
            assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
            page.get_by_role("button", name="Log out").click()
            page.goto(url + DEEP)
            assert page.url.startswith(f"{url}/login")
            context.close()
    assert "/authorize" in provider.calls


def is_served(gateway: Gateway) -> bool:
    try:
        return httpx.get(f"{gateway.console_url}/login").status_code == 200
    except httpx.HTTPError:
        return False
