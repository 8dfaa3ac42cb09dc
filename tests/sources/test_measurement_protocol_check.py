"""`/debug/mp/collect` reports mistakes in a request in Google's format, and keeps nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from gateway.sources.base import Inbound, Refused
from gateway.sources.measurement_protocol import MeasurementProtocol, MeasurementProtocolSettings
from gateway.sources.measurement_protocol_check import MAX_MESSAGES
from gateway.testing.values import JSON, fuzzed

SOURCE = MeasurementProtocol(
    MeasurementProtocolSettings(
        type="measurement_protocol", api_secrets={"G-1": "s3cret", "1:2:ios:3": "s3cret"}
    )
)
WEB, APP = "measurement_id=G-1&api_secret=s3cret", "firebase_app_id=1:2:ios:3&api_secret=s3cret"
PATH = "/debug/mp/collect"
GOOD = {
    "client_id": "1.2",
    "user_properties": {"plan": {"value": "pro"}},
    "events": [
        {
            "name": "purchase",
            "params": {
                "transaction_id": "T-1",
                "value": 9.9,
                "currency": "EUR",
                "items": [{"item_id": "A", "price": 9.9}],
                "page_location": "https://shop.example/" + "a" * 900,
                "color": "red",
            },
        }
    ],
}


def messages(body: bytes, query: str = WEB, path: str = PATH) -> list[dict[str, str]]:
    batch = SOURCE.read(Inbound("POST", path, query, {}, body))
    assert batch.reply is not None
    assert (batch.events, batch.refused, batch.reply.status) == ([], [], 200)
    return orjson.loads(batch.reply.body)["validationMessages"]  # type: ignore[no-any-return]


def found(body: Any, query: str = WEB) -> list[tuple[str, str]]:
    return [
        (each["fieldPath"], each["validationCode"]) for each in messages(orjson.dumps(body), query)
    ]


def one(name: str = "a", /, **params: Any) -> dict[str, Any]:
    return {"client_id": "1.2", "events": [{"name": name, "params": params}]}


def properties(**given: Any) -> dict[str, Any]:
    return {**one(), "user_properties": given}


def test_a_source_that_claims_mp_collect_alone_below_any_prefix_records_nothing_either() -> None:
    request = Inbound("POST", "/mp/collect", WEB, {}, orjson.dumps(GOOD), "/metrics/debug")
    batch = SOURCE.read(request)
    assert batch.reply is not None
    assert not batch.events


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"/metrics{PATH}"])
def test_what_is_right_has_no_messages(path: str) -> None:
    assert messages(orjson.dumps(GOOD), path=path) == []


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"events": [{"name": "a"}]}, [("client_id", "VALUE_REQUIRED")]),
        ({"client_id": "", "events": [{"name": "a"}]}, [("client_id", "VALUE_REQUIRED")]),
        ({}, [("", "VALUE_INVALID")]),
        ([], [("", "VALUE_INVALID")]),
        ({"client_id": "1.2", "events": []}, [("", "VALUE_INVALID")]),
        ({"client_id": "1.2", "events": [{}]}, [("events[0]", "VALUE_INVALID")]),
        ({"client_id": "1.2", "events": [7]}, [("events[0]", "VALUE_INVALID")]),
        (
            {"client_id": "1.2", "events": [{"name": "a"}, {"params": {}}, {"name": "b-c"}]},
            [("events[2].name", "NAME_INVALID"), ("events[1]", "VALUE_INVALID")],
        ),
        (one("_bad"), [("events[0].name", "NAME_INVALID")]),
        (one("a" * 41), [("events[0].name", "NAME_INVALID")]),
        (one("session_start"), [("events[0].name", "NAME_RESERVED")]),
        (one("screen_view"), []),
        (
            {"client_id": "1.2", "events": [{"name": "a"}] * 26},
            [("events", "EXCEEDED_MAX_ENTITIES")],
        ),
        (
            one(**{f"p{i}": 1 for i in range(26)}),
            [("events[0].params", "EXCEEDED_MAX_ENTITIES")],
        ),
        (one(a="x" * 100), []),
        (one(a="x" * 101), [("events[0].params.a", "VALUE_OUT_OF_BOUNDS")]),
        (one(page_title="x" * 300), []),
        (one(page_title="x" * 301), [("events[0].params.page_title", "VALUE_OUT_OF_BOUNDS")]),
        (one(ga_x=1), [("events[0].params.ga_x", "NAME_INVALID")]),
        (one(**{"ada@example.com": 1}), [("events[0].params", "NAME_INVALID")]),
        (one(a={"b": 1}), [("events[0].params.a", "VALUE_INVALID")]),
        (one(a=[1]), [("events[0].params.a", "VALUE_INVALID")]),
        (one(items=[{"item_id": "A"}] * 200), []),
        (
            one(items=[{"item_id": "A"}] * 201),
            [("events[0].params.items", "EXCEEDED_MAX_ENTITIES")],
        ),
        (one(value=1), [("events[0].params.currency", "VALUE_REQUIRED")]),
        (one("purchase"), [("events[0].params.transaction_id", "VALUE_REQUIRED")]),
        (
            one("purchase", transaction_id="T", value="high", currency="EUR"),
            [("events[0]", "VALUE_INVALID")],
        ),
        (properties(plan={"value": "x" * 36}), []),
        (
            properties(plan={"value": "x" * 37}),
            [("user_properties.plan.value", "VALUE_OUT_OF_BOUNDS")],
        ),
        (properties(plan="pro"), [("user_properties.plan", "VALUE_INVALID")]),
        (
            properties(first_visit_time={"value": 1}),
            [("user_properties.first_visit_time", "NAME_RESERVED")],
        ),
        (properties(**{"1a": {"value": 1}}), [("user_properties.1a", "NAME_INVALID")]),
        (
            properties(**{f"p{i}": {"value": 1} for i in range(26)}),
            [("user_properties", "EXCEEDED_MAX_ENTITIES")],
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_code(
    body: Any, problems: list[tuple[str, str]]
) -> None:
    assert found(body) == problems


def test_an_app_stream_has_ids_and_reserved_names_of_its_own() -> None:
    body = {"events": [{"name": "screen_view"}]}
    assert found(body, APP) == [
        ("app_instance_id", "VALUE_REQUIRED"),
        ("events[0].name", "NAME_RESERVED"),
    ]


def test_what_is_no_json_is_said_too() -> None:
    (message,) = messages(b"{")
    assert message["validationCode"] == "VALUE_INVALID"
    assert "JSON" in message["description"]


def test_without_the_secret_nothing_is_checked() -> None:
    request = Inbound("POST", PATH, "measurement_id=G-1", {}, orjson.dumps(GOOD))
    with pytest.raises(Refused) as refused:
        SOURCE.read(request)
    assert refused.value.status == 401


def test_there_is_a_bound_to_the_messages() -> None:
    body = {"client_id": "1.2", "events": [{"name": "_bad"}] * 1000}
    assert len(messages(orjson.dumps(body))) == MAX_MESSAGES


@fuzzed
@given(JSON, JSON, JSON)
def test_whatever_is_checked_there_is_an_answer(body: Any, event: Any, value: Any) -> None:
    for checked in (
        body,
        {"client_id": value, "events": event, "user_properties": value},
        {"client_id": value, "events": [event, {"name": value, "params": body}]},
    ):
        for message in messages(orjson.dumps(checked)):
            assert message.keys() == {"fieldPath", "description", "validationCode"}
