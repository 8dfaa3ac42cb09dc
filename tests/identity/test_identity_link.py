"""Our own links between domains: signed, bound, short-lived; and a redirect that is not open."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identity import IdentitySettings, compile_identity, compile_link
from gateway.identity.link import sign_link, verify_link

KEY = b"k" * 32
AT = 1_795_289_700.25
CONFIG = {"link_domains": ["shop.com", "other.com", "shop.co.uk", "127.0.0.1"]}
VISITOR = "1525593269.1795289657"
JAR = f"visitor_id={VISITOR}"


def link(received: Any, to: str, jar: str = JAR, **settings_: Any) -> str:
    config = IdentitySettings.model_validate({**CONFIG, **settings_})
    return compile_link(config, "salt")(to, received(jar))


ids = st.from_regex(r"[A-Za-z0-9._+/=:-]{1,160}", fullmatch=True)


@settings(max_examples=50, deadline=None)
@given(ids, st.integers(0, 600))
def test_a_link_says_who_followed_it_until_it_expires(visitor: str, seconds: int) -> None:
    token = sign_link(KEY, visitor, "other.com", "agent", 1_000 + seconds)

    assert verify_link(KEY, token, "other.com", "agent", 1_000.0) == visitor
    assert verify_link(KEY, token, "other.com", "agent", 1_000.0 + seconds) == visitor
    assert verify_link(KEY, token, "other.com", "agent", 1_000.5 + seconds) == ""


@pytest.mark.parametrize(
    ("key", "domain", "agent"),
    [(b"x" * 32, "other.com", "agent"), (KEY, "shop.com", "agent"), (KEY, "other.com", "agent2")],
)
def test_it_says_nothing_elsewhere(key: bytes, domain: str, agent: str) -> None:
    token = sign_link(KEY, VISITOR, "other.com", "agent", 2_000)

    assert verify_link(key, token, domain, agent, 1_000.0) == ""


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_character_of_it_can_be_changed(data: st.DataObject) -> None:
    token = sign_link(KEY, VISITOR, "other.com", "agent", 2_000)
    place = data.draw(st.integers(0, len(token) - 2))  # the last has bits that mean nothing
    sign = data.draw(st.characters(codec="ascii").filter(lambda each: each != token[place]))
    forged = token[:place] + sign + token[place + 1 :]

    assert verify_link(KEY, forged, "other.com", "agent", 1_000.0) == ""


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"[0-9]{1,12}\.[A-Za-z0-9_-]{1,9}\.[\w-]{43}"))
def test_any_text_is_answered(token: str) -> None:
    assert verify_link(KEY, token, "other.com", "agent", 0.0) == ""


def test_the_visitor_stays_the_same_on_the_other_domain(identify: Any, received: Any) -> None:
    there = link(received, "https://www.other.com/landing?a=1#top")

    done = identify(
        "visitor_id=9.9", {"page_location": there}, CONFIG, host="m.other.com", at=AT + 100
    )

    assert done.event["client_id"] == VISITOR
    assert done.event["page_location"] == "https://www.other.com/landing?a=1#top"
    assert done.cookies[0].startswith(f"visitor_id={VISITOR}; ")
    assert "Domain=other.com" in done.cookies[0]
    assert done.line.startswith("link parameters taken out; client_id from a signed link")
    assert VISITOR not in done.line


@pytest.mark.parametrize(
    ("event", "config", "request_"),
    [
        ({}, CONFIG, {"at": AT + 121}),  # minutes later
        ({}, {**CONFIG, "link_secret": "another secret of 16"}, {}),
        ({}, {"link_domains": []}, {}),
        ({"consent": {"analytics_storage": "denied", "ad_storage": "granted"}}, CONFIG, {}),
        ({}, CONFIG, {"trusted": True}),
    ],
)
def test_otherwise_it_identifies_nobody_and_is_taken_out_all_the_same(
    identify: Any,
    received: Any,
    event: dict[str, Any],
    config: dict[str, Any],
    request_: dict[str, Any],
) -> None:
    there = link(received, "https://www.other.com/")

    done = identify("visitor_id=9.9", {"page_location": there, **event}, config, **request_)

    assert done.event.get("client_id") != VISITOR
    assert done.event["page_location"] == "https://www.other.com/"


def test_a_link_that_is_copied_to_a_page_of_another_domain_is_void(
    identify: Any, received: Any
) -> None:
    there = link(received, "https://www.other.com/").replace("other.com", "shop.co.uk")

    assert identify("visitor_id=9.9", {"page_location": there}, CONFIG).event["client_id"] == "9.9"


@pytest.mark.parametrize(
    ("to", "before", "after"),
    [
        ("https://other.com", "https://other.com?", ""),
        ("https://other.com/", "https://other.com/?", ""),
        ("https://WWW.Other.com:8443/p?a=1", "https://WWW.Other.com:8443/p?a=1&", ""),
        ("https://other.com/p#top", "https://other.com/p?", "#top"),
        ("https://other.com/?gw_link=old&_gl=1*x&b=2", "https://other.com/?b=2&", ""),
        ("http://127.0.0.1:8080/demo", "http://127.0.0.1:8080/demo?", ""),
    ],
)
def test_the_redirect_adds_the_parameter_and_leaves_the_rest(
    received: Any, to: str, before: str, after: str
) -> None:
    target = link(received, to)

    assert target.startswith(f"{before}gw_link=")
    assert target.endswith(after)
    [token] = parse_qs(urlsplit(target).query)["gw_link"]
    assert token.startswith(f"{int(AT) + 120}.")


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.com/",
        "https://evil.com/https://other.com/",
        "https://other.com.evil.com/",
        "https://evilother.com/",
        "https://other.com@evil.com/",
        "https://other.com:x@evil.com/",
        "https://evil.com#@other.com/",
        "https://evil.com\\@other.com/",
        "https://evil.com?other.com",
        "https:other.com",
        "https:///other.com",
        "//other.com/",
        "/local",
        "http://other.com/",
        "javascript://other.com/%0aalert(1)",
        "data:text/html,other.com",
        "https://other.com/\r\nSet-Cookie: a=b",
        "https://other.com/\x00",
        "https://other.com/ü",
        "https://x.127.0.0.1/",
        " https://other.com/",
        "https://other.com/" + "a" * 4_096,
        "",
    ],
)
def test_the_redirect_leads_to_configured_domains_only(received: Any, to: str) -> None:
    assert link(received, to) == ""


@pytest.mark.parametrize("jar", ["", "visitor_id=a b", "_ga=GA1.1.1.2"])
def test_who_has_no_visitor_cookie_is_sent_on_without_an_identity(received: Any, jar: str) -> None:
    assert link(received, "https://other.com/?a=1", jar) == "https://other.com/?a=1"


def test_without_a_key_links_are_refused_when_the_gateway_starts() -> None:
    config = IdentitySettings.model_validate(CONFIG)

    for build in (compile_identity, compile_link):
        with pytest.raises(ValueError, match=r"link_secret or server\.hash_salt"):
            build(config, None)
        build(IdentitySettings.model_validate({**CONFIG, "link_secret": "s" * 16}), None)
