"""Reads cookies of advertising platforms, which Stape's tags and plug-ins send with the event.

Sources: github.com/stape-io/data-client, data-client-protocol.md (``common_cookie``); the plug-in
for WordPress calls them ``cookies``.
"""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event
from gateway.stages.enrichment.base import completed
from gateway.stages.identity.click_cookies import read_click_cookies
from gateway.stages.vendor_cookies import ADVERTISING_COOKIES, FBC, FBP, PLAIN_BROWSERS
from gateway.urls.page import read_page_url

_HOLDERS = ("common_cookie", "cookies")
_BROWSERS = {FBP: "fbp", FBC: "fbc", **PLAIN_BROWSERS}
_STAPES_CLICKS = {"awin_awc": "awc", "outbrain_cid": "dicbo", "taboola_cid": "tblci"}
"""Cookies of Stape's own tags with a click id, and the URL parameter of that id."""

_KNOWN = frozenset([*ADVERTISING_COOKIES, *_STAPES_CLICKS])


def with_cookies(event: Event) -> Event:
    """`event` with the ids in its cookies as fields and `click_ids`, unless it states them itself.
    Other cookies stay where they are."""
    holders = {name: event[name] for name in _HOLDERS if isinstance(event.get(name), dict)}
    if not holders:
        return event
    jar: dict[str, str] = {}
    others = {name: value for name, value in event.items() if name not in holders}
    for name, holder in holders.items():
        known = {cookie: value for cookie, value in holder.items() if _is_known(cookie, value)}
        jar = {**known, **jar}
        if rest := {cookie: value for cookie, value in holder.items() if cookie not in known}:
            others[name] = rest
    return _with_ids(others, jar)


def _is_known(cookie: str, value: Any) -> bool:
    return cookie in _KNOWN and isinstance(value, str)


def _with_ids(event: Event, jar: Mapping[str, str]) -> Event:
    """`event` with the ids in `jar`, except for clicks before the one that led to its page."""
    url = event.get("page_location")
    newer = read_page_url(url).click_ids if isinstance(url, str) else {}
    found = {field: jar[cookie] for cookie, field in _BROWSERS.items() if jar.get(cookie)}
    if "fbclid" in newer and newer["fbclid"] not in found.get("fbc", ""):
        found.pop("fbc", None)
    stapes = {clicked: jar[cookie] for cookie, clicked in _STAPES_CLICKS.items() if jar.get(cookie)}
    clicks = {**stapes, **read_click_cookies(jar)}
    whole = completed(
        event.get("click_ids"),
        {name: value for name, value in clicks.items() if name not in newer},
    )
    return {**found, **event, **({"click_ids": whole} if whole else {})}
