"""`bot`: programs are told apart from people, with the reason."""

import re
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.enrichment import Tables, bot, bot_agents
from gateway.stages.enrichment.bot import BotSettings
from gateway.stages.enrichment.networks import read_networks
from gateway.stages.enrichment.table_mistake import TableMistake
from tests.support.enrichments import adding

add_bot = adding(bot.load())

CAPTURES = Path(__file__).parents[2] / "captures"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)


PERSON = {"is_bot": False, "score": 0}
HEADERS = {"accept-language": "de"}


def verdict(agent: str, headers: dict[str, str] | None = None, trusted: bool = False) -> Any:
    """`bot` for a request from `agent`. headers: in addition to `HEADERS`."""
    event = {"event_name": "page_view", "user_agent": agent}
    received = Received(
        "site", 0.0, user_agent=agent, headers=HEADERS | (headers or {}), trusted=trusted
    )
    return add_bot(event, received)["bot"]


def program(*reasons: str) -> dict[str, Any]:
    return {"is_bot": True, "score": 100, "reason": reasons[0], "reasons": list(reasons)}


GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)


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
        (GMAIL_PREFETCH, "mail prefetch"),
        ("GoogleImageProxy Googlebot/2.1", "crawler Googlebot"),
    ],
)
def test_programs(agent: str, reason: str) -> None:
    assert verdict(agent) == program(reason)


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
    assert verdict(agent) == PERSON


YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
MAIL_PROXIES = [
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    YAHOO,
    f"Mozilla/5.0 (compatible; {YAHOO})",
]


@pytest.mark.parametrize("agent", MAIL_PROXIES)
def test_a_proxy_that_shows_a_mail_fetches_for_a_person(agent: str, tmp_path: Path) -> None:
    from_proxy = {"accept-language": ""}
    assert verdict(agent, from_proxy) == PERSON
    assert in_networks("192.0.2.0/24", "192.0.2.1", tmp_path, agent) == PERSON
    assert verdict(agent, {**from_proxy, "purpose": "prefetch"}) == program("prefetch")


def test_a_browser_is_not_the_prefetch_of_a_mail() -> None:
    assert verdict(GMAIL_PREFETCH.removesuffix(" Mozilla/5.0")) == PERSON


def test_every_crawler_of_the_list_is_known() -> None:
    instances = [
        instance
        for entry in CRAWLER_USER_AGENTS_DATA
        if entry["pattern"] not in bot_agents._PEOPLE
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
    assert verdict(CHROME, {name: value}) == (program("prefetch") if is_bot else PERSON)


def test_a_sender_that_proved_who_it_is_is_no_bot() -> None:
    for agent in ("", "python-requests/2.34.2", "HeadlessChrome/156"):
        assert verdict(agent, {"purpose": "prefetch"}, trusted=True) == PERSON


@pytest.mark.parametrize("stated", [{"is_bot": False}, {"is_bot": True, "score": 9}, "no", False])
def test_what_the_event_says_stays(stated: object) -> None:
    event = {"event_name": "x", "user_agent": "", "bot": stated}
    assert add_bot(event, Received("site", 0.0)) is event


def test_a_name_past_the_part_that_is_read_costs_nothing_and_is_not_found() -> None:
    assert verdict(CHROME + " " * 20_000 + "Googlebot/2.1") == PERSON


def test_a_real_headless_browser_is_flagged() -> None:
    recorded = (CAPTURES / "browser-transports.json").read_text()
    agents = set(re.findall(r'"User-Agent",\s*"([^"]+)"', recorded))
    assert agents
    assert {verdict(agent)["reason"] for agent in agents} == {"headless browser"}


def test_several_signs_are_all_named_the_heaviest_first() -> None:
    assert verdict("curl/8.5.0", {"purpose": "prefetch"})["reasons"] == ["prefetch", "crawler curl"]
    assert verdict(CHROME.replace("Chrome/", "HeadlessChrome/"), {"accept-language": ""}) == (
        program("headless browser", "no Accept-Language")
    )


WINDOWS = CHROME.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64")


@pytest.mark.parametrize(
    ("agent", "headers", "score", "reasons"),
    [
        (CHROME, {"accept-language": ""}, 40, ["no Accept-Language"]),
        (CHROME, {"sec-ch-ua-platform": '"Linux"'}, 0, []),
        (CHROME, {"sec-ch-ua-platform": '"Windows"'}, 40, ["client hints of another system"]),
        (WINDOWS, {"sec-ch-ua-platform": '"Windows"'}, 0, []),
        (WINDOWS, {"sec-ch-ua-platform": '"Windows'}, 0, []),
        (
            CHROME,
            {"accept-language": "", "sec-ch-ua-platform": '"Windows"'},
            80,
            ["no Accept-Language", "client hints of another system"],
        ),
        (CHROME, {"sec-ch-ua": '"HeadlessChrome";v="156"'}, 100, ["headless browser"]),
        ("Mozilla/5.0", {}, 50, ["no browser in the user agent"]),
        ("MyShop/4.2 CFNetwork/1490.0.4", {"accept-language": ""}, 0, []),
    ],
)
def test_headers_that_do_not_suit_the_browser(
    agent: str, headers: dict[str, str], score: int, reasons: list[str]
) -> None:
    found = verdict(agent, headers)
    assert (found["score"], found.get("reasons", [])) == (score, reasons)
    assert found["is_bot"] == (score >= 50)
    assert found.get("reason", "") == (reasons[0] if score >= 50 else "")


def test_headers_say_nothing_of_another_browser_than_the_one_that_sent_them() -> None:
    event = {"event_name": "page_view", "user_agent": CHROME}
    assert add_bot(event, Received("site", 0.0, user_agent="MyServer/1"))["bot"] == PERSON


def in_networks(text: str, address: str, folder: Path, agent: str = CHROME) -> Any:
    (folder / "networks.txt").write_text(text)
    add = adding(bot.load(BotSettings(networks=Path("networks.txt")), Tables(folder)))
    event = {"event_name": "x", "user_agent": agent, "ip_override": address}
    return add(event, Received("site", 0.0, user_agent=agent, headers=HEADERS))["bot"]


NETWORKS = """
# ours
192.0.2.0/24   # a comment
192.0.2.128/25
198.51.100.7
203.0.113.5/28
2001:db8::/32
"""


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("192.0.1.255", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("203.0.113.15", True),
        ("203.0.113.16", False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8:1::1", True),
        ("2001:db9::1", False),
        ("0.0.0.0", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_addresses_of_data_centres(address: str, is_in: bool, tmp_path: Path) -> None:
    expected = {
        "is_bot": True,
        "score": 50,
        "reason": "data centre",
        "reasons": ["data centre"],
    }
    assert in_networks(NETWORKS, address, tmp_path) == (expected if is_in else PERSON)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(20, 32)), min_size=1, max_size=8),
    st.integers(0, 2**13),
)
def test_an_address_is_in_the_networks_that_ipaddress_says(
    blocks: list[tuple[int, int]], host: int
) -> None:
    networks = [ip_network((0x0A000000 + (start << 5), size), strict=False)
                for start, size in blocks]  # fmt: skip
    with TemporaryDirectory() as folder:
        file = Path(folder) / "networks.txt"
        file.write_text("\n".join(map(str, networks)))
        contains = read_networks(file)
    address = IPv4Address(0x0A000000 + host)
    assert contains(str(address)) == any(address in network for network in networks)


@pytest.mark.parametrize("line", ["192.0.2.0/33", "192.0.2", "example.com", "192.0.2.0/24 x"])
def test_a_line_that_is_no_network_is_a_mistake(line: str, tmp_path: Path) -> None:
    with pytest.raises(TableMistake, match=r"networks.txt has no network in line 3"):
        in_networks(f"# ours\n\n{line}\n", "192.0.2.1", tmp_path)
