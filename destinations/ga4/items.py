"""Items in the form that GA4 accepts.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference/events,
limitations).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from destinations.ga4.rules import MAX_PARAM, TOO_LONG, is_param, scalar_of
from destinations.items import items_with_names
from destinations.remarks import remark

_MAX_ITEMS, _MAX_CUSTOM = 200, 27

_ITEM_PARAMS = frozenset(
    {
        "item_id",
        "item_name",
        "affiliation",
        "coupon",
        "discount",
        "index",
        "item_brand",
        "item_category",
        "item_category2",
        "item_category3",
        "item_category4",
        "item_category5",
        "item_list_id",
        "item_list_name",
        "item_variant",
        "location_id",
        "price",
        "quantity",
        "promotion_id",
        "promotion_name",
        "creative_name",
        "creative_slot",
    }
)


def item_params(
    items: Sequence[Mapping[str, Any]], is_refund: bool = False
) -> list[dict[str, Any]]:
    """The first 200 items with an id or a name, under the names of GA4 or Universal Analytics.

    is_refund: a negative quantity, as some shops state what came back, becomes positive.
    """
    named = items_with_names(items)
    if len(named) > _MAX_ITEMS:
        remark(f"items: removed all after the first {_MAX_ITEMS}, the most that GA4 accepts")
    return [_item(item, is_refund) for item in named[:_MAX_ITEMS]]


def _item(item: Mapping[str, Any], is_refund: bool) -> dict[str, Any]:
    """`item` in the form that GA4 accepts, without a quantity of zero or less. is_refund: as in
    `item_params`."""
    params: dict[str, Any] = {}
    custom = 0
    for name, value in item.items():
        scalar = scalar_of(name, value, MAX_PARAM, "items.")
        if scalar is None:
            continue
        if name == "quantity" and isinstance(scalar, (int, float)) and scalar <= 0:
            if not is_refund or scalar == 0:
                remark("items: removed a quantity of zero or less")
                continue
            remark("items: made the quantity of a refund positive")
            scalar = -scalar
        if name not in _ITEM_PARAMS:
            if custom == _MAX_CUSTOM or not is_param(name[:TOO_LONG]):
                remark(f"items: removed {name} because GA4 does not accept it as an item parameter")
                continue
            custom += 1
        params[name] = scalar
    return params
