"""Translates the action of a Matomo hit, into GA4's names where these exist.

Sources: developer.matomo.org/api-reference/tracking-api and
developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

import re

from gateway.event import Event, EventError
from gateway.sources.matomo.commerce import CART, PRODUCT, cart, viewed_product
from gateway.sources.matomo.hits import Hit
from gateway.sources.matomo.values import selected

_EVENT = {"e_a": "event_name", "e_c": "event_category", "e_n": "event_label", "e_v": "value"}
_CONTENT = {
    "c_n": "content_name",
    "c_p": "content_piece",
    "c_t": "content_target",
    "c_i": "content_interaction",
}
_SEARCH = {"search": "search_term", "search_cat": "search_category", "search_count": "search_count"}

ACTION = frozenset(
    {*CART, *PRODUCT, *_EVENT, *_CONTENT, *_SEARCH, "ping", "idgoal", "download", "link", "cra"}
)
"""Parameters that this module reads."""

_is_of_a_plug_in = re.compile("(?:ma|fa|hsr)_").match
"""Parameters of Media Analytics, Form Analytics and Session Recording."""


class ProductView(Hit):
    """A copy of a page view, for the product or the category that the page shows."""


def product_views(hits: list[Hit | None]) -> list[ProductView]:
    """A `ProductView` for each page view in `hits` that shows a product. Matomo sends one hit for
    both; GA4 has two events."""
    shown = [hit for hit in hits if hit and not PRODUCT.keys().isdisjoint(hit)]
    return [ProductView(hit) for hit in shown if _is_page_view(hit)]


def action_of(hit: Hit) -> Event:
    """The name of the event and the fields of its kind. Raises `EventError` for an event without
    an action."""
    if isinstance(hit, ProductView):
        return viewed_product(hit)
    if hit.get("ping") == "1":
        return {"event_name": "page_ping"}
    if "idgoal" in hit:
        return _conversion(hit)
    if "e_c" in hit or "e_a" in hit:
        if "e_a" not in hit:
            raise EventError("e_a: missing")
        return selected(hit, _EVENT)
    if "c_n" in hit:
        name = "content_interaction" if "c_i" in hit else "content_impression"
        return {**selected(hit, _CONTENT), "event_name": name}
    if "search" in hit:
        return {**selected(hit, _SEARCH), "event_name": "view_search_results"}
    if "download" in hit:
        return {"event_name": "file_download", "link_url": hit["download"]}
    if "link" in hit:
        return {"event_name": "click", "link_url": hit["link"], "outbound": True}
    if "cra" in hit:
        return {"event_name": "exception", "description": hit["cra"]}
    return {"event_name": "page_view" if _is_page_view(hit) else "custom_action"}


_OTHERS = ("idgoal", "e_c", "e_a", "c_n", "search", "download", "link", "cra")
"""Parameters that make a hit something other than a page view."""


def _is_page_view(hit: Hit) -> bool:
    return not (
        hit.get("ping") == "1"
        or hit.get("ca") == "1"
        or any(name in hit for name in _OTHERS)
        or any(map(_is_of_a_plug_in, hit))
    )


def _conversion(hit: Hit) -> Event:
    if hit["idgoal"] == "0":
        return cart(hit)
    return {
        **selected(hit, {"idgoal": "goal_id", "revenue": "value"}),
        "event_name": "goal_conversion",
    }
