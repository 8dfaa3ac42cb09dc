"""`posthog`: PostHog's SDKs, in browsers and on servers, and without an SDK."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from gateway.event import Event
from gateway.event.consent import CONSENT_TYPES
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.posthog.source import PostHog, PostHogSettings

Capture = Callable[..., list[Inbound]]

KEY = "phc_KEY123"
SECRET = "phs_s3cret"
SOURCE = PostHog(PostHogSettings(type="posthog", write_keys=[KEY], secret_keys=[SECRET]))
DEVICE = "01a22ded-ad36-7b05-87aa-91d343ab1d09"
IN_CHROMIUM = {
    "client_id": DEVICE,
    "ga_session_id": "1796066880",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "HeadlessChrome/156.0.0.0 Safari/537.36",
    "language": "en-GB",
    "screen_resolution": "1000x700",
    "viewport_size": "1000x700",
    "page_location": "http://127.0.0.1/page?utm_source=news&gclid=abc",
    "page_path": "/page",
    "click_ids": {"gclid": "abc"},
    "utm_source": "news",
    "$os": "Linux",
    "$browser": "Chrome",
    "$browser_type": "bot",
    "$browser_version": 156,
    "$device_type": "Desktop",
    "$timezone": "UTC",
    "$timezone_offset": 0,
    "$lib": "web",
    "$lib_version": "1.449.2",
}
ALL_DENIED = dict.fromkeys(CONSENT_TYPES, "denied")
ITEMS = [{"item_id": "A", "price": 25.5, "quantity": 1}]


def post(body: Any, path: str = "/e/", query: str = "", **headers: str) -> Inbound:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Inbound("POST", path, query, {"origin": "https://shop.example", **headers}, raw)


def read(*messages: Any, key: str = KEY, **envelope: Any) -> Batch:
    return SOURCE.read(post({"api_key": key, "batch": list(messages), **envelope}))


def message(event: Any = "a", **properties: Any) -> Event:
    return {"event": event, "properties": {"distinct_id": "v-1", "$lib": "web", **properties}}


def one(each: Any, **envelope: Any) -> Event:
    """The event in the message `each`."""
    batch = read(each, **envelope)
    assert not batch.refused
    (event,) = batch.events
    return event


def captured(requests: list[Inbound]) -> list[Batch]:
    return [SOURCE.read(each) for each in requests if each.path in ("/e/", "/batch/")]


def test_posthog_js_in_chromium(capture: Capture) -> None:
    batches = captured(capture("posthog-js"))
    assert not any(batch.backend or batch.trusted or batch.anonymous for batch in batches)
    known = {**IN_CHROMIUM, "user_id": "user-1"}
    grouped = {**known, "groups": {"company": "acme"}}
    with_port = "http://127.0.0.1:40207/page?utm_source=news&gclid=abc"
    assert [event for batch in batches for event in batch.events] == [
        {
            **IN_CHROMIUM,
            "event_name": "page_view",
            "event_id": "01a22ded-ad5b-755b-a4a6-bf433442259f",
            "timestamp": 1796066880.859,
            "page_title": "Shop",
        },
        {
            **known,
            "event_name": "identify",
            "event_id": "01a22ded-b581-7093-adf3-cdeb44b81fff",
            "timestamp": 1796066882.945,
            "user_data": {"email_address": "ada@example.com"},
            "user_properties": {"plan": "pro"},
        },
        {
            **grouped,
            "event_name": "group",
            "event_id": "01a22ded-b588-739e-b317-00e8109e2740",
            "timestamp": 1796066882.952,
            "group_type": "company",
            "group_id": "acme",
            "group_traits": {"name": "ACME"},
        },
        {
            **grouped,
            "event_name": "purchase",
            "event_id": "01a22ded-b58b-7bb7-905b-65f71d9ad170",
            "timestamp": 1796066882.955,
            "transaction_id": "T1",
            "value": 25.5,
            "currency": "EUR",
            "items": ITEMS,
        },
        {
            **grouped,
            "event_name": "page_leave",
            "event_id": "01a22ded-c7bc-746f-a5aa-e147b0394532",
            "timestamp": 1796066887.612,
            "page_location": with_port,
            "$prev_pageview_duration": 6.753,
            "$prev_pageview_last_content": 700,
            "$prev_pageview_last_content_percentage": 1,
            "$prev_pageview_last_scroll": 0,
            "$prev_pageview_last_scroll_percentage": 1,
            "$prev_pageview_max_content": 700,
            "$prev_pageview_max_content_percentage": 1,
            "$prev_pageview_max_scroll": 0,
            "$prev_pageview_max_scroll_percentage": 1,
            "$prev_pageview_pathname": "/page",
        },
    ]
    assert batches[0].sent == ["2026-11-30T19:28:00.895Z"]


def test_cookieless_mode_denies_and_names_nobody(capture: Capture) -> None:
    (batch,) = captured(capture("posthog-js-cookieless"))
    assert batch.anonymous
    expected = {
        **IN_CHROMIUM,
        "event_name": "a",
        "event_id": "01a22ded-db87-7ea2-b299-8495d4a5ca0f",
        "timestamp": 1796066892.679,
        "consent": ALL_DENIED,
        "b": 1,
    }
    for name in ("client_id", "ga_session_id"):
        del expected[name]
    assert batch.events == [expected]


def test_posthog_node(capture: Capture) -> None:
    (batch,) = captured(capture("posthog-node"))
    assert (batch.backend, batch.trusted) == (True, False)
    library = {"$lib": "posthog-node", "$lib_version": "5.70.0"}
    user = {"user_id": "user-1", **library}
    assert batch.events == [
        {
            **user,
            "event_name": "identify",
            "event_id": "01a22ded-469e-7681-a614-814e407243d0",
            "timestamp": 1796066854.556,
            "user_data": {"email_address": "ada@example.com"},
            "user_properties": {"plan": "pro"},
        },
        {
            **user,
            "event_name": "purchase",
            "event_id": "01a22ded-469e-7681-a614-814f4b0579c1",
            "timestamp": 1796066854.558,
            "ip_override": "203.0.113.9",  # a claim, which the pipeline judges
            "transaction_id": "T1",
            "value": 25.5,
            "currency": "EUR",
            "items": ITEMS,
        },
        {
            **library,
            "event_name": "group",
            "event_id": "01a22ded-469e-7681-a614-81501ddf687e",
            "timestamp": 1796066854.558,
            "group_type": "company",
            "group_id": "acme",
            "group_traits": {"name": "ACME"},
        },
        {
            **user,
            "event_name": "alias",
            "event_id": "01a22ded-469f-74d6-acad-594d778a0124",
            "timestamp": 1796066854.559,
            "previous_id": "old-id",
        },
        {
            **user,
            "event_name": "$feature_flag_called",
            "event_id": "01a22ded-4707-7e44-8e56-7ec21dd06138",
            "timestamp": 1796066854.663,
            "locally_evaluated": False,
            "$feature_flag": "f",
            "$feature_flag_error": "unknown_error",
        },
    ]


def test_posthog_python(capture: Capture) -> None:
    (batch,) = captured(capture("posthog-python"))
    assert (batch.backend, batch.trusted) == (True, False)
    assert batch.events == [
        {
            "event_name": "purchase",
            "event_id": "6a926ced-07e8-4b41-9479-7e661adb2026",
            "timestamp": 1795290046.898298,
            "user_id": "user-1",
            "transaction_id": "T1",
            "value": 25.5,
            "$os": "Linux",
            "$os_version": "12",
            "$os_distro": "Debian GNU/Linux",
            "$lib": "posthog-python",
            "$lib_version": "7.91.1",
        }
    ]


@pytest.mark.parametrize("name", ["posthog-js", "posthog-node"])
def test_flags_are_answered_so_that_sdks_keep_what_they_have(capture: Capture, name: str) -> None:
    requests = [each for each in capture(name) if each.path.startswith("/flags")]
    assert requests
    for request in requests:
        with pytest.raises(Refused) as refused:
            SOURCE.read(request)
        assert (refused.value.status, refused.value.reason) == (404, "no_feature_flags")


@pytest.mark.parametrize("path", ["/flags", "/flags/", "/decide", "/decide/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_request_for_flags_is_answered_with_none(method: str, path: str) -> None:
    with pytest.raises(Refused, match="does not compute feature flags"):
        SOURCE.read(Inbound(method, path, "v=3", {}, orjson.dumps({"token": KEY})))


def ask(path: str) -> Batch:
    return SOURCE.read(Inbound("GET", path, "_=1"))


@pytest.mark.parametrize("path", [f"/array/{KEY}/config", f"/array/{KEY}/config/"])
def test_the_configuration_switches_nothing_on(path: str) -> None:
    batch = ask(path)
    assert not batch.events
    assert batch.reply
    assert batch.reply.status == 200
    assert orjson.loads(batch.reply.body) == {"supportedCompression": ["gzip-js", "base64"]}


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/array/phc_other/config", 401, "unauthorized"),
        (f"/array/{SECRET}/config", 401, "unauthorized"),
        ("/array//config", 401, "unauthorized"),
        (f"/array/{KEY}/config.js", 404, "no_script"),
    ],
)
def test_a_configuration_that_is_not_served(path: str, status: int, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(path)
    assert (refused.value.status, refused.value.reason) == (status, reason)


JSON = orjson.dumps({"api_key": KEY, **message("a", x="ü?>>>")})
PLAIN = quote(JSON)
BASE64 = b64encode(JSON).decode()
assert "+" in BASE64


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (JSON, ""),
        (b"\xef\xbb\xbf \n" + JSON, "compression=gzip-js"),
        (BASE64.encode(), ""),
        (BASE64.rstrip("=").encode(), "compression=base64"),
        (f"data={quote(BASE64, safe='')}".encode(), "compression=base64"),
        (f"data={BASE64}".encode(), ""),  # not escaped
        (f"data={PLAIN}".encode(), ""),
        (f"ip=1&data={quote(BASE64, safe='')}".encode(), ""),
        (b"", f"data={quote(BASE64, safe='')}&ip=1"),
        (b"", f"data={PLAIN}"),
    ],
)
def test_every_way_to_write_a_payload(body: bytes, query: str) -> None:
    method = "POST" if body else "GET"
    batch = SOURCE.read(Inbound(method, "/e/", query, {"origin": "https://shop.example"}, body))
    assert [(event["event_name"], event["x"]) for event in batch.events] == [("a", "ü?>>>")]


@pytest.mark.parametrize(
    ("body", "query", "status", "reason"),
    [
        (b"", "", 400, "malformed"),
        (b"data=", "", 400, "malformed"),
        (b"a=1&data=&b=2", "", 400, "malformed"),
        (b"event=a&api_key=" + KEY.encode(), "", 400, "malformed"),
        (b64encode(b"\x1f\x8b\x08 a bomb"), "compression=base64", 415, "unsupported_encoding"),
        (b"N4IgbghgLg", "compression=lz64", 415, "unsupported_encoding"),
        (b"[]", "", 400, "malformed"),
        (b'{"batch":{}}', "", 400, "malformed"),
        (b'{"batch":[]}', "", 400, "malformed"),
        (b64encode(b"12"), "", 400, "malformed"),
    ],
)
def test_what_is_no_payload(body: bytes, query: str, status: int, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(post(body, query=query))
    assert (refused.value.status, refused.value.reason) == (status, reason)


@pytest.mark.parametrize(
    ("body", "trusted"),
    [
        ({"api_key": KEY, "batch": [message()]}, False),
        ({"token": SECRET, "batch": [message(), message()]}, True),
        ({"api_key": KEY, **message()}, False),
        ([{"api_key": SECRET, **message()}], True),
        ([message(token=KEY), message(token=KEY)], False),
        ([message(token=KEY), message(token=SECRET)], False),
        ({"api_key": SECRET, "batch": [message(token="the shop's own")]}, True),
        ({"batch": [message(api_key=KEY)]}, False),
    ],
)
def test_where_the_key_may_stand(body: Any, trusted: bool) -> None:
    batch = SOURCE.read(post(body))
    assert (batch.trusted, batch.backend) == (trusted, trusted)
    assert all("token" not in event for event in batch.events)


@pytest.mark.parametrize("name", ["token", "api_key"])
def test_a_public_key_may_stand_in_the_query(name: str) -> None:
    assert SOURCE.read(post([message()], query=f"{name}={KEY}")).events
    with pytest.raises(Refused, match="valid project API key"):
        SOURCE.read(post([message()], query=f"{name}={SECRET}"))


@pytest.mark.parametrize(
    "body",
    [
        {"batch": [message()]},
        {"api_key": "phc_other", "batch": [message(token=KEY)]},
        {"api_key": [KEY], "batch": [message()]},
        [message(token=SECRET), message()],
        [message(token=KEY), {"event": "a", "api_key": "phc_other"}],
        [1],
        {"api_key": f"{KEY} ", "batch": [message()]},
    ],
)
def test_without_a_key_that_is_known_nothing_is_read(body: Any) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(post(body))
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


DEVICE_AND_USER = {"$device_id": "d-1", "$user_id": "u-1", "$is_identified": True}


@pytest.mark.parametrize(
    ("properties", "ids"),
    [
        ({"distinct_id": "v-1"}, ("v-1", None)),
        ({"distinct_id": "d-1", "$device_id": "d-1", "$is_identified": False}, ("d-1", None)),
        ({"distinct_id": "u-1", **DEVICE_AND_USER}, ("d-1", "u-1")),
        ({"distinct_id": "u-1", "$is_identified": True}, (None, "u-1")),
        (
            {"distinct_id": "u-1", "$is_identified": True, "$anon_distinct_id": "v-1"},
            ("v-1", "u-1"),
        ),
        ({"distinct_id": "new", "$device_id": "d-1"}, ("d-1", None)),  # after reset()
        ({"distinct_id": "u-1", "$user_id": "u-1"}, (None, "u-1")),  # before $is_identified
        ({"distinct_id": "u-1", "$lib": "posthog-ruby"}, (None, "u-1")),
        ({"distinct_id": "u-1", "$is_server": True}, (None, "u-1")),
        (
            {"distinct_id": "made-up", "$is_server": True, "$process_person_profile": False},
            (None, None),
        ),
        ({"distinct_id": "$company_acme", "$is_server": True}, (None, None)),
        ({"distinct_id": 7}, ("7", None)),
        ({"distinct_id": {"a": 1}}, (None, None)),
    ],
)
def test_visitor_and_user(properties: Event, ids: tuple[str | None, str | None]) -> None:
    event = one(message(**properties))
    assert (event.get("client_id"), event.get("user_id")) == ids


def test_the_distinct_id_may_stand_next_to_the_properties() -> None:
    assert one({"event": "a", "distinct_id": "v-1", "properties": {"$lib": "js"}})["client_id"]


@pytest.mark.parametrize("session", ["s-1", "01a22ded-ad79-4850-a37a-be6473f44a22", 7, None, {}])
def test_what_is_no_time_is_no_session_of_ga4(session: Any) -> None:
    assert "ga_session_id" not in one(message(**{"$session_id": session}))


@pytest.mark.parametrize(
    ("body", "origin", "backend"),
    [
        (message(), "", False),
        ({"event": "a", "distinct_id": "u-1"}, "https://shop.example", False),
        ({"event": "a", "distinct_id": "u-1"}, "", True),
    ],
)
def test_own_code_without_an_origin_is_a_backend(body: Event, origin: str, backend: bool) -> None:
    headers = {"origin": origin} if origin else {}
    body = {"api_key": KEY, **body}
    batch = SOURCE.read(Inbound("POST", "/capture/", "", headers, orjson.dumps(body)))
    assert batch.backend is backend


@pytest.mark.parametrize(
    ("properties", "address"),
    [
        ({}, None),
        ({"$ip": "203.0.113.9"}, "203.0.113.9"),
        ({"$ip": None}, ""),
        ({"$ip": ""}, ""),
        ({"$ip": "0.0.0.0"}, ""),
        ({"$geoip_disable": True}, ""),
        *(({"$geoip_disable": on}, "") for on in ("true", 1, "1", "yes")),
        *(({"$geoip_disable": off}, None) for off in (False, "false", 0, "0", None)),
        ({"$geoip_disable": True, "$ip": "203.0.113.9"}, "203.0.113.9"),
        ({"$geoip_disable": True, "$is_server": True}, None),
    ],
)
def test_the_address(properties: Event, address: str | None) -> None:
    event = one(message(**properties))
    assert event.get("ip_override") == address
    assert "$ip" not in event


def test_a_person() -> None:
    person = {
        "email": "ada@example.com",
        "phone": "+4915112345678",
        "firstName": "Ada",
        "plan": "pro",
        "$browser": "Chrome",
        "utm_source": "news",
        "gclid": "abc",
    }
    once = {"plan": "free", "since": 2026, "$initial_gclid": "abc"}
    event = one({**message(**{"$set": person}), "$set_once": once})
    assert event["user_data"] == {
        "email_address": "ada@example.com",
        "phone_number": "+4915112345678",
        "address": {"first_name": "Ada"},
    }
    assert event["user_properties"] == {"plan": "pro", "since": 2026}


@pytest.mark.parametrize("stated", [None, [], "x", 1, {"": None}])
def test_a_person_of_another_type(stated: Any) -> None:
    event = one({**message(**{"$set": stated}), "$set_once": stated})
    assert event.keys().isdisjoint(["user_data", "user_properties"])


def test_what_only_posthog_knows_is_left_out() -> None:
    hidden = {
        "$session_entry_url": "https://shop.example/?gclid=abc",
        "$initial_gclid": "abc",
        "$elements": [{"attr__href": "https://shop.example/?gclid=abc"}],
        "$window_id": "w-1",
        "$unheard_of": 1,
    }
    event = one(message(**hidden, own=1, bfcid="b", sccid="s"))
    assert event == {
        "event_name": "a",
        "client_id": "v-1",
        "own": 1,
        "click_ids": {"bfcid": "b", "ScCid": "s"},
        "$lib": "web",
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("$screen", "screen_view"),
        ("$autocapture", "autocapture"),
        ("$set", "identify"),
        ("$exception", "$exception"),
        ("Product Added", "add_to_cart"),
        ("add_to_cart", "add_to_cart"),
        (7, "7"),
    ],
)
def test_names_of_events(kind: Any, name: str) -> None:
    assert one(message(kind))["event_name"] == name


@pytest.mark.parametrize("kind", [None, "", {}, [], {"a": 1}])
def test_an_event_without_a_name_is_refused_alone(kind: Any) -> None:
    batch = read(message(kind), message())
    assert ([each.index for each in batch.refused], len(batch.events)) == ([0], 1)


def test_a_referrer_and_none() -> None:
    assert "page_referrer" not in one(message(**{"$referrer": "$direct"}))
    event = one(message(**{"$referrer": "https://news.example/"}))
    assert event["page_referrer"] == "https://news.example/"


DENIED = {"ad_storage": "denied"}


@pytest.mark.parametrize(
    ("each", "envelope"),
    [
        (message(consent=DENIED), {}),
        ({**message(), "consent": DENIED}, {}),
        (message(), {"consent": DENIED}),
        (message(**{"consent.ad_storage": "denied"}), {}),
        (message(**{"consent.ad_storage": ""}), {}),
        (message(**{"consent[ad_storage]": None}), {}),
        (message(), {"consent[ad_storage]": "denied"}),
        (message(consent={"ad_storage": "granted"}), {"consent": DENIED}),
    ],
)
def test_consent_may_be_stated_anywhere(each: Event, envelope: Event) -> None:
    assert one(each, **envelope)["consent"] == DENIED


def test_a_box_of_a_form_is_no_consent() -> None:
    for name in ("consent", "Consent"):
        assert not one(message(**{name: True})).keys() & {"consent", "Consent"}


def test_a_word_called_campaign_is_the_pages_own() -> None:
    own = {"campaign": "spring", "referrer": "Ada"}
    event = one(message(**own))
    assert event["params"] == own
    assert not event.keys() & own.keys()


@pytest.mark.parametrize("value", [True, "true", 1, {}, [], "on_reject"])
def test_cookieless_mode_is_never_missed(value: Any) -> None:
    batch = read(message(**{"$cookieless_mode": value}, consent={"ad_storage": "granted"}))
    assert batch.anonymous
    assert batch.events[0]["consent"] == ALL_DENIED


@pytest.mark.parametrize("value", [False, None, "", 0])
def test_the_usual_mode_is_not_cookieless(value: Any) -> None:
    assert not read(message(**{"$cookieless_mode": value})).anonymous


def test_when_a_request_was_sent() -> None:
    assert read(message(), sent_at="2026-11-30T00:00:00Z").sent == ["2026-11-30T00:00:00Z"]
    query = urlencode({"sent_at": "1795289657000"})
    each = {"api_key": KEY, **message()}
    assert SOURCE.read(post(each, query=query)).sent == ["1795289657000"]
    assert SOURCE.read(post([{**each, "sent_at": 1}, each])).sent == [1]


@pytest.mark.parametrize(
    ("stated", "envelope", "timestamp"),
    [
        ({"offset": 1_500}, {}, 1_796_000_000.0 - 1.5),
        ({"offset": 1_500}, {"sent_at": "2026-11-30T00:00:00Z"}, 1_795_996_800.0 - 1.5),
        ({"offset": 1_500}, {"sent_at": "never"}, 1_796_000_000.0 - 1.5),
        ({"offset": 0}, {"sent_at": -1}, 1_796_000_000.0),
        ({"offset": 1_500, "timestamp": 1_795_000_000}, {}, 1_795_000_000.0),
        ({"offset": -1}, {}, None),
        ({"offset": 10**18}, {}, None),
        ({"offset": True}, {}, None),
        ({"offset": "5"}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_message_may_say_how_long_it_has_waited(
    stated: Event, envelope: Event, timestamp: float | None
) -> None:
    body = {"api_key": KEY, "batch": [{**message(), **stated}], **envelope}
    request = replace(post(body), received_at=1_796_000_000.0)
    (event,) = SOURCE.read(request).events
    assert event.get("timestamp") == timestamp
    (event,) = SOURCE.read(post({"api_key": KEY, **message(), "offset": 5})).events
    assert "timestamp" not in event


def test_what_is_refused_is_named() -> None:
    answer = SOURCE.answer(read(message(None)))
    content = orjson.loads(answer.body)
    assert (answer.status, content["status"], content["accepted"]) == (400, 0, 0)
    assert SOURCE.answer(read(message())).body == b'{"status":1}'


def test_only_a_request_with_a_body_is_described_with_one() -> None:
    assert {method: bool(SOURCE.describe(method).body) for method in SOURCE.methods} == {
        "GET": False,
        "POST": True,
    }
