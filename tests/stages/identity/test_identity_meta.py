"""Meta's `_fbp` and `_fbc`: read into the event, and written by Meta's rules."""

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.identity import IdentitySettings, compile_identity

FBP = "fb.1.1596403881668.1116446470"
FBC = "fb.1.1554763741205.AbCdEfGhIjKlMnOp"
NOW = "1795289700250"
WRITE = {"meta_cookies": True, "visitor_cookie": None}
CLICK = {"page_location": "https://www.shop.com/?fbclid=AbCdEfGhIjKlMnOp&x=1"}
OTHER = {"page_location": "https://www.shop.com/?FBCLID=ZyXwVu_aem-1"}


def written(cookies: tuple[str, ...]) -> dict[str, str]:
    return {name: each.value for text in cookies for name, each in SimpleCookie(text).items()}


@pytest.mark.parametrize("fbp", [FBP, f"{FBP}.AQYBAQIA", "fb.2.1.68131127111374487"])
@pytest.mark.parametrize("fbc", [FBC, f"{FBC}.AQYBAQIA", "fb.0.1.A_b-C"])
def test_the_event_gets_what_the_cookies_say(identify: Any, fbp: str, fbc: str) -> None:
    done = identify(f"_fbp={fbp}; _fbc={fbc}")

    assert (done.event["fbp"], done.event["fbc"]) == (fbp, fbc)
    assert "fbp from _fbp; fbc from _fbc" in done.line


@pytest.mark.parametrize(
    "jar", ["_fbp=1; _fbc=2", "_fbp=fb.1.x.1; _fbc=fb.1.1.", "_fbp=fb.1.1.1.2.3; _fbc=fb.1.1.a b"]
)
def test_cookies_of_another_form_are_not_passed_on(identify: Any, jar: str) -> None:
    assert not identify(jar).event.keys() & {"fbp", "fbc"}


def test_what_the_event_says_stays(identify: Any) -> None:
    said = {"fbp": "fb.1.5.6", "fbc": "fb.1.5.own"}

    done = identify(f"_fbp={FBP}; _fbc={FBC}", said, WRITE)

    assert done.event.items() >= said.items()
    assert written(done.cookies) == {"_fbp": FBP}


@pytest.mark.parametrize("settings_", [{}, WRITE])
@pytest.mark.parametrize("consent", [{"analytics_storage": "granted"}, {"ad_storage": "denied"}])
def test_without_ad_storage_nothing_is_read_or_written(
    identify: Any, settings_: dict[str, Any], consent: dict[str, str]
) -> None:
    done = identify(f"_fbp={FBP}; _fbc={FBC}", {"consent": consent, **CLICK}, settings_)

    assert not done.event.keys() & {"fbp", "fbc", "click_ids"}
    assert not any("_fb" in cookie for cookie in done.cookies)


def test_a_browser_without_the_cookie_gets_one_and_the_event_the_same(identify: Any) -> None:
    done = identify(settings=WRITE)

    assert re.fullmatch(rf"fb\.1\.{NOW}\.[1-9][0-9]{{0,9}}", done.event["fbp"])
    assert written(done.cookies) == {"_fbp": done.event["fbp"]}
    assert done.line == "fbp from this visit; _fbp set"


def test_meta_s_script_can_read_the_cookies_and_they_live_90_days(identify: Any) -> None:
    for text in identify(event=CLICK, settings=WRITE).cookies:
        [morsel] = SimpleCookie(text).values()
        assert (morsel["max-age"], morsel["domain"]) == ("7776000", "shop.com")
        assert (morsel["samesite"], morsel["path"], morsel["secure"]) == ("Lax", "/", True)
        assert not morsel["httponly"]


@pytest.mark.parametrize(
    ("host", "index"),
    [("www.shop.com", 1), ("shop.co.uk", 2), ("localhost", 1), ("203.0.113.9", 1)],
)
def test_the_index_is_that_of_the_domain_the_cookie_is_set_for(
    identify: Any, host: str, index: int
) -> None:
    done = identify(event=CLICK, settings=WRITE, host=host)

    assert done.event["fbp"].startswith(f"fb.{index}.")
    assert done.event["fbc"].startswith(f"fb.{index}.")


@pytest.mark.parametrize(
    ("jar", "event", "fbc", "sets"),
    [
        ("", {}, None, False),
        (f"_fbc={FBC}", {}, FBC, False),
        ("", CLICK, f"fb.1.{NOW}.AbCdEfGhIjKlMnOp", True),
        (f"_fbc={FBC}", CLICK, FBC, False),  # the same click keeps its time
        (f"_fbc={FBC}.AQYBAQIA", CLICK, f"{FBC}.AQYBAQIA", False),
        (f"_fbc={FBC}", OTHER, f"fb.1.{NOW}.ZyXwVu_aem-1", True),
        (f"_fbc={FBC.lower()}", CLICK, f"fb.1.{NOW}.AbCdEfGhIjKlMnOp", True),
        ("_fbc=nonsense", CLICK, f"fb.1.{NOW}.AbCdEfGhIjKlMnOp", True),
        ("", {"click_ids": {"fbclid": "FromSource"}}, f"fb.1.{NOW}.FromSource", True),
        ("", {"page_location": "https://shop.com/?fbclid=a%3Bb"}, None, False),
        ("", {"page_location": "https://shop.com/?fbclid=" + "a" * 513}, None, False),
        ("", {"fbc": FBC}, FBC, True),
        ("", {"fbc": FBC, **CLICK}, FBC, True),
    ],
)
def test_a_new_click_replaces_fbc_and_the_same_keeps_it(
    identify: Any, jar: str, event: dict[str, Any], fbc: str | None, sets: bool
) -> None:
    done = identify(jar, event, WRITE)

    assert done.event.get("fbc") == fbc
    assert written(done.cookies).get("_fbc") == (fbc if sets else None)


def test_the_newest_click_reaches_the_event_also_when_no_cookie_is_written(identify: Any) -> None:
    done = identify(f"_fbc={FBC}", OTHER)

    assert done.event["fbc"] == f"fb.1.{NOW}.ZyXwVu_aem-1"
    assert written(done.cookies).keys() == {"visitor_id"}


@given(st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True))
def test_what_was_written_is_kept_when_it_comes_back(fbclid: str) -> None:
    stage = compile_identity(IdentitySettings.model_validate(WRITE), None)
    event = {
        "event_name": "page_view",
        "consent": {"ad_storage": "granted"},
        "page_location": f"https://shop.com/?fbclid={fbclid}",
    }
    first = stage(event, Received("site", 1_700_000_000.0, headers={"host": "shop.com"}))
    jar = "; ".join(cookie.split(";")[0] for cookie in first.cookies)
    headers = {"host": "shop.com", "cookie": jar}

    later = stage(event, Received("site", 1_700_009_999.0, headers=headers))

    assert (later.event["fbp"], later.event["fbc"]) == (first.event["fbp"], first.event["fbc"])
    assert written(later.cookies).keys() == {"_fbp"}  # each visit renews _fbp
