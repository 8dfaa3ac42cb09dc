"""The host guard: requests go only to declared hosts, however a URL is written."""

from __future__ import annotations

import pytest

from destinations.base import Request
from gateway.http.client import NotSent
from gateway.http.host_guard import UNDECLARED, HostGuard
from tests.support.scripted_vendor import Vendor

pytestmark = pytest.mark.anyio


def request(url: str) -> Request:
    return Request("POST", url, {}, b"[]", (0,))


@pytest.mark.parametrize(
    "url",
    [
        "https://vendor.example/in",
        "https://VENDOR.example:8443/in?to=https://other.example",
        "http://user:password@vendor.example/",
        "http://[2001:db8::1]:8080/in",
    ],
)
async def test_declared_hosts_are_reached(url: str) -> None:
    vendor = Vendor()
    guard = HostGuard(vendor, ["vendor.example", "[2001:db8::1]"])
    assert (await guard.send(request(url))).status == 204
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/in",
        "https://vendor.example.other.example/",
        "https://sub.vendor.example/",
        "https://vendor.example@other.example/",
        "https://other.example\\@vendor.example/",
        "https://other.example/@vendor.example",
        "https://vendor%2eexample/",
        "https:vendor.example",
        "https://[vendor.example/",
        "vendor.example/in",
        "",
    ],
)
async def test_no_other_host_is_reached(url: str) -> None:
    vendor = Vendor()
    with pytest.raises(NotSent) as refused:
        await HostGuard(vendor, ["vendor.example"]).send(request(url))
    assert refused.value.reason == UNDECLARED
    assert vendor.requests == []


async def test_without_a_declared_host_nothing_is_reached() -> None:
    with pytest.raises(NotSent):
        await HostGuard(Vendor(), []).send(request("https://vendor.example/"))
