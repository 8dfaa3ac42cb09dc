"""`matomo`: Matomo's trackers."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Answer, Batch, Inbound, Refused
from gateway.sources.matomo.source import Matomo, MatomoSettings

Capture = Callable[..., list[Inbound]]

SOURCE = Matomo(MatomoSettings(type="matomo", site_ids=["1", "2"], keys=["s3cret"]))
NOW = 1_795_289_577.0
BROWSER = {"user-agent": "Mozilla/5.0"}
ORDER = '[["A","Shirt","Apparel",12.75,2],["B","Sock",["Apparel","Socks"],"3,50",1],["C"]]'
HINTS = (
    '{"brands":[{"brand":"Chromium","version":"156"}],"mobile":false,"platform":"Linux",'
    '"fullVersionList":[{"brand":"Chromium","version":"156.0.1"}],"platformVersion":"6.8"}'
)


def sent(method: str, query: str = "", body: bytes = b"", **headers: str) -> Batch:
    return SOURCE.read(
        Inbound(method, "/matomo.php", query, {**BROWSER, **headers}, body, received_at=NOW)
    )


def bulk(*requests: Any, query: str = "", **around: Any) -> Batch:
    return sent("POST", query, orjson.dumps({"requests": requests, **around}))


def answer(batch: Batch) -> tuple[int, Any]:
    made: Answer = SOURCE.answer(batch)
    return made.status, orjson.loads(made.body)


def events(hit: dict[str, Any]) -> list[Event]:
    """The events of `hit`. Fails unless a query, a form and each kind of bulk read the same."""
    hit = {"idsite": "1", "rec": "1", **hit}
    query = urlencode(hit)
    batches = [
        sent("GET", query),
        sent("POST", query),
        sent("POST", "", query.encode()),
        bulk(f"?{query}"),
        bulk(f"https://stats.example/matomo.php?{query}"),
        bulk(hit),
    ]
    assert all(batch.events == batches[0].events for batch in batches)
    assert not any(batch.refused or batch.trusted for batch in batches)
    return batches[0].events


def one(hit: dict[str, Any]) -> Event:
    (event,) = events(hit)
    return event


def test_the_tracker_for_node(capture: Capture) -> None:
    single, several = map(SOURCE.read, capture("matomo-tracker-node", gets=True))
    assert single.events == [
        {
            "event_name": "add",
            "event_category": "cart",
            "site_id": "1",
            "page_location": "https://example.com/p",
            "page_title": "Home",
            "user_id": "user-1",
            "user_agent": "UA",
        }
    ]
    assert several.events == [
        {"event_name": "page_view", "site_id": "1", "page_location": "https://example.com/a"},
        {
            "event_name": "purchase",
            "site_id": "1",
            "page_location": "https://example.com/b",
            "transaction_id": "T1",
            "value": 25.5,
            "items": [
                {
                    "item_id": "sku1",
                    "item_name": "Shirt",
                    "item_category": "Apparel",
                    "price": 12.75,
                    "quantity": 2,
                }
            ],
        },
    ]
    for batch in (single, several):
        assert (batch.trusted, batch.backend, batch.refused) == (False, True, [])
    assert SOURCE.answer(single).body.startswith(b"GIF89a")
    assert answer(several) == (200, {"status": "success", "tracked": 2, "invalid": 0})


def test_a_page_view_of_a_browser() -> None:
    assert one(
        {
            "action_name": "Shop",
            "url": "https://shop.example/?mtm_campaign=news",
            "urlref": "https://search.example/",
            "_id": "0123456789abcdef",
            "_idn": "1",
            "uid": "user-1",
            "res": "1920x1080",
            "lang": "de-DE,en;q=0.8",
            "uadata": HINTS,
            "cs": "utf-8",
            "pv_id": "aB3dEf",
            "pf_srv": "120",
            "dimension1": "pro",
            "_cvar": '{"1":["plan","gold"]}',
            "cvar": '{"1":["section","shoes"],"2":["half"],"3":"x"}',
            "new_visit": "1",
            "rand": "351459",
            "apiv": "1",
            "h": "18",
            "m": "13",
            "s": "3",
            "cookie": "1",
            "pdf": "1",
        }
    ) == {
        "event_name": "page_view",
        "site_id": "1",
        "page_title": "Shop",
        "page_location": "https://shop.example/?mtm_campaign=news",
        "page_referrer": "https://search.example/",
        "page_encoding": "utf-8",
        "client_id": "0123456789abcdef",
        "user_id": "user-1",
        "screen_resolution": "1920x1080",
        "language": "de-DE",
        "client_hints": {
            "brands": [{"brand": "Chromium", "version": "156"}],
            "full_version_list": [{"brand": "Chromium", "version": "156.0.1"}],
            "mobile": False,
            "platform": "Linux",
            "platform_version": "6.8",
        },
        "user_properties": {"plan": "gold"},
        "custom_variables": {"section": "shoes"},
        "dimension1": "pro",
        "new_visit": "1",
        "pv_id": "aB3dEf",
        "pf_srv": "120",
    }


@pytest.mark.parametrize(
    ("hit", "event"),
    [
        ({"_id": "a" * 16, "cid": "b" * 16}, {"event_name": "page_view", "client_id": "b" * 16}),
        (
            {"e_c": "Videos", "e_a": "Play", "e_n": "Intro", "e_v": "12.5", "ca": "1"},
            {
                "event_name": "Play",
                "event_category": "Videos",
                "event_label": "Intro",
                "value": 12.5,
            },
        ),
        ({"e_a": "a", "e_v": "high"}, {"event_name": "a", "params": {"value": "high"}}),
        (
            {"search": "shoes", "search_cat": "men", "search_count": "0"},
            {
                "event_name": "view_search_results",
                "search_term": "shoes",
                "search_category": "men",
                "search_count": 0,
            },
        ),
        (
            {"download": "https://shop.example/a.pdf"},
            {"event_name": "file_download", "link_url": "https://shop.example/a.pdf"},
        ),
        (
            {"link": "https://other.example/"},
            {"event_name": "click", "link_url": "https://other.example/", "outbound": True},
        ),
        (
            {"c_n": "Ad", "c_p": "a.png", "c_t": "https://other.example/"},
            {
                "event_name": "content_impression",
                "content_name": "Ad",
                "content_piece": "a.png",
                "content_target": "https://other.example/",
            },
        ),
        (
            {"c_n": "Ad", "c_i": "click"},
            {
                "event_name": "content_interaction",
                "content_name": "Ad",
                "content_interaction": "click",
            },
        ),
        ({"ping": "1"}, {"event_name": "page_ping"}),
        (
            {"ca": "1", "cra": "Error: x", "cra_rl": "7"},
            {"event_name": "exception", "description": "Error: x", "cra_rl": "7"},
        ),
        ({"ca": "1"}, {"event_name": "custom_action"}),
        (
            {"ma_id": "m-1", "ma_st": "3"},
            {"event_name": "custom_action", "ma_id": "m-1", "ma_st": "3"},
        ),
        (
            {"idgoal": "3", "revenue": "9,90", "_rcn": "spring", "_rck": "shoes"},
            {
                "event_name": "goal_conversion",
                "goal_id": "3",
                "value": 9.9,
                "campaign": {"name": "spring", "term": "shoes"},
            },
        ),
        (
            {
                "idgoal": "0",
                "ec_id": "T1",
                "revenue": "34.00",
                "ec_st": "29.00",
                "ec_tx": "5",
                "ec_sh": "4,00",
                "ec_dt": "2",
                "ec_items": ORDER,
            },
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "value": 25,
                "subtotal": 29,
                "tax": 5,
                "shipping": 4,
                "discount": 2,
                "items": [
                    {
                        "item_id": "A",
                        "item_name": "Shirt",
                        "item_category": "Apparel",
                        "price": 12.75,
                        "quantity": 2,
                    },
                    {
                        "item_id": "B",
                        "item_name": "Sock",
                        "item_category": "Apparel",
                        "item_category2": "Socks",
                        "price": 3.5,
                        "quantity": 1,
                    },
                    {"item_id": "C"},
                ],
            },
        ),
        (
            {"idgoal": "0", "revenue": "12", "ec_items": '[["A","","",12,1]]'},
            {
                "event_name": "cart_update",
                "value": 12,
                "items": [{"item_id": "A", "price": 12, "quantity": 1}],
            },
        ),
        (
            {"idgoal": "0", "ec_id": "T1", "revenue": "59,90 €", "ec_tx": "9,90"},
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "value": 50,
                "currency": "EUR",
                "tax": 9.9,
            },
        ),
        (
            {"idgoal": "0", "ec_id": "T1", "revenue": "5000", "ec_sh": "1,234"},
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "revenue": "5000",
                "ignored_fields": [
                    {"field": "shipping", "reason": "ambiguous: thousands or decimals"}
                ],
            },
        ),
        (
            {"idgoal": "0", "ec_id": "T1", "revenue": "1,234", "ec_items": "[["},
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "ignored_fields": [
                    {"field": "value", "reason": "ambiguous: thousands or decimals"},
                    {"field": "items", "reason": "not a list"},
                ],
            },
        ),
        (
            {"cdt": "soon", "uadata": "{", "_cvar": "[]"},
            {
                "event_name": "page_view",
                "ignored_fields": [{"field": "timestamp", "reason": "not a time"}],
            },
        ),
        (
            {"cdt": "0"},
            {
                "event_name": "page_view",
                "ignored_fields": [{"field": "timestamp", "reason": "not a time"}],
            },
        ),
        (
            {"idgoal": "0", "ec_id": "T1", "ec_items": '{"1": ["A"], "3": ["B"]}'},
            {
                "event_name": "purchase",
                "transaction_id": "T1",
                "items": [{"item_id": "A"}, {"item_id": "B"}],
            },
        ),
    ],
)
def test_hits(hit: dict[str, Any], event: Event) -> None:
    assert one(hit) == {"site_id": "1", **event}


@pytest.mark.parametrize("left_out", ["undefined", "null", "false"])
def test_amounts_that_a_page_leaves_out_of_an_order_do_not_cost_its_value(left_out: str) -> None:
    extras = dict.fromkeys(["ec_st", "ec_tx", "ec_sh", "ec_dt"], left_out)
    order = one({"idgoal": "0", "ec_id": "T1", "revenue": "27.50", **extras})
    assert order == {
        "event_name": "purchase",
        "site_id": "1",
        "transaction_id": "T1",
        "value": 27.5,
    }


def test_a_page_view_that_shows_a_product_is_two_events() -> None:
    product = {"_pks": "A", "_pkn": "Shoe", "_pkc": '["Shoes","Men"]', "_pkp": "89,90"}
    page, shown = events({"url": "https://shop.example/a", **product})
    assert page == {
        "event_name": "page_view",
        "site_id": "1",
        "page_location": "https://shop.example/a",
    }
    assert shown == {
        **page,
        "event_name": "view_item",
        "items": [
            {
                "item_id": "A",
                "item_name": "Shoe",
                "item_category": "Shoes",
                "item_category2": "Men",
                "price": 89.9,
            }
        ],
    }
    assert events({"_pkc": "Shoes"})[1] == {
        "event_name": "view_item_list",
        "site_id": "1",
        "item_list_name": "Shoes",
    }
    assert len(events({"e_a": "a", **product})) == 1
    batch = bulk("?idsite=9&rec=1&_pks=A", "?idsite=1&rec=1&_pks=A", "?idsite=1&rec=1")
    assert [each["event_name"] for each in batch.events] == ["page_view", "page_view", "view_item"]
    assert answer(batch)[1]["tracked"] == 2
    assert [each.index for each in batch.refused] == [0]


def test_product_views_do_not_count_towards_the_limit_of_a_request() -> None:
    batch = bulk(*["?idsite=1&rec=1&_pks=A"] * 501)
    assert len(batch.events) == 1002


@pytest.mark.parametrize(
    ("hit", "field"),
    [
        ("?idsite=1", "rec"),
        ("?idsite=1&rec=0", "rec"),
        ("?rec=1", "idsite"),
        ("?idsite=3&rec=1", "idsite"),
        ({"idsite": ["1"], "rec": 1}, "idsite"),
        ({"idsite": 1, "rec": [1]}, "rec"),
        ("", "rec"),
        ({}, "rec"),
        ("?idsite=1&rec=1&e_c=a", "e_a"),
        ("?idsite=1&rec=1&cdt=2011-04-05 00:11:42", "cdt"),
        ("?idsite=1&rec=1&cdo=86401", "cdt"),
        ("?idsite=1&rec=1&cdo=20261129", "cdt"),
        (7, "expected"),
        (None, "expected"),
        (["?idsite=1&rec=1"], "expected"),
    ],
)
def test_what_cannot_be_read_is_refused_alone(hit: Any, field: str) -> None:
    batch = bulk("?idsite=2&rec=1", hit)
    assert batch.events == [{"event_name": "page_view", "site_id": "2"}]
    (refusal,) = batch.refused
    assert refusal.index == 1
    assert refusal.message.startswith(field)
    assert answer(batch) == (
        200,
        {
            "status": "success",
            "tracked": 1,
            "invalid": 1,
            "refused": [{"index": 1, "reason": refusal.message}],
        },
    )
    status, content = answer(bulk(hit))
    assert (status, content["status"], content["tracked"]) == (400, "error", 0)


@pytest.mark.parametrize(
    ("query", "body", "status", "content"),
    [
        ("idsite=1&rec=1", b"", 200, b"GIF89a"),
        ("idsite=1&rec=1&send_image=0", b"", 204, b""),
        ("idsite=1&rec=1", b"send_image=0", 204, b""),
        ("idsite=1&rec=1&send_image=1", b"", 200, b"GIF89a"),
        ("idsite=1", b"", 400, b"GIF89a"),
        ("idsite=1&send_image=0", b"", 400, b'{"accepted":0'),
        ("", b'{"requests":["?idsite=1&rec=1"],"send_image":0}', 204, b""),
        ("", b'{"requests":["?idsite=1&rec=1"],"send_image":false}', 204, b""),
        ("", b'{"requests":["?idsite=1&rec=1&send_image=0"]}', 200, b'{"status":"success"'),
        ("", b'{"requests":["?idsite=1"],"send_image":0}', 400, b'{"status":"error"'),
    ],
)
def test_answers(query: str, body: bytes, status: int, content: bytes) -> None:
    made = SOURCE.answer(sent("POST", query, body))
    assert made.status == status
    assert made.body.startswith(content)


@pytest.mark.parametrize("query", ["", "debug=1"])
def test_a_get_without_a_hit_is_told_what_to_send(query: str) -> None:
    batch = sent("GET", query)
    assert batch.reply is not None
    assert (batch.events, batch.refused, batch.reply.status) == ([], [], 200)
    assert b"idsite" in batch.reply.body


@pytest.mark.parametrize(
    "body", [b"", b"a=b", b"[]", b"{}", b'{"requests":[]}', b'{"requests":{}}']
)
def test_a_post_without_a_hit_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        sent("POST", "", body)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


CLAIMS = (
    "idsite=1&rec=1&cip=203.0.113.9&ua=Mozilla&country=de&region=by&city=Munich&lat=48.1&long=11.6"
    "&cdt=2011-04-05 00:11:42"
)
STATED = {
    "event_name": "page_view",
    "site_id": "1",
    "ip_override": "203.0.113.9",
    "user_agent": "Mozilla",
    "event_location": {
        "country": "DE",
        "region": "BY",
        "city": "Munich",
        "latitude": 48.1,
        "longitude": 11.6,
    },
    "timestamp": 1_301_962_302,
}


def test_a_sender_with_a_token_is_trusted() -> None:
    batches = [
        sent("GET", f"{CLAIMS}&token_auth=s3cret"),
        sent("POST", "", f"{CLAIMS}&token_auth=s3cret".encode()),
        sent("GET", CLAIMS, authorization="Bearer s3cret"),
        bulk(f"?{CLAIMS}", token_auth="s3cret"),
        bulk(f"?{CLAIMS}", query="token_auth=s3cret"),
        bulk(f"?{CLAIMS}&token_auth=s3cret"),
    ]
    for batch in batches:
        assert (batch.trusted, batch.backend) == (True, True)
        assert batch.events == [STATED]
    assert answer(batches[-1])[1]["invalid_indices"] == []


def test_one_hit_with_a_token_proves_nothing_for_the_others() -> None:
    batch = bulk("?idsite=1&rec=1&token_auth=s3cret", "?idsite=1&rec=1")
    assert not batch.trusted
    assert "invalid_indices" not in answer(batch)[1]


@pytest.mark.parametrize("token", ["wrong", ["s3cret"], 7])
def test_a_wrong_token_is_refused(token: Any) -> None:
    for refuse in (
        lambda: bulk("?idsite=1&rec=1", token_auth=token),
        lambda: bulk({"idsite": 1, "rec": 1, "token_auth": token}, token_auth="s3cret"),
        lambda: sent("GET", urlencode({"idsite": 1, "rec": 1, "token_auth": token})),
        lambda: sent("GET", "idsite=1&rec=1", authorization="Bearer wrong"),
    ):
        with pytest.raises(Refused) as refused:
            refuse()
        assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


@pytest.mark.parametrize("token", ["", None])
def test_an_empty_token_is_none(token: Any) -> None:
    assert not bulk("?idsite=1&rec=1&token_auth=", token_auth=token).trusted


def test_a_token_is_shown_before_the_body_is_read() -> None:
    assert SOURCE.shows_key(Inbound("POST", "/matomo.php", "token_auth=s3cret"))
    assert not SOURCE.shows_key(Inbound("POST", "/matomo.php", "token_auth=wrong"))


@pytest.mark.parametrize(
    ("agent", "hit", "backend"),
    [
        ("Mozilla/5.0", {}, False),
        ("Mozilla/5.0", {"cip": "203.0.113.9"}, True),
        ("Mozilla/5.0", {"ua": "Mozilla/5.0"}, True),
        ("Dalvik/2.1.0", {"ua": "Dalvik/2.1.0"}, False),
        ("Dalvik/2.1.0", {"ua": "Mozilla/5.0"}, True),
        ("Dalvik/2.1.0", {"ua": "Dalvik/2.1.0", "cip": "203.0.113.9"}, True),
        ("", {}, True),
    ],
)
def test_who_speaks_for_a_visitor_is_a_backend(
    agent: str, hit: dict[str, str], backend: bool
) -> None:
    query = urlencode({"idsite": 1, "rec": 1, **hit})
    for batch in (
        sent("GET", query, **{"user-agent": agent}),
        sent(
            "POST",
            "",
            orjson.dumps({"requests": ["?idsite=1&rec=1", f"?{query}"]}),
            **{"user-agent": agent},
        ),
    ):
        assert (batch.trusted, batch.backend) == (False, backend)


@pytest.mark.parametrize(
    "request_",
    [
        "idsite=1&rec=1&url=https://shop.example/?a=b",
        "?idsite=1&rec=1&url=https://shop.example/?a=b",
        "https://stats.example/matomo.php?idsite=1&rec=1&url=https://shop.example/?a=b",
    ],
)
def test_a_hit_in_bulk_may_have_question_marks_in_its_values(request_: str) -> None:
    (event,) = bulk(request_).events
    assert event["page_location"] == "https://shop.example/?a=b"


@pytest.mark.parametrize(
    ("hit", "timestamp"),
    [
        ({"cdt": "1795289000"}, 1_795_289_000),
        ({"cdt": "2026-11-21 20:32:57"}, 1_795_293_177),
        ({"cdo": "60"}, NOW - 60),
        ({"cdo": "-60"}, NOW - 60),
        ({"cdt": "1795289000", "cdo": "1000"}, 1_795_288_000),
        ({"cdt": "1795289000", "cdo": "long"}, 1_795_289_000),
        ({"cdt": "1795289000000000000"}, 1_795_289_000),
    ],
)
def test_when_it_happened(hit: dict[str, str], timestamp: float) -> None:
    assert one(hit)["timestamp"] == timestamp


def test_how_long_ago_it_was_means_nothing_without_the_time_of_receipt() -> None:
    request = Inbound("GET", "/matomo.php", "idsite=1&rec=1&cdo=60", BROWSER)
    assert SOURCE.read(request).events == [{"event_name": "page_view", "site_id": "1"}]


GRANTED = {"consent": {"analytics_storage": "granted"}}
ALL_DENIED = dict.fromkeys(
    ["ad_storage", "analytics_storage", "ad_user_data", "ad_personalization"], "denied"
)


@pytest.mark.parametrize(
    ("query", "stated"),
    [
        ("consent=1", GRANTED),
        ("consent=1&consent=1", GRANTED),
        ("consent=", {}),
        ("consent.ad_storage=", {"consent": {"ad_storage": "denied"}}),
        ("consent[ad_storage]=denied", {"consent": {"ad_storage": "denied"}}),
        (
            "consent=1&consent.ad_storage=granted",
            {"consent": {"analytics_storage": "granted", "ad_storage": "granted"}},
        ),
        (
            "consent=1&consent.analytics_storage=denied",
            {"consent": {"analytics_storage": "denied"}},
        ),
        ("gcs=G100&gdpr=1&gcs=G111", {"gcs": ["G100", "G111"], "gdpr": "1"}),
    ],
)
def test_what_a_hit_states_about_consent(query: str, stated: Event) -> None:
    expected = {"event_name": "page_view", "site_id": "1", **stated}
    assert sent("GET", f"idsite=1&rec=1&{query}").events == [expected]
    assert bulk(f"?idsite=1&rec=1&{query}").events == [expected]


@pytest.mark.parametrize("said", ["0", "no", "yes", "1&consent=0"])
def test_what_is_no_consent_denies(said: str) -> None:
    (event,) = sent("GET", f"idsite=1&rec=1&consent={said}").events
    assert event["consent"].items() >= ALL_DENIED.items()


def test_what_is_stated_around_the_hits_holds_for_each_of_them() -> None:
    batch = bulk(
        "?idsite=1&rec=1&consent.ad_storage=granted",
        {"idsite": 1, "rec": 1, "consent": {"ad_storage": "granted"}},
        consent={"ad_storage": "denied"},
        query="gcs=G100",
    )
    assert len(batch.events) == 2
    for event in batch.events:
        assert (event["consent"], event["gcs"]) == ({"ad_storage": "denied"}, "G100")


def test_parameters_with_names_of_ours_state_nothing_else() -> None:
    assert one({"event_name": "purchase", "user_agent": "x", "timestamp": "1", "plan": "a"}) == {
        "event_name": "page_view",
        "site_id": "1",
        "plan": "a",
        "params": {"user_agent": "x", "timestamp": "1"},
    }


def test_a_product_has_five_categories() -> None:
    product = ["A", "Shirt", ["Clothes", "Men", "Summer", "Sale", "Cotton", "Blue"]]
    order = one({"idgoal": "0", "ec_id": "T1", "ec_items": orjson.dumps([product]).decode()})
    assert order["items"] == [
        {
            "item_id": "A",
            "item_name": "Shirt",
            "item_category": "Clothes",
            "item_category2": "Men",
            "item_category3": "Summer",
            "item_category4": "Sale",
            "item_category5": "Cotton",
        }
    ]
