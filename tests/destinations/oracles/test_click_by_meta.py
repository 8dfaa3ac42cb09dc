"""We find the same ad click as Meta's parameter builders in a URL, a cookie and a referrer."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from capi_param_builder import ParamBuilder
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Request
from destinations.meta import Meta, MetaSettings
from gateway.event import read_event
from tests.destinations.oracles.node import Node

META = Meta(MetaSettings(pixel_id="1", access_token="t"))
SHOP = "https://shop.example/"
NOW = 1795219260.0

clicks = st.sampled_from([None, "IwAR0abc_-9", "XyZ"])
cookies = st.sampled_from(
    [
        None,
        "fb.1.1795210000000.IwAR0abc_-9",
        "fb.1.1795210000000.XyZ.Ag",
        "fb.2.1795210000000.XyZ.AQECAQMC",
        "fb.1.1795210000000.XyZ.ABC",
        "fb.1.1795210000000",
        "XyZ",
    ]
)
referrers = st.sampled_from(
    [None, SHOP, f"{SHOP}?fbclid=XyZ", f"{SHOP}?a=1&fbclid=IwAR0abc_-9#top", "XyZ"]
)


def ours(**fields: Any) -> dict[str, str]:
    """The ``user_data`` that Meta gets for a page view."""
    given = {name: value for name, value in fields.items() if value}
    event = read_event({"event_name": "page_view", "user_id": "u", **given})
    (request,) = META.requests([event], NOW)
    assert isinstance(request, Request)
    found: dict[str, str] = orjson.loads(request.body)["data"][0]["user_data"]
    return found


def by_python(query: dict[str, str], jar: dict[str, str], referrer: str | None) -> str | None:
    builder = ParamBuilder(["shop.example"])
    queries = {name: [value] for name, value in query.items()}
    builder.process_request("shop.example", queries, jar, referrer)
    found: str | None = builder.get_fbc()
    return found


def by_node(
    node: Node, query: dict[str, str], jar: dict[str, str], referrer: str | None
) -> str | None:
    found: str | None = node.ask("click", query=query, cookies=jar, referrer=referrer)["fbc"]
    return found


def click_and_time(fbc: str | None) -> tuple[str, bool] | None:
    """The click id without the mark, and whether its time is that of the cookies above."""
    if fbc is None:
        return None
    _, _, time, click, *_mark = fbc.split(".")
    return click, time == "1795210000000"


@given(click=clicks, cookie=cookies, referrer=referrers)
def test_the_same_click_is_found(
    click: str | None, cookie: str | None, referrer: str | None, node: Node
) -> None:
    query = {"fbclid": click} if click else {}
    jar = {"_fbc": cookie} if cookie else {}
    page = f"{SHOP}?fbclid={click}" if click else SHOP
    found = ours(fbc=cookie, page_location=page, page_referrer=referrer).get("fbc")

    assert click_and_time(found) == click_and_time(by_node(node, query, jar, referrer))
    assert click_and_time(found) == click_and_time(by_python(query, jar, referrer))


@pytest.mark.parametrize("cookie", ["fb.1.1795210000.XyZ", "fb.1.1795210000000.undefined"])
def test_a_cookie_with_the_wrong_time_or_no_click_is_taken_by_the_builders_alone(
    cookie: str, node: Node
) -> None:
    """The time must be in milliseconds and the click id Meta's; anything else that a script wrote
    matches nobody. Source: .../conversions-api/parameters/fbp-and-fbc"""
    assert by_node(node, {}, {"_fbc": cookie}, None)
    assert by_python({}, {"_fbc": cookie}, None)
    assert "fbc" not in ours(fbc=cookie)


def test_ids_made_by_a_builder_are_sent_as_they_are(node: Node) -> None:
    made = node.ask("click", query={"fbclid": "XyZ"}, cookies={}, referrer=None)
    sent = ours(**made)
    assert {"fbc": sent["fbc"], "fbp": sent["fbp"]} == made
