"""The Measurement Protocol: what each event becomes, how requests are cut, what is refused here."""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import Outcome, Request, Response, Unsendable
from destinations.ga4 import GA4, GA4Settings
from destinations.ga4.measurement_protocol import MAX_BODY
from destinations.remarks import collect_remarks
from gateway.event import Event, read_event
from gateway.stages.anonymise import compile_anonymise
from tests.vendors.ga4 import GA4 as Google

Example = Callable[..., Event]


def ga4(**settings: Any) -> GA4:
    return GA4(GA4Settings(**{"measurement_id": "G-TEST000001", "api_secret": "S", **settings}))


def ga4_app(**settings: Any) -> GA4:
    return ga4(measurement_id=None, firebase_app_id="1:12:ios:3a", **settings)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def requests_of(destination: GA4, events: list[Event], now: float) -> list[Request]:
    results = list(destination.requests(events, now))
    assert all(isinstance(result, Request) for result in results), results
    return [result for result in results if isinstance(result, Request)]


def sent(event: Event, now: float, destination: GA4 | None = None) -> dict[str, Any]:
    """The body of the one request that `event` makes."""
    (request,) = requests_of(destination or ga4(), [event], now)
    body: dict[str, Any] = orjson.loads(request.body)
    return body


def params(event: Event, now: float, destination: GA4 | None = None) -> dict[str, Any]:
    found: dict[str, Any] = sent(event, now, destination)["events"][0]["params"]
    return found


def remarks_about(event: Event, now: float) -> list[str]:
    with collect_remarks() as remarks:
        list(ga4().requests([event], now))
    return remarks


def refused(event: Event, now: float, destination: GA4 | None = None) -> str:
    (unsendable,) = (destination or ga4()).requests([event], now)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


# What each event becomes

SHIRT = {
    "item_id": "SKU-1",
    "item_name": "Linen shirt",
    "item_brand": "Fjord",
    "item_category": "Shirts",
    "item_variant": "white",
    "price": 39.9,
    "quantity": 1,
}
SOCKS = {
    "item_id": "SKU-2",
    "item_name": "Wool socks",
    "item_category": "Socks",
    "price": 9.95,
    "quantity": 2,
}


def listed(item: dict[str, Any], index: int) -> dict[str, Any]:
    return {**{key: item[key] for key in item if key != "quantity"}, "index": index}


CART = {"currency": "EUR", "value": 59.8, "items": [SHIRT, SOCKS]}
ONE_SHIRT = {"currency": "EUR", "value": 39.9, "items": [SHIRT]}
SUMMER = {"item_list_id": "summer", "item_list_name": "Summer", "currency": "EUR"}
PROMOTION = {
    "promotion_id": "P-7",
    "promotion_name": "Summer sale",
    "creative_name": "Banner",
    "creative_slot": "top",
    "items": [{key: SHIRT[key] for key in SHIRT if key not in ("price", "quantity")}],
}
CUSTOMER = {"user_id": "customer-17"}
EMAIL = {"user_data": {"sha256_email_address": [digest("jane.doe@example.com")]}}
ORDERER = {
    "user_data": {
        "sha256_email_address": [digest("jane.doe@example.com")],
        "sha256_phone_number": [digest("+49301234567")],
        "address": [
            {
                "sha256_first_name": digest("jane"),
                "sha256_last_name": digest("doe"),
                "sha256_street": digest("1 main street"),
                "city": "berlin",
                "region": "berlin",
                "postal_code": "10115",
                "country": "DE",
            }
        ],
    }
}

EXPECTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # name: (params beside what every page has, body beside what every visitor has)
    "page_view": ({}, {}),
    "view_item_list": ({**SUMMER, "items": [listed(SHIRT, 0), listed(SOCKS, 1)]}, {}),
    "select_item": ({**SUMMER, "items": [listed(SHIRT, 0)]}, {}),
    "view_item": (ONE_SHIRT, {}),
    "search": ({"search_term": "wool"}, {}),
    "add_to_cart": (ONE_SHIRT, {}),
    "remove_from_cart": ({"currency": "EUR", "value": 19.9, "items": [SOCKS]}, {}),
    "add_to_wishlist": (ONE_SHIRT, {}),
    "view_cart": (CART, {}),
    "begin_checkout": ({**CART, "coupon": "HELLO10"}, {}),
    "add_shipping_info": ({**CART, "shipping_tier": "Ground"}, {}),
    "add_payment_info": ({**CART, "payment_type": "Card"}, {}),
    "purchase": (
        {**CART, "transaction_id": "T-1001", "tax": 9.55, "shipping": 4.9, "coupon": "HELLO10"},
        {**CUSTOMER, **ORDERER},
    ),
    "refund": (
        {"transaction_id": "T-1001", "currency": "EUR", "value": 19.9, "items": [SOCKS]},
        CUSTOMER,
    ),
    "generate_lead": ({"currency": "EUR", "value": 25, "lead_source": "newsletter"}, EMAIL),
    "sign_up": ({"method": "email"}, {**CUSTOMER, **EMAIL}),
    "login": ({"method": "email"}, CUSTOMER),
    "view_promotion": (PROMOTION, {}),
    "select_promotion": (PROMOTION, {}),
    "subscribe": ({"currency": "EUR", "value": 7.5, "predicted_ltv": 90}, CUSTOMER),
    "start_trial": ({"currency": "EUR", "value": 0, "predicted_ltv": 90}, CUSTOMER),
    "contact": ({"method": "chat"}, {}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_event_in_full(name: str, example: Example, now: float) -> None:
    event = example(name)
    own_params, own_body = EXPECTED[name]
    expected = {
        "client_id": "1525593269.1795210000",
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "ip_override": "203.0.113.7",
        "user_agent": event["user_agent"],
        **own_body,
        "events": [
            {
                "name": name,
                "timestamp_micros": 1795219200500000,
                "params": {
                    "session_id": "1795210000",
                    "engagement_time_msec": 1,
                    "event_id": f"01-{name}",
                    "language": "en-gb",
                    "screen_resolution": "1920x1080",
                    "page_location": event["page_location"],
                    "page_referrer": event["page_referrer"],
                    "page_title": event["page_title"],
                    **own_params,
                },
            }
        ],
    }

    assert sent(event, now) == expected


def test_the_table_has_every_example(examples: list[Event]) -> None:
    assert {event["event_name"] for event in examples} == set(EXPECTED)


# The request


def test_the_secret_is_in_the_query_where_the_protocol_wants_it(
    example: Example, now: float
) -> None:
    (request,) = requests_of(ga4(api_secret="a/b+c=%"), [example("page_view")], now)
    assert request.method == "POST"
    assert request.headers == {"content-type": "application/json"}
    assert request.url == (
        "https://www.google-analytics.com/mp/collect"
        "?measurement_id=G-TEST000001&api_secret=a%2Fb%2Bc%3D%25"
    )


def test_an_app_stream_is_named_with_its_colons(example: Example, now: float) -> None:
    destination = ga4_app(base_url="https://region1.google-analytics.com")
    event = example("purchase", app_instance_id="f00")
    (request,) = requests_of(destination, [event], now)
    assert request.url == (
        "https://region1.google-analytics.com/mp/collect?firebase_app_id=1:12:ios:3a&api_secret=S"
    )


def test_app_events_belong_to_an_app_instance(example: Example, now: float) -> None:
    body = sent(example("purchase", app_instance_id="f00"), now, ga4_app())
    assert body["app_instance_id"] == "f00"
    assert "client_id" not in body
    assert "user_agent" not in body, "GA4 reads it of browsers alone"
    assert body["device"] == {"language": "en-gb", "screen_resolution": "1920x1080"}
    assert refused(example("purchase"), now, ga4_app()).startswith("app_instance_id is missing")


# Events of one client share a request


def of(client: str, example: Example, **changes: Any) -> Event:
    return example("page_view", client_id=client, **changes)


def test_clients_have_requests_of_their_own_in_the_order_of_their_events(
    example: Example, now: float
) -> None:
    events = [of("1.1", example), of("2.2", example), of("1.1", example), of("2.2", example)]
    requests = requests_of(ga4(), events, now)
    assert [request.events for request in requests] == [(0, 2), (1, 3)]


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": "17"},
        {"ip_override": "203.0.113.8"},
        {"user_agent": "Other"},
        {"user_data": {"email_address": "a@b.example"}},
        {"user_properties": {"plan": "pro"}},
        {"consent": {"ad_user_data": "denied"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_said_of_the_client_is_never_said_of_another_event(
    changes: dict[str, Any], example: Example, now: float
) -> None:
    """The third could join the first, but would then overtake the second."""
    events = [of("1.1", example), of("1.1", example, **changes), of("1.1", example)]
    requests = requests_of(ga4(), events, now)
    assert [request.events for request in requests] == [(0,), (1,), (2,)]


def test_25_events_fill_a_request(example: Example, now: float) -> None:
    requests = requests_of(ga4(), [of("1.1", example)] * 60, now)
    assert [len(request.events) for request in requests] == [25, 25, 10]


def test_a_body_stays_below_130_kilobytes(example: Example, now: float) -> None:
    items = [{"item_id": str(n), "item_name": "n" * 100} for n in range(200)]
    requests = requests_of(ga4(), [example("view_cart", items=items)] * 25, now)
    sizes = [len(request.body) for request in requests]
    assert max(sizes) < MAX_BODY
    assert min(sizes[:-1]) > MAX_BODY * 0.7, "and uses the room that there is"


def test_a_single_event_that_is_too_large(example: Example, now: float) -> None:
    items = [
        {"item_id": str(n), **{f"custom_{m}": "n" * 100 for m in range(27)}} for n in range(200)
    ]
    events = [example("view_cart", items=items), example("view_cart")]
    unsendable, request = ga4().requests(events, now)
    assert isinstance(unsendable, Unsendable)
    assert "130000 bytes" in unsendable.reason
    assert isinstance(request, Request)
    assert request.events == (1,)


# What GA4 would lose without a word


def test_no_client_id_is_invented(example: Example, now: float) -> None:
    nobody = example("purchase", client_id=None, user_id=None)
    assert refused(nobody, now).startswith("client_id is missing")
    no_instance = example("purchase", client_id=None)
    assert refused(no_instance, now, ga4_app()).startswith("app_instance_id is missing")


def test_an_event_that_names_a_user_alone_is_of_a_browser_of_that_user(
    example: Example, now: float
) -> None:
    def of(user_id: str, event_id: str) -> Event:
        return example("purchase", client_id=None, user_id=user_id, event_id=event_id)

    ada, ada_again, bob = of("ada", "1"), of("ada", "2"), of("bob", "3")
    first, second = (orjson.loads(r.body) for r in requests_of(ga4(), [ada, bob, ada_again], now))
    assert [len(first["events"]), len(second["events"])] == [2, 1]
    digest = sha256(b"user_id ada").hexdigest()
    expected = f"{int(digest[:8], 16)}.{int(digest[8:16], 16)}"
    assert first["client_id"] == expected != second["client_id"]
    assert first["user_id"] == "ada"
    assert remarks_about(ada, now) == [
        "client_id: derived from user_id for GA4 only, because the event has none"
    ]
    assert refused(ada, now, ga4_app()).startswith("app_instance_id is missing")


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Song Played", "Song_Played"),
        ("add-to-cart", "add_to_cart"),
        ("  Cart:  Step 2 (new)! ", "Cart_Step_2_new"),
        ("a\tb", "a_b"),
        ("two__words", "two__words"),
    ],
)
def test_blanks_and_punctuation_in_a_name_are_spelled_as_underscores(
    name: str, spelled: str, example: Example, now: float
) -> None:
    event = example("page_view") | {"event_name": name}
    assert sent(event, now)["events"][0]["name"] == spelled
    line = f"event_name: sent as {spelled} because GA4 accepts only letters, digits and underscores"
    assert remarks_about(event, now) == ([line] if spelled != name else [])


def test_the_time_of_user_engagement_counts_under_another_name(
    example: Example, now: float
) -> None:
    event = example("page_view", engagement_time_msec=5000) | {"event_name": "user_engagement"}
    for destination in (ga4(), ga4_app()):
        (body,) = sent(event | {"app_instance_id": "i"}, now, destination)["events"]
        assert (body["name"], body["params"]["engagement_time_msec"]) == ("engagement", 5000)
        assert body["params"]["session_id"]
    assert remarks_about(event, now) == [
        "event_name: sent as engagement because GA4 does not accept user_engagement from servers"
    ]
    assert "reserved" in refused(event | {"engagement_time_msec": 0}, now)


@pytest.mark.parametrize(
    "name", ["9lives", "añadir", "añadir uno", "_x", "- -", "x" * 41, "x " * 21]
)
def test_names_that_no_event_can_have(name: str, example: Example, now: float) -> None:
    assert "event_name must start with a letter" in refused(
        example("page_view") | {"event_name": name}, now
    )


@pytest.mark.parametrize("name", ["session_start", "first_visit", "user_engagement", "error"])
def test_names_that_are_reserved(name: str, example: Example, now: float) -> None:
    assert "reserved" in refused(example("page_view") | {"event_name": name}, now)


def test_names_that_are_reserved_in_apps_alone(example: Example, now: float) -> None:
    event = example("page_view") | {"event_name": "screen_view"}
    assert sent(event, now)["events"][0]["name"] == "screen_view"
    assert "reserved" in refused(event, now, ga4_app())


# Parameters


def test_fields_of_ones_own_are_parameters_when_ga4_can_take_them(
    example: Example, now: float
) -> None:
    plain = params(example("contact"), now)
    given = {
        "plan": "pro",
        "seats": 5,
        "ratio": 0.5,
        "trial": True,
        "empty": "",
        "nothing": None,
        "list": [1],
        "object": {"a": 1},
        "x-ga-gcs": "G111",
        "ga_debug": "1",
        "google_x": "1",
        "firebase_x": "1",
        "firebase_conversion": 1,
        "_hidden": "1",
        "9": "1",
        "n" * 41: "1",
    }
    event = read_event({**example("contact"), **given})
    assert params(event, now) == {
        **plain,
        "plan": "pro",
        "seats": 5,
        "ratio": 0.5,
        "trial": "true",
    }


def test_what_enrichment_found_out_is_no_parameter(example: Example, now: float) -> None:
    """GA4 finds it out by itself, and counts only so many parameters of an event."""
    found = {
        "channel_group": "Paid Search",
        "referrer": {"hostname": "www.google.com", "source": "google", "type": "search"},
        "bot": {"is_bot": False, "score": 40, "reason": "", "reasons": ["no Accept-Language"]},
        "items_quantity": 3,
        "items_value": 59.8,
        "value_converted": 64.58,
        "currency_converted": "USD",
    }
    assert params(example("purchase", **found), now) == params(example("purchase"), now)


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("page_title", 300),
        ("page_referrer", 420),
        ("page_location", 1000),
        ("method", 100),
        ("anything", 100),
    ],
)
def test_text_is_cut(field: str, longest: int, example: Example, now: float) -> None:
    event = example("contact", **{field: "x" * 2000})
    assert params(event, now)[field] == "x" * longest


def test_of_too_many_parameters_the_important_ones_stay(example: Example, now: float) -> None:
    event = read_event({**{f"own_{n}": n for n in range(30)}, **example("purchase")})
    kept = params(event, now)
    assert len(kept) == 25
    assert {"session_id", "currency", "value", "transaction_id", "items", "page_location"} <= set(
        kept
    )


def test_engagement_time_is_a_whole_number(example: Example, now: float) -> None:
    assert params(example("contact", engagement_time_msec=120.7), now)["engagement_time_msec"] == (
        120
    )


@pytest.mark.parametrize("engagement", [0, -5, 0.4])
def test_engagement_is_never_nothing(engagement: float, example: Example, now: float) -> None:
    event = example("contact", engagement_time_msec=engagement)
    assert params(event, now)["engagement_time_msec"] == 1


@pytest.mark.parametrize(
    ("stated", "session_id"),
    [
        ("1748934661", "1748934661"),
        (1748934661, "1748934661"),
        (" 1748934661 ", "1748934661"),
        ("GS1.1.1748934661.3.1.1748934700.0.0.0", "1748934661"),
        ("GS2.1.s1748934661$o3$g1$t1748934700$j60$l0$h0", "1748934661"),
        ("GS2.1.s1748934661", "1748934661"),
        ("undefined", None),
        ("null", None),
        ("GS2.1.", None),
        ("1748934661.5", None),
        ("-1", None),
        ("١٧٤٨", None),
    ],
)
def test_the_session_is_sent_as_digits_or_not_at_all(
    stated: Any, session_id: str | None, example: Example, now: float
) -> None:
    event = example("contact", ga_session_id=stated)
    assert params(event, now).get("session_id") == session_id


def test_what_has_to_be_cut_or_left_out_is_remarked(example: Example, now: float) -> None:
    event = example(
        "purchase",
        page_title="x" * 301,
        ga_session_id="GS2.1.",
        colours=["red"],
        ga_own="1",
        user_properties={"plan": "x" * 37, "user_id": "1"},
        items=[{"item_id": "A", "colour": ["red"]}, {"price": 1}],
    )
    assert remarks_about(event, now) == [
        "user_properties.plan: truncated to 36 characters",
        "user_properties.user_id: removed because GA4 does not accept a user property with this "
        "name",
        "ga_session_id: removed because it is not a GA4 session id",
        "items: removed items without item_id and item_name",
        "items.colour: removed because GA4 does not accept lists or objects",
        "page_title: truncated to 300 characters",
        "colours: removed because GA4 does not accept lists or objects",
        "ga_own: removed because GA4 does not accept a parameter with this name",
    ]


def test_what_fits_is_not_remarked_upon(examples: list[Event], now: float) -> None:
    assert all(remarks_about(event, now) == [] for event in examples)


def test_an_event_that_ga4_loses_is_told_beforehand(example: Example) -> None:
    assert ga4().unsendable(example("purchase")) == ""
    nobody = example("purchase", client_id=None, user_id=None)
    assert "client_id is missing" in ga4().unsendable(nobody)
    assert "reserved" in ga4().unsendable(example("purchase", event_name="session_start"))
    app_event = example("purchase", app_instance_id=None)
    assert "app_instance_id is missing" in ga4_app().unsendable(app_event)


def test_debug_mode_is_on_or_absent(example: Example, now: float) -> None:
    """``false`` would switch it on as well."""
    assert params(example("contact"), now, ga4(debug_mode=True))["debug_mode"] is True
    assert params(example("contact", debug_mode=True), now)["debug_mode"] is True
    assert "debug_mode" not in params(example("contact", debug_mode=False), now)


def test_a_missing_value_is_the_sum_of_the_items(example: Example, now: float) -> None:
    assert params(example("purchase", value=None), now)["value"] == 59.8
    assert params(example("purchase", value=0), now)["value"] == 0
    assert "value" not in params(example("view_item_list"), now)


def test_an_empty_transaction_id_would_merge_orders(example: Example, now: float) -> None:
    assert "transaction_id" not in params(example("purchase", transaction_id=""), now)


def test_items(example: Example, now: float) -> None:
    own = {f"own_{n:02}": "x" * 101 for n in range(30)}
    items = [
        {"item_id": "A", "promotion_id": "P", "size": {"eu": 42}, "bad-name": 1, **own},
        {"price": 5},
        *[{"item_name": "B"}] * 300,
    ]
    found = params(example("view_cart", value=1, items=items), now)["items"]
    assert len(found) == 200
    assert found[0] == {
        "item_id": "A",
        "promotion_id": "P",
        **{f"own_{n:02}": "x" * 100 for n in range(27)},
    }
    assert found[1] == {"item_name": "B"}, "an item without id and name is none"


# The client


def test_user_properties(example: Example, now: float) -> None:
    given = {
        "plan": "x" * 40,
        "ltv": 12.5,
        "boxed": {"value": "pro"},
        "nothing": None,
        "n" * 25: 1,
        "ga_x": 1,
        "user_id": 1,
    }
    body = sent(example("contact", user_properties=given), now)
    assert body["user_properties"] == {
        "plan": {"value": "x" * 36},
        "ltv": {"value": 12.5},
        "boxed": {"value": "pro"},
    }
    many = {f"p{n}": n for n in range(30)}
    assert len(sent(example("contact", user_properties=many), now)["user_properties"]) == 25


@pytest.mark.parametrize(
    ("consent", "sent_consent", "has_user_data"),
    [
        ({"ad_user_data": "denied"}, {"ad_user_data": "DENIED"}, False),
        ({"ad_personalization": "denied"}, {"ad_personalization": "DENIED"}, True),
        ({"analytics_storage": "granted"}, None, True),
        (None, None, True),
    ],
)
def test_consent_is_passed_on_and_personal_data_is_not_without_it(
    consent: dict[str, str] | None,
    sent_consent: dict[str, str] | None,
    has_user_data: bool,
    example: Example,
    now: float,
) -> None:
    body = sent(example("purchase", consent=consent), now)
    assert body.get("consent") == sent_consent
    assert ("user_data" in body) == has_user_data


# Events that do not tell whom they are about


def anonymised(example: Example, name: str = "purchase", **changes: Any) -> Event:
    denied = {"analytics_storage": "denied", "ad_user_data": "granted"}
    return compile_anonymise()(example(name, **{"consent": denied, **changes}))


def test_an_anonymous_event_in_full(example: Example, now: float) -> None:
    event = anonymised(example, event_location={"country": "DE"}, event_id="e-1")
    body = sent(event, now)
    (told,) = body.pop("events")
    one_off = digest("e-1")

    assert body == {
        "client_id": f"{int(one_off[:8], 16)}.{int(one_off[8:16], 16)}",
        "user_location": {"country_id": "DE"},
        "device": {"language": "en"},
        "consent": {"ad_user_data": "DENIED", "ad_personalization": "DENIED"},
    }
    assert told["name"] == "purchase"
    assert told["params"]["anonymised"] == "true", "so that reports can tell it apart"
    assert told["params"]["value"] == 59.8
    assert not {"transaction_id", "session_id", "page_title"} & told["params"].keys()


def test_its_browser_is_one_of_its_own_and_the_same_at_every_attempt(
    example: Example, now: float
) -> None:
    one, other = (anonymised(example, event_id=event_id) for event_id in ("e-1", "e-2"))
    again = sent(one, now + 60)["client_id"]
    assert re.fullmatch(r"\d+\.\d+", again)
    assert sent(one, now)["client_id"] == again != sent(other, now)["client_id"]


def test_what_only_claims_to_be_anonymous_is_not_used_for_advertising(
    example: Example, now: float
) -> None:
    event = example("contact", anonymised=True)
    body = sent(event, now)
    assert body["client_id"] == event["client_id"]
    assert set(body["consent"].values()) == {"DENIED"}
    assert "user_data" not in body


def test_an_app_stream_takes_no_anonymous_event(example: Example, now: float) -> None:
    assert refused(anonymised(example), now, ga4_app()).startswith("app_instance_id is missing")
    assert GA4.takes_anonymous(ga4().settings)
    assert not GA4.takes_anonymous(ga4_app().settings)


def test_personal_data_has_limits_and_is_never_clear(example: Example, now: float) -> None:
    user_data = {
        "email_address": [f"{n}@x.example" for n in range(5)],
        "sha256_phone_number": "+49301234567",
        "address": [{"country": "DE"}, {"country": "AT"}, {"country": "CH"}],
    }
    body = sent(example("contact", user_data=user_data), now)
    assert len(body["user_data"]["sha256_email_address"]) == 3
    assert "sha256_phone_number" not in body["user_data"]
    assert body["user_data"]["address"] == [{"country": "DE"}, {"country": "AT"}]


@pytest.mark.parametrize(
    ("ip", "location", "place"),
    [
        ("203.0.113.7", {"country": "DE"}, {"ip_override": "203.0.113.7"}),
        (
            "203.0.113.7",
            {"country": "US", "region": "CA"},
            {"user_location": {"country_id": "US", "region_id": "US-CA"}},
        ),
        (
            None,
            {"country": "US", "region": "US-CA", "city": "Fresno"},
            {"user_location": {"country_id": "US", "region_id": "US-CA", "city": "Fresno"}},
        ),
        (None, {"country": "Germany"}, {"user_location": {"country_id": "DE"}}),
        (None, {"region": "CA"}, {}),
        (None, None, {}),
    ],
)
def test_the_place_is_told_once_and_as_well_as_it_is_known(
    ip: str | None,
    location: dict[str, str] | None,
    place: dict[str, Any],
    example: Example,
    now: float,
) -> None:
    body = sent(example("contact", ip_override=ip, event_location=location), now)
    assert {key: body[key] for key in body if key in ("ip_override", "user_location")} == place


def test_a_device_is_told_for_want_of_a_user_agent(example: Example, now: float) -> None:
    device = {"category": "mobile", "operating_system": "Android", "secret": "x", "model": None}
    assert "device" not in sent(example("contact", device=device), now)
    body = sent(example("contact", device=device, user_agent=None), now)
    assert body["device"] == {
        "category": "mobile",
        "operating_system": "Android",
        "language": "en-gb",
        "screen_resolution": "1920x1080",
    }


# What its answers mean

REQUEST = Request("POST", "https://ga.example", {}, b"{}", (0, 1))


@pytest.mark.parametrize(
    ("status", "result", "scope"),
    [
        (204, "delivered", "event"),
        (400, "rejected", "request"),
        (403, "retry", "configuration"),
        (404, "retry", "configuration"),
        (413, "rejected", "request"),
        (429, "retry", "destination"),
        (503, "retry", "destination"),
    ],
)
def test_answers(status: int, result: str, scope: str) -> None:
    for outcome in ga4().outcomes(REQUEST, Response(status, {}, b"words")):
        assert (outcome.result, outcome.scope) == (result, scope)
        assert status == 204 or outcome.reason == f"HTTP {status}: words"


@pytest.mark.parametrize("status", [300, 301, 302, 307, 399])
def test_a_redirect_rejects_nothing(status: int) -> None:
    for outcome in ga4().outcomes(REQUEST, Response(status)):
        assert (outcome.result, outcome.scope) == ("retry", "configuration")
        assert outcome.reason.startswith(f"HTTP {status}: check `base_url`")


def test_delivered_does_not_promise_what_ga4_does_not() -> None:
    assert next(iter(ga4().outcomes(REQUEST, Response(204)))) == Outcome(
        "delivered", "received; GA4 does not report whether it kept the event"
    )


# Settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"measurement_id": None}, "needs either measurement_id or firebase_app_id"),
        ({"firebase_app_id": "1:12:ios:3a"}, "needs either"),
        ({"measurement_id": "UA-1-1"}, "measurement_id"),
        ({"api_secret": ""}, "is empty"),
        ({"api_secret": "TOP SECRET"}, "contains a space, quote or other character"),
        ({"base_url": "ftp://x.example"}, "base_url"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ga4(**settings)
    assert said in str(raised.value)
    assert "TOP SECRET" not in str(raised.value)


def test_own_properties_are_parameters_and_none_of_ga4s() -> None:
    own = {
        "timestamp": "9 am",
        "value": "high",
        "items": 3,
        "debug_mode": False,
        "ga_x": 1,
        "o": {},
    }
    event = {"event_name": "quiz", "client_id": "1.2", "page_title": "T", "params": own}
    given = params(event, 0.0)
    assert given == {
        "timestamp": "9 am",
        "value": "high",
        "page_title": "T",
        "engagement_time_msec": 1,
    }
    assert params({**event, "value": 5}, 0.0)["value"] == 5
    assert params({**event, "params": "text"}, 0.0)["params"] == "text"


@pytest.mark.parametrize("quantity", [0, -1, -0.5])
def test_a_quantity_of_zero_or_below_is_left_out(quantity: float) -> None:
    items = [{"item_id": "A", "price": 5, "quantity": quantity}, {"item_id": "B", "price": 2}]
    given = params({"event_name": "purchase", "client_id": "1.2", "items": items}, 0.0)
    assert given["items"] == [{"item_id": "A", "price": 5}, {"item_id": "B", "price": 2}]
    assert given.get("value") == (2 if quantity == 0 else None), "nothing is counted as one"


def test_events_for_debug_view_go_in_requests_of_their_own(example: Example, now: float) -> None:
    events = [example("contact", debug_mode=debug) for debug in (None, True, True, None)]
    made = [each for each in ga4().requests(events, now) if isinstance(each, Request)]
    assert sorted(each.events for each in made if each.test) == [(1, 2)]
    assert sorted(n for each in made if not each.test for n in each.events) == [0, 3]
    assert all(
        isinstance(each, Request) and each.test
        for each in ga4(debug_mode=True).requests(events, now)
    )


def test_the_code_of_metas_tests_is_no_parameter(example: Example, now: float) -> None:
    assert "test_event_code" not in params(example("contact", test_event_code="TEST1"), now)


# The mapping


def test_a_mapping_sets_parameters_and_properties_within_ga4s_limits(
    example: Example, now: float
) -> None:
    mapping = {
        "events": {"purchase": "order placed"},
        "fields": {
            "params.margin": {"field": "margin"},
            "params.long": "x" * 200,
            "params.object": {"field": "shop"},
            "params.page_title": None,
            "user_properties.tier": {"field": "shop.tier"},
            "user_data.sha256_email_address": {"field": "crm"},
        },
    }
    event = example("purchase", margin=3, shop={"tier": "gold"}, crm=["a.da@gmail.com", "b@x.ex"])
    body = sent(event, now, ga4(mapping=mapping))
    (made,) = body["events"]
    assert made["name"] == "order_placed"
    assert made["params"]["margin"] == 3
    assert made["params"]["long"] == "x" * 100
    assert made["params"].keys().isdisjoint({"object", "page_title"})
    assert body["user_properties"] == {"tier": {"value": "gold"}}
    assert body["user_data"]["sha256_email_address"] == [
        digest(text) for text in ("ada@gmail.com", "b@x.ex")
    ]


def test_no_more_than_25_parameters_go_with_a_mapping(example: Example, now: float) -> None:
    mapping = {"fields": {f"params.p{number}": number for number in range(40)}}
    (made,) = sent(example("purchase"), now, ga4(mapping=mapping))["events"]
    assert len(made["params"]) == 25
    assert "transaction_id" in made["params"]


@pytest.mark.parametrize(
    ("name", "mapping", "recognised"),
    [
        ("purchase", {}, True),
        ("order", {}, False),
        ("order", {"events": {"order": "purchase"}}, True),
        ("purchase", {"events": {"purchase": "order"}}, False),
        ("purchase", {"fields": {"params.transaction_id": None}}, False),
    ],
)
def test_what_ga4_counts_once_depends_on_the_mapping(
    name: str, mapping: dict[str, Any], recognised: bool, example: Example
) -> None:
    event = example("purchase", event_name=name)
    assert ga4(mapping=mapping).recognises(event, 60) is recognised


# What only other vendors, or Google's tags, need


def test_what_only_meta_needs_is_no_parameter_and_no_remark(example: Example, now: float) -> None:
    of_meta = {
        "action_source": "website",
        "content_ids": ["A"],
        "contents": [{"id": "A"}],
        "data_processing_options": ["LDU"],
        "event_source_url": "https://shop.example/",
        "external_id": "17",
        "lead_event_source": "crm",
        "num_items": 2,
        "opt_out": True,
    }
    event = example("contact", **of_meta)
    assert params(event, now) == params(example("contact"), now)
    assert remarks_about(event, now) == []


def test_what_googles_tags_tell_googles_servers_is_no_parameter_and_no_remark(
    example: Example, now: float
) -> None:
    internal = {
        "x-ga-gcs": "G111",
        "x-ga-system_properties": {"ss": "1"},
        "x-sst-system_properties": {"etld": "example"},
    }
    event = example("contact", **internal)
    assert params(event, now) == params(example("contact"), now)
    assert remarks_about(event, now) == []


def test_the_id_of_an_event_is_the_first_to_go(example: Example, now: float) -> None:
    own = {f"own_{n:02}": n for n in range(17)}
    kept = params(read_event({**example("contact"), **own, "event_id": "e"}), now)
    assert len(kept) == 25
    assert "event_id" not in kept
    assert own.keys() <= kept.keys()


# Orders


def test_an_order_whose_id_would_be_cut_is_withheld(example: Example, now: float) -> None:
    assert params(example("purchase", transaction_id="T" * 100), now)["transaction_id"] == "T" * 100
    too_long = example("purchase", transaction_id="T" * 101)
    assert "transaction_id has more than 100 characters" in ga4().unsendable(too_long)
    assert "merge orders" in refused(too_long, now)


def test_an_id_from_a_mapping_that_would_be_cut_is_left_out(example: Example, now: float) -> None:
    mapping = {"fields": {"params.transaction_id": {"template": f"{'T' * 100}{{event_id}}"}}}
    destination = ga4(mapping=mapping)
    assert "transaction_id" not in params(example("purchase"), now, destination)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        (
            {"transaction_id": None},
            ["transaction_id: missing; GA4 counts a purchase without it each time it comes"],
        ),
        ({"currency": None}, ["currency: missing; GA4 does not count a value without it"]),
        ({"currency": None, "value": None, "items": None}, []),
    ],
)
def test_what_reports_would_miss_of_a_purchase_is_remarked(
    changes: dict[str, Any], said: list[str], example: Example, now: float
) -> None:
    assert remarks_about(example("purchase", **changes), now) == said


# Items and promotions as Universal Analytics has them


def test_older_names_of_items_are_read_as_the_tag_reads_them(example: Example, now: float) -> None:
    older = {
        "id": "A",
        "name": "Shirt",
        "brand": "Fjord",
        "category": "Clothes/Shirts/Linen",
        "list_name": "Summer",
        "list_position": 3,
        "price": 5,
        "size": "M",
    }
    assert params(example("view_cart", items=[older]), now)["items"] == [
        {
            "item_id": "A",
            "item_name": "Shirt",
            "item_brand": "Fjord",
            "item_category": "Clothes",
            "item_category2": "Shirts",
            "item_category3": "Linen",
            "item_list_name": "Summer",
            "index": 3,
            "price": 5,
            "size": "M",
        }
    ]


def test_the_name_of_ga4_wins_over_an_older_one(example: Example, now: float) -> None:
    items = [{"item_id": "A", "id": "older", "name": "own"}]
    assert params(example("view_cart", items=items), now)["items"] == [
        {"item_id": "A", "id": "older", "name": "own"}
    ]


def test_the_first_of_older_promotions_is_that_of_the_event(example: Example, now: float) -> None:
    promotions = [
        {"id": "P1", "name": "Summer", "creative": "Banner", "position": "top"},
        {"id": "P2", "name": "Winter"},
    ]
    nameless = dict.fromkeys(("promotion_id", "promotion_name", "creative_name", "creative_slot"))
    event = example("view_promotion", **nameless, promotions=promotions)
    found = params(event, now)
    assert {name: found[name] for name in nameless} == {
        "promotion_id": "P1",
        "promotion_name": "Summer",
        "creative_name": "Banner",
        "creative_slot": "top",
    }
    assert "promotions: removed all after the first, because GA4 accepts one for each event" in (
        remarks_about(event, now)
    )


def test_older_names_of_lists(example: Example, now: float) -> None:
    event = example("view_item_list", item_list_id=None, list_id="L1", list_name="Sale")
    found = params(event, now)
    assert (found["item_list_id"], found["item_list_name"]) == ("L1", "Summer"), "GA4's name wins"


# The campaign


def test_a_page_view_with_a_campaign_tells_it_first(example: Example, now: float) -> None:
    campaign = {"source": "news", "medium": "email", "name": "spring", "id": "7"}
    details, view = sent(example("page_view", campaign=campaign), now)["events"]
    assert view == sent(example("page_view"), now)["events"][0]
    assert details == {
        "name": "campaign_details",
        "timestamp_micros": view["timestamp_micros"],
        "params": {
            "session_id": "1795210000",
            "engagement_time_msec": 1,
            "campaign_id": "7",
            "campaign": "spring",
            "source": "news",
            "medium": "email",
        },
    }


@pytest.mark.parametrize(
    ("name", "campaign"), [("purchase", {"source": "news"}), ("page_view", {}), ("page_view", None)]
)
def test_other_events_tell_none(
    name: str, campaign: dict[str, str] | None, example: Example, now: float
) -> None:
    assert len(sent(example(name, campaign=campaign), now)["events"]) == 1


def test_an_anonymous_page_view_tells_none(example: Example, now: float) -> None:
    event = anonymised(example, "page_view", campaign={"source": "news"})
    assert len(sent(event, now)["events"]) == 1


def test_events_that_tell_a_campaign_are_counted_as_two(example: Example, now: float) -> None:
    events = [example("page_view", campaign={"source": "news"})] * 13
    requests = requests_of(ga4(), events, now)
    assert [len(request.events) for request in requests] == [12, 1]
    assert [len(orjson.loads(each.body)["events"]) for each in requests] == [24, 2]


# Place and device


@pytest.mark.parametrize(
    ("location", "place", "remarked"),
    [
        ({"country": "US", "region": "California"}, {"region_id": "US-CA"}, []),
        ({"country": "DE", "region": "de-by"}, {"region_id": "DE-BY"}, []),
        ({"country": "DE", "region": "Bavaria"}, {}, ["region"]),
        ({"country": "DE", "region": "US-CA"}, {}, ["region"]),
        ({"country": "DE", "city": "x" * 101}, {"city": "x" * 100}, ["city"]),
    ],
)
def test_a_location_has_codes_that_exist(
    location: dict[str, str],
    place: dict[str, str],
    remarked: list[str],
    example: Example,
    now: float,
) -> None:
    event = example("contact", ip_override=None, event_location=location)
    found = sent(event, now)["user_location"]
    assert found == {"country_id": location["country"], **place}
    assert [words.split(":")[0] for words in remarks_about(event, now)] == [
        f"event_location.{name}" for name in remarked
    ]


def test_an_unknown_country_is_no_location(example: Example, now: float) -> None:
    event = example("contact", ip_override=None, event_location={"country": "Atlantis"})
    assert "user_location" not in sent(event, now)
    assert remarks_about(event, now) == [
        "event_location.country: removed because it is not a known country"
    ]


def test_client_hints_are_a_device_where_there_is_no_user_agent(
    example: Example, now: float
) -> None:
    hints = {"platform": "Android", "platform_version": "15", "model": "Pixel 9", "mobile": True}
    body = sent(example("contact", user_agent=None, client_hints=hints), now)
    assert body["device"] == {
        "category": "mobile",
        "language": "en-gb",
        "screen_resolution": "1920x1080",
        "operating_system": "Android",
        "operating_system_version": "15",
        "model": "Pixel 9",
    }


def test_what_is_no_device_is_left_out(example: Example, now: float) -> None:
    event = example(
        "contact", user_agent=None, screen_resolution="large", device={"category": "fridge"}
    )
    assert sent(event, now)["device"] == {"language": "en-gb"}
    assert remarks_about(event, now) == [
        "device.category: removed because its value is not valid",
        "device.screen_resolution: removed because its value is not valid",
    ]


# Late events

HOURS = 3600.0


def late(destination: GA4, age: float, example: Example, now: float) -> dict[str, Any]:
    told: dict[str, Any] = sent(example("contact", timestamp=now - age), now, destination)[
        "events"
    ][0]
    return told


def test_by_default_an_event_keeps_its_time_and_expires() -> None:
    assert ga4().limits.max_age.total_seconds() == 72 * HOURS


@pytest.mark.parametrize("too_old", ["clamp", "send_without_time"])
def test_a_late_event_may_be_sent_for_a_week(too_old: str, example: Example, now: float) -> None:
    destination = ga4(too_old=too_old)
    assert destination.limits.max_age.days == 7
    in_time = late(destination, 71 * HOURS, example, now)
    assert in_time["timestamp_micros"] == round((now - 71 * HOURS) * 1_000_000)


def test_a_late_event_is_set_to_the_oldest_time_that_ga4_accepts(
    example: Example, now: float
) -> None:
    told = late(ga4(too_old="clamp"), 100 * HOURS, example, now)
    age = now - told["timestamp_micros"] / 1_000_000
    assert 71.9 * HOURS < age < 72 * HOURS


def test_a_late_event_is_sent_without_its_time(example: Example, now: float) -> None:
    assert "timestamp_micros" not in late(
        ga4(too_old="send_without_time"), 100 * HOURS, example, now
    )


# Validation


def test_a_share_of_the_requests_is_validated_too(example: Example, now: float) -> None:
    destination = ga4(validate_share=0.25)
    events = [of(f"{n}.1", example) for n in range(1000)]
    requests = requests_of(destination, events, now)
    checks = [destination.check(request) for request in requests]
    assert 150 < len([check for check in checks if check]) < 350
    assert checks == [destination.check(request) for request in requests], "a repetition too"
    request, check = next((r, c) for r, c in zip(requests, checks, strict=True) if c)
    assert check.url == (
        "https://www.google-analytics.com/debug/mp/collect?measurement_id=G-TEST000001&api_secret=S"
    )
    assert check.body == request.body


@pytest.mark.parametrize(("share", "checked"), [(0, False), (1, True)])
def test_none_or_all_are_validated(
    share: float, checked: bool, example: Example, now: float
) -> None:
    destination = ga4(validate_share=share)
    for request in requests_of(destination, [of(f"{n}.1", example) for n in range(50)], now):
        assert (destination.check(request) is not None) == checked


VALIDATION = {
    "validationMessages": [
        {
            "fieldPath": "events.params.items",
            "description": "Item jane@example.com is not valid",
            "validationCode": "VALUE_INVALID",
        },
        {"description": "too many", "validationCode": "EXCEEDED_MAX_ENTITIES"},
    ]
}


def test_what_googles_validation_finds_is_a_warning(example: Example, now: float) -> None:
    destination, google = ga4(validate_share=1), Google(now=lambda: now)
    (request,) = requests_of(destination, [example("contact")], now)
    for name, warnings in (
        (b"contact", []),
        (b"session_start", ["GA4's validation: NAME_RESERVED at events.name"]),
    ):
        told = request._replace(body=request.body.replace(b'"contact"', b'"%b"' % name))
        check = destination.check(told)
        assert check is not None
        url = urlsplit(check.url)
        said = google.answer(check.method, url.path, url.query, check.body)
        answer = Response(said.status, {}, said.body)
        assert list(destination.check_warnings(answer)) == warnings


def test_what_validation_finds_is_told_without_values() -> None:
    answer = Response(200, {}, orjson.dumps(VALIDATION))
    assert list(ga4().check_warnings(answer)) == [
        "GA4's validation: VALUE_INVALID at events.params.items",
        "GA4's validation: EXCEEDED_MAX_ENTITIES",
    ]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"validationMessages":[]}'),
        (200, b"<html>"),
        (200, b"[1]"),
        (200, b'{"validationMessages":["odd"]}'),
        (500, orjson.dumps(VALIDATION)),
    ],
)
def test_an_answer_without_findings_warns_of_nothing(status: int, body: bytes) -> None:
    assert list(ga4().check_warnings(Response(status, {}, body))) == []
