"""The click, the browser and the IP address are sent in the form that Meta takes, or not at all."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.meta_destination import sent

SHOP = "https://shop.example/"
FBC = "fb.1.1795210000000.IwAR0Abc_-9"


@pytest.mark.parametrize(
    ("fields", "fbc"),
    [
        ({"fbc": FBC}, FBC),
        ({"fbc": f"{FBC}.AQYBAQIA"}, f"{FBC}.AQYBAQIA"),
        ({"fbc": FBC, "click_ids": {"fbclid": "IwAR0Abc_-9"}}, FBC),  # the same click
        ({"fbc": FBC, "click_ids": {"fbclid": "XyZ"}}, "fb.1.1795219200500.XyZ"),
        ({"fbc": FBC, "page_location": f"{SHOP}?fbclid=XyZ"}, "fb.1.1795219200500.XyZ"),
        ({"fbc": FBC, "page_location": f"{SHOP}?fbclid=IwAR0Abc_-9"}, FBC),
        ({"page_location": f"{SHOP}?a=1&fbclid=XyZ#end"}, "fb.1.1795219200500.XyZ"),
        ({"page_location": SHOP, "page_referrer": f"{SHOP}?fbclid=Old"}, "fb.1.1795219200500.Old"),
        (
            {"page_location": f"{SHOP}?fbclid=New", "page_referrer": f"{SHOP}?fbclid=Old"},
            "fb.1.1795219200500.New",
        ),
        ({"page_location": f"{SHOP}#fbclid=XyZ"}, None),
        ({"page_location": f"{SHOP}?fbclid=a;b"}, None),
        ({"page_location": f"{SHOP}?fbclid=null"}, None),
        ({"page_location": "https://[?fbclid=XyZ"}, None),
        ({"page_location": f"{SHOP}?{'a=1&' * 100}fbclid=XyZ"}, None),
        ({"fbc": f"{FBC}.Ag"}, f"{FBC}.Ag"),
        ({"fbc": f"{FBC}.AgAg"}, None),
        ({"click_ids": {"fbclid": "XyZ"}}, "fb.1.1795219200500.XyZ"),
        ({"click_ids": {"gclid": "1"}}, None),
        ({"fbc": "undefined"}, None),
        ({"fbc": "fb.1.1795210000000."}, None),
        ({"fbc": "fb.1.1795210000000.undefined"}, None),
        ({"fbc": "fb.1.1795210000.Abc"}, None),  # seconds, not milliseconds
        ({"fbc": "fb.1.1795210000000.a b"}, None),
        ({"fbc": "Abc"}, None),
        ({"fbc": "null", "click_ids": {"fbclid": "XyZ"}}, "fb.1.1795219200500.XyZ"),
        ({"click_ids": {"fbclid": "undefined"}}, None),
        ({"click_ids": {"fbclid": "a;b"}}, None),
    ],
)
def test_fbc_is_the_cookie_or_is_made_from_the_click(
    fields: dict[str, Any], fbc: str | None, example: Example, now: float
) -> None:
    assert sent(example("page_view", **fields), now)["user_data"].get("fbc") == fbc


@pytest.mark.parametrize(
    ("fbp", "is_sent"),
    [
        ("fb.1.1795210000000.1098115397", True),
        ("fb.0.1795210000000.68131127111374487.AQYBAQIA", True),
        ("fb.1.1795210000000.", False),
        ("fb.1.1795210000000.x", False),
        ("fb.1.1795210000.1098115397", False),
        ("1098115397", False),
        ("undefined", False),
    ],
)
def test_fbp_is_sent_in_its_form_alone(
    fbp: str, is_sent: bool, example: Example, now: float
) -> None:
    assert ("fbp" in sent(example("page_view", fbp=fbp), now)["user_data"]) is is_sent


@pytest.mark.parametrize(
    ("address", "is_sent"),
    [
        ("203.0.113.7", True),
        ("2001:db8::1", True),
        *((private, False) for private in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1")),
        *((local, False) for local in ("169.254.0.1", "100.64.0.1", "::1", "fe80::1", "fd00::1")),
        ("unknown", False),
        ("203.0.113.7:443", False),
    ],
)
def test_only_a_public_address_is_sent(
    address: str, is_sent: bool, example: Example, now: float
) -> None:
    user_data = sent(example("page_view", ip_override=address), now)["user_data"]
    assert ("client_ip_address" in user_data) is is_sent


def test_what_is_no_ip_address_is_left_out(example: Example, now: float) -> None:
    assert (
        "client_ip_address"
        not in sent(example("page_view", ip_override="unknown"), now)["user_data"]
    )
    assert (
        sent(example("page_view", ip_override="2001:db8::1"), now)["user_data"]["client_ip_address"]
        == "2001:db8::1"
    )
