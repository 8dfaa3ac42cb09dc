"""Chromium signs in with a provider on another site and gets to the page it asked for."""

from __future__ import annotations

from gateway.console.access.openid.start import CALLBACK
from tests.console.conftest import CONFIG
from tests.support.gateway_process import Gateway
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
            gateway.wait_for_console()
            context = chromium.new_context()
            context.set_default_timeout(60_000)
            page = context.new_page()
            page.goto(url + DEEP)
            assert page.url.startswith(f"{url}/login")
            page.get_by_role("link", name="Sign in").click()
            page.wait_for_url(url + DEEP)
            assert page.locator("h1").inner_text().startswith("crm")
            assert "carl@shop.example (operator)" in page.locator("form.who").inner_text()
            (cookie,) = context.cookies()
            assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
            with page.expect_navigation():
                page.get_by_role("button", name="Log out").click()
            page.goto(url + DEEP)
            assert page.url.startswith(f"{url}/login")
            context.close()
    assert "token" in provider.calls
