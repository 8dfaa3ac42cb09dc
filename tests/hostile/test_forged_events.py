"""Events that a stranger makes up: purchases that no server reported, and events of foreign pages.

Neighbours are served meanwhile.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.testclient import TestClient

from gateway.configuration.server import ServerSettings
from gateway.sources.base import Batch, Refusal, SourceSettings
from gateway.urls.origin import origin_of
from gateway.web.server_only import compile_names, refuse_server_only
from tests.hostile.conftest import CountRefused, OpenSources

SHOP = "https://shop.example"
SOURCES = f"""
  site: {{type: collect, allowed_origins: ["{SHOP}", "http://localhost:3000"]}}
  strict:
    type: collect
    paths: [/strict]
    allowed_origins: ["{SHOP}"]
    require_origin: true
  anyone: {{type: collect, paths: [/anyone]}}
  image: {{type: pixel, allowed_origins: ["{SHOP}"]}}
  pages: {{type: collect, paths: [/pages], server_only: [purchase, refund]}}
  tags: {{type: ga4, server_only: [purchase]}}
  sdk:
    type: segment
    write_keys: [public-key]
    secret_keys: [secret-key]
    server_only: [purchase]
  tracker: {{type: snowplow, server_only: [page_view]}}
"""
VIEW = {"event_name": "page_view"}
PURCHASE = {"event_name": "purchase", "value": 1, "currency": "EUR"}


@pytest.fixture
def web(open_sources: OpenSources) -> TestClient:
    return open_sources(SOURCES)


FOREIGN_PAGES = [
    {"origin": "https://evil.example"},
    {"origin": "http://shop.example"},
    {"origin": "https://shop.example:8443"},
    {"origin": "https://shop.example.evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "file://"},
    {"origin": "https://evil.example", "referer": f"{SHOP}/"},
    {"referer": "https://evil.example/shop.example"},
    {"referer": "https://shop.example@evil.example/"},
    {"referer": "about:client"},
]


@pytest.mark.parametrize("headers", FOREIGN_PAGES, ids=str)
def test_a_foreign_page_is_refused_and_its_neighbour_is_not(
    web: TestClient, headers: dict[str, str], refused: CountRefused
) -> None:
    answer = web.post("/collect", json=PURCHASE, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "origin")
    assert "allowed_origins" in answer.json()["error"]
    assert web.post("/collect", json=VIEW, headers={"origin": SHOP}).status_code == 204
    assert refused("site", "origin") == 1


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:8000", "null"])
def test_a_foreign_page_can_read_that_it_is_refused(web: TestClient, origin: str) -> None:
    """Otherwise the snippet would take it for a network failure, and retry for a week."""
    answer = web.post("/collect", json=VIEW, headers={"origin": origin})
    assert answer.status_code == 403
    assert answer.headers.get_list("access-control-allow-origin") == [origin]
    assert answer.headers.get_list("access-control-allow-credentials") == ["true"]
    assert "origin" in answer.headers["vary"].lower()
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["*", "https://evil.example/path", "javascript:alert(1)"])
def test_what_no_browser_sends_as_an_origin_is_not_repeated(web: TestClient, origin: str) -> None:
    answer = web.post("/collect", json=VIEW, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


OWN_PAGES: list[dict[str, str]] = [
    {"origin": SHOP},
    {"origin": "http://localhost:3000"},
    {"referer": f"{SHOP}/checkout?step=2"},
    {"referer": "HTTPS://Shop.Example:443/"},
    {"origin": SHOP, "referer": "https://evil.example/"},
]


@pytest.mark.parametrize("headers", [*OWN_PAGES, {}, {"referer": ""}], ids=str)
def test_own_pages_and_those_who_do_not_say_may_send(
    web: TestClient, headers: dict[str, str]
) -> None:
    assert web.post("/collect", json=VIEW, headers=headers).status_code == 204


def test_with_require_origin_a_page_has_to_be_known(web: TestClient, refused: CountRefused) -> None:
    answer = web.post("/strict", json=VIEW)
    assert (answer.status_code, answer.json()["reason"]) == (403, "origin")
    assert "require_origin" in answer.json()["error"]
    for headers in ({"origin": SHOP}, {"referer": f"{SHOP}/"}):
        assert web.post("/strict", json=VIEW, headers=headers).status_code == 204
    assert refused("strict", "origin") == 1


def test_an_image_on_a_foreign_page_counts_nothing(web: TestClient) -> None:
    query = {"event_name": "purchase"}
    foreign = {"referer": "https://evil.example/"}
    assert web.get("/pixel.gif", params=query, headers=foreign).status_code == 403
    own = {"referer": f"{SHOP}/"}
    assert web.get("/pixel.gif", params=query, headers=own).status_code == 200


def test_without_allowed_origins_every_page_may_send(web: TestClient) -> None:
    for headers in FOREIGN_PAGES:
        assert web.post("/anyone", json=VIEW, headers=headers).status_code == 204


@pytest.mark.parametrize("name", ["purchase", "refund", "Purchase", " PURCHASE "])
def test_an_event_for_servers_is_refused_alone(
    web: TestClient, name: str, refused: CountRefused
) -> None:
    events = [VIEW, {**PURCHASE, "event_name": name}, {"no": "name"}, VIEW]
    answer = web.post("/pages", json=events)
    report = answer.json()
    assert (answer.status_code, report["accepted"]) == (200, 2)
    assert [each["index"] for each in report["refused"]] == [1, 2]
    assert "server_only" in report["refused"][0]["reason"]
    assert (refused("pages", "server_only"), refused("pages", "invalid")) == (1, 1)


def test_a_place_counts_the_items_that_belong_to_their_order(web: TestClient) -> None:
    order = [{"e": "tr", "tr_id": "1", "tr_tt": "9"}, {"e": "ti", "ti_id": "1", "ti_sk": "A"}]
    payloads = [{**each, "p": "web", "tv": "js"} for each in [*order, {"e": "pv"}]]
    report = web.post("/com.snowplowanalytics.snowplow/tp2", json={"data": payloads}).json()
    assert (report["accepted"], [each["index"] for each in report["refused"]]) == (1, [2])


def test_nothing_is_left_of_a_request_with_such_events_only(web: TestClient) -> None:
    assert web.post("/pages", json=PURCHASE).status_code == 400
    assert web.post("/pages", json=VIEW).status_code == 204


def test_it_holds_in_the_words_of_every_protocol(web: TestClient, refused: CountRefused) -> None:
    web.post("/g/collect?v=2&tid=G-1&cid=1.2&en=purchase")
    track = {"type": "track", "event": "Order Completed", "anonymousId": "a", "properties": {}}
    web.post("/v1/track", json={**track, "writeKey": "public-key"})
    assert (refused("tags", "server_only"), refused("sdk", "server_only")) == (1, 1)


def test_a_server_that_proves_who_it_is_may_send_them(web: TestClient) -> None:
    track = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {}}
    answer = web.post("/v1/track", json=track, auth=("secret-key", ""))
    assert (answer.status_code, answer.json()) == (200, {"success": True})


@given(
    st.lists(st.one_of(st.none(), st.sampled_from(["purchase", "Refund", "page_view", ""]))),
    st.booleans(),
)
def test_every_event_of_a_request_is_taken_or_refused_at_its_place(
    names: list[str | None], trusted: bool
) -> None:
    """None stands for an event that could not be read."""
    places = {place: name for place, name in enumerate(names) if name is not None}
    before = [Refusal(place, "") for place, name in enumerate(names) if name is None]
    batch = Batch([{"event_name": name} for name in places.values()], before, trusted)
    number = refuse_server_only(batch, compile_names(["Purchase", "refund"]))
    forbidden = [
        place for place, name in places.items() if name in ("purchase", "Refund") and not trusted
    ]
    assert number == len(forbidden)
    assert [each.index for each in batch.refused] == sorted(
        [*forbidden, *(each.index for each in before)]
    )
    assert [each["event_name"] for each in batch.events] == [
        name for place, name in places.items() if place not in forbidden
    ]


NO_ORIGINS = {
    "*": "credentials",
    "https://shop.example/": "write https://shop.example,",
    "https://shop.example/shop": "write https://shop.example,",
    "https://Shop.Example": "write https://shop.example,",
    "https://shop.example:443": "write https://shop.example,",
    "https://user:word@shop.example": "write https://shop.example,",
    "shop.example": "not an origin",
    "//shop.example": "not an origin",
    "ftp://shop.example": "not an origin",
    "https://": "not an origin",
    "https://*.shop.example": "not an origin",
    "https://shop.example:99999": "not an origin",
    "https://schön.example": "Punycode",
    "null": "not an origin",
    "": "not an origin",
}


@pytest.mark.parametrize(("text", "told"), NO_ORIGINS.items())
def test_a_setting_that_is_no_origin_is_told_what_to_write(text: str, told: str) -> None:
    for settings, values in (
        (SourceSettings, {"type": "collect", "allowed_origins": [text]}),
        (ServerSettings, {"public_url": text}),
    ):
        with pytest.raises(ValidationError) as error:
            settings.model_validate(values)
        assert told in str(error.value)
        assert "word@" not in error.value.errors()[0]["msg"]


ORIGINS = [SHOP, "http://localhost:3000", "http://[::1]:8080", "https://xn--schn-7qa.example"]


@pytest.mark.parametrize("text", ORIGINS)
def test_an_origin_is_taken_as_a_setting(text: str) -> None:
    assert ServerSettings(public_url=text).public_url == text


@given(st.text() | st.from_regex(r"https?://[a-zA-Z0-9@:/?#\[\].\\]{0,20}", fullmatch=True))
def test_the_origin_of_any_text_is_an_origin_or_none(text: str) -> None:
    origin: Any = origin_of(text)
    assert origin is None or origin_of(origin) == origin
