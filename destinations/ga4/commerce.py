"""Promotions and lists of items under the names of Universal Analytics.

GA4 accepts them as parameters of the event, for items that name none.

Source: developers.google.com/analytics/devguides/collection/ga4/ecommerce
"""

from collections.abc import Mapping
from typing import Any

from destinations.base import Event
from destinations.ga4.rules import scalar_params
from destinations.remarks import remark

_PROMOTION = {
    "promotion_id": ("promotion_id", "id"),
    "promotion_name": ("promotion_name", "name"),
    "creative_name": ("creative_name", "creative"),
    "creative_slot": ("creative_slot", "position"),
}
_LIST = {
    "item_list_id": ("item_list_id", "list_id"),
    "item_list_name": ("item_list_name", "list_name", "list"),
}
_PROMOTIONS = frozenset(["view_promotion", "select_promotion"])
_LISTS = frozenset(["view_item_list", "select_item"])


def commerce_params(event: Event) -> dict[str, Any]:
    """The parameters that name the promotion or item list of `event`."""
    name = event["event_name"]
    if name in _LISTS:
        return _params(event, _LIST)
    if name not in _PROMOTIONS:
        return {}
    promotions = event.get("promotions")
    if not isinstance(promotions, list) or not promotions or not isinstance(promotions[0], dict):
        return {}
    if len(promotions) > 1:
        remark("promotions: removed all after the first, because GA4 accepts one for each event")
    return _params(promotions[0], _PROMOTION)


def _params(given: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    found = {
        param: given[name]
        for param, among in names.items()
        for name in among[::-1]
        if name in given
    }
    return scalar_params(found, ())
