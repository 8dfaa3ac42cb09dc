"""Browser and click ids in other places and forms are read into an event's own fields."""

from typing import Any

import pytest

from gateway.event import read_event
from gateway.event.browser_ids import READ_AS

FBP, FBC = "fb.1.1795210000000.4711", "fb.1.1795210000000.IwAR"


def read(fields: dict[str, Any]) -> dict[str, Any]:
    event = read_event({"event_name": "x", **fields})
    del event["event_name"]
    return event


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"user_data": {"fbp": FBP, "fbc": FBC}}, {"user_data": {}, "fbp": FBP, "fbc": FBC}),
        (
            {"user_data": {"_fbp": FBP, "em": "a@b.de"}},
            {"user_data": {"email_address": "a@b.de"}, "fbp": FBP},
        ),
        ({"user_data": '{"fbc": "' + FBC + '"}'}, {"user_data": {}, "fbc": FBC}),
        ({"_fbp": FBP, "_fbc": FBC}, {"fbp": FBP, "fbc": FBC}),
        ({"_fbp": FBP, "fbp": ""}, {"fbp": FBP}),
        ({"gclid": "x", "fbclid": "y"}, {"click_ids": {"gclid": "x", "fbclid": "y"}}),
        (
            {"ttclid": "x", "click_ids": {"gclid": "y"}},
            {"click_ids": {"gclid": "y", "ttclid": "x"}},
        ),
        ({"gclid": "x", "click_ids": {"gclid": ""}}, {"click_ids": {"gclid": "x"}}),
        ({"click_ids": {"gclid": "GCL.1699999999.ABC"}}, {"click_ids": {"gclid": "ABC"}}),
        ({"click_ids": {"gclid": "GCL.1699999999.ABC.label"}}, {"click_ids": {"gclid": "ABC"}}),
        ({"click_ids": {"wbraid": "2.1.kABC$i1746192457"}}, {"click_ids": {"wbraid": "ABC"}}),
        ({"gclid": "GCL.1699999999.ABC"}, {"click_ids": {"gclid": "ABC"}}),
        (
            {"gclid": "GCL.1699999999.ABC", "tax": "5,5"},
            {"tax": 5.5, "click_ids": {"gclid": "ABC"}},
        ),
        ({"client_id": "GA1.1.111.222"}, {"client_id": "111.222"}),
        ({"client_id": "GA1.2-3.111.222"}, {"client_id": "111.222"}),
        ({"client_id": "FPID2.2.abc%2Bd%3D.222"}, {"client_id": "abc+d=.222"}),
    ],
)
def test_they_have_one_name(sent: dict[str, Any], found: dict[str, Any]) -> None:
    assert read(sent) == found
    assert read(found) == found


@pytest.mark.parametrize(
    "sent",
    [
        {"_fbp": FBP, "fbp": "fb.1.1.1"},
        {"user_data": {"fbp": FBP}, "fbp": "fb.1.1.1"},
        {"gclid": "x", "click_ids": {"gclid": "y"}},
        {"gclid": "undefined"},
        {"gclid": " "},
        {"gclid": 5},
        {"_fbp": "undefined", "user_data": {"fbc": "x", "fbp": ["x"]}},
        {"click_ids": {"gclid": "GCL.x.ABC"}},
        {"click_ids": {"ttclid": "E.C.P"}},
        {"client_id": "GA1.1.broken"},
        {"client_id": "GA1.1.1.2.3"},
    ],
)
def test_what_is_stated_already_or_cannot_be_an_id_stays(sent: dict[str, Any]) -> None:
    assert read(sent) == sent


def test_what_is_no_object_stays() -> None:
    event = read({"gclid": "x", "click_ids": "y", "user_data": 5})
    assert event["gclid"] == "x"


@pytest.mark.parametrize(("path", "ours"), READ_AS.items())
def test_each_path_that_is_told_is_read(path: str, ours: str) -> None:
    *holder, name = path.split(".")
    sent = {name: FBP}
    event = read({holder[0]: sent} if holder else sent)
    for key in ours.split("."):
        event = event[key]
    assert event == FBP
