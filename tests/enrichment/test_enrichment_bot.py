"""`bot`: programs are told from people, and why is said."""

import re
from pathlib import Path
from typing import Any

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from gateway.enrichment import bot
from gateway.event import Received

add_bot = bot.load()

CAPTURES = Path(__file__).parents[1] / "captures"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)


def verdict(agent: str, headers: dict[str, str] | None = None, trusted: bool = False) -> Any:
    event = {"event_name": "page_view", "user_agent": agent}
    return add_bot(event, Received("site", 0.0, headers=headers or {}, trusted=trusted))["bot"]


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("", "no user agent"),
        ("  ", "no user agent"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), "headless browser"),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "crawler Googlebot",
        ),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/)", "crawler bingbot"),
        ("facebookexternalhit/1.1", "crawler facebookexternalhit"),
        ("python-requests/2.34.2", "crawler python-requests"),
        ("curl/8.5.0", "crawler curl"),
        ("node", "server software"),
        ("analytics-python/2.4.0", "server software"),
        ("analytics-node-next/latest", "server software"),
        ("@segment/analytics-node/2.1.0", "server software"),
        ("posthog-python/7.91.1", "server software"),
        ("Mozilla/5.0 Umami/v20.20.2", "server software"),
        ("PostmanRuntime/7.39.0", "server software"),
    ],
)
def test_programs(agent: str, reason: str) -> None:
    assert verdict(agent) == {"is_bot": True, "reason": reason}


PEOPLE = [
    CHROME,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) [FBAN/FBIOS;FBAV/470.0.0.40.107]",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10; wv) Chrome/146.0 Mobile Safari MetaIAB Facebook",
    "Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) Instagram 406.0.0.58.159",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Instagram 334.0.4.32.98",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Snapchat/12.60.0.36 (like Safari/86)",
    "Mozilla/5.0 (Linux; Android 13; Pixel 7; wv) musical_ly_2023405030 BytedanceWebview/d8a21c6",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 [Pinterest/iOS]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 [LinkedInApp]/9.29.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) GSA/300.0.6 Mobile/15E148 Safari/604",
    "Mozilla/5.0 (Linux; Android 13; SM-G991B) Chrome/120.0 Mobile DuckDuckGo/5 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) Chrome/120.0.0.0 Mobile Safari/537.36",
    "Dalvik/2.1.0 (Linux; U; Android 14; SM-S918B Build/UP1A.231005.007)",
    "MyShop/4.2 CFNetwork/1490.0.4 Darwin/23.2.0",
    "okhttp/4.12.0",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_people(agent: str) -> None:
    assert verdict(agent) == {"is_bot": False, "reason": ""}


def test_every_crawler_of_the_list_is_known() -> None:
    instances = [
        instance
        for entry in CRAWLER_USER_AGENTS_DATA
        if entry["pattern"] not in bot._PEOPLE
        for instance in entry["instances"]
    ]
    assert len(instances) > 2_000
    assert [agent for agent in instances if not verdict(agent)["is_bot"]] == []


@pytest.mark.parametrize(
    ("name", "value", "is_bot"),
    [
        ("sec-purpose", "prefetch", True),
        ("sec-purpose", "prefetch;prerender", True),
        ("purpose", "prefetch", True),
        ("x-purpose", "preview", True),
        ("x-moz", "prefetch", True),
        ("sec-purpose", "", False),
        ("purpose", "checkout", False),
    ],
)
def test_prefetched_pages(name: str, value: str, is_bot: bool) -> None:
    expected = {"is_bot": is_bot, "reason": "prefetch" if is_bot else ""}
    assert verdict(CHROME, {name: value}) == expected


def test_a_sender_that_proved_who_it_is_is_no_bot() -> None:
    for agent in ("", "python-requests/2.34.2", "HeadlessChrome/156"):
        assert verdict(agent, {"purpose": "prefetch"}, trusted=True) == {
            "is_bot": False,
            "reason": "",
        }


@pytest.mark.parametrize("stated", [{"is_bot": False}, {"is_bot": True, "score": 9}, "no", False])
def test_what_the_event_says_stays(stated: object) -> None:
    event = {"event_name": "x", "user_agent": "", "bot": stated}
    assert add_bot(event, Received("site", 0.0)) is event


def test_a_name_past_the_part_that_is_read_costs_nothing_and_is_not_found() -> None:
    assert verdict(CHROME + " " * 20_000 + "Googlebot/2.1") == {"is_bot": False, "reason": ""}


def test_a_real_headless_browser_is_flagged() -> None:
    recorded = (CAPTURES / "browser-transports.json").read_text()
    agents = set(re.findall(r'"User-Agent",\s*"([^"]+)"', recorded))
    assert agents
    assert {verdict(agent)["reason"] for agent in agents} == {"headless browser"}
