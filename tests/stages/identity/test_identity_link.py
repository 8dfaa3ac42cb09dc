"""Our links between domains: signed, bound to a browser, short-lived, and no open redirect."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.consent import Consented
from gateway.stages.identity import IdentitySettings, Link, compile_identity, compile_link
from gateway.stages.identity.link import Recipient, sign_link, verify_link

KEY = b"k" * 32
AT = 1_795_289_700.25
CONFIG = {"link_domains": ["shop.com", "other.com", "shop.co.uk", "127.0.0.1"]}
VISITOR = "1525593269.1795289657"
JAR = f"visitor_id={VISITOR}"
THERE = "https://www.other.com/"
HERE = Recipient("other.com", "agent", "203.0.113.0")
NOTHING_STATED = Consented({"consent": {}}, "", frozenset())


def link(
    received: Any,
    to: str,
    jar: str = JAR,
    consented: Consented = NOTHING_STATED,
    client_ip: str = "203.0.113.7",
    **settings_: Any,
) -> str:
    config = IdentitySettings.model_validate({**CONFIG, **settings_})
    return compile_link(config, "salt")(to, received(jar, client_ip=client_ip), consented)


def visitor_of(link: Link | None) -> str:
    return link.visitor if link else ""


@pytest.fixture
def follow(identify: Any) -> Any:
    """Opens the page `url` in a browser that claims its link, if it is valid there."""

    def run(
        url: str,
        jar: str = "",
        event: dict[str, Any] | None = None,
        config: dict[str, Any] = CONFIG,
        **request: Any,
    ) -> Any:
        page = {"page_location": url, **(event or {})}
        wanted = identify(jar, page, config, **request).unclaimed_link
        return identify(jar, page, config, linked_visitor=visitor_of(wanted), **request)

    return run


ids = st.from_regex(r"[A-Za-z0-9._+/=:-]{1,160}", fullmatch=True)


@given(ids, st.integers(0, 600))
def test_a_link_says_who_followed_it_until_it_expires(visitor: str, seconds: int) -> None:
    token = sign_link(KEY, visitor, HERE, 1_000 + seconds)

    assert visitor_of(verify_link(KEY, token, HERE, 1_000.0)) == visitor
    assert visitor_of(verify_link(KEY, token, HERE, 1_000.0 + seconds)) == visitor
    assert verify_link(KEY, token, HERE, 1_000.5 + seconds) is None


@pytest.mark.parametrize(
    ("key", "elsewhere"),
    [
        (b"x" * 32, HERE),
        (KEY, HERE._replace(domain="shop.com")),
        (KEY, HERE._replace(user_agent="agent2")),
        (KEY, HERE._replace(network="203.0.114.0")),
        (KEY, HERE._replace(network="")),
    ],
)
def test_it_says_nothing_elsewhere(key: bytes, elsewhere: Recipient) -> None:
    token = sign_link(KEY, VISITOR, HERE, 2_000)

    assert verify_link(key, token, elsewhere, 1_000.0) is None


def test_a_link_is_known_by_the_same_id_however_it_is_encoded() -> None:
    """Otherwise a used link could be used again in another encoding."""
    token = sign_link(KEY, VISITOR, HERE, 2_000)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [token, f"0{token}", *(token[:-1] + sign for sign in last)]

    links = [verify_link(KEY, each, HERE, 1_000.0) for each in spellings]

    assert len([each for each in links if each]) > 2
    assert len({each.id for each in links if each}) == 1


def test_two_links_are_known_by_different_ids() -> None:
    """Even if a visitor follows both within one second, as with two new tabs."""
    tokens = [sign_link(KEY, VISITOR, HERE, expires) for expires in (2_000.5, 2_000.501)]
    links = [verify_link(KEY, each, HERE, 1_000.0) for each in tokens]

    assert len({link.id for link in links if link}) == 2


@given(st.data())
def test_no_character_of_it_can_be_changed(data: st.DataObject) -> None:
    token = sign_link(KEY, VISITOR, HERE, 2_000)
    place = data.draw(st.integers(0, len(token) - 2))  # the last character has unused bits
    sign = data.draw(st.characters(codec="ascii").filter(lambda each: each != token[place]))
    forged = token[:place] + sign + token[place + 1 :]

    assert verify_link(KEY, forged, HERE, 1_000.0) is None


@given(st.text(max_size=80) | st.from_regex(r"[0-9]{1,12}\.[A-Za-z0-9_-]{1,9}\.[\w-]{43}"))
def test_any_text_is_answered(token: str) -> None:
    assert verify_link(KEY, token, HERE, 0.0) is None


def test_the_visitor_stays_the_same_on_the_other_domain(follow: Any, received: Any) -> None:
    there = link(received, "https://www.other.com/landing?a=1#top")

    done = follow(there, "_ga=GA1.2.3.4", host="m.other.com", at=AT + 100)

    assert done.event["client_id"] == VISITOR
    assert done.event["page_location"] == "https://www.other.com/landing?a=1#top"
    assert done.cookies[0].startswith(f"visitor_id={VISITOR}; ")
    assert "Domain=other.com" in done.cookies[0]
    assert done.line.startswith("link parameters removed; client_id from a signed link")
    assert VISITOR not in done.line


@pytest.mark.parametrize(
    ("asked_from", "followed_from"),
    [
        ("203.0.113.7", "203.0.113.250"),
        ("203.0.113.7", "::ffff:203.0.113.9"),
        ("2001:db8:1:2::3", "2001:db8:1:ffff::1"),
        ("", ""),
    ],
)
def test_it_holds_for_the_network_of_the_address(
    follow: Any, received: Any, asked_from: str, followed_from: str
) -> None:
    there = link(received, THERE, client_ip=asked_from)

    assert follow(there, client_ip=followed_from).event["client_id"] == VISITOR


@pytest.mark.parametrize(
    ("asked_from", "followed_from"),
    [
        ("203.0.113.7", "203.0.114.7"),
        ("2001:db8:1::1", "2001:db8:2::1"),
        ("203.0.113.7", "2001:db8:1::1"),
        ("203.0.113.7", ""),
        ("", "203.0.113.7"),
    ],
)
def test_a_link_that_is_stolen_from_another_network_is_void(
    follow: Any, received: Any, asked_from: str, followed_from: str
) -> None:
    done = follow(link(received, THERE, client_ip=asked_from), client_ip=followed_from)

    assert done.event["client_id"] != VISITOR
    assert done.event["page_location"] == THERE


def test_a_link_identifies_nobody_unless_the_request_has_claimed_it(
    identify: Any, received: Any
) -> None:
    page = {"page_location": link(received, THERE)}

    done = identify("", page, CONFIG)

    assert done.event["client_id"] != VISITOR
    assert done.event["page_location"] == THERE
    assert done.unclaimed_link.visitor == VISITOR
    assert done.unclaimed_link.expires == AT + 120


def test_a_link_does_not_replace_a_visitor_cookie_and_is_left_for_its_owner(
    identify: Any, received: Any
) -> None:
    page = {"page_location": link(received, THERE)}

    for claimed in ("", VISITOR):
        done = identify("visitor_id=9.9", page, CONFIG, linked_visitor=claimed)
        assert done.event["client_id"] == "9.9"
        assert done.cookies[0].startswith("visitor_id=9.9; ")
        assert done.unclaimed_link is None


@pytest.mark.parametrize("jar", ["", "_ga=GA1.2.3.4"])
def test_what_a_request_has_claimed_holds_for_its_events_of_other_pages(
    identify: Any, jar: str
) -> None:
    done = identify(jar, {"page_location": "https://www.other.com/2"}, linked_visitor=VISITOR)

    assert done.event["client_id"] == VISITOR
    assert done.cookies[0].startswith(f"visitor_id={VISITOR}; ")


def test_but_not_for_those_that_deny_it(identify: Any) -> None:
    denied = {"consent": {"analytics_storage": "denied"}}

    assert identify("", denied, linked_visitor=VISITOR).event.keys() == {"event_name", "consent"}


def test_a_visitor_cookie_that_is_none_of_ours_is_no_obstacle(follow: Any, received: Any) -> None:
    assert follow(link(received, THERE), "visitor_id=a b").event["client_id"] == VISITOR


def test_before_the_visitor_consents_the_link_is_not_used_up(identify: Any, received: Any) -> None:
    page = {"page_location": link(received, THERE), "consent": {"analytics_storage": "denied"}}

    assert identify("", page, CONFIG).unclaimed_link is None


@pytest.mark.parametrize(
    ("event", "config", "request_"),
    [
        ({}, CONFIG, {"agent": "Mozilla/5.0 (another browser)"}),
        ({}, CONFIG, {"at": AT + 120.1}),  # expired
        ({}, {**CONFIG, "link_secret": "another secret of 16"}, {}),
        ({}, {"link_domains": []}, {}),
        ({"consent": {"analytics_storage": "denied", "ad_storage": "granted"}}, CONFIG, {}),
        ({}, CONFIG, {"trusted": True}),
    ],
)
def test_otherwise_it_identifies_nobody_and_is_taken_out_all_the_same(
    follow: Any,
    received: Any,
    event: dict[str, Any],
    config: dict[str, Any],
    request_: dict[str, Any],
) -> None:
    done = follow(link(received, THERE), "", event, config, **request_)

    assert done.event.get("client_id") != VISITOR
    assert done.event["page_location"] == "https://www.other.com/"


def test_a_link_that_is_copied_to_a_page_of_another_domain_is_void(
    follow: Any, received: Any
) -> None:
    there = link(received, THERE).replace("other.com", "shop.co.uk")

    assert follow(there, "_ga=GA1.2.9.9").event["client_id"] == "9.9"


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
    assert token.startswith(f"{int(1000 * AT) + 120_000}.")


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


@pytest.mark.parametrize(
    ("consent", "unstated", "config", "is_plain"),
    [
        ({"analytics_storage": "denied"}, (), {}, True),
        ({"analytics_storage": "denied"}, {"analytics_storage"}, {}, False),
        ({"analytics_storage": "granted"}, (), {}, False),
        ({"ad_storage": "denied"}, (), {}, False),
        ({"ad_storage": "denied"}, (), {"consent": ["ad_storage"]}, True),
    ],
)
def test_who_denies_the_visitor_cookie_is_sent_on_without_an_identity(
    received: Any, consent: dict[str, str], unstated: Any, config: dict[str, Any], is_plain: bool
) -> None:
    consented = Consented({"consent": consent}, "", frozenset(unstated))

    assert (link(received, THERE, JAR, consented, **config) == THERE) is is_plain


def test_without_a_key_links_are_refused_when_the_gateway_starts() -> None:
    config = IdentitySettings.model_validate(CONFIG)

    for build in (compile_identity, compile_link):
        with pytest.raises(ValueError, match=r"link_secret or server\.hash_salt"):
            build(config, None)
        build(IdentitySettings.model_validate({**CONFIG, "link_secret": "s" * 16}), None)
