"""What a page costs: the bytes that Chromium transfers, and the time until the server answers."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.console.test_pages_in_chromium import PATHS

pytestmark = pytest.mark.nightly

MAX_FIRST, MAX_AGAIN = 150_000, 60_000
"""Bytes of a first visit, with scripts and styles, and of a later one, which has them cached."""


def transferred(tab, path: str) -> tuple[int, int]:
    """The number of requests, and of bytes with response heads."""
    sizes: list[float] = []
    session = tab.page.context.new_cdp_session(tab.page)
    session.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
    session.send("Network.enable")
    tab.open(path)
    tab.page.wait_for_load_state("load")
    session.detach()
    return len(sizes), round(sum(sizes))


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_light(open_tab, running, cookie, capsys, path):
    tab = open_tab()
    requests, first = transferred(tab, path)
    _, again = transferred(tab, path)
    took = []
    with httpx.Client(cookies={cookie["name"]: cookie["value"]}) as client:
        for _ in range(10):
            began = time.perf_counter()
            assert client.get(running.console_url + path).status_code == 200
            took.append(1000 * (time.perf_counter() - began))
    with capsys.disabled():
        print(
            f"\n{path}: {requests} requests, {first / 1000:.0f} kB, then {again / 1000:.0f} kB; "
            f"{min(took):.0f} ms at least, {sorted(took)[5]:.0f} ms as a rule"
        )
    assert first <= MAX_FIRST
    assert again <= MAX_AGAIN
