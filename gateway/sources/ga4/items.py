"""Items in GA4 hits: ``pr1=idSKU~nmShirt~pr12.5~qt2``.

Each part is a key of two characters and its value; a ``~`` in a value is doubled. A custom name
in ``k0`` belongs to the value in ``v0``, and so on.
"""

from collections.abc import Mapping

_KEYS = {
    "id": "item_id",
    "nm": "item_name",
    "br": "item_brand",
    "ca": "item_category",
    "c2": "item_category2",
    "c3": "item_category3",
    "c4": "item_category4",
    "c5": "item_category5",
    "va": "item_variant",
    "pr": "price",
    "qt": "quantity",
    "cp": "coupon",
    "ln": "item_list_name",
    "li": "item_list_id",
    "lp": "index",
    "ds": "discount",
    "af": "affiliation",
    "pi": "promotion_id",
    "pn": "promotion_name",
    "cn": "creative_name",
    "cs": "creative_slot",
    "lo": "location_id",
}

Item = dict[str, str]


def read_items(parameters: Mapping[str, str]) -> list[Item]:
    """The items in `parameters` (``pr1``, ``pr2`` ...), in the order of their numbers."""
    return [read_item(parameters[name]) for name in sorted(parameters, key=lambda n: int(n[2:]))]


def read_item(text: str) -> Item:
    """The item in `text`; numbers are still text. Unknown keys are left out."""
    item: Item = {}
    custom_names: dict[str, str] = {}
    custom_values: dict[str, str] = {}
    for part in text.replace("~~", "\0").split("~"):
        key, value = part[:2], part[2:].replace("\0", "~")
        if not value:
            continue
        if key == "ca" and "item_category" in item and value[0] in "2345":
            # Other senders write ca2 to ca5; gtag.js, whose values may start with a digit, never
            # has two of `ca`.
            item[f"item_category{value[0]}"] = value[1:]
        elif key in _KEYS:
            item[_KEYS[key]] = value
        elif key[0] == "k":
            custom_names[key[1]] = value
        elif key[0] == "v":
            custom_values[key[1]] = value
    for sign, name in custom_names.items():
        if sign in custom_values:
            item.setdefault(name, custom_values[sign])
    return item
