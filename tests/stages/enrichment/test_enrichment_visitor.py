"""The visitor's device, client hints and country."""

from typing import Any

import pytest

from gateway.event import Received
from gateway.stages.enrichment import geo, user_agent
from tests.support.enrichments import adding

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
WINDOWS_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)
FROZEN_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Mobile Safari/537.36"
)

add_user_agent = adding(user_agent.load())
add_country = adding(geo.load())


def received(headers: dict[str, str] | None = None, **fields: Any) -> Received:
    return Received("site", 0.0, headers=headers or {}, **fields)


def of(agent: str, **fields: Any) -> dict[str, Any]:
    return {"event_name": "page_view", "user_agent": agent, **fields}


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (
            IPHONE,
            {
                "browser": "Mobile Safari",
                "browser_version": "18.1",
                "operating_system": "iOS",
                "operating_system_version": "18.1",
                "brand": "Apple",
                "model": "iPhone",
                "category": "mobile",
            },
        ),
        (
            WINDOWS_CHROME,
            {
                "browser": "Chrome",
                "browser_version": "156.0.0.0",
                "operating_system": "Windows",
                "operating_system_version": "10",
                "category": "desktop",
            },
        ),
        (
            FROZEN_ANDROID,
            {
                "browser": "Chrome Mobile",
                "browser_version": "156.0.0.0",
                "operating_system": "Android",
                "operating_system_version": "10",
                "category": "mobile",
            },
        ),
    ],
)
def test_device_of_a_user_agent(agent: str, device: dict[str, str]) -> None:
    assert add_user_agent(of(agent), received())["device"] == device


@pytest.mark.parametrize(
    ("agent", "category"),
    [
        ("Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E", "tablet"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906C) Chrome/120.0.0.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S918B) Chrome/120.0.0.0 Mobile Safari/5", "mobile"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0", "mobile"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.1 Safari/605.1.15", "desktop"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/120.0.0.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0)", "desktop"),
        ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) 76.0.3809.146/6.0 TV Safari/537.36", "smart tv"),
        ("Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7; wv) Mobile Safari/537.36", "smart tv"),
        ("Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0", "tablet"),
        ("Mozilla/5.0 (Linux; Android 9; KFMAWI) Silk/112.5.1 like Chrome/112 Safari", "tablet"),
        ("Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X)", "mobile"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/79.0.3945.79 Safari/537.36", "smart tv"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", None),
    ],
)
def test_category_of_a_user_agent(agent: str, category: str | None) -> None:
    assert add_user_agent(of(agent), received())["device"].get("category") == category


def test_nothing_is_known_of_an_empty_or_unknown_agent() -> None:
    for agent in ("", "x"):
        event = of(agent)
        assert add_user_agent(event, received()) is event


def test_what_the_event_says_of_the_device_stays() -> None:
    event = of(IPHONE, device={"model": "iPhone 17", "id": "A1", "brand": ""})
    device = add_user_agent(event, received())["device"]
    assert (device["model"], device["id"], device["brand"]) == ("iPhone 17", "A1", "Apple")
    for stated in ("phone", 7, ["a"]):
        event = of(IPHONE, device=stated)
        assert add_user_agent(event, received()) is event


LOW_ENTROPY = {
    "sec-ch-ua": '"Chromium";v="156", "Not(A:Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
}
LOW_ENTROPY_HINTS = {
    "brands": [
        {"brand": "Chromium", "version": "156"},
        {"brand": "Not(A:Brand", "version": "24"},
    ],
    "mobile": False,
    "platform": "Linux",
}


@pytest.mark.parametrize(
    ("headers", "hints"),
    [
        (LOW_ENTROPY, LOW_ENTROPY_HINTS),
        (
            {
                "sec-ch-ua-full-version-list": '"Google Chrome";v="156.0.1.2"',
                "sec-ch-ua-platform-version": '"15.0.0"',
                "sec-ch-ua-model": '"Pixel 9"',
                "sec-ch-ua-arch": '"arm"',
                "sec-ch-ua-bitness": '"64"',
                "sec-ch-ua-wow64": "?1",
                "sec-ch-ua-mobile": "?1",
            },
            {
                "full_version_list": [{"brand": "Google Chrome", "version": "156.0.1.2"}],
                "platform_version": "15.0.0",
                "model": "Pixel 9",
                "architecture": "arm",
                "bitness": "64",
                "wow64": True,
                "mobile": True,
            },
        ),
        ({"sec-ch-ua-model": '""', "sec-ch-ua": "?", "sec-ch-ua-mobile": "yes"}, None),
        ({"sec-ch-ua-model": '"' + "x" * 5_000 + '"'}, None),
        ({}, None),
    ],
)
def test_client_hints_of_request_headers(
    headers: dict[str, str], hints: dict[str, Any] | None
) -> None:
    event = add_user_agent(of(WINDOWS_CHROME), received(headers))
    assert event.get("client_hints") == hints


def test_client_hints_of_the_event_are_left_whole() -> None:
    event = add_user_agent(of("", client_hints={"platform": "Windows"}), received(LOW_ENTROPY))
    assert event["client_hints"] == {"platform": "Windows"}


@pytest.mark.parametrize(
    ("agent", "hints", "expected"),
    [
        (WINDOWS_CHROME, {"platform_version": "15.0.0"}, {"operating_system_version": "11"}),
        (WINDOWS_CHROME, {"platform_version": "13.0.0"}, {"operating_system_version": "11"}),
        (WINDOWS_CHROME, {"platform_version": "10.0.0"}, {"operating_system_version": "10"}),
        (WINDOWS_CHROME, {"platform_version": "0.3.0"}, {"operating_system_version": "10"}),
        (WINDOWS_CHROME, {"platform_version": "x"}, {"operating_system_version": "10"}),
        (
            FROZEN_ANDROID,
            {"platform_version": "16.0.0", "model": "Pixel 9"},
            {"operating_system_version": "16.0.0", "model": "Pixel 9"},
        ),
        (
            WINDOWS_CHROME,
            {
                "full_version_list": [
                    {"brand": "Chromium", "version": "156.0.1.1"},
                    {"brand": "Google Chrome", "version": "156.0.1.2"},
                    {"brand": "Not(A:Brand", "version": "24.0.0.0"},
                ]
            },
            {"browser_version": "156.0.1.2"},
        ),
        (
            WINDOWS_CHROME,
            {"full_version_list": [{"brand": "Chromium", "version": "156.0.1.1"}]},
            {"browser_version": "156.0.1.1"},
        ),
        (
            WINDOWS_CHROME,
            {"full_version_list": [{"brand": "X", "version": "15.0"}, {"version": 156}, "156.1"]},
            {"browser_version": "156.0.0.0"},
        ),
        (
            FROZEN_ANDROID,
            {"platform_version": 16, "model": ["Pixel"]},
            {"operating_system_version": "10"},
        ),
    ],
)
def test_client_hints_know_better_than_a_frozen_agent(
    agent: str, hints: dict[str, Any], expected: dict[str, str]
) -> None:
    device = add_user_agent(of(agent, client_hints=hints), received())["device"]
    assert expected.items() <= device.items()
    assert ("model" in device) == ("model" in expected)


def test_a_backend_tells_of_its_visitor_and_not_of_itself() -> None:
    backend = received(
        LOW_ENTROPY, trusted=True, user_agent="python-requests/2.34", client_ip="8.8.8.8"
    )
    event = of("python-requests/2.34", ip_override="8.8.8.8")
    assert add_user_agent(event, backend) is event
    assert add_country(event, backend) is event

    event = of(IPHONE, ip_override="85.214.132.117")
    assert add_user_agent(event, backend)["device"]["model"] == "iPhone"
    assert add_country(event, backend)["event_location"] == {"country": "DE"}


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("8.8.8.8", "US"),
        ("85.214.132.117", "DE"),
        ("85.214.132.0", "DE"),
        (" 8.8.8.8 ", "US"),
        ("2001:4860:4860::8888", "US"),
        ("::ffff:8.8.8.8", "US"),
        ("10.0.0.1", None),
        ("127.0.0.1", None),
        ("192.0.2.1", None),
        ("::1", None),
        ("fe80::1%eth0", None),
        ("unknown", None),
        ("8.8.8.8:443", None),
        ("\x00", None),
        ("", None),
    ],
)
def test_country_of_an_address(address: str, country: str | None) -> None:
    event = {"event_name": "page_view", "ip_override": address}
    located = add_country(event, received())
    if country is None:
        assert located is event
    else:
        assert located == {**event, "event_location": {"country": country}}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"country": "FR"}, {"country": "FR"}),
        ({"country": "FR", "region": "IDF"}, {"country": "FR", "region": "IDF"}),
        ({"region": "CA"}, {"region": "CA", "country": "US"}),
        ({"country": ""}, {"country": "US"}),
        ({}, {"country": "US"}),
    ],
)
def test_a_stated_country_stays(stated: dict[str, str], expected: dict[str, str]) -> None:
    event = {"event_name": "x", "ip_override": "8.8.8.8", "event_location": stated}
    assert add_country(event, received())["event_location"] == expected
