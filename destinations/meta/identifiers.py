"""Identifiers of the browser, the click and the connection, in the forms that Meta accepts.

Malformed ones are left out, because Meta would refuse the request with all its events (subcode
2804001).

Source: developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc. Meta's
capi-param-builder adds a fifth part of 2 or 8 characters, and prefers a click id in the page's URL
to one in the referrer's.
"""

import re

from destinations.addresses import public_address
from destinations.base import Event
from destinations.clicks import click_id
from destinations.placeholders import is_placeholder
from destinations.remarks import remark

_APPENDIX = r"(?:\.(?:[A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8}))?"
_is_fbp = re.compile(rf"fb\.[0-9]\.[0-9]{{13}}\.[0-9]{{1,20}}{_APPENDIX}").fullmatch
_fbc = re.compile(rf"fb\.[0-9]\.[0-9]{{13}}\.([A-Za-z0-9_-]+){_APPENDIX}").fullmatch
_is_fbclid = re.compile(r"[A-Za-z0-9_-]{1,500}").fullmatch


def identifiers(event: Event, seconds: float) -> dict[str, str]:
    """``client_ip_address``, ``fbp`` and ``fbc`` of `event`; missing ones are left out.

    seconds: Unix time of the event, used as that of the click if `fbc` has to be made.
    """
    found = {}
    if address := public_address(event):
        found["client_ip_address"] = address
    if fbp := _browser(event):
        found["fbp"] = fbp
    if fbc := _click(event, seconds):
        found["fbc"] = fbc
    return found


def identifies(event: Event) -> bool:
    """Whether `event` has a user id or one of the fields that `identifiers` returns."""
    return bool(
        event.get("user_id") or _browser(event) or _click(event, 0) or public_address(event)
    )


def _browser(event: Event) -> str:
    fbp: str = event.get("fbp", "")
    if not fbp or _is_fbp(fbp):
        return fbp
    remark("fbp: removed because it does not have the format of Meta's _fbp cookie")
    return ""


def _click(event: Event, seconds: float) -> str:
    """``fbc``: the cookie's value, unless the event has the id of another click."""
    kept = _kept_click(event)
    clicked = click_id(event, "fbclid", "Meta", _is_fbclid)
    if kept and (not clicked or kept[1] == clicked):
        return kept[0]
    return f"fb.1.{round(seconds * 1000)}.{clicked}" if clicked else ""  # 1: made by a server


def _kept_click(event: Event) -> re.Match[str] | None:
    fbc: str = event.get("fbc", "")
    if not fbc:
        return None
    parts = _fbc(fbc)
    if parts and not is_placeholder(parts[1]):
        return parts
    remark("fbc: removed because it does not have the format of Meta's _fbc cookie")
    return None
