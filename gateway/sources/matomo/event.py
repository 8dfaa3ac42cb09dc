"""Translates one hit of Matomo into one event.

Fields without a name in the common event data keep Matomo's name (`dimension1`, `pv_id`, `pf_srv`
...).

Sources: developer.matomo.org/api-reference/tracking-api for the parameters;
github.com/matomo-org/matomo, js/piwik.js, for what only the tracker for browsers sends (`consent`).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from destinations.numbers import read_number
from gateway.event import Event, EventError
from gateway.event.times import to_seconds
from gateway.sources.matomo.actions import ACTION, action_of
from gateway.sources.matomo.hits import TOKEN, Hit
from gateway.sources.matomo.values import custom_variables, selected
from gateway.sources.reading import as_object, decoded_text, own_parameters, present
from gateway.sources.statement_fields import expand_statements
from gateway.sources.statements import as_values, is_statement, statements_in, with_statements

_COMMON = {
    "idsite": "site_id",
    "action_name": "page_title",
    "url": "page_location",
    "urlref": "page_referrer",
    "cs": "page_encoding",
    "_id": "client_id",
    "uid": "user_id",
    "res": "screen_resolution",
    "ua": "user_agent",
    "cip": "ip_override",
}
_PLACE = {
    "country": "country",
    "region": "region",
    "city": "city",
    "lat": "latitude",
    "long": "longitude",
}
_HINTS = {
    "brands": "brands",
    "fullVersionList": "full_version_list",
    "mobile": "mobile",
    "model": "model",
    "platform": "platform",
    "platformVersion": "platform_version",
    "formFactors": "form_factors",
}
"""Client Hints by their names in scripts, with those of the common event data."""

_READ_HERE = frozenset(
    {*_COMMON, *_PLACE, "cid", "lang", "uadata", "cdt", "cdo", "cvar", "_cvar", "_rcn", "_rck"}
)
_WITHOUT_MEANING = frozenset(
    {
        TOKEN,
        "rec",
        "apiv",
        "r",
        "rand",
        "h",
        "m",
        "s",
        "ca",
        "send_image",
        "queuedtracking",
        "debug",
    }
    | {"cookie", "fla", "java", "dir", "qt", "realp", "pdf", "wma", "gears", "ag"}
    | {"_idts", "_idvc", "_idn", "_viewts", "_refts", "_ref", "_ects"}
)
"""Parameters that say nothing about the event: for caches, for Matomo's own use, and about plug-ins
and cookies of old browsers."""

_KNOWN = ACTION | _READ_HERE | _WITHOUT_MEANING

_DAY = 86_400.0
_CONSENTED: Event = {"analytics_storage": "granted"}
_range = re.compile(r"\s*([A-Za-z0-9-]+)")


def to_event(
    hit: Hit | None, trusted: bool, received_at: float, site_ids: Collection[str]
) -> Event:
    """The event in `hit`; not yet checked.

    trusted: the sender has shown a valid `token_auth`. received_at: Unix seconds, or 0. site_ids:
    values of `idsite` to accept; if empty, any.
    Raises `EventError` if it is not a hit, if it is of another site, or if it is older than Matomo
    accepts from senders without a token.
    """
    if hit is None:
        raise EventError("expected the query of a hit, or an object")
    if hit.get("rec") != "1":
        raise EventError("rec: expected 1")
    site = hit.get("idsite")
    if not isinstance(site, str):
        raise EventError("idsite: missing")
    if site_ids and site not in site_ids:
        raise EventError("idsite: not in site_ids of this source")
    own = {name: hit[name] for name in hit if name not in _KNOWN and not is_statement(name)}
    event = {**own_parameters(own), **selected(hit, _COMMON), **_visitor(hit), **action_of(hit)}
    moment = _moment(hit, trusted, received_at)
    if moment is not None:
        event["timestamp"] = moment
    return with_statements(event, _statements(hit))


def is_of_a_program(hit: Hit | None, agent: str) -> bool:
    """Whether a program sent `hit` on behalf of a visitor. agent: the header ``User-Agent``, which
    Matomo's SDK for Android repeats in the hit."""
    if hit is None or not ("cip" in hit or "ua" in hit):
        return False
    return "cip" in hit or not (agent.startswith("Dalvik/") and hit["ua"] == agent)


def _visitor(hit: Hit) -> Event:
    hints = as_object(decoded_text(hit.get("uadata")))
    language = _range.match(lang) if isinstance(lang := hit.get("lang"), str) else None
    return present(
        {
            "client_id": hit.get("cid") or hit.get("_id"),
            "language": language[1] if language else lang,
            "client_hints": selected(hints, _HINTS) or None,
            "event_location": _location(hit) or None,
            "user_properties": custom_variables(hit.get("_cvar")),
            "custom_variables": custom_variables(hit.get("cvar")),
            "campaign": _campaign(hit) or None,
        }
    )


def _location(hit: Hit) -> Event:
    place = selected(hit, _PLACE)
    codes = {name: place[name].upper() for name in ("country", "region") if _is_text(place, name)}
    return {**place, **codes}


def _is_text(fields: Mapping[str, Any], name: str) -> bool:
    return isinstance(fields.get(name), str)


def _campaign(hit: Hit) -> Event:
    """The campaign to which a conversion is attributed; it may be that of an earlier visit."""
    return selected(hit, {"_rcn": "name", "_rck": "term"}) if "idgoal" in hit else {}


def _moment(hit: Hit, trusted: bool, received_at: float) -> Any:
    """The time of the hit: `cdt`, or that of the request, less `cdo`, the seconds it waited.

    A `cdt` that cannot be read is returned as it is. Raises `EventError` if the time is too old.
    """
    stated = hit.get("cdt")
    waited = _number(hit.get("cdo"))
    if stated is None and not (waited and received_at):
        return None
    moment = _seconds(received_at if stated is None else stated)
    if moment is None:
        return stated
    moment -= abs(waited)
    if received_at - moment > _DAY and not trusted:
        raise EventError("cdt: older than 24 hours, which takes a valid token_auth")
    return moment


def _number(value: Any) -> float:
    return (read_number(value) or 0.0) if isinstance(value, str) else 0.0


def _seconds(value: Any) -> float | None:
    try:
        seconds = to_seconds(value)
    except ValueError:
        return None
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None


def _statements(hit: Hit) -> Event:
    """The statements about consent in the hit. If the site requires consent, Matomo's tracker adds
    ``consent=1`` once the visitor has agreed to be tracked."""
    stated = statements_in(hit)
    for name in stated:
        if name.lower() == "consent":
            said = as_values(stated[name])
            stated[name] = [_CONSENTED if each == "1" else each for each in said]
    return expand_statements(stated.items()) if stated else stated
