"""The events in the recordings of gtag.js, whole, by recording.

Written by hand from the recordings and from what each parameter of a hit stands for: a field that
is lost makes a test fail.
"""

from __future__ import annotations

from typing import Any

Events = list[dict[str, Any]]

CLIENT_HINTS = {
    "architecture": "x86",
    "bitness": "64",
    "full_version_list": [
        {"brand": "Not:A-Brand", "version": "8.0.0.0"},
        {"brand": "Chromium", "version": "156.0.8078.79"},
    ],
    "mobile": False,
    "platform": "Linux",
    "wow64": False,
}
ITEMS = [
    {
        "item_id": "sku1",
        "item_name": "Shirt ~ blue",
        "item_brand": "Acme",
        "item_category": "Apparel",
        "item_category2": "Shirts",
        "item_variant": "M",
        "price": 12.75,
        "quantity": 2,
        "index": 0,
        "item_list_name": "Search",
        "item_list_id": "s1",
        "discount": 1.5,
        "affiliation": "Store",
        "coupon": "IT",
        "location_id": "L1",
        "color": "blue",
        "stock": "7",
    },
    {
        "item_id": "sku2",
        "item_name": "Hat",
        "price": 1,
        "quantity": 1,
        "promotion_id": "P1",
        "promotion_name": "Summer",
        "creative_name": "cr",
        "creative_slot": "sl",
    },
]

_PAGE_VIEW = {"event_name": "page_view", "user_properties": {"plan": "pro", "ltv": 12.5}}
_PURCHASE = {
    "event_name": "purchase",
    "transaction_id": "T1",
    "currency": "USD",
    "value": 25.5,
    "tax": 2,
    "shipping": 3.5,
    "coupon": "SAVE",
    "items": ITEMS,
}
_MY_EVENT = {
    "event_name": "my_event",
    "str": "a b&c",
    "num": 4.2,
    "flag": "true",
    "off": "false",
    "obj": "[object Object]",
}
_SIGN_UP = {"event_name": "sign_up", "method": "email"}

_FIRST = {"fplc": "0", "tu": "BA", "fv": "1", "nsi": "1", "ss": "1", "ee": True}
_LATER = {"fplc": "0", "tu": "BA", "ee": True}
_USED = {**_LATER, "eu": "AAAAAAQ"}


def _recording(
    query: str, session: str, page_id: int, experiments: str, **more: Any
) -> dict[str, Any]:
    """The fields that all events of one page share."""
    return {
        "user_id": "user-1",
        "ga_session_id": session,
        "ga_session_number": 1,
        "page_location": f"http://127.0.0.1/static/ga4.html?{query}",
        "page_title": "Shop GA4",
        "language": "en-us",
        "screen_resolution": "800x600",
        "client_hints": CLIENT_HINTS,
        "x-ga-protocol_version": "2",
        "x-ga-measurement_id": "G-TEST000001",
        "x-ga-gtm_version": "45je63p1v9000000000za204zd9000000000",
        "x-ga-page_id": page_id,
        "x-ga-gcd": "13l3l3l3l1l1",
        "x-ga-npa": "0",
        "x-ga-dma": False,
        "x-ga-pscdl": "noapi",
        "x-ga-mp2-frm": "0",
        "x-ga-mp2-seg": "0",
        "x-ga-mp2-tag_exp": experiments,
        **more,
    }


def _sent(count: int, tfd: int, system: dict[str, Any], engaged: int = 0) -> dict[str, Any]:
    """What a request says about itself. count: its number among the page's requests. tfd:
    milliseconds since the navigation. engaged: milliseconds in which the page was seen."""
    stated = {
        "x-ga-request_count": count,
        "x-ga-tfd": tfd,
        "x-ga-system_properties": system,
    }
    return stated | ({"engagement_time_msec": engaged} if engaged else {})


def _of_server(page_id: str, **more: str) -> dict[str, Any]:
    """Fields that gtag.js sends only to a server container."""
    own = {"etld": "google.ca", "tft": page_id, "lpc": "96795423", "navt": "n", "ude": "0", **more}
    return {"x-ga-lps": True, "x-ga-ur": "CA-QC", "x-sst-system_properties": own}


_TO_SERVER = _recording(
    "utm_source=news&gclid=TeSter-123",
    "1795289657",
    1795289657142,
    "0~115616985~115938466~115938469~117266401~117384405~117484252",
    client_id="1525593269.1795289657",
    **{"x-ga-ecid": "171510394"},
    **_of_server("1795289657142", sw_exp="1"),
)
_BY_TRANSPORT_URL = _recording(
    "t=transport&ud=1",
    "1795289742",
    1795289742021,
    "0~115616985~115938465~115938469~117484252",
    client_id="732405242.1795289742",
)
_GRANTED = _recording(
    "consent=granted&dbg=1&gclid=TeSter-123",
    "1795289723",
    1795289723788,
    "0~115938465~115938468~116133313~117384405~117484252",
    client_id="2088595588.1795289724",
    debug_mode="true",
    **{"x-ga-ecid": "156100755", "x-ga-gcs": "G111"},
    **_of_server("1795289723788", rnd="1205067472.1795289724", sw_exp="1"),
) | {"x-ga-gcd": "13t3t3t3t5l1"}
_DENIED = _recording(
    "consent=denied&dbg=1&gclid=TeSter-123",
    "1795289714",
    1795289714539,
    "0~115938465~115938468~117484252",
    debug_mode="true",
    **{"x-ga-gcs": "G100", "x-ga-dma_cps": "-"},
    **_of_server("1795289714539", rnd="1077004093.1795289715"),
) | {"x-ga-gcd": "13p3p3p3p5l1", "x-ga-npa": "1", "x-ga-pscdl": "denied"}

HITS: dict[str, Events] = {
    "gtag-ga4-server_container_url": [
        {**_TO_SERVER, **_PAGE_VIEW, **_sent(1, 459, _FIRST)},
        {**_TO_SERVER, **_PURCHASE, **_sent(2, 527, {**_USED, "c": "1"}, 22)},
        {**_TO_SERVER, **_MY_EVENT, **_sent(3, 595, _USED, 15)},
    ],
    "gtag-ga4-transport_url-userdata": [
        {**_BY_TRANSPORT_URL, **_PAGE_VIEW, **_sent(1, 295, _FIRST)},
        {**_BY_TRANSPORT_URL, **_PURCHASE, **_sent(2, 341, {**_USED, "c": "1"}, 25)},
        {**_BY_TRANSPORT_URL, **_MY_EVENT, **_sent(3, 5377, _USED, 4)},
        {**_BY_TRANSPORT_URL, **_SIGN_UP, **_sent(3, 5377, _USED, 3)},
    ],
    "gtag-ga4-consent-granted": [
        {**_GRANTED, **_PAGE_VIEW, **_sent(1, 261, _FIRST)},
        {**_GRANTED, **_PURCHASE, **_sent(2, 291, {**_USED, "c": "1"}, 16)},
        {**_GRANTED, **_MY_EVENT, **_sent(3, 317, _USED, 8)},
    ],
    "gtag-ga4-consent-denied": [
        {**_DENIED, **_PAGE_VIEW, **_sent(1, 417, _FIRST)},
        {**_DENIED, **_PURCHASE, **_sent(2, 432, {**_LATER, "c": "1"}, 13)},
        {**_DENIED, **_MY_EVENT, **_sent(3, 947, _LATER, 4)},
    ],
}
