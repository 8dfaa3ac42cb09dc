"""Moves ids of browsers and clicks from the places that other tools use to the event's own fields.

Senders write ``gclid`` and ``_fbp`` in the event itself, ``fbp`` in `user_data`, and whole cookies
in the place of an id. This module gives each id one name, under which all rules and destinations
find it and consent applies to it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from destinations.placeholders import is_placeholder
from gateway.event.cookie_ids import client_id_of_fpid, client_id_of_ga, google_click

_BROWSERS = {"fbp": "fbp", "fbc": "fbc", "_fbp": "fbp", "_fbc": "fbc"}
IN_PERSON = frozenset(_BROWSERS)
"""Fields of `user_data` that are ids of a browser."""
_COOKIE_OF_META = "fb."
_OF_GOOGLE = ("gclid", "gbraid", "wbraid", "dclid")
_CLICKS = (
    *_OF_GOOGLE,
    *("fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "epik", "ScCid", "rdt_cid"),
)
_IN_EVENT = frozenset([*_CLICKS, "_fbp", "_fbc"])
"""Names that the event model does not use itself."""
_COOKIES_OF_VISITORS = ("GA1.", "FPID2.")

READ_AS = {
    **{name: f"click_ids.{name}" for name in _CLICKS},
    **{name: ours for name, ours in _BROWSERS.items() if name != ours},
    **{f"user_data.{name}": ours for name, ours in _BROWSERS.items()},
}
"""The path of an id in an event by the path at which senders write it."""


def has_whole_cookies(raw: Mapping[str, Any]) -> bool:
    """Whether ids of `raw`, an event as it was sent, may be whole cookies. For ids in `user_data`,
    see `gateway.event.person.has_other_shape`."""
    client_id = raw.get("client_id")
    if isinstance(client_id, str) and client_id.startswith(_COOKIES_OF_VISITORS):
        return True
    if (clicks := raw.get("click_ids")) and isinstance(clicks, dict):
        for name in _OF_GOOGLE:
            if name in clicks and _has_dot(clicks[name]):
                return True
    return False


def with_ids(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` with the ids in its fields under our names. A value under our name is kept; another
    value for the same id, and a value that cannot be an id, stays where it was."""
    event = {**raw}
    person = event.get("user_data")
    if isinstance(person, dict) and not IN_PERSON.isdisjoint(person):
        event["user_data"] = {**person}
        _move_browsers(event["user_data"], event)
    clicks = event.get("click_ids")
    if isinstance(clicks, dict):
        cookies = {name: clicks[name] for name in _OF_GOOGLE if _has_dot(clicks.get(name))}
        found = {name: google_click(cookie) for name, cookie in cookies.items()}
        event["click_ids"] = {**clicks, **{name: id for name, id in found.items() if id}}
    client_id = event.get("client_id")
    if isinstance(client_id, str):
        found_id = client_id_of_ga(client_id) or client_id_of_fpid(client_id)
        event["client_id"] = found_id or client_id
    return event


def has_outer_ids(names: Iterable[str]) -> bool:
    """Whether one of the field names `names` may be that of an id to move."""
    return not _IN_EVENT.isdisjoint(names)


def with_outer_ids(raw: dict[str, Any]) -> dict[str, Any]:
    """As `with_ids`, for ids that are fields of the event itself; the same object without any."""
    if not has_outer_ids(raw):
        return raw
    event = {**raw}
    _move_browsers(event, event)
    clicks = event.get("click_ids")
    if clicks is None or isinstance(clicks, dict):
        moved = {
            name: event.pop(name)
            for name in _CLICKS
            if _is_click(event.get(name)) and not (clicks and clicks.get(name))
        }
        if moved:
            event["click_ids"] = {**(clicks or {}), **moved}
    return raw if event.keys() == raw.keys() else event


def _move_browsers(holder: dict[str, Any], event: dict[str, Any]) -> None:
    for name, ours in _BROWSERS.items():
        stated = holder.get(name)
        if isinstance(stated, str) and stated.startswith(_COOKIE_OF_META) and not event.get(ours):
            event[ours] = holder.pop(name)


def _is_click(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not is_placeholder(value.strip())


def _has_dot(value: Any) -> bool:
    """Whether `value` may be a cookie: Google's click ids have no dot."""
    return isinstance(value, str) and "." in value
