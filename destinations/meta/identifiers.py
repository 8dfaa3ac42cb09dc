"""Identifiers of the browser, the click and the connection, in the forms that Meta takes.

One that is malformed makes Meta refuse the request with all its events (subcode 2804001), so it is
left out.

Source: developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc. Meta's
capi-param-builder adds a fifth part of 2 or 8 characters, and takes a click id from the page's
address before one from the referrer's.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any
from urllib.parse import parse_qs, urlsplit

from destinations.base import Event
from destinations.remarks import remark

_APPENDIX = r"(?:\.(?:[A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8}))?"
_is_fbp = re.compile(rf"fb\.[0-9]\.[0-9]{{13}}\.[0-9]{{1,20}}{_APPENDIX}").fullmatch
_fbc = re.compile(rf"fb\.[0-9]\.[0-9]{{13}}\.([A-Za-z0-9_-]+){_APPENDIX}").fullmatch
_is_fbclid = re.compile(r"[A-Za-z0-9_-]{1,500}").fullmatch
_MAX_PARAMETERS = 100
_PLACEHOLDERS = frozenset({"undefined", "null", "none", "nan", "true", "false"})
"""What scripts write when they have no value, in lower case."""

_NOT_PUBLIC_V4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 "
    "224.0.0.0/3"
)
_NOT_PUBLIC_V6 = "::/127 fc00::/7 fe80::/10 ff00::/8"
"""Networks without public hosts: private, shared, loopback, link-local and multicast.

Source: iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
"""


def _ranges(networks: str) -> list[tuple[bytes, bytes]]:
    """The first and the last address of each of `networks`."""
    parsed = map(ip_network, networks.split())
    return [(each.network_address.packed, each.broadcast_address.packed) for each in parsed]


_RANGES = {AF_INET: _ranges(_NOT_PUBLIC_V4), AF_INET6: _ranges(_NOT_PUBLIC_V6)}


def identifiers(event: Event, seconds: float) -> dict[str, str]:
    """``client_ip_address``, ``fbp`` and ``fbc`` of `event`, those that it has.

    seconds: Unix time of the event, which stands for that of the click if `fbc` has to be made.
    """
    found = {}
    if address := _address(event):
        found["client_ip_address"] = address
    if fbp := _browser(event):
        found["fbp"] = fbp
    if fbc := _click(event, seconds):
        found["fbc"] = fbc
    return found


def identifies(event: Event) -> bool:
    """Whether `event` has a user id, or what `identifiers` finds in it."""
    return bool(event.get("user_id") or _browser(event) or _click(event, 0) or _address(event))


def _address(event: Event) -> str:
    address: str = event.get("ip_override", "")
    if not address or _is_public(address):
        return address
    remark("ip_override: removed because it is not a public IP address")
    return ""


def _browser(event: Event) -> str:
    fbp: str = event.get("fbp", "")
    if not fbp or _is_fbp(fbp):
        return fbp
    remark("fbp: removed because it does not have the format of Meta's _fbp cookie")
    return ""


def _click(event: Event, seconds: float) -> str:
    """The cookie, unless the event is of a later click."""
    kept, clicked = _kept_click(event), _click_id(event)
    if kept and (not clicked or kept[1] == clicked):
        return kept[0]
    return f"fb.1.{round(seconds * 1000)}.{clicked}" if clicked else ""  # 1: made by a server


def _kept_click(event: Event) -> re.Match[str] | None:
    fbc: str = event.get("fbc", "")
    if not fbc:
        return None
    parts = _fbc(fbc)
    if parts and not _is_placeholder(parts[1]):
        return parts
    remark("fbc: removed because it does not have the format of Meta's _fbc cookie")
    return None


def _click_id(event: Event) -> str:
    """The click that brought the visitor to the page, or to the page before it; "" if none did."""
    click_ids: Mapping[str, Any] = event.get("click_ids", {})
    fbclid: str = click_ids.get("fbclid", "")
    if fbclid:
        if _is_click_id(fbclid):
            return fbclid
        remark("click_ids.fbclid: removed because it is not a Meta click id")
    for field in ("page_location", "page_referrer"):
        if "fbclid=" in (url := event.get(field, "")) and (found := _click_id_of_url(url)):
            return found
    return ""


def _click_id_of_url(url: str) -> str:
    try:
        found = parse_qs(urlsplit(url).query, max_num_fields=_MAX_PARAMETERS).get("fbclid", [""])[0]
    except ValueError:
        return ""
    return found if _is_click_id(found) else ""


def _is_click_id(text: str) -> bool:
    return _is_fbclid(text) is not None and not _is_placeholder(text)


def _is_placeholder(text: str) -> bool:
    return text.lower() in _PLACEHOLDERS


@lru_cache(1024)
def _is_public(text: str) -> bool:
    family = AF_INET6 if ":" in text else AF_INET
    try:
        address = inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return not any(first <= address <= last for first, last in _RANGES[family])
