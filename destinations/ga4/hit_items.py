"""Items in a hit: ``pr1=idSKU~nmShirt~pr12.5~qt2``, as gtag.js writes them."""

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase, digits
from typing import Any

from destinations.ga4.hit_values import as_text

_KEYS = {
    "item_id": "id",
    "item_name": "nm",
    "item_brand": "br",
    "item_category": "ca",
    "item_category2": "c2",
    "item_category3": "c3",
    "item_category4": "c4",
    "item_category5": "c5",
    "item_variant": "va",
    "price": "pr",
    "quantity": "qt",
    "coupon": "cp",
    "item_list_name": "ln",
    "item_list_id": "li",
    "index": "lp",
    "discount": "ds",
    "affiliation": "af",
    "promotion_id": "pi",
    "promotion_name": "pn",
    "creative_name": "cn",
    "creative_slot": "cs",
    "location_id": "lo",
}
_SIGNS = digits + ascii_uppercase[:17]
"""For an item's custom parameters: the name follows ``k`` and a sign, the value ``v`` and it."""


def item_parameters(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """items: made by `destinations.ga4.items`, so each has at most as many custom parameters as
    there are signs."""
    for number, item in enumerate(items, 1):
        yield f"pr{number}", "~".join(_parts(item))


def _parts(item: Mapping[str, Any]) -> Iterator[str]:
    signs = iter(_SIGNS)
    for name, value in item.items():
        text = as_text(value).replace("~", "~~")
        if key := _KEYS.get(name):
            yield f"{key}{text}"
        else:
            sign = next(signs)
            yield f"k{sign}{name}"
            yield f"v{sign}{text}"
