"""Translates one payload of Snowplow's tracker protocol into one event.

Fields without a name in the common event data keep the name that Snowplow gives them after
enrichment (`app_id`, `domain_sessionid`, `se_category` ...).

Source: docs.snowplow.io, snowplow tracker protocol
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.event import Event, EventError
from gateway.event.consent import CONSENT_TYPES
from gateway.sources.items import item_of
from gateway.sources.reading import as_object, decode, number_of, own_parameters, present
from gateway.sources.snowplow.commerce import commerce_event
from gateway.sources.snowplow.entities import Entity, about_visitor, read_entity
from gateway.sources.statement_fields import expand_statements, with_fields_expanded
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
    "ip": "ip_override",
    "nuid": "network_userid",
    "tnuid": "network_userid",
    "aid": "app_id",
    "p": "platform",
    "sid": "domain_sessionid",
    "vid": "domain_sessionidx",
    "tz": "timezone",
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
_PLACE = {"tr_ci": "city", "tr_st": "state", "tr_co": "country"}
"""Parts of the order's delivery address."""

_TRANSACTION_ITEM = {"ti_id": "transaction_id", "ti_cu": "currency"}
_ITEM = {
    "ti_sk": "item_id",
    "ti_nm": "item_name",
    "ti_ca": "item_category",
    "ti_pr": "price",
    "ti_qu": "quantity",
}
_NUMBERS = frozenset(["domain_sessionidx", *_PING.values()])
"""Snowplow's own fields that are numbers: the protocol writes them as texts."""

_PREFERENCES = "com.snowplowanalytics.snowplow/consent_preferences"
_WITHDRAWN = "com.snowplowanalytics.snowplow/consent_withdrawn"
_REFUSALS = frozenset(["deny_all", "withdrawn", "expired"])
"""Values of `eventType` in the preferences that refuse consent."""

_ALL_DENIED = {"consent": dict.fromkeys(CONSENT_TYPES, "denied")}

_WITHOUT_STATEMENTS = frozenset(
    _COMMON.keys()
    | _PING.keys()
    | _STRUCTURED.keys()
    | _TRANSACTION.keys()
    | _PLACE.keys()
    | _TRANSACTION_ITEM.keys()
    | _ITEM.keys()
    | {"e", "dtm", "ttm", "stm", "tv", "tna", "ue_pr", "ue_px", "co", "cx"}
    | {"cookie", "cd", "ds", "fp"}
)
"""Usual fields of a payload, which state nothing about consent."""


def to_event(payload: Any, items: Sequence[Mapping[str, Any]] = ()) -> Event:
    """The event in `payload`, fields by their short names; not yet checked.

    items: the payloads of the items of a transaction. Raises `EventError` for an unknown kind and
    for invalid self-describing JSON.
    """
    fields = as_object(payload)
    payload = present(fields)
    event, entities = _particular(payload, _entities(payload))
    visitor, others = about_visitor(entities)
    event = {**visitor, **event, **_renamed(payload, _COMMON)}
    if "user_data" in visitor:
        event["user_data"] = {**visitor["user_data"], **as_object(event["user_data"])}
    moment = payload.get("ttm") or payload.get("dtm")
    if moment is not None:
        event["timestamp"] = moment
    if others:
        event["contexts"] = [each.raw for each in others]
    if items:
        event = _with_items(event, items)
    return with_statements(event, statements_of(fields))


def statements_of(message: Mapping[str, Any]) -> Event:
    """The statements about consent in a payload, or in the envelope around payloads.

    The protocol has no field for it, but senders may add ``consent.ad_storage``, ``gcs`` and the
    like.
    """
    others = {name: message[name] for name in message if name not in _WITHOUT_STATEMENTS}
    return expand_statements(statements_in(others).items()) if others else others


def _particular(
    payload: Mapping[str, Any], entities: Sequence[Entity]
) -> tuple[Event, Sequence[Entity]]:
    """The name of the event and the fields of its kind, and the `entities` that it does not use."""
    match payload.get("e"):
        case "pv":
            fields: Event = {}
        case "pp":
            fields = _renamed(payload, _PING)
        case "se":
            return _renamed(payload, _STRUCTURED), entities
        case "ue":
            return _self_describing(payload, entities)
        case "tr":
            fields = _renamed(payload, _TRANSACTION)
            if place := _renamed(payload, _PLACE):
                fields["user_data"] = {"address": place}
        case "ti":
            fields = _renamed(payload, _TRANSACTION_ITEM)
            fields["items"] = [_item(payload)]
        case _:
            raise EventError("e: not one of pv, pp, se, ue, tr, ti")
    return {"event_name": _NAMES[payload["e"]], **fields}, entities


def _renamed(payload: Mapping[str, Any], names: Mapping[str, str]) -> Event:
    return {
        field: number_of(payload[name]) if field in _NUMBERS else payload[name]
        for name, field in names.items()
        if name in payload
    }


def _item(payload: Mapping[str, Any]) -> Any:
    return item_of(_renamed(payload, _ITEM), {})


def _with_items(event: Event, payloads: Iterable[Mapping[str, Any]]) -> Event:
    """`event`, a transaction, with the items in `payloads`.

    If it has no currency, it gets the first of theirs; an item in another currency keeps its own.
    """
    items = []
    for payload in payloads:
        item, currency = _item(payload), payload.get("ti_cu")
        if currency and currency != event.setdefault("currency", currency):
            item["currency"] = currency
        items.append(item)
    return {**event, "items": items}


def _self_describing(
    payload: Mapping[str, Any], entities: Sequence[Entity]
) -> tuple[Event, Sequence[Entity]]:
    """The data of the event, inside two envelopes; its name is that of its schema."""
    raw = as_object(as_object(_json(payload, "ue_pr", "ue_px")).get("data"))
    told = read_entity(raw)
    if not told.schema or not isinstance(raw.get("data"), dict):
        raise EventError("ue_pr: not a self-describing event")
    if commerce := commerce_event(told, entities):
        event, others = commerce
        return own_parameters(event), others
    data = own_parameters(with_fields_expanded(told.data))
    if _is_refusal(told):
        data = with_statements(data, _ALL_DENIED)
    return {**data, "event_name": told.schema.rpartition("/")[2]}, entities


def _is_refusal(told: Entity) -> bool:
    """Whether the event states that its visitor refuses consent, or that consent has ended."""
    if told.schema == _PREFERENCES:
        return told.data.get("eventType") in _REFUSALS
    return told.schema == _WITHDRAWN


def _entities(payload: Mapping[str, Any]) -> Sequence[Entity]:
    """The entities sent with the event, if they can be read."""
    if "co" not in payload and "cx" not in payload:
        return ()
    try:
        contexts = as_object(_json(payload, "co", "cx")).get("data")
    except EventError:
        return ()
    return [read_entity(each) for each in contexts] if isinstance(contexts, list) else ()


def _json(payload: Mapping[str, Any], plain: str, encoded: str) -> Any:
    """The value in the field `plain`, as an object or JSON, or in `encoded`, as base64url of JSON.
    Raises `EventError`."""
    try:
        if plain in payload:
            stated = payload[plain]
            return stated if isinstance(stated, dict) else decode(stated.encode())
        text = payload[encoded]
        return decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except KeyError:
        raise EventError(f"{plain}: missing") from None
    except (ValueError, TypeError, AttributeError):
        raise EventError(f"{plain if plain in payload else encoded}: not JSON") from None
