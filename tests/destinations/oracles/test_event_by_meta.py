"""Meta's SDK knows every field that we send, and would send the same values except for
`DIFFERENT`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event as MetaEvent
from facebook_business.adobjects.serverside.user_data import UserData

from destinations.base import Request
from destinations.meta import Meta, MetaSettings
from gateway.event import Event
from tests.destinations.conftest import EXAMPLES

META = Meta(MetaSettings(pixel_id="1", access_token="t", phone_region="DE"))
LISTS = {
    "em": "emails",
    "ph": "phones",
    "fn": "first_names",
    "ln": "last_names",
    "ct": "cities",
    "st": "states",
    "zp": "zip_codes",
    "country": "country_codes",
    "external_id": "external_ids",
}
"""Our names of lists, and the names under which the SDK takes lists."""

DIFFERENT = {
    "currency": (
        str.lower,
        "ISO 4217 writes capitals, and so does every example of .../parameters/custom-data",
    )
}
"""Fields of ``custom_data``: how the SDK changes our value, and why ours is right."""


def ours(event: Event, now: float) -> dict[str, Any]:
    (request,) = META.requests([event], now)
    assert isinstance(request, Request)
    sent: dict[str, Any] = orjson.loads(request.body)["data"][0]
    return sent


def by_sdk(sent: dict[str, Any]) -> dict[str, Any]:
    """The same event, rebuilt from the SDK's objects."""
    user_data = {LISTS.get(name, name): value for name, value in sent["user_data"].items()}
    custom_data = dict(sent.get("custom_data", {}))
    contents = custom_data.pop("contents", None)
    known = CustomData.param_types.keys()
    own = {name: custom_data.pop(name) for name in custom_data.keys() - known}
    if contents is not None:
        custom_data["contents"] = [
            Content(**{("product_id" if name == "id" else name): v for name, v in each.items()})
            for each in contents
        ]
    event = {
        **sent,
        "action_source": ActionSource(sent["action_source"]),
        "user_data": UserData(**user_data),
        "custom_data": CustomData(**custom_data, custom_properties=own),
    }
    made: dict[str, Any] = MetaEvent(**event).normalize()
    return made


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.iterdir()))
def test_the_sdk_would_send_the_same(name: str, example: Callable[..., Event], now: float) -> None:
    sent = ours(example(name), now)
    made = by_sdk(sent)
    custom_data = sent.setdefault("custom_data", {})
    for field, (change, _why) in DIFFERENT.items():
        if field in custom_data:
            custom_data[field] = change(custom_data[field])
    assert _in_order(made) == _in_order(sent)


def _in_order(sent: dict[str, Any]) -> dict[str, Any]:
    """`sent` with the lists in ``user_data`` sorted, because the SDK keeps their values in sets."""
    person = {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in sent["user_data"].items()
    }
    return {**sent, "user_data": person}
