"""The settings that browser SDKs of Segment and RudderStack request before they send."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.base import Inbound, Refused
from gateway.sources.segment.source import Segment, SegmentSettings
from gateway.testing.values import fuzzed

SOURCE = Segment(
    SegmentSettings(type="segment", write_keys=["WK", "clé"], secret_keys=["secret-key"])
)
BASE = "https://shop.example/metrics"


def ask(path: str, query: str = "", **headers: str) -> Any:
    batch = SOURCE.read(Inbound("GET", path, query, headers, b"", "", BASE))
    assert batch.reply is not None
    assert not batch.events
    assert not batch.trusted
    assert batch.reply.status == 200
    assert batch.reply.headers["content-type"] == "application/json"
    assert "private" in batch.reply.headers["cache-control"]
    return orjson.loads(batch.reply.body)


def basic(key: str) -> str:
    return f"Basic {b64encode(f'{key}:'.encode()).decode()}"


@pytest.mark.parametrize("key", ["WK", "clé"])
def test_segments_sdk_is_told_to_send_to_where_it_asked(key: str) -> None:
    assert ask(f"/v1/projects/{key}/settings") == {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": "shop.example/metrics/v1",
                "protocol": "https",
            }
        },
        "metrics": {"sampleRate": 0},
    }


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("writeKey=WK&p=npm", {}),
        ("", {"authorization": basic("WK")}),
        ("writeKey=other", {"authorization": basic("WK")}),
        ("", {"authorization": "Bearer WK"}),
        ("", {"x-write-key": "WK"}),
    ],
)
@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/"])
def test_rudderstacks_sdk_gets_an_enabled_source_without_destinations(
    path: str, query: str, headers: dict[str, str]
) -> None:
    source = ask(path, query, **headers)["source"]
    assert (source["writeKey"], source["enabled"], source["destinations"]) == ("WK", True, [])
    assert source["config"]["statsCollection"]["errors"] == {"enabled": False}


def test_rudderstacks_sdks_for_apps_get_all_fields_that_they_require() -> None:
    source = ask("/sourceConfig", "writeKey=WK&p=android")["source"]
    texts = [source[name] for name in ("id", "name", "writeKey", "workspaceId", "updatedAt")]
    assert all(isinstance(text, str) and text for text in texts)


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("/v1/projects/other/settings", "", {}),
        ("/v1/projects/other/settings", "", {"authorization": basic("WK")}),
        ("/v1/projects/secret-key/settings", "", {}),
        ("/sourceConfig", "", {}),
        ("/sourceConfig", "writeKey=other", {}),
        ("/sourceConfig", "", {"authorization": basic("secret-key")}),
    ],
)
def test_who_asks_with_another_key_is_told_so(
    path: str, query: str, headers: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="write_keys") as refused:
        ask(path, query, **headers)
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


def test_segments_script_is_not_served_and_the_answer_says_what_to_do() -> None:
    with pytest.raises(Refused, match="cdnURL") as refused:
        ask("/analytics.js/v1/WK/analytics.min.js")
    assert (refused.value.status, refused.value.reason) == (404, "no_script")


@fuzzed
@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_whatever_is_asked_is_answered_or_refused(path: str, query: str, key: str) -> None:
    for asked in (path, f"/v1/projects/{key}/settings", "/sourceConfig"):
        request = Inbound("GET", asked, query, {"authorization": f"Bearer {key}"}, b"", "", BASE)
        try:
            answer = SOURCE.read(request).reply
        except Refused as refused:
            answer = refused.answer()
        assert answer is not None
        assert answer.status in (200, 401, 404)
        assert (answer.status == 200) == (key in ("WK", "clé"))
        assert answer.status == 200 or len(key) < 9 or key.encode() not in answer.body
