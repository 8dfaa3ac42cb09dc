"""Only the headers and cookies of a request that a stage reads are kept."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.held_request import compile_held_request
from gateway.stages.needs import Needs, compile_needed_headers

CONFIG = """
sources: {site: {type: collect}}
consent:
  cookies: {CookieConsent: cookiebot, euconsent-v2: tcf}
enrichment: [bot, language, user_agent, {geo: {headers: cloudflare}}]
destinations: {all: {type: webhook, url: "https://all.example/", consent: []}}
"""
SECRET = {
    "authorization": "Bearer s3cr3t",
    "proxy-authorization": "Basic s3cr3t",
    "x-csrf-token": "s3cr3t",
    "x-api-key": "s3cr3t",
    "x-forwarded-for": "192.0.2.1",
    "referer": "https://shop.example/reset?token=s3cr3t",
}
READ = {
    "host": "metrics.shop.example",
    "x-forwarded-proto": "https",
    "sec-fetch-site": "same-site",
    "accept-language": "de-AT,de;q=0.9",
    "sec-gpc": "1",
    "sec-ch-ua": '"Chromium";v="140"',
    "sec-ch-ua-platform": '"Android"',
    "sec-ch-ua-platform-version": '"16.0.0"',
    "sec-ch-ua-model": '"Pixel 9"',
    "sec-purpose": "prefetch",
    "cf-ipcountry": "AT",
    "cf-region-code": "9",
    "cf-ipcity": "Wien",
}
COOKIES_READ = (
    "visitor_id=1.2; _ga=GA1.1.5.6; _ga_ABC=GS2.1.s7$o1; _fbp=fb.1.1.2; _gcl_aw=GCL.1.x; "
    "CookieConsent={statistics:true}; euconsent-v2=CP; euconsent-v2=CQ"
)
OTHERS = "PHPSESSID=s3cr3t; csrftoken=s3cr3t; _gap=s3cr3t; visitor_id_proof=s3cr3t; x_visitor_id=s3"
AGENT = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile"


def request(headers: dict[str, str], cookies: str) -> Received:
    return Received("site", 5.0, "8.8.8.8", AGENT, {**headers, "cookie": cookies}, proxied=True)


def test_what_the_stages_read_is_kept_and_nothing_else() -> None:
    kept = compile_held_request(parse_settings(CONFIG, environment={}))
    whole = request({**SECRET, **READ}, f"{OTHERS}; {COOKIES_READ}; {OTHERS}")
    assert kept(whole) == request(READ, COOKIES_READ)


@pytest.mark.parametrize("consent", [{"analytics_storage": "granted"}, {"ad_storage": "granted"}])
def test_a_decision_is_the_same_with_what_is_kept(consent: dict[str, str]) -> None:
    settings = parse_settings(CONFIG, environment={})
    kept, decide = compile_held_request(settings), compile_pipeline(settings)
    event: dict[str, Any] = {"event_name": "a", "event_id": "1", "consent": consent}
    whole = request({**SECRET, **READ}, f"{OTHERS}; {COOKIES_READ}")
    assert decide(event, kept(whole)) == decide(event, whole)
    assert decide(event, whole).event["event_location"]["city"] == "Wien"


def test_without_a_cookie_that_is_read_there_is_no_cookie_header() -> None:
    kept = compile_needed_headers([Needs(), Needs(frozenset(["cookie"]), frozenset(["a"]))])
    assert kept({"cookie": "b=1; c=2", "host": "x"}) == {}
    assert kept({}) == {}
    assert kept({"cookie": 'b=1; a="x y"; a=2; a'}) == {"cookie": "a=x y; a=2; a="}
