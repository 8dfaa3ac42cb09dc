"""Ids of clicks and browsers that advertising platforms keep in cookies.

Google's click ids: see `gateway.event.cookie_ids`. Google's id of the browser:
``1.1.<number>.<seconds>``. Source: gtag.js, release of March 2026.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from gateway.event.cookie_ids import google_click
from gateway.stages.enrichment.base import with_found
from gateway.stages.identity.visit import Visit
from gateway.stages.vendor_cookies import (
    GOOGLE_BROWSER,
    GOOGLE_CLICKS,
    PLAIN_BROWSERS,
    PLAIN_CLICKS,
)
from gateway.urls.page import read_page_url

_BROWSER = re.compile(r"1\.[0-9]{1,8}\.([0-9]{1,20}\.[0-9]{1,20})(?:\..*)?")
_PLAIN = re.compile(r"[A-Za-z0-9._!*~-]{1,512}")


def _browser(text: str) -> str:
    match = _BROWSER.fullmatch(text)
    return match[1] if match else ""


def _plain_id(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else ""


def _microsoft_click(text: str) -> str:
    return _plain_id(text.removeprefix("_uet"))


_READERS: dict[str, tuple[str, Callable[[str], str]]] = {
    **{name: (parameter, google_click) for name, parameter in GOOGLE_CLICKS.items()},
    **dict.fromkeys(GOOGLE_BROWSER, ("gcl_au", _browser)),
    **{name: (parameter, _plain_id) for name, parameter in PLAIN_CLICKS.items()},
    "_uetmsclkid": ("msclkid", _microsoft_click),
}


def read_click_cookies(jar: Mapping[str, str]) -> dict[str, str]:
    """Click ids in the cookies `jar`, by the parameters that brought them.

    ``gcl_au`` is Google Ads' id of the browser, which comes from no parameter.
    """
    found: dict[str, str] = {}
    for name, cookie in jar.items():
        known = _READERS.get(name)
        if known is None:
            continue
        parameter, read = known
        text = read(unquote(cookie) if "%" in cookie else cookie)
        # cookies that Google's server container sets live longer, so they take precedence
        if text and (parameter not in found or name.startswith("FP")):
            found[parameter] = text
    return found


def fill_click_ids(visit: Visit) -> None:
    """Adds the click ids that neither the event nor its page's URL has."""
    if _READERS.keys().isdisjoint(visit.jar):
        return
    found = read_click_cookies(visit.jar)
    url = visit.event.get("page_location")
    if found and url:
        newer = read_page_url(url).click_ids
        found = {name: value for name, value in found.items() if name not in newer}
    if not found:
        return
    event = with_found(visit.event, "click_ids", found)
    if event is not visit.event:
        visit.fill("click_ids", event["click_ids"], "cookies")


def fill_browsers(visit: Visit) -> None:
    """Adds the browser ids that the event does not state."""
    if PLAIN_BROWSERS.keys().isdisjoint(visit.jar):
        return
    for cookie, field in PLAIN_BROWSERS.items():
        if cookie in visit.jar and not (visit.event.get(field) or field in visit.found):
            text = unquote(visit.jar[cookie]).partition("|")[0]  # Microsoft appends more
            if text := _plain_id(text):
                visit.fill(field, text, cookie)
