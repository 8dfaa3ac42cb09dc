"""One payload of Snowplow's tracker protocol into one event.

What the common event data has no word for keeps the name that Snowplow gives it after enrichment
(`app_id`, `domain_sessionid`, `se_category` ...).

Source: docs.snowplow.io, snowplow tracker protocol
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from gateway.event import Event, EventError
from gateway.sources.reading import as_object, decode, own_parameters, present
from gateway.sources.statement_fields import expand_statements
from gateway.sources.statements import statements_in, with_statements

_COMMON = {
    "eid": "event_id",
    "duid": "client_id",
    "uid": "user_id",
    "url": "page_location",
    "refr": "page_referrer",
    "page": "page_title",
    "cs": "page_encoding",
    "lang": "language",
    "res": "screen_resolution",
    "vp": "viewport_size",
    "ua": "user_agent",
    "aid": "app_id",
    "p": "platform",
    "sid": "domain_sessionid",
    "vid": "domain_sessionidx",
    "tz": "os_timezone",
}
_NAMES = {"pv": "page_view", "pp": "page_ping", "tr": "purchase", "ti": "transaction_item"}
_PING = {
    "pp_mix": "pp_xoffset_min",
    "pp_max": "pp_xoffset_max",
    "pp_miy": "pp_yoffset_min",
    "pp_may": "pp_yoffset_max",
}
_STRUCTURED = {
    "se_ac": "event_name",
    "se_ca": "se_category",
    "se_la": "se_label",
    "se_pr": "se_property",
    "se_va": "value",
}
_TRANSACTION = {
    "tr_id": "transaction_id",
    "tr_af": "affiliation",
    "tr_tt": "value",
    "tr_tx": "tax",
    "tr_sh": "shipping",
    "tr_cu": "currency",
}
_TRANSACTION_ITEM = {"ti_id": "transaction_id", "ti_cu": "currency"}
_ITEM = {
    "ti_sk": "item_id",
    "ti_nm": "item_name",
    "ti_ca": "item_category",
    "ti_pr": "price",
    "ti_qu": "quantity",
}
_WITHOUT_STATEMENTS = frozenset(
    _COMMON.keys()
    | _PING.keys()
    | _STRUCTURED.keys()
    | _TRANSACTION.keys()
    | _TRANSACTION_ITEM.keys()
    | _ITEM.keys()
    | {"e", "dtm", "ttm", "stm", "tv", "tna", "ue_pr", "ue_px", "co", "cx"}
    | {"cookie", "cd", "ds", "ip", "fp", "nuid", "tnuid"}
)
"""Usual fields of a payload, none of which states anything about consent."""

_iglu = re.compile(r"iglu:[^/]+/(?P<name>[^/]+)/[^/]+/[^/]+")


def to_event(payload: Any) -> Event:
    """The event in `payload`, fields by their short names; not yet checked.

    Raises `EventError` for an unknown kind and for self-describing JSON that is not.
    """
    fields = as_object(payload)
    payload = present(fields)
    event = {**_particular(payload), **_renamed(payload, _COMMON)}
    moment = payload.get("ttm") or payload.get("dtm")
    if moment is not None:
        event["timestamp"] = moment
    contexts = _contexts(payload)
    if contexts is not None:
        event["contexts"] = contexts
    return with_statements(event, statements_of(fields))


def statements_of(message: Mapping[str, Any]) -> Event:
    """What a payload, or the envelope around payloads, states about consent.

    Trackers have no field for it; who adds some may write ``consent.ad_storage``, ``gcs`` and the
    like.
    """
    others = {name: message[name] for name in message if name not in _WITHOUT_STATEMENTS}
    return expand_statements(statements_in(others).items()) if others else others


def _particular(payload: Mapping[str, Any]) -> Event:
    """The name of the event and what only its kind has."""
    match payload.get("e"):
        case "pv":
            fields: Event = {}
        case "pp":
            fields = _renamed(payload, _PING)
        case "se":
            return _renamed(payload, _STRUCTURED)
        case "ue":
            return _self_describing(payload)
        case "tr":
            fields = _renamed(payload, _TRANSACTION)
        case "ti":
            fields = _renamed(payload, _TRANSACTION_ITEM)
            fields["items"] = [_renamed(payload, _ITEM)]
        case _:
            raise EventError("e: not one of pv, pp, se, ue, tr, ti")
    return {"event_name": _NAMES[payload["e"]], **fields}


def _renamed(payload: Mapping[str, Any], names: Mapping[str, str]) -> Event:
    return {field: payload[name] for name, field in names.items() if name in payload}


def _self_describing(payload: Mapping[str, Any]) -> Event:
    """The data of the event, named after its schema: two envelopes, one in the other."""
    event = as_object(as_object(_json(payload, "ue_pr", "ue_px")).get("data"))
    schema, data = event.get("schema"), event.get("data")
    name = _iglu.fullmatch(schema) if isinstance(schema, str) else None
    if name is None or not isinstance(data, dict):
        raise EventError("ue_pr: not a self-describing event")
    return {**own_parameters(present(data)), "event_name": name["name"]}


def _contexts(payload: Mapping[str, Any]) -> Any:
    """The entities sent along, each with its ``schema`` and its ``data``; None without any that
    can be read."""
    if "co" not in payload and "cx" not in payload:
        return None
    try:
        contexts = as_object(_json(payload, "co", "cx")).get("data")
    except EventError:
        return None
    return contexts if isinstance(contexts, list) else None


def _json(payload: Mapping[str, Any], plain: str, encoded: str) -> Any:
    """What is written as JSON in the field `plain`, or as base64url of JSON in `encoded`."""
    try:
        if plain in payload:
            return decode(payload[plain].encode())
        text = payload[encoded]
        return decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except KeyError:
        raise EventError(f"{plain}: missing") from None
    except (ValueError, TypeError, AttributeError):
        raise EventError(f"{plain if plain in payload else encoded}: not JSON") from None
