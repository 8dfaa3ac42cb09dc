"""Meta's cookies: `_fbp`, the browser, and `_fbc`, its latest click on an ad.

``fb.<index>.<milliseconds>.<number>`` and ``fb.<index>.<milliseconds>.<fbclid>``. The index depends
on the domain of the cookie (com 0, shop.com 1, www.shop.com 2), and the time is that of the first
visit or click. Meta's libraries append another part, of eight characters.

Source: developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc
"""

import re
from collections.abc import Callable

from gateway.event import Event, Received
from gateway.stages.identity.cookies import CookieScope
from gateway.stages.identity.fresh import compile_fresh_number
from gateway.stages.identity.visit import Visit
from gateway.stages.vendor_cookies import FBC, FBP
from gateway.urls.page import read_page_url

_FBP = re.compile(r"fb\.[0-9]\.[0-9]{1,16}\.[0-9]{1,24}(?:\.[A-Za-z0-9_-]{8})?")
_FBC = re.compile(r"fb\.[0-9]\.[0-9]{1,16}\.([A-Za-z0-9._~-]{1,521})")
_FBCLID = re.compile(r"[A-Za-z0-9._~-]{1,512}")


def compile_meta_cookies(write: bool) -> Callable[[Visit], None]:
    """The part of the stage that fills `fbp` and `fbc`. write: set the cookies, too."""
    fresh = compile_fresh_number(b"fbp")

    def browser(visit: Visit, scope: CookieScope | None) -> str:
        for text in (visit.jar.get(FBP), visit.event.get("fbp")):
            if text and _FBP.fullmatch(text):
                return text
        return f"{_beginning(visit.received, scope)}.{fresh(visit.received)}" if scope else ""

    def click(visit: Visit, scope: CookieScope | None, fbclid: str) -> str:
        """The `_fbc`: a new click replaces an old one, and the same click keeps its first time."""
        for text in (visit.jar.get(FBC), visit.event.get("fbc")):
            kept = _FBC.fullmatch(text) if text else None
            if text and kept and (not fbclid or _is_of(kept[1], fbclid)):
                return text
        return f"{_beginning(visit.received, scope)}.{fbclid}" if fbclid else ""

    def meta_cookies(visit: Visit) -> None:
        scope = visit.scope if write else None
        fbclid = _fbclid(visit.event)
        if not (scope or fbclid or visit.jar):
            return
        # the event's own values stay; beyond them, values are needed only for cookies to set
        fbp = browser(visit, scope) if scope or not visit.event.get("fbp") else ""
        fbc = click(visit, scope, fbclid) if scope or not visit.event.get("fbc") else ""
        _fill(visit, "fbp", fbp, FBP)
        _fill(visit, "fbc", fbc, FBC)
        if scope is None:
            return
        # _fbp lives 90 days from the last visit, _fbc from the click
        _set(visit, scope, FBP, fbp)
        if fbc and fbc != visit.jar.get(FBC):
            _set(visit, scope, FBC, fbc)

    return meta_cookies


def _fbclid(event: Event) -> str:
    """The click that brought the visitor to this page, "" if none or if it cannot be one."""
    clicks, url = event.get("click_ids"), event.get("page_location")
    found: str = clicks.get("fbclid", "") if clicks else ""
    if not found and url:
        found = read_page_url(url).click_ids.get("fbclid", "")
    return found if found and _FBCLID.fullmatch(found) else ""


def _is_of(kept: str, fbclid: str) -> bool:
    """Whether `kept`, the end of an `_fbc`, is this click, with or without the appended part."""
    return kept == fbclid or (kept[:-9] == fbclid and kept[-9] == ".")


def _beginning(received: Received, scope: CookieScope | None) -> str:
    index = scope.domain.count(".") if scope and scope.domain else 1
    return f"fb.{index}.{int(received.at * 1000)}"


def _fill(visit: Visit, field: str, value: str, cookie: str) -> None:
    if value and not visit.event.get(field):
        here = visit.jar.get(cookie) == value
        visit.fill(field, value, cookie if here else "this visit")


def _set(visit: Visit, scope: CookieScope, name: str, value: str) -> None:
    visit.cookies.append(f"{name}={value}{scope.meta}")
    if visit.jar.get(name) != value:
        visit.notes.append(f"{name} set")
