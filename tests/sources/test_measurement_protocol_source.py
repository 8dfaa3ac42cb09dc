"""`measurement_protocol`: GA4's protocol for backends."""

from typing import Any

import orjson
import pytest

from gateway.sources.base import Inbound, Refused
from gateway.sources.measurement_protocol import MeasurementProtocol, MeasurementProtocolSettings

SOURCE = MeasurementProtocol(
    MeasurementProtocolSettings(
        type="measurement_protocol",
        api_secrets={"G-1": "web secret", "1:23:android:45": "app-secret"},
    )
)
WEB = "measurement_id=G-1&api_secret=web%20secret"
APP = "firebase_app_id=1:23:android:45&api_secret=app-secret"


def post(body: Any, query: str = WEB) -> Inbound:
    return Inbound("POST", "/mp/collect", query, {}, orjson.dumps(body))


def test_a_purchase() -> None:
    body = {
        "client_id": "123.456",
        "user_id": "user-1",
        "timestamp_micros": 1_795_219_200_000_000,
        "user_properties": {
            "plan": {"value": "pro"},
            "ltv": {"value": 12.5, "timestamp_micros": 1},
        },
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
        "user_data": {"sha256_email_address": ["ab"], "address": [{"city": "Linz"}]},
        "ip_override": "203.0.113.9",
        "user_agent": "UA",
        "user_location": {"city": "San Jose", "region_id": "US-CA", "country_id": "US"},
        "device": {"language": "en-us", "screen_resolution": "800x600", "category": "mobile"},
        "validation_behavior": "RELAXED",
        "events": [
            {
                "name": "purchase",
                "params": {
                    "session_id": 1795210000,
                    "engagement_time_msec": 1,
                    "currency": "EUR",
                    "value": 9.9,
                    "transaction_id": "o-1",
                    "items": [{"item_id": "A", "price": 9.9, "quantity": 1}],
                    "coupon": None,
                    "color": "red",
                },
            },
            {"name": "refund", "timestamp_micros": "1795219201500000"},
        ],
    }
    batch = SOURCE.read(post(body))
    assert batch.trusted
    assert not batch.refused
    assert SOURCE.answer(batch).status == 204
    shared = {
        "client_id": "123.456",
        "user_id": "user-1",
        "user_properties": {"plan": "pro", "ltv": 12.5},
        "consent": {"ad_user_data": "granted", "ad_personalization": "denied"},
        "user_data": {"sha256_email_address": ["ab"], "address": [{"city": "Linz"}]},
        "ip_override": "203.0.113.9",
        "user_agent": "UA",
        "event_location": {"city": "San Jose", "region": "CA", "country": "US"},
        "language": "en-us",
        "screen_resolution": "800x600",
        "device": {"language": "en-us", "screen_resolution": "800x600", "category": "mobile"},
        "x-ga-measurement_id": "G-1",
    }
    assert batch.events == [
        {
            **shared,
            "event_name": "purchase",
            "timestamp": 1795219200,
            "ga_session_id": "1795210000",
            "engagement_time_msec": 1,
            "currency": "EUR",
            "value": 9.9,
            "transaction_id": "o-1",
            "items": [{"item_id": "A", "price": 9.9, "quantity": 1}],
            "color": "red",
        },
        {**shared, "event_name": "refund", "timestamp": 1795219201.5},
    ]


def test_parameters_may_have_the_names_of_fields() -> None:
    words = {"campaign": "spring", "referrer": "Ada"}
    params = {"timestamp": "9 am", "user_agent": "mine", "value": "high", **words}
    body = {"client_id": "1.2", "user_agent": "UA", "events": [{"name": "a", "params": params}]}
    (event,) = SOURCE.read(post(body)).events
    assert event["params"] == params
    assert event["user_agent"] == "UA"
    assert not event.keys() & {"timestamp", "value", *words}


@pytest.mark.parametrize(
    ("client_id", "read"),
    [
        ("123.456", "123.456"),
        ("GA1.1.123.456", "123.456"),
        ("GA1.2-3.123.456", "123.456"),
        ("FPID2.2.abc%2Bd%3D.1795289657", "abc+d=.1795289657"),
        ("GA1.1.broken", "GA1.1.broken"),
        ("GA1.1.1.2.3", "GA1.1.1.2.3"),
        (123.456, "123.456"),
    ],
)
def test_a_client_id_may_be_a_whole_cookie(client_id: object, read: str) -> None:
    (event,) = SOURCE.read(post({"client_id": client_id, "events": [{"name": "a"}]})).events
    assert event["client_id"] == read


OWN = {
    "device": "kiosk",
    "event_location": "Berlin",
    "language": "Klingon",
    "screen_resolution": "huge",
    "user_properties": "own",
}


def test_parameters_that_the_body_states_in_its_own_way_move_apart() -> None:
    body = {
        "client_id": "1.2",
        "device": {"language": "en", "screen_resolution": "1x1"},
        "user_location": {"city": "Rome"},
        "user_properties": {"plan": {"value": "pro"}},
        "events": [
            {"name": "a", "params": OWN},
            {"name": "b", "params": {"language": "en", "client_id": "own"}},
        ],
    }
    stated = {
        "client_id": "1.2",
        "device": {"language": "en", "screen_resolution": "1x1"},
        "language": "en",
        "screen_resolution": "1x1",
        "event_location": {"city": "Rome"},
        "user_properties": {"plan": "pro"},
        "x-ga-measurement_id": "G-1",
    }
    first, second = SOURCE.read(post(body)).events
    assert first == {"event_name": "a", **stated, "params": OWN}
    assert second == {"event_name": "b", **stated}


NEW_COOKIE = "GS2.1.s1795289657$o4$g0$t1795289700$j60$l0$h0"


@pytest.mark.parametrize(
    ("params", "session", "number"),
    [
        ({"session_id": 1795289657}, "1795289657", None),
        ({"session_id": "1795289657"}, "1795289657", None),
        ({"session_id": NEW_COOKIE}, "1795289657", 4),
        ({"session_id": NEW_COOKIE.replace("$", "%24")}, "1795289657", 4),
        ({"session_id": NEW_COOKIE, "session_number": 7}, "1795289657", 7),
        ({"session_id": "GS1.1.1795289657.3.1.1795289700.0.0.0"}, "1795289657", 3),
        ({"session_id": "GS2.1.broken"}, "GS2.1.broken", None),
    ],
)
def test_a_session_may_be_a_whole_cookie(
    params: dict[str, Any], session: str, number: int | None
) -> None:
    (event,) = SOURCE.read(post({"events": [{"name": "a", "params": params}]})).events
    assert event["ga_session_id"] == session
    assert event.get("ga_session_number") == number


@pytest.mark.parametrize(
    ("query", "key"),
    [("measurement_id=G-1", "web secret"), ("measurement_id=G-1&api_secret=x", "web secret")],
)
def test_the_secret_may_stand_in_the_header(query: str, key: str) -> None:
    request = post({"events": [{"name": "a"}]}, query)
    request.headers = {"authorization": f"Bearer {key}"}
    assert SOURCE.shows_key(request)
    assert SOURCE.read(request).trusted
    request.headers = {"authorization": "Bearer app-secret"}
    assert not SOURCE.shows_key(request)


def test_an_app() -> None:
    body = {"app_instance_id": "abc", "events": [{"name": "a"}]}
    assert SOURCE.read(post(body, APP)).events == [
        {
            "event_name": "a",
            "client_id": "abc",
            "app_instance_id": "abc",
            "x-ga-measurement_id": "1:23:android:45",
        }
    ]


@pytest.mark.parametrize(
    ("body", "consent"),
    [
        ({}, None),
        ({"non_personalized_ads": False}, None),
        *(({"non_personalized_ads": value}, None) for value in ("false", " No ", "0", 0, None, "")),
        *(
            ({"non_personalized_ads": value}, {"ad_personalization": "denied"})
            for value in (True, "true", "1", 1, "yes", "Y", 2, [True])
        ),
        (
            {"non_personalized_ads": True, "consent": {"ad_user_data": "GRANTED"}},
            {"ad_personalization": "denied", "ad_user_data": "granted"},
        ),
        (
            {"non_personalized_ads": True, "consent": {"ad_personalization": "GRANTED"}},
            {"ad_personalization": "denied"},
        ),
        (
            {"non_personalized_ads": True, "consent": '{"ad_user_data": "GRANTED"}'},
            {"ad_personalization": "denied", "ad_user_data": "granted"},
        ),
        ({"consent": {}}, None),
        ({"consent": {"adUserData": False}}, {"ad_user_data": "denied"}),
        (
            {"consent": [{"ad_user_data": "GRANTED"}, {"ad_user_data": "DENIED"}]},
            {"ad_user_data": "denied"},
        ),
    ],
)
def test_consent(body: dict[str, Any], consent: dict[str, str] | None) -> None:
    (event,) = SOURCE.read(post({**body, "events": [{"name": "a"}]})).events
    assert event.get("consent") == consent


GRANTED, DENIED = {"ad_storage": "granted"}, {"ad_storage": "denied"}


@pytest.mark.parametrize(
    ("body", "message", "params", "stated"),
    [
        ({"consent": DENIED}, {}, {"consent": GRANTED}, {"consent": DENIED}),
        ({"consent": GRANTED}, {}, {"consent": DENIED}, {"consent": DENIED}),
        ({"consent": GRANTED}, {"consent": DENIED}, {}, {"consent": DENIED}),
        ({"consent": DENIED}, {"consent": {}}, {"consent": {}}, {"consent": DENIED}),
        ({"consent": {}}, {}, {"consent": DENIED}, {"consent": DENIED}),
        ({}, {}, {"consent": DENIED}, {"consent": DENIED}),
        ({}, {"consent": DENIED}, {}, {"consent": DENIED}),
        ({"consent.ad_storage": "denied"}, {}, {"consent": GRANTED}, {"consent": DENIED}),
        ({}, {"consent[adStorage]": "denied"}, {}, {"consent": DENIED}),
        ({"consent": GRANTED}, {}, {"consent.ad_storage": ""}, {"consent": DENIED}),
        ({"gcs": "G100"}, {"gcs": "G110"}, {"gcs": "G111"}, {"gcs": ["G100", "G110", "G111"]}),
        ({"gpp": "a", "gpp_sid": [7]}, {}, {"gpp": "a"}, {"gpp": "a", "gpp_sid": [7]}),
        ({"us_privacy": ""}, {}, {"us_privacy": "1YYN"}, {"us_privacy": "1YYN"}),
    ],
)
def test_what_body_and_event_state_about_consent_both_counts(
    body: dict[str, Any], message: dict[str, Any], params: dict[str, Any], stated: dict[str, Any]
) -> None:
    event = {"name": "a", "params": params, **message}
    assert SOURCE.read(post({**body, "events": [event]})).events == [
        {"event_name": "a", "x-ga-measurement_id": "G-1", **stated}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "measurement_id=G-1",
        "measurement_id=G-1&api_secret=",
        "measurement_id=G-1&api_secret=wrong",
        "measurement_id=G-2&api_secret=web%20secret",
        "measurement_id=G-1&api_secret=app-secret",
        "api_secret=web%20secret",
        "measurement_id=G-1&api_secret=%D0%BA%D0%BB%D1%8E%D1%87",
    ],
)
def test_without_the_secret_of_the_stream_nothing_is_read(query: str) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(post({"events": [{"name": "a"}]}, query))
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


@pytest.mark.parametrize("body", [None, [], 1, {}, {"events": []}, {"events": {}}, {"events": 1}])
def test_without_events_nothing_is_read(body: Any) -> None:
    with pytest.raises(Refused) as refused:
        SOURCE.read(post(body))
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize(
    ("events", "status", "refused"),
    [
        ([{"name": "a"}, {"params": {}}, 7], 200, [1, 2]),
        ([{"name": " ", "params": {"value": "much"}}], 400, [0]),
    ],
)
def test_refused_events_are_reported(events: list[Any], status: int, refused: list[int]) -> None:
    answer = SOURCE.answer(SOURCE.read(post({"client_id": "1.2", "events": events})))
    assert answer.status == status
    assert [each["index"] for each in orjson.loads(answer.body)["refused"]] == refused


def test_secrets_are_not_shown() -> None:
    assert "app-secret" not in repr(SOURCE.settings)


@pytest.mark.parametrize(
    ("value", "consent"),
    [
        (True, None),
        ("I agree", None),
        ({"ad_storage": "denied"}, {"ad_storage": "denied"}),
        ('{"ad_storage": "granted"}', {"ad_storage": "granted"}),
    ],
)
@pytest.mark.parametrize("name", ["consent", "Consent", "CONSENT"])
def test_a_parameter_called_consent_counts_when_it_states_consent(
    name: str, value: object, consent: dict[str, str] | None
) -> None:
    body = {"events": [{"name": "a", "params": {name: value}}]}
    (event,) = SOURCE.read(post(body)).events
    assert event.get("consent") == consent


MARK = {"KEY": "denied"}


@pytest.mark.parametrize("key", [rb"\u0063onsent.ad_storage", rb"consent\u002eadStorage"])
@pytest.mark.parametrize(
    "body",
    [
        {"events": [{"name": "a"}], **MARK},
        {"events": [{"name": "a", **MARK}]},
        {"events": [{"name": "a", "params": MARK}]},
    ],
)
def test_a_key_with_escapes_denies_like_any_other(body: dict[str, Any], key: bytes) -> None:
    request = post(body)
    request.body = request.body.replace(b"KEY", key)
    (event,) = SOURCE.read(request).events
    assert event["consent"] == {"ad_storage": "denied"}
