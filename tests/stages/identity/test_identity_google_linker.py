"""The `_gl` parameter, with which links of gtag.js carry cookies to another domain."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.identity.google_linker import linked_cookies
from gateway.stages.identity.page_links import strip_links, without_links

AT = 1_795_289_700.25
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"
VISITOR = "1525593269.1795289657"
SESSION = "s1795289657$o3$g1$t1795289690$j60$l0$h0"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def link(
    cookies: dict[str, str],
    agent: str = AGENT,
    offset: int = -60,
    language: str = "de-DE",
    at: float = AT,
) -> str:
    """The parameter as gtag.js writes it."""
    parts = []
    for name, value in cookies.items():
        parts += [name, urlsafe_b64encode(value.encode()).decode().replace("=", ".")]
    payload = "*".join(parts)
    text = f"{agent}*{offset}*{language}*{int(at // 60)}*{payload}"
    return f"1*{base36(bitwise_crc(text))}*{payload}"


def bitwise_crc(text: str) -> int:
    """CRC-32 as it is defined, bit by bit."""
    register = 0xFFFFFFFF
    for byte in text.encode("latin-1"):
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"


def page(parameter: str, **event: Any) -> dict[str, Any]:
    return {"page_location": f"https://other.com/p?a=1&_gl={parameter}", "language": "de", **event}


BOTH = {"_ga": VISITOR, "_ga_ABC": SESSION}


@pytest.mark.parametrize(
    ("made", "language", "header"),
    [
        ({}, "de-DE", ""),
        ({}, "de-de", ""),  # as gtag.js reports it
        ({}, "", "de-DE,de;q=0.9,en;q=0.8"),
        ({"language": "en"}, "en", ""),
        ({"language": "zh-Hant-TW"}, "zh-Hant-TW", ""),
        ({"at": AT - 60}, "de-DE", ""),
        ({"at": AT - 120}, "de-DE", ""),
        ({"at": AT + 60}, "de-DE", ""),  # the browser's clock may be ahead
        *(({"offset": offset}, "de-DE", "") for offset in (-840, -345, -330, 0, 210, 480, 720)),
    ],
)
def test_a_link_made_in_this_browser_a_moment_ago_brings_its_visitor(
    identify: Any, made: dict[str, Any], language: str, header: str
) -> None:
    done = identify(
        "_ga=GA1.1.8.8; _ga_ABC=GS2.1.s1$o1",
        page(link(BOTH, **made), language=language),
        **({"accept_language": header} if header else {}),
    )

    assert done.event["client_id"] == VISITOR
    assert done.event["ga_session_id"] == "1795289657"
    assert done.cookies[0].startswith(f"visitor_id={VISITOR}; ")
    assert "client_id from the _gl parameter" in done.line


@pytest.mark.parametrize(
    "parameter",
    [
        link(BOTH, agent="another browser"),
        link(BOTH, language="fr-FR"),
        link(BOTH, at=AT - 180),
        link(BOTH, at=AT + 120),
        link(BOTH, offset=17),
        link(BOTH).replace("_ga*", "_ga*MTIz", 1),
        link(BOTH)[2:],
        "1*0*",
        "1*zzzzzzz*_ga*!!!",
        "2*" + link(BOTH)[2:],
        link({"_ga": VISITOR, "x": "y" * 2_000}),
        "",
    ],
)
def test_any_other_link_brings_nobody(identify: Any, parameter: str) -> None:
    done = identify("_ga=GA1.1.9.9", page(parameter, language="de-DE"))

    assert done.event["client_id"] == "9.9"


@pytest.mark.parametrize(("length", "visitor"), [(1_500, VISITOR), (1_501, "9.9")])
def test_a_link_may_have_1500_characters(identify: Any, length: int, visitor: str) -> None:
    cookies = ({"_ga": VISITOR, name * 200: "y" * 900} for name in ("x", "yz"))
    made = (link({**each, "z" * more: "0"}) for each in cookies for more in range(1, 200))
    parameter = next(each for each in made if len(each) == length)

    done = identify("_ga=GA1.1.9.9", page(parameter, language="de-DE"))

    assert done.event["client_id"] == visitor


def test_what_the_page_s_own_tag_has_accepted_is_accepted(identify: Any) -> None:
    old = link(BOTH, at=AT - 3600)

    done = identify("_ga=GA1.1.9.9", page(old, client_id=VISITOR))

    assert done.cookies[0].startswith(f"visitor_id={VISITOR}; ")


@pytest.mark.parametrize("event", [{}, {"client_id": VISITOR}])
def test_it_does_not_replace_our_own_cookie(identify: Any, event: dict[str, Any]) -> None:
    done = identify("visitor_id=9.9", page(link(BOTH), language="de-DE", **event))

    assert done.event["client_id"] == event.get("client_id", "9.9")
    assert done.cookies[0].startswith("visitor_id=9.9; ")


def test_clicks_come_along_when_ads_are_allowed(identify: Any) -> None:
    event = page(link({"_gcl_aw": "GCL.1795.AbC", "_gcl_au": "18.17"}), language="de-DE")

    assert identify(event=event).event["click_ids"] == {"gclid": "AbC", "gcl_au": "18.17"}


def test_what_is_not_allowed_does_not_come_along(identify: Any) -> None:
    event = page(link({**BOTH, "_gcl_aw": "GCL.1.AbC"}), language="de-DE")

    analytics = identify(event={**event, "consent": {"analytics_storage": "granted"}}).event
    ads = identify(event={**event, "consent": {"ad_storage": "granted"}}).event
    own = identify(event={**event, "consent": {}}, settings={"consent": []}).event
    nothing = identify(event={**event, "consent": {}})

    assert analytics["client_id"] == VISITOR
    assert "click_ids" not in analytics
    assert ads["click_ids"] == {"gclid": "AbC"}
    assert not ads.keys() & {"client_id", "ga_session_id"}
    assert own["client_id"] != VISITOR
    assert nothing.event == {
        **event,
        "consent": {},
        "page_location": "https://other.com/p?a=1",
        "event_name": "page_view",
    }
    assert nothing.line == "link parameters removed"


@pytest.mark.parametrize(
    ("cookies", "read"),
    [
        ({"_ga": "1.2"}, {"_ga": "GA1.1.1.2"}),
        ({"_ga_X": SESSION}, {"_ga_X": f"GS2.1.{SESSION}"}),
        ({"_ga_X": "10.3.1.20.0.0.0"}, {"_ga_X": "GS1.1.10.3.1.20.0.0.0"}),
        ({"_fplc": "QWJD", "session": "x"}, {}),
    ],
)
def test_cookies_come_back_in_their_own_form(cookies: dict[str, str], read: dict[str, str]) -> None:
    received = Received("site", AT, "", AGENT)

    assert linked_cookies(page(link(cookies), language="de-DE"), received) == read


@pytest.mark.parametrize(
    "encode", [lambda text: text.replace("*", "%2A"), lambda text: text.replace("*", "%252A")]
)
def test_a_link_may_have_been_encoded_on_its_way(encode: Any) -> None:
    event = page(encode(link(BOTH)), language="de-DE")

    assert linked_cookies(event, Received("site", AT, "", AGENT))["_ga"] == f"GA1.1.{VISITOR}"


def test_it_may_stand_in_the_fragment() -> None:
    event = {"page_location": f"https://other.com/#_gl={link(BOTH)}", "language": "de-DE"}

    assert linked_cookies(event, Received("site", AT, "", AGENT))["_ga"] == f"GA1.1.{VISITOR}"


@given(st.text(alphabet="1*_gal.%=ABC\u00e9\x00", max_size=60))
def test_any_parameter_is_answered(parameter: str) -> None:
    event = {"page_location": f"https://x.com/?_gl={parameter}"}

    assert linked_cookies(event, Received("site", AT, "", AGENT)) == {}


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://a.com/?_gl=1*x", "https://a.com/"),
        ("https://a.com/?_gl=1*x&b=2", "https://a.com/?b=2"),
        ("https://a.com/?a=1&_gl=1*x", "https://a.com/?a=1"),
        ("https://a.com/?a=1&gw_link=1.2.3&b=2#f", "https://a.com/?a=1&b=2#f"),
        ("https://a.com/?_gl=1&gw_link=2#f", "https://a.com/#f"),
        ("https://a.com/#_gl=1", "https://a.com/"),
        ("https://a.com/?a=1#_gl=1&x=2", "https://a.com/?a=1#x=2"),
        ("https://a.com/?a_gl=1&x=_gl=3", "https://a.com/?a_gl=1&x=_gl=3"),
        ("https://a.com/?%5Fgl=1&a=%20", "https://a.com/?%5Fgl=1&a=%20"),
        ("", ""),
    ],
)
def test_link_parameters_are_taken_out_of_urls_and_nothing_else(url: str, clean: str) -> None:
    assert without_links(url) == clean
    assert without_links(clean) == clean


def test_the_referrer_of_a_backends_event_carries_no_identity_either(identify: Any) -> None:
    done = identify(event={"page_referrer": "https://a.com/?gw_link=x&y=1"}, trusted=True)

    assert done.event["page_referrer"] == "https://a.com/?y=1"


def test_an_event_without_links_stays_the_same_object() -> None:
    event = {"page_location": "https://a.com/?a=1", "page_referrer": ""}

    assert strip_links(event) is event
