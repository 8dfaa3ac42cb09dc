"""The events in the recordings of Segment's, RudderStack's and Snowplow's clients, whole.

Written by hand from the recordings and the protocols: a field that is lost makes a test fail.
"""

from __future__ import annotations

from typing import Any

Events = list[dict[str, Any]]

CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "HeadlessChrome/156.0.0.0 Safari/537.36"
)
ITEM = {"item_id": "sku1", "price": 12.75, "quantity": 2}
ORDER = {"transaction_id": "T1", "value": 25.5, "currency": "USD"}
PERSON = {"user_data": {"email_address": "a@example.com"}}

_NEXT = {
    "client_id": "59b1dfc9-fa69-4e9a-b5e9-aecf1d5a955f",
    "user_id": "user-1",
    "page_location": "http://127.0.0.1:8917/static/seg.html",
    "page_path": "/static/seg.html",
    "page_title": "Shop",
    "language": "en-US",
    "timezone": "UTC",
    "user_agent": CHROMIUM,
    "client_hints": {
        "brands": [
            {"brand": "Not:A-Brand", "version": "8"},
            {"brand": "Chromium", "version": "156"},
        ],
        "mobile": False,
        "platform": "Linux",
    },
}
SEGMENT_NEXT: Events = [
    {
        **_NEXT,
        "event_name": "identify",
        "event_id": "ajs-next-1795289447261-dfc9fa69-0e9a-45e9-aecf-1d5a955f1345",
        "timestamp": 1795289447.261,
        **PERSON,
    },
    {
        **_NEXT,
        "event_name": "group",
        "event_id": "ajs-next-1795289447298-0e9a35e9-aecf-4d5a-955f-1345bebc0208",
        "timestamp": 1795289447.298,
        "group_id": "g1",
        "group_traits": {"name": "Acme"},
    },
    {
        **_NEXT,
        "event_name": "purchase",
        "event_id": "ajs-next-1795289447283-fa690e9a-35e9-4ecf-9d5a-955f1345bebc",
        "timestamp": 1795289447.283,
        **ORDER,
        "items": [ITEM],
    },
    {
        **_NEXT,
        "event_name": "page_view",
        "event_id": "ajs-next-1795289447083-db59b1df-c9fa-490e-9a35-e9aecf1d5a95",
        "timestamp": 1795289447.083,
    },
    {
        **_NEXT,
        "event_name": "alias",
        "event_id": "ajs-next-1795289447308-35e9aecf-1d5a-455f-9345-bebc02087e0e",
        "timestamp": 1795289447.308,
        "previous_id": "old-id",
    },
]

_JSDOM = {
    "client_id": "473b54e6-f837-4cc5-82bf-c8bffc13a2bc",
    "page_location": "http://shop.test/p?utm_source=news",
    "page_path": "/p",
    "page_title": "Shop",
    "campaign": {"source": "news"},
    "language": "en-US",
    "timezone": "UTC",
    "user_agent": "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/24.1.3",
}
SEGMENT_JSDOM: Events = [
    {
        **_JSDOM,
        "event_name": "page_view",
        "event_id": "ajs-next-1795290621330-0a473b54-e6f8-471c-8582-bfc8bffc13a2",
        "timestamp": 1795290621.33,
    },
    {
        **_JSDOM,
        "event_name": "purchase",
        "event_id": "ajs-next-1795290621391-54e6f837-1cc5-42bf-88bf-fc13a2bcb4bb",
        "timestamp": 1795290621.391,
        "transaction_id": "T1",
        "value": 25.5,
    },
]

SEGMENT_NODE: Events = [
    {
        "event_name": "identify",
        "event_id": "node-next-1795289401215-79d7913c-500e-46da-add1-fce275da9230",
        "user_id": "user-1",
        "timestamp": 1795289401.215,
        **PERSON,
    },
    {
        "event_name": "purchase",
        "event_id": "node-next-1795289401221-913c500e-f6da-4dd1-bce2-75da9230eccb",
        "user_id": "user-1",
        "timestamp": 1767323045.678,
        **ORDER,
        "items": [ITEM],
        "user_agent": "UA",  # this and the address are claims, which the pipeline judges
        "ip_override": "203.0.113.9",
    },
    {
        "event_name": "page_view",
        "event_id": "node-next-1795289401221-500ef6da-edd1-4ce2-b5da-9230eccba3e3",
        "client_id": "anon-9",
        "timestamp": 1795289401.221,
        "page_name": "Home",
        "page_location": "https://example.com/",
    },
    {
        "event_name": "group",
        "event_id": "node-next-1795289401222-f6daedd1-fce2-45da-9230-eccba3e3f70a",
        "user_id": "user-1",
        "timestamp": 1795289401.222,
        "group_id": "g1",
        "group_traits": {"name": "Acme"},
    },
    {
        "event_name": "alias",
        "event_id": "node-next-1795289401222-edd1fce2-75da-4230-accb-a3e3f70ad2d1",
        "user_id": "user-1",
        "timestamp": 1795289401.222,
        "previous_id": "anon-9",
    },
    {
        "event_name": "screen_view",
        "event_id": "node-next-1795289401222-fce275da-9230-4ccb-a3e3-f70ad2d177ab",
        "user_id": "user-1",
        "timestamp": 1795289401.222,
        "screen_name": "Main",
    },
]

SEGMENT_PYTHON: Events = [
    {
        "event_name": "identify",
        "event_id": "6e65c61f-9ea6-4ff4-8a5d-cce7a9b1a94d",
        "user_id": "user-1",
        "timestamp": 1795289397.329,
        **PERSON,
        "user_properties": {"plan": "pro"},
    },
    {
        "event_name": "purchase",
        "event_id": "e118c318-a72a-427c-a8d6-ec4b6e160db6",
        "user_id": "user-1",
        "timestamp": 1795289397.33,
        **ORDER,
        "items": [ITEM],
    },
    {
        "event_name": "page_view",
        "event_id": "ef295681-d361-495e-acf5-0c504ceabc5d",
        "user_id": "user-1",
        "timestamp": 1795289397.33,
        "page_name": "Home",
        "category": "Docs",
        "page_location": "https://example.com/",
    },
    {
        "event_name": "screen_view",
        "event_id": "6d39e91a-4c49-412d-b63a-fd61de72b253",
        "user_id": "user-1",
        "timestamp": 1795289397.331,
        "screen_name": "Start",
        "category": "Main",
    },
    {
        "event_name": "group",
        "event_id": "cfa7e942-b126-466d-ac92-0bf6b1fffb76",
        "user_id": "user-1",
        "timestamp": 1795289397.331,
        "group_id": "g1",
        "group_traits": {"name": "Acme"},
    },
    {
        "event_name": "alias",
        "event_id": "3529f532-c4a3-4145-8e3d-c5513eaa547f",
        "user_id": "user-1",
        "timestamp": 1795289397.331,
        "previous_id": "anon-9",
    },
    {
        "event_name": "Anon Event",
        "event_id": "c69f6985-4ac7-473a-83d2-5be2760d4a12",
        "client_id": "anon-9",
        "timestamp": 1767323045,
        "ip_override": "203.0.113.9",
        "integrations": {"All": False, "GA4": True},
    },
]


def rudderstack(
    client_id: str, url: str, session: int, campaign: dict[str, Any], ids: list[str], ms: list[int]
) -> Events:
    """The five events of each of RudderStack's recordings. session: its start in milliseconds. ms:
    the time of each event, in milliseconds after the second in which the session started."""
    shared: dict[str, Any] = {
        "client_id": client_id,
        "page_location": url,
        "page_path": "/static/rudder.html",
        "page_title": "Shop R",
        "language": "en-US",
        "timezone": "GMT+0000",
        "user_agent": CHROMIUM,
        "screen_resolution": "800x600",
        "viewport_size": "800x600",
        "ga_session_id": str(session),
        **campaign,
    }
    own: Events = [
        {
            "event_name": "page_view",
            "x-ga-system_properties": {"ss": "1"},
            "tab_url": url,
        },
        {"event_name": "identify", "user_id": "user-1", **PERSON},
        {"event_name": "purchase", "user_id": "user-1", **PERSON, **ORDER},
        {
            "event_name": "group",
            "user_id": "user-1",
            **PERSON,
            "group_id": "g1",
            "group_traits": {"name": "Acme"},
        },
        {"event_name": "alias", "user_id": "new", **PERSON, "previous_id": "old"},
    ]
    return [
        {**shared, **event, "event_id": event_id, "timestamp": (session // 1000 * 1000 + at) / 1000}
        for event, event_id, at in zip(own, ids, ms, strict=True)
    ]


RUDDERSTACK_XHR = rudderstack(
    "b7ed1add-8460-4d4b-9a07-f3e70cd53e6f",
    "http://127.0.0.1/static/rudder.html?utm_source=news",
    1795289821772,
    {"campaign": {"source": "news"}},
    [
        "2124d928-81c1-45f1-bacf-a75ab454f525",
        "4a19a809-9a02-41a2-b58e-e32808a812e8",
        "1b4bd954-cbcc-46ed-948b-1ca6ecce9e11",
        "6311b8e5-619d-49ed-ab9a-36692fb45fc6",
        "4461eb82-a423-4d81-86db-852ba3792b60",
    ],
    [803, 820, 828, 851, 860],
)
RUDDERSTACK_BATCH = rudderstack(
    "0f559f23-6f47-4d55-a951-6d47b34c34da",
    "http://127.0.0.1/static/rudder.html?batch=1",
    1795289837826,
    {},
    [
        "2fb17df3-3d4d-4cc5-ae89-5f81ec5f52d8",
        "789f99f0-9e9d-4559-b3ca-9a19a943467b",
        "beb8d9bf-6749-459a-a9bf-894415915614",
        "9801ea03-40e8-4ffb-bf6f-79d3c539a40e",
        "7ea12a35-2ce3-44b1-8f50-8088f3f95e5b",
    ],
    [851, 857, 861, 873, 877],
)

SEGMENT = {
    "segment-analytics-next": SEGMENT_NEXT,
    "segment-analytics-next-jsdom": SEGMENT_JSDOM,
    "segment-analytics-node": SEGMENT_NODE,
    "segment-analytics-python": SEGMENT_PYTHON,
    "rudderstack-js-xhr": RUDDERSTACK_XHR,
    "rudderstack-js-batch": RUDDERSTACK_BATCH,
}

_SNOWPLOW_VENDOR = "iglu:com.snowplowanalytics.snowplow"
_SNOWPLOW_USER = {
    "schema": "iglu:com.acme/user/jsonschema/1-0-0",
    "data": {"plan": "pro"},
}
_SNOWPLOW = {
    "client_id": "111e440d-f1ae-44e4-a660-0991d258da0d",
    "user_id": "user-1",
    "page_location": "http://127.0.0.1:8917/static/snow.html?utm_source=news",
    "page_encoding": "UTF-8",
    "language": "en-US",
    "screen_resolution": "800x600",
    "viewport_size": "800x600",
    "app_id": "shop-web",
    "platform": "web",
    "domain_sessionid": "0d233dbf-4689-4272-977b-861d66a1df2f",
    "domain_sessionidx": 1,
    "timezone": "UTC",
}


def _contexts(index: int) -> Events:
    """Entities that the tracker sends with each event. index: the event's number in the session."""
    page = {"id": "9e640db5-1193-43ce-b360-87781ab61aa1"}
    session = {
        "userId": "111e440d-f1ae-44e4-a660-0991d258da0d",
        "sessionId": "0d233dbf-4689-4272-977b-861d66a1df2f",
        "eventIndex": index,
        "sessionIndex": 1,
        "previousSessionId": None,
        "storageMechanism": "COOKIE_1",
        "firstEventId": "d583f874-81bd-4ba3-b52f-b53bd5dec174",
        "firstEventTimestamp": "2026-11-21T19:32:57.713Z",
    }
    return [
        {"schema": f"{_SNOWPLOW_VENDOR}/web_page/jsonschema/1-0-0", "data": page},
        {"schema": f"{_SNOWPLOW_VENDOR}/client_session/jsonschema/1-0-2", "data": session},
    ]


SNOWPLOW_BROWSER: Events = [
    {
        **_SNOWPLOW,
        "event_name": "page_view",
        "event_id": "d583f874-81bd-4ba3-b52f-b53bd5dec174",
        "timestamp": 1795289577.713,
        "page_title": "Shop",
        "contexts": _contexts(1),
    },
    {
        **_SNOWPLOW,
        "event_name": "add",
        "event_id": "e014324a-30ca-4336-9eb2-ef6974d232e8",
        "timestamp": 1795289577.721,
        "se_category": "cart",
        "se_label": "sku1",
        "se_property": "x",
        "value": 12.75,
        "contexts": _contexts(2),
    },
    {
        **_SNOWPLOW,
        "event_name": "order_completed",
        "event_id": "49223d76-f3a5-4e3b-8c51-c3d04c915cee",
        "timestamp": 1795289577.723,
        "order_id": "T1",
        "revenue": 25.5,
        "currency": "USD",
        "contexts": [_SNOWPLOW_USER, *_contexts(3)],
    },
]

_SNOWPLOW_PYTHON = {
    "user_id": "user-1",
    "app_id": "backend",
    "platform": "pc",
    "ip_override": "203.0.113.9",  # a claim, which the pipeline judges
}
SNOWPLOW_PYTHON: Events = [
    {
        **_SNOWPLOW_PYTHON,
        "event_name": "page_view",
        "event_id": "9ed04285-5764-4894-9faa-438152873871",
        "timestamp": 1795289589.468,
        "page_location": "https://example.com/",
        "page_title": "Home",
    },
    {
        **_SNOWPLOW_PYTHON,
        "event_name": "add",
        "event_id": "03a5c0c5-a748-4190-b549-7d37f809332a",
        "timestamp": 1795289589.469,
        "se_category": "cart",
        "value": 12.75,
    },
    {
        **_SNOWPLOW_PYTHON,
        "event_name": "order_completed",
        "event_id": "46f633fd-6666-4dea-a62e-315efc07aee9",
        "timestamp": 1795289589.469,
        "order_id": "T1",
        "revenue": 25.5,
    },
]

SNOWPLOW = {
    "snowplow-browser-tracker-post": SNOWPLOW_BROWSER,
    "snowplow-python-tracker": SNOWPLOW_PYTHON,
}
