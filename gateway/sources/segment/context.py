"""Reads the `context` of Segment's messages: the visitor's page, device, app, place and campaign.

Sources: segment.com/docs/connections/spec/common (context) and, for the session,
rudderstack.com/docs/sources/event-streams/sdks/rudderstack-javascript-sdk
"""

from collections.abc import Callable, Mapping
from typing import Any

from destinations.places import country_code
from gateway.event import Event
from gateway.sources.reading import as_object, present, renamed

NO_REFERRER = "$direct"
"""RudderStack's value if there is no referrer."""

_NO_ADDRESS = "0.0.0.0"
"""The ``context.ip`` with which a site asks that the visitor's address is not kept.

Source: segment.com/docs/connections/sources/catalog/libraries/website/javascript (anonymizing IP)
"""

PAGE = {"url": "page_location", "path": "page_path", "title": "page_title"}
_TEXTS = {
    "userAgent": "user_agent",
    "ip": "ip_override",
    "locale": "language",
    "timezone": "timezone",
    "sessionId": "ga_session_id",
    "groupId": "group_id",
}
_CLIENT_HINTS = {
    "platformVersion": "platform_version",
    "fullVersionList": "full_version_list",
    "uaFullVersion": "ua_full_version",
}
_UTM = "utm_"
_MAX_SIDE = 100_000
_DEVICE = {"id": "device_id", "manufacturer": "brand", "model": "model"}
_CATEGORIES = frozenset(["desktop", "mobile", "tablet", "smart tv"])
"""Types of devices, in GA4's names. Segment's SDKs for apps write the operating system there."""

_SYSTEMS = {"iphone os": "iOS", "ios": "iOS", "ipados": "iPadOS", "android": "Android"}


def context_fields(context: Mapping[str, Any], page: Mapping[str, Any]) -> Event:
    """The fields of `context` under our names. page: its page, perhaps with the event's properties.

    They do not include the person: see `gateway.sources.segment.traits`.
    """
    event = _page_fields(page) if page else {}
    for name, field in _TEXTS.items():
        value = context.get(name)
        if value is not None and value != "":
            event[field] = value
    if event.get("ip_override") == _NO_ADDRESS:
        event["ip_override"] = ""
    for name, read in _PARTS.items():
        part = context.get(name)
        if part and isinstance(part, dict) and (found := read(part)):
            event |= found
    if "device" in context or "os" in context:
        event |= _device_fields(context)
    if "app" in context:
        event |= _app_fields(context)
    if context.get("sessionStart") is True:
        event["x-ga-system_properties"] = {"ss": "1"}
    if "page_referrer" not in event and "referrer" in context:
        event |= present({"page_referrer": as_object(context["referrer"]).get("url")})
    return event


def _page_fields(page: Mapping[str, Any]) -> Event:
    event = present({field: page.get(name) for name, field in PAGE.items()})
    search, url = page.get("search"), event.get("page_location")
    if isinstance(search, str) and isinstance(url, str) and search.strip("?") and "?" not in url:
        base, mark, fragment = url.partition("#")
        event["page_location"] = f"{base}?{search.lstrip('?')}{mark}{fragment}"
    referrer = page.get("referrer")
    if referrer is not None and referrer not in ("", NO_REFERRER):
        event["page_referrer"] = referrer
    return event


def _screen_fields(screen: Mapping[str, Any]) -> Event:
    return present(
        {
            "screen_resolution": size_of(screen, "width", "height"),
            "viewport_size": size_of(screen, "innerWidth", "innerHeight"),
        }
    )


def size_of(screen: Mapping[str, Any], width: str, height: str) -> str:
    """The size in the fields `width` and `height` of `screen`: ``800x600``; "" if not known."""
    sides = [_pixels(screen.get(name)) for name in (width, height)]
    return "x".join(map(str, sides)) if all(sides) else ""


def _pixels(side: Any) -> int:
    """`side` of a screen in whole pixels (apps may send fractions); 0 if it is not a length."""
    is_side = isinstance(side, int | float) and type(side) is not bool and 0 < side < _MAX_SIDE
    return round(side) if is_side else 0


def _campaign_fields(campaign: Mapping[str, Any]) -> Event:
    """The campaign. SDKs remove the prefix ``utm_``; backends may have left it."""
    parts = {name.removeprefix(_UTM): value for name, value in present(campaign).items()}
    return {"campaign": renamed(parts, {"campaign": "name"})} if parts else {}


def _hint_fields(hints: Mapping[str, Any]) -> Event:
    return {"client_hints": renamed(hints, _CLIENT_HINTS)}


def _network_fields(network: Mapping[str, Any]) -> Event:
    return {"network": network}


def _location_fields(location: Mapping[str, Any]) -> Event:
    """The place, if its country is known by code: consent rules match no names. A region counts
    only as a code."""
    country, city = location.get("country"), location.get("city")
    code = country_code(country) if isinstance(country, str) else ""
    if not code:
        return {}
    region = location.get("region")
    is_code = isinstance(region, str) and len(region.rpartition("-")[2]) <= 3
    place = {"country": code, "region": region if is_code else None, "city": city}
    return {"event_location": present(place)}


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "screen": _screen_fields,
    "campaign": _campaign_fields,
    "userAgentData": _hint_fields,
    "ua-ch": _hint_fields,
    "network": _network_fields,
    "location": _location_fields,
}


def _device_fields(context: Mapping[str, Any]) -> Event:
    stated, system = as_object(context.get("device")), as_object(context.get("os"))
    device = present({ours: stated.get(theirs) for theirs, ours in _DEVICE.items()})
    kind, name = (_word(holder.get(key)) for holder, key in ((stated, "type"), (system, "name")))
    if kind.lower() in _CATEGORIES:
        device["category"] = kind.lower()
    elif kind.lower() in _SYSTEMS:
        name = name or kind
    device |= present(
        {
            "operating_system": _SYSTEMS.get(name.lower(), name),
            "operating_system_version": system.get("version"),
        }
    )
    return {"device": device} if device else {}


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _app_fields(context: Mapping[str, Any]) -> Event:
    """The app. RudderStack's SDK for browsers describes itself there, which is left out."""
    app = present(as_object(context["app"]))
    library = as_object(context.get("library"))
    is_library = app.get("name") is not None and app.get("name") == library.get("name")
    return {} if is_library or not app else {"app": app}
