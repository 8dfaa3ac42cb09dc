"""The visitor id: where it comes from, and the cookie that keeps it."""

import re
from collections.abc import Sequence
from http.cookies import SimpleCookie
from typing import Any

import pytest

from gateway.event import read_event
from gateway.stages.identity import IdentitySettings, compile_identity

COOKIE = "visitor_id=111.222"
FPID = "FPID=FPID2.2.abc%2BdEf%2F123%3D.1795000000"
SNIPPET = "gateway_client_id=333.444"
GA = "_ga=GA1.2.1525593269.1795289657"
LIFE = 34_560_000
DENIED = {"consent": {"analytics_storage": "denied", "ad_storage": "granted"}}


def cookie_of(headers: Sequence[str], name: str = "visitor_id") -> Any:
    """The morsel of the one ``Set-Cookie`` for `name`."""
    [header] = [each for each in headers if each.startswith(f"{name}=")]
    return SimpleCookie(header)[name]


@pytest.mark.parametrize(
    ("jar", "client_id", "origin"),
    [
        (f"{GA}; {COOKIE}; {SNIPPET}; {FPID}", "111.222", "the visitor cookie"),
        (f"{GA}; {SNIPPET}; {FPID}", "abc+dEf/123=.1795000000", "FPID"),
        (f"{GA}; {SNIPPET}", "333.444", "the snippet's cookie"),
        (GA, "1525593269.1795289657", "_ga"),
        ("_ga=GA1.1-2.12.34", "12.34", "_ga"),
        ("_ga=GA1.2.1.2; _ga=GA1.2.3.4", "1.2", "_ga"),
        (f"theme=dark;{GA};lang=de", "1525593269.1795289657", "_ga"),
    ],
)
def test_a_known_visitor_keeps_the_id(identify: Any, jar: str, client_id: str, origin: str) -> None:
    done = identify(jar)

    assert done.event["client_id"] == client_id
    assert done.line.startswith(f"client_id from {origin}; visitor cookie")
    assert done.cookies[0].startswith(f"visitor_id={client_id}; ")


def test_the_cookie_is_first_party_out_of_reach_of_scripts_and_lives_400_days(
    identify: Any,
) -> None:
    cookie = cookie_of(identify(COOKIE).cookies)

    assert cookie.value == "111.222"
    assert (cookie["domain"], cookie["path"]) == ("shop.com", "/")
    assert (cookie["max-age"], cookie["samesite"]) == (str(LIFE), "Lax")
    assert cookie["httponly"]
    assert cookie["secure"]


def test_a_new_visitor_gets_an_id_of_the_form_that_ga4_takes(identify: Any) -> None:
    done = identify()

    assert re.fullmatch(r"[1-9][0-9]{0,9}\.1795289700", done.event["client_id"])
    assert cookie_of(done.cookies).value == done.event["client_id"]
    assert done.line == "client_id from a new visitor id; visitor cookie set"


def test_the_events_of_one_request_get_one_id_and_other_visitors_another(received: Any) -> None:
    stage = compile_identity(IdentitySettings(), None)
    event = {"event_name": "view", "consent": {"analytics_storage": "granted"}}
    first, second = received(), received(at=1_795_289_700.2500005)

    ids = [stage(event, request).event["client_id"] for request in (first, first, second)]

    assert ids[0] == ids[1] != ids[2]


def test_nobody_can_work_out_the_id_of_a_visitor(received: Any) -> None:
    event = {"event_name": "view", "consent": {"analytics_storage": "granted"}}
    stages = [compile_identity(IdentitySettings(), "salt") for _ in range(2)]

    assert len({stage(event, received()).event["client_id"] for stage in stages}) == 2


@pytest.mark.parametrize("jar", ["", COOKIE, GA, f"{FPID}; {SNIPPET}"])
@pytest.mark.parametrize(
    "consent", [{"analytics_storage": "denied"}, {"ad_storage": "granted"}, {}]
)
def test_without_analytics_storage_no_id_is_read_made_or_kept(
    identify: Any, jar: str, consent: dict[str, str]
) -> None:
    done = identify(jar, {"consent": consent})

    assert "client_id" not in done.event
    assert not any(cookie_of([each]).value for each in done.cookies)
    assert done.line in ("", "visitor cookie deleted")


@pytest.mark.parametrize(
    ("consent", "sets"),
    [
        ({"analytics_storage": "granted", "personalization_storage": "granted"}, True),
        ({"analytics_storage": "granted"}, False),
        ({"personalization_storage": "granted"}, False),
    ],
)
def test_the_consent_that_the_cookie_needs_is_configurable(
    identify: Any, consent: dict[str, str], sets: bool
) -> None:
    both = {"consent": ["analytics_storage", "personalization_storage"]}

    assert bool(identify(GA, {"consent": consent}, both).cookies) == sets


def test_a_cookie_that_needs_no_analytics_storage_takes_no_id_of_analytics(identify: Any) -> None:
    done = identify(f"{GA}; {FPID}", {"consent": {"analytics_storage": "denied"}}, {"consent": []})

    assert done.event["client_id"].endswith(".1795289700")


@pytest.mark.parametrize("client_id", ["1525593269.1795289657", "0.0", "9" * 20 + "." + "9" * 20])
def test_an_id_in_the_event_stays_and_is_what_a_new_cookie_keeps(
    identify: Any, client_id: str
) -> None:
    done = identify(event={"client_id": client_id})

    assert done.event["client_id"] == client_id
    assert cookie_of(done.cookies).value == client_id
    assert done.line == "visitor cookie set"


@pytest.mark.parametrize(
    "client_id",
    [
        "7f-abc",
        "3f1b2c4d-0000-4000-8000-000000000000",
        "1525593269",
        "1.2.3",
        "1.2 ",
        "1.2\n",
        ".2",
        "-1.2",
        "1e3.2",
        "\u0661.\u0662",
        "9" * 21 + ".1",
        "GA1.2.1.2",
        "a b",
        "a;Domain=com",
        'a"b',
        "ünïque",
        "x" * 161,
    ],
)
def test_an_id_of_another_form_stays_in_the_event_and_the_cookie_gets_one_of_the_server(
    identify: Any, client_id: str
) -> None:
    done = identify(event={"client_id": client_id})

    assert done.event["client_id"] == client_id
    assert done.stated_visitor == client_id
    assert re.fullmatch(r"[0-9]+\.1795289700", cookie_of(done.cookies).value)


def test_a_server_s_id_that_takes_the_place_of_the_page_s_is_not_what_the_sender_stated(
    identify: Any,
) -> None:
    done = identify(event={"client_id": "7f-abc"}, settings={"replace_client_id": True})

    assert re.fullmatch(r"[0-9]+\.1795289700", done.event["client_id"])
    assert done.stated_visitor == "7f-abc"


NAVIGATIONS = [
    {"sec_fetch_mode": "navigate"},
    {"sec_fetch_dest": "document"},
    {"sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe", "sec_fetch_site": "same-site"},
    {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document", "sec_fetch_site": "none"},
    {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
]


@pytest.mark.parametrize("navigation", NAVIGATIONS)
@pytest.mark.parametrize("jar", ["", COOKIE, GA])
@pytest.mark.parametrize("event", [{}, {"client_id": "6.6"}, {**DENIED, "client_id": "6.6"}])
def test_a_link_that_a_stranger_has_a_visitor_click_sets_no_cookie(
    identify: Any, event: dict[str, Any], jar: str, navigation: dict[str, str]
) -> None:
    settings = {"meta_cookies": True}

    assert identify(jar, event, settings, **navigation).cookies == ()


@pytest.mark.parametrize(
    "request_",
    [
        {"sec_fetch_mode": "no-cors", "sec_fetch_dest": "image", "accept": "image/webp,*/*"},
        {"sec_fetch_mode": "cors", "sec_fetch_dest": "empty", "sec_fetch_site": "same-site"},
        {"sec_fetch_mode": "cors", "accept": "text/html"},
        {"accept": "*/*"},
        {"accept": "image/png,text/html"},
        {},
    ],
)
def test_what_a_page_asks_for_itself_sets_cookies(identify: Any, request_: dict[str, str]) -> None:
    assert cookie_of(identify(event={"client_id": "6.6"}, **request_).cookies).value == "6.6"


@pytest.mark.parametrize(
    "jar",
    [
        "visitor_id=",
        "visitor_id=a b",
        "visitor_id=" + "1" * 161,
        "visitor_id",
        "_ga=GA1.2.amp-x",
        "_ga=1525593269.1795289657",
        "FPID=FPID2.2.<>.1",
        "gateway_client_id=x",
        "visitor_id2=1.2; xvisitor_id=1.2",
        ";;=;",
    ],
)
def test_a_cookie_that_is_none_of_ours_counts_as_absent(identify: Any, jar: str) -> None:
    assert identify(jar).line == "client_id from a new visitor id; visitor cookie set"


def test_without_seeding_a_visitor_starts_anew(identify: Any) -> None:
    done = identify(GA, {"client_id": "1525593269.1795289657"}, {"seed": False})

    assert done.event["client_id"] == "1525593269.1795289657"
    assert cookie_of(done.cookies).value.endswith(".1795289700")


def test_the_visitor_id_can_take_the_place_of_the_page_s_id(identify: Any) -> None:
    done = identify(COOKIE, {"client_id": "9.9"}, {"replace_client_id": True})

    assert done.event["client_id"] == "111.222"
    assert done.event["x-ga-js_client_id"] == "9.9"


def test_the_same_id_is_not_replaced(identify: Any) -> None:
    done = identify(COOKIE, {"client_id": "111.222"}, {"replace_client_id": True})

    assert "x-ga-js_client_id" not in done.event


def test_without_a_visitor_cookie_ids_are_read_but_none_is_made(identify: Any) -> None:
    none = {"visitor_cookie": None}

    assert identify(GA, settings=none).event["client_id"] == "1525593269.1795289657"
    assert identify(GA, settings=none).cookies == ()
    assert "client_id" not in identify(settings=none).event


@pytest.mark.parametrize(
    ("host", "domain", "secure"),
    [
        ("shop.com", "shop.com", True),
        ("a.b.shop.co.uk:8443", "shop.co.uk", True),
        ("METRICS.SHOP.COM", "shop.com", True),
        ("metrics.shop.example", "shop.example", True),
        ("shop.github.io", "shop.github.io", True),
        ("github.io", "", True),
        ("203.0.113.9:8080", "", True),
        ("[2001:db8::1]:8080", "", True),
        ("gateway", "", True),
        ("localhost:8080", "", False),
        ("shop.localhost", "shop.localhost", False),
        ("127.0.0.1:8080", "", False),
        ("[::1]:8080", "", False),
        ("shop.com; Domain=com", "", True),
        ("shop.com.", "", True),
        ("", "", True),
    ],
)
def test_the_cookie_belongs_to_the_registrable_domain_of_the_host(
    identify: Any, host: str, domain: str, secure: bool
) -> None:
    cookie = cookie_of(identify(COOKIE, host=host).cookies)

    assert cookie["domain"] == domain
    assert bool(cookie["secure"]) == secure


def test_on_this_machine_tls_still_makes_the_cookie_secure(identify: Any) -> None:
    done = identify(COOKIE, host="localhost", x_forwarded_proto="https")

    assert cookie_of(done.cookies)["secure"]


def test_a_configured_domain_counts_more_than_the_host(identify: Any) -> None:
    done = identify(COOKIE, host="gateway:8080", settings={"domain": "shop.co.uk"})

    assert cookie_of(done.cookies)["domain"] == "shop.co.uk"


@pytest.mark.parametrize(("name", "domain"), [("__Host-id", ""), ("__Secure-id", "shop.localhost")])
def test_a_prefix_of_the_name_is_kept_true(identify: Any, name: str, domain: str) -> None:
    done = identify(f"{name}=1.2", host="x.shop.localhost", settings={"visitor_cookie": name})

    cookie = cookie_of(done.cookies, name)
    assert (cookie["domain"], cookie["path"], cookie["secure"]) == (
        domain or ("" if name == "__Host-id" else "shop.localhost"),
        "/",
        True,
    )


def test_a_browser_on_another_site_keeps_no_cookie_so_it_gets_no_id(identify: Any) -> None:
    done = identify(sec_fetch_site="cross-site", settings={"meta_cookies": True})

    assert "client_id" not in done.event
    assert done.cookies == ()
    assert identify(sec_fetch_site="same-site").cookies


def test_backends_have_no_cookies(identify: Any) -> None:
    done = identify(f"{COOKIE}; {GA}; _fbp=fb.1.1.2", trusted=True)

    assert done.event.keys() == {"event_name", "consent"}
    assert (done.cookies, done.line) == ((), "")


def test_what_is_filled_is_a_valid_event_and_the_given_one_is_unchanged(identify: Any) -> None:
    event = {"client_id": "1.2", "click_ids": {"gclid": "x"}}

    done = identify(f"{FPID}; _gcl_dc=GCL.1.d; _ga_X=GS1.1.5.6", event)

    assert read_event(done.event) == done.event
    assert event == {"client_id": "1.2", "click_ids": {"gclid": "x"}}
