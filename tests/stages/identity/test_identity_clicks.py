"""Click ids that advertising platforms keep in cookies."""

from typing import Any

import pytest

CLICK = "Cj0KCQjw2tHABhCiARIs-NZz_wcB"


@pytest.mark.parametrize(
    ("jar", "click_ids"),
    [
        (f"_gcl_aw=GCL.1746192459.{CLICK}", {"gclid": CLICK}),
        (f"_gcl_aw=GCL.1746192459.{CLICK}.label~x", {"gclid": CLICK}),
        (f"_gcl_aw=2.1.k{CLICK}$i1746192457$u220191118", {"gclid": CLICK}),
        (f"_gcl_aw=2.1.k{CLICK}%24i1746192457", {"gclid": CLICK}),
        (f"_gcl_aw=2.1.i1746192457$k{CLICK}", {"gclid": CLICK}),
        (f"FPGCLAW=2.1.k{CLICK}$i1; _gcl_aw=GCL.1.old", {"gclid": CLICK}),
        (f"_gcl_aw=GCL.1.old; FPGCLAW=GCL.1.{CLICK}", {"gclid": CLICK}),
        ("_gcl_dc=GCL.1.D", {"dclid": "D"}),
        ("_gcl_gb=GCL.1.W", {"wbraid": "W"}),
        ("_gcl_ag=2.1.kG$i1", {"gbraid": "G"}),
        ("_gcl_gs=2.1.k1$i1746192457$u220191118", {"gad_source": "1"}),
        ("_gcl_au=1.1.1826881778.1773820251", {"gcl_au": "1826881778.1773820251"}),
        ("_gcl_au=1.1.18.17.99.1", {"gcl_au": "18.17"}),
        ("FPAU=1.2.5.6; _gcl_au=1.1.7.8", {"gcl_au": "5.6"}),
        ("ttclid=E.C.P.x-Y_1", {"ttclid": "E.C.P.x-Y_1"}),
        ("_epik=dj0yJnU9", {"epik": "dj0yJnU9"}),
        ("_scclid=abc-1", {"ScCid": "abc-1"}),
        ("li_fat_id=0f1e-2d", {"li_fat_id": "0f1e-2d"}),
        ("_rdt_cid=123", {"rdt_cid": "123"}),
        ("twclid=2-abc", {"twclid": "2-abc"}),
        ("__oppref=op-1", {"oppref": "op-1"}),
        ("_uetmsclkid=_uetAbC1", {"msclkid": "AbC1"}),
        ("uet_msclkid=AbC2", {"msclkid": "AbC2"}),
    ],
)
def test_each_platform_s_cookie_is_read_under_the_parameter_s_name(
    identify: Any, jar: str, click_ids: dict[str, str]
) -> None:
    done = identify(jar)

    assert done.event["click_ids"] == click_ids
    assert done.line.endswith("click_ids from cookies")


@pytest.mark.parametrize(
    "jar",
    [
        "_gcl_aw=GCL.x.y",
        "_gcl_aw=GCL.1.a b",
        "_gcl_aw=2.1.i1$u2",
        "_gcl_au=1.1.x",
        "ttclid=%3Cscript%3E",
        "_twclid=%7B%22pixelVersion%22%3A1%7D",
        "li_fat_id=" + "x" * 513,
        "gclid=abc",
    ],
)
def test_what_has_another_form_is_left_alone(identify: Any, jar: str) -> None:
    assert "click_ids" not in identify(jar).event


def test_the_event_and_its_page_know_better(identify: Any) -> None:
    jar = "_gcl_aw=GCL.1.old; _gcl_dc=GCL.1.D; ttclid=old; twclid=T"
    event = {"click_ids": {"ttclid": "own"}, "page_location": "https://shop.com/?gclid=new"}

    done = identify(jar, event)

    assert done.event["click_ids"] == {"ttclid": "own", "dclid": "D", "twclid": "T"}
    assert event["click_ids"] == {"ttclid": "own"}


@pytest.mark.parametrize("consent", [{"analytics_storage": "granted"}, {"ad_storage": "denied"}])
def test_without_ad_storage_none_is_read(identify: Any, consent: dict[str, str]) -> None:
    assert "click_ids" not in identify("_gcl_aw=GCL.1.x; ttclid=y", {"consent": consent}).event


def test_ids_of_browsers_are_read_into_fields_of_their_own(identify: Any) -> None:
    done = identify("_ttp=01ABC_x-1.tt.1; _scid=0f1e-2d%2E3")

    assert (done.event["ttp"], done.event["scid"]) == ("01ABC_x-1.tt.1", "0f1e-2d.3")
    assert done.line.endswith("ttp from _ttp; scid from _scid")


@pytest.mark.parametrize("jar", ["_ttp=%3Cscript%3E; _scid=a b", "_ttp=; _scid=" + "x" * 513])
def test_ids_of_browsers_in_another_form_are_left_alone(identify: Any, jar: str) -> None:
    assert not identify(jar).event.keys() & {"ttp", "scid"}


def test_what_the_event_states_of_its_browser_stays(identify: Any) -> None:
    assert identify("_ttp=old", {"ttp": "own"}).event["ttp"] == "own"


def test_without_ad_storage_no_browser_is_read(identify: Any) -> None:
    done = identify("_ttp=a; _scid=b", {"consent": {"ad_storage": "denied"}})
    assert not done.event.keys() & {"ttp", "scid"}
