"""`referrer`: the site that led the visitor here."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.event import Received
from gateway.stages.enrichment import referrer
from gateway.stages.enrichment.known_sites import _NO_SOURCES, _TABLE, find_site
from gateway.stages.enrichment.referrer import ReferrerSettings
from tests.support.enrichments import adding

RECEIVED = Received("site", 0.0)
add_referrer = adding(referrer.load())


def of(url: str, here: str = "https://www.shop.example/a", **fields: Any) -> dict[str, Any]:
    return {"event_name": "page_view", "page_location": here, "page_referrer": url, **fields}


@pytest.mark.parametrize(
    ("url", "source", "kind"),
    [
        ("https://www.google.com/", "google", "search"),
        ("https://www.google.co.uk/url?q=x", "google", "search"),
        ("https://Google.DE/", "google", "search"),
        ("https://cn.bing.com/", "bing", "search"),
        ("https://de.search.yahoo.com/", "yahoo", "search"),
        ("https://yandex.com.tr/", "yandex", "search"),
        ("https://duckduckgo.com/", "duckduckgo", "search"),
        ("android-app://com.google.android.googlequicksearchbox/", "google", "search"),
        ("https://search.brave.com/", "brave", "search"),
        ("https://l.facebook.com/l.php?u=x", "facebook", "social"),
        ("https://l.instagram.com/", "instagram", "social"),
        ("https://t.co/abc", "x", "social"),
        ("https://www.linkedin.com/feed/", "linkedin", "social"),
        ("https://news.ycombinator.com/item?id=1", "ycombinator", "social"),
        ("https://www.pinterest.de/pin/1", "pinterest", "social"),
        ("android-app://com.linkedin.android/", "linkedin", "social"),
        ("https://m.youtube.com/watch?v=1", "youtube", "video"),
        ("https://www.tiktok.com/@a", "tiktok", "video"),
        ("https://www.amazon.co.jp/", "amazon", "shopping"),
        ("https://www.ebay.com.au/", "ebay", "shopping"),
        ("https://chatgpt.com/", "chatgpt", "ai_assistant"),
        ("https://chat.openai.com/", "chatgpt", "ai_assistant"),
        ("https://gemini.google.com/app", "gemini", "ai_assistant"),
        ("https://www.perplexity.ai/search", "perplexity", "ai_assistant"),
        ("https://claude.ai/", "claude", "ai_assistant"),
        ("https://copilot.microsoft.com/", "copilot", "ai_assistant"),
        ("https://mail.google.com/mail/u/0/", "gmail", "email"),
        ("https://outlook.live.com/", "outlook", "email"),
        ("android-app://com.google.android.gm/", "gmail", "email"),
        ("https://docs.google.com/document/d/1", "google-workspace", "other"),
        ("https://www.blog.example.org:8443/a", "blog.example.org", "other"),
        ("https://google.example.org/", "google.example.org", "other"),
        ("https://foo.google/", "foo.google", "other"),
        ("https://shop.x/", "shop.x", "other"),
        ("https://notfacebook.com/", "notfacebook.com", "other"),
        ("http://192.0.2.1/", "192.0.2.1", "other"),
    ],
)
def test_referring_sites(url: str, source: str, kind: str) -> None:
    found = add_referrer(of(url), RECEIVED)["referrer"]
    assert (found["source"], found["type"]) == (source, kind)


def test_the_host_is_given_as_well() -> None:
    assert add_referrer(of("https://L.Facebook.com:443/x?y#z"), RECEIVED)["referrer"] == {
        "hostname": "l.facebook.com",
        "source": "facebook",
        "type": "social",
    }


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("https://www.shop.example/", "https://www.shop.example/a"),
        ("https://blog.shop.co.uk/", "https://www.shop.co.uk/a"),
        ("https://SHOP.example/", "https://checkout.shop.example:8443/a"),
        ("http://localhost:3000/", "http://localhost:3000/a"),
        ("http://192.0.2.1/", "http://192.0.2.1/a"),
        ("about:blank", "https://shop.example/a"),
        ("/relative", "https://shop.example/a"),
        ("file:///index.html", "https://shop.example/a"),
        ("https://a b/", "https://shop.example/a"),
        ("", "https://shop.example/a"),
    ],
)
def test_the_same_site_and_none_lead_nobody_here(url: str, here: str) -> None:
    event = of(url, here)
    assert add_referrer(event, RECEIVED) is event


def test_sites_under_one_public_suffix_are_different_ones() -> None:
    event = of("https://other.co.uk/", "https://shop.co.uk/")
    assert add_referrer(event, RECEIVED)["referrer"]["hostname"] == "other.co.uk"


def test_a_page_is_known_by_its_host_alone_too() -> None:
    event = of("https://www.shop.example/", "", page_hostname="Shop.example")
    assert add_referrer(event, RECEIVED) is event


def test_domains_that_are_ignored() -> None:
    add = adding(referrer.load(ReferrerSettings(ignore=["PayPal.com", "shop.de"])))
    for url in ("https://paypal.com/", "https://www.paypal.com/x", "https://m.shop.de/"):
        event = of(url)
        assert add(event, RECEIVED) is event
    assert add(of("https://notpaypal.com/"), RECEIVED)["referrer"]["source"] == "notpaypal.com"


@pytest.mark.parametrize("domain", ["https://a.example", "a.example/b", "*.a.example", "", "a..b"])
def test_an_ignored_domain_is_written_bare(domain: str) -> None:
    with pytest.raises(ValidationError):
        ReferrerSettings(ignore=[domain])


@pytest.mark.parametrize("stated", [{"source": "app"}, "https://x.example/", ["a"], 1])
def test_a_stated_referrer_stays(stated: object) -> None:
    event = of("https://www.google.com/", referrer=stated)
    assert add_referrer(event, RECEIVED) is event


def test_every_site_of_the_list_is_found_as_what_it_is_listed() -> None:
    lines = [(kind, line.lower().split()) for kind, text in _TABLE.items()
             for line in text.strip().splitlines()]  # fmt: skip
    listed = [word for _, words in lines for word in words]
    assert sorted({word for word in listed if listed.count(word) > 1}) == []
    for kind, words in lines:
        for word in words:
            expected = None if word in _NO_SOURCES else (words[0], kind)
            assert find_site(word.replace("*", "com.br")) == expected


@pytest.mark.parametrize("name", sorted(_NO_SOURCES))
def test_a_name_that_may_mean_anything_is_of_a_site_that_its_hosts_tell(name: str) -> None:
    lines = [line.split() for text in _TABLE.values() for line in text.lower().splitlines()]
    (words,) = [words for words in lines if name in words]
    assert any("." in word for word in words)


GOOGLES_SHORT_NAMES = {"ask", "aol", "fb", "gmx", "ig"}
"""Names of up to three characters on Google's list of sources; and `gmx`, a mail provider, a source
that does not decide the channel."""


def test_no_short_name_is_a_source_unless_it_is_on_googles_list() -> None:
    words = {word for text in _TABLE.values() for word in text.lower().split()}
    short = {word for word in words if len(word) <= 3 and "." not in word}
    assert short - _NO_SOURCES == GOOGLES_SHORT_NAMES
