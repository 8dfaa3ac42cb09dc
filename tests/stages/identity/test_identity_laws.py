"""For every request: nothing is read or set without consent, and the trace has no identifier."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.identity import IdentitySettings, compile_identity

ANALYTICS = {"client_id", "ga_session_id", "ga_session_number"}
ADS = {"fbp", "fbc", "click_ids"}
STAGE = compile_identity(
    IdentitySettings(meta_cookies=True, hash_user_id=True, link_domains=["shop.com"]), "salt"
)

states = st.sampled_from(["granted", "denied", None])
consents = st.fixed_dictionaries({"ad_storage": states, "analytics_storage": states}).map(
    lambda said: {name: state for name, state in said.items() if state}
)
values = st.sampled_from(
    [
        "GA1.1.111111.222222",
        "GS2.1.s333333$o4$t5",
        "GS1.1.666666.7.1.8",
        "fb.1.999999.101010",
        "fb.1.121212.Clickclick",
        "GCL.131313.Gclickid",
        "1.1.141414.151515",
        "161616.171717",
        "FPID2.2.Abcdef.181818",
        "%",
        "%zz",
        '"',
        "",
    ]
) | st.text(st.characters(codec="latin-1"), max_size=20)
names = st.sampled_from(
    [
        "visitor_id",
        "_ga",
        "_ga_X",
        "_ga_",
        "FPID",
        "_fbp",
        "_fbc",
        "_gcl_aw",
        "_gcl_au",
        "ttclid",
        "_ttp",
        "_scid",
        "gateway_client_id",
        "_uetmsclkid",
        "session",
        "",
    ]
)
jars = st.lists(st.tuples(names, values), max_size=8).map(
    lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs)
)
hosts = st.sampled_from(["m.shop.com", "localhost", "[::1]", "a;b", ""]) | st.text(max_size=12)
pages = st.sampled_from(
    ["https://shop.com/", "https://shop.com/?fbclid=Fbclickid", "x?_gl=1*a*_ga*b"]
)


def request(jar: str, host: str, trusted: bool = False) -> Received:
    return Received(
        "site", 1_795_289_700.25, "1.2.3.4", "ua", {"cookie": jar, "host": host}, trusted
    )


def sets_visitor(cookie: str) -> bool:
    return cookie.startswith("visitor_id=") and not cookie.startswith("visitor_id=; ")


@given(jars, hosts, consents, pages)
def test_only_what_is_allowed_is_read_or_set(
    jar: str, host: str, consent: dict[str, str], page: str
) -> None:
    event: dict[str, Any] = {"event_name": "view", "consent": consent, "page_location": page}

    done = STAGE(event, request(jar, host))

    if consent.get("analytics_storage") != "granted":
        assert not done.event.keys() & ANALYTICS
        assert not any(sets_visitor(cookie) for cookie in done.cookies)
    if consent.get("ad_storage") != "granted":
        assert not done.event.keys() & ADS
        assert not any(cookie.startswith("_fb") for cookie in done.cookies)


@given(jars, hosts, pages)
def test_headers_are_well_formed_and_words_hold_no_identifier(
    jar: str, host: str, page: str
) -> None:
    consent = {"ad_storage": "granted", "analytics_storage": "granted"}
    event = {"event_name": "view", "consent": consent, "page_location": page, "user_id": "212121"}

    done = STAGE(event, request(jar, host))

    for cookie in done.cookies:
        assert cookie.isascii()
        assert cookie.isprintable()
        assert cookie.count(";") == cookie.count("; ") <= 6
        assert cookie.endswith("; SameSite=Lax")
    assert not any(sign.isdigit() for sign in done.line)
    assert "lick" not in done.line.replace("click_ids", "")


@given(jars, hosts, consents)
def test_backends_are_left_alone(jar: str, host: str, consent: dict[str, str]) -> None:
    event = {"event_name": "view", "consent": consent}

    done = STAGE(event, request(jar, host, trusted=True))

    assert done.event is event
    assert (done.cookies, done.line) == ((), "")
