"""What is read from `page_location`: host, path, campaign and click ids."""

from typing import Any

import pytest

from gateway.event import Received
from gateway.stages.enrichment.campaign import find_campaign
from gateway.stages.enrichment.click_ids import find_click_ids
from gateway.stages.enrichment.page import find_page
from tests.support.enrichments import adding

RECEIVED = Received("site", 0.0)

add_page = adding(find_page)
add_campaign = adding(find_campaign)
add_click_ids = adding(find_click_ids)


def at(url: str, **fields: Any) -> dict[str, Any]:
    return {"event_name": "page_view", "page_location": url, **fields}


@pytest.mark.parametrize(
    ("url", "hostname", "path"),
    [
        ("http://shop/?utm_source=news", "shop", "/"),
        ("https://shop.example", "shop.example", "/"),
        ("https://Shop.Example/De/P%20x/?q=1#top", "shop.example", "/De/P%20x/"),
        ("https://shop.example:8443/cart", "shop.example", "/cart"),
        ("https://shop.example?q=/a", "shop.example", "/"),
        ("https://shop.example#/route?x=1", "shop.example", "/"),
        ("https://user:p@ss@shop.example/a", "shop.example", "/a"),
        ("HTTPS://shop.example/a?b=http://other/", "shop.example", "/a"),
        ("http://[::1]:8080/a", "[::1]", "/a"),
        ("https://bücher.example/ä", "bücher.example", "/ä"),
        ("android-app://com.example.shop/home", "com.example.shop", "/home"),
        ("file:///index.html", None, "/index.html"),
        ("about:blank", None, None),
        ("/cart?utm_source=news", None, None),
        ("shop.example/cart", None, None),
        ("", None, None),
        ("://", None, None),
    ],
)
def test_host_and_path_of_a_page(url: str, hostname: str | None, path: str | None) -> None:
    event = add_page(at(url), RECEIVED)
    assert (event.get("page_hostname"), event.get("page_path")) == (hostname, path)


def test_the_page_of_an_event_without_location_is_not_guessed() -> None:
    event = {"event_name": "page_view", "page_referrer": "https://other.example/a"}
    assert add_page(event, RECEIVED) is event


def test_a_stated_host_or_path_stays() -> None:
    event = at("https://shop.example/a", page_path="/virtual")
    assert add_page(event, RECEIVED) == {**event, "page_hostname": "shop.example"}
    event = at("https://shop.example/a", page_hostname="other", page_path="/b")
    assert add_page(event, RECEIVED) is event


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        (
            "utm_source=news&utm_medium=email&utm_campaign=Sale%2026&utm_term=red+shoes"
            "&utm_content=top&utm_id=42&utm_source_platform=SA360&utm_creative_format=video"
            "&utm_marketing_tactic=remarketing",
            {
                "source": "news",
                "medium": "email",
                "name": "Sale 26",
                "term": "red shoes",
                "content": "top",
                "id": "42",
                "source_platform": "SA360",
                "creative_format": "video",
                "marketing_tactic": "remarketing",
            },
        ),
        (
            "mtm_campaign=C&mtm_source=S&mtm_medium=M&mtm_keyword=K&mtm_content=T&mtm_cid=1",
            {"name": "C", "source": "S", "medium": "M", "term": "K", "content": "T", "id": "1"},
        ),
        ("pk_campaign=C&pk_kwd=K&pk_source=S", {"name": "C", "term": "K", "source": "S"}),
        ("pk_source=old&mtm_source=mid&utm_source=new", {"source": "new"}),
        ("UTM_Source=News", {"source": "News"}),
        ("utm%5Fsource=news", {"source": "news"}),
        ("utm_source=&utm_source=+&utm_source=a&utm_source=b", {"source": "a"}),
        ("utm_source=%C3%A9t%C3%A9&utm_medium=%FF", {"source": "été", "medium": "\ufffd"}),
        ("utm_source=a=b", {"source": "a=b"}),
        ("utm_source", None),
        ("q=1&source=x", None),
        ("&&=&=x", None),
    ],
)
def test_campaign_parameters(query: str, campaign: dict[str, str] | None) -> None:
    event = at(f"https://shop.example/?{query}#utm_source=fragment")
    expected = event if campaign is None else {**event, "campaign": campaign}
    assert add_campaign(event, RECEIVED) == expected


@pytest.mark.parametrize("stated", [{"source": "app"}, "spring", ["a"], 0, False])
def test_a_stated_campaign_is_left_whole(stated: object) -> None:
    event = at("https://shop.example/?utm_source=news&utm_medium=email", campaign=stated)
    assert add_campaign(event, RECEIVED) is event


CLICK_IDS = """
gclid gbraid wbraid dclid gclsrc gad_source gad_campaignid srsltid fbclid igshid msclkid ttclid
twclid li_fat_id epik ScCid rdt_cid qclid _kx mc_cid mc_eid irclickid irclid yclid ysclid _hsenc
_hsmi mkt_tok awc cjevent sscid ranMID ranEAID ranSiteID tduid clickref tblci dicbo ef_id s_kwcid
_branch_match_id vero_id oly_enc_id oly_anon_id bd_vid
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", CLICK_IDS)
def test_every_click_id_is_found_however_its_name_is_written(name: str) -> None:
    for written in (name, name.lower(), name.upper()):
        event = at(f"https://shop.example/?a=1&{written}=AbC-_9%2E")
        assert add_click_ids(event, RECEIVED)["click_ids"] == {name: "AbC-_9."}


def test_stated_click_ids_stay_and_others_are_added() -> None:
    event = at("https://shop.example/?gclid=url&FBCLID=IwAR", click_ids={"gclid": "said", "x": "1"})
    assert add_click_ids(event, RECEIVED)["click_ids"] == {
        "gclid": "said",
        "x": "1",
        "fbclid": "IwAR",
    }


def test_a_page_without_click_ids_adds_nothing() -> None:
    for url in ("https://shop.example/?q=1", "https://shop.example/", "?gclid=relative", ""):
        event = at(url)
        assert add_click_ids(event, RECEIVED) is event


def test_events_of_one_page_share_nothing_that_can_change() -> None:
    url = "https://shop.example/?utm_source=news&gclid=1"
    first = add_click_ids(add_campaign(at(url), RECEIVED), RECEIVED)
    first["campaign"]["source"] = first["click_ids"]["gclid"] = "changed"
    second = add_click_ids(add_campaign(at(url), RECEIVED), RECEIVED)
    assert second["campaign"] == {"source": "news"}
    assert second["click_ids"] == {"gclid": "1"}


def test_a_url_too_long_for_the_cache_is_read_all_the_same() -> None:
    url = f"https://shop.example/a?{'x=1&' * 3_000}gclid=AbC"
    assert add_click_ids(at(url), RECEIVED)["click_ids"] == {"gclid": "AbC"}
