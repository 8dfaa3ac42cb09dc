"""Pages that are rendered before the visitor goes there, and pages that come back."""

import os
import signal
import subprocess
import time

import pytest

from tests.browser.conftest import FLAGS, find_chromium

STUB_PRERENDERING = """
    let prerendering = true;
    Object.defineProperty(document, 'prerendering', {get: () => prerendering});
    window.activate = () => {
        prerendering = false;
        document.dispatchEvent(new Event('prerenderingchange'));
    };
"""

GO_WHEN_RENDERED = """
    let asked = 0;
    const prerender = () => {
        const next = {urls: [`/next?${++asked}`], eagerness: 'immediate'};
        const rules = document.createElement('script');
        rules.type = 'speculationrules';
        rules.textContent = JSON.stringify({prerender: [next]});
        document.head.append(rules);
    };
    prerender();
    setInterval(prerender, 5000);  // Chromium may give up, and then never tries that address again
    const waiting = setInterval(() => {
        if (!localStorage.rendered) return;
        clearInterval(waiting);
        gateway('event', 'leave');
        location.href = localStorage.rendered;
    }, 50);
"""

SAY_WHEN_RENDERED = """
    gateway('event', 'early', {prerendering: document.prerendering});
    addEventListener('load', () => { localStorage.rendered = location.href; });
"""


def names(events):
    return [event["event_name"] for event in events]


def test_a_prerendered_page_sends_its_view_when_it_is_seen(visitor, gateway, shop):
    visitor.context.add_init_script(STUB_PRERENDERING)
    page = visitor.context.new_page()
    page.goto(shop.write("gateway('event', 'early')"))
    page.add_script_tag(url=f"{gateway.origin}/gateway.js")
    page.evaluate("gateway('event', 'in_between')")
    assert not page.evaluate("Boolean(gateway.ready)")
    assert visitor.cookies() == {}
    seen = time.time()
    page.evaluate("activate()")
    events = gateway.wait_for_events(3)
    assert names(events) == ["page_view", "early", "in_between"]
    assert len(gateway.hits) == 1
    assert all(event["timestamp"] > seen - 0.1 for event in events)


@pytest.fixture
def free_chromium(tmp_path):
    """Opens an address in a Chromium without remote control, which switches off prerendering and
    the back-forward cache."""
    flags = [flag for flag in FLAGS if flag != "--disable-background-networking"]
    running = []

    def visit(address, **which):
        command = [find_chromium(**which), *flags, f"--user-data-dir={tmp_path}"]
        # without a port, it prints the page and ends
        command += ["--remote-debugging-port=0", address]
        started = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        running.append(started)

    yield visit
    for process in running:
        # Debian's command is a script that would leave Chromium behind
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def test_chromium_prerenders_the_next_page(free_chromium, gateway, shop):
    shop.write(SAY_WHEN_RENDERED, path="/next")
    address = shop.write(GO_WHEN_RENDERED)
    free_chromium(address)
    gateway.wait_for_events(4)
    view, leave, next_view, early = sorted(gateway.accepted(), key=lambda e: e["timestamp"])
    assert early["prerendering"] is True
    assert names([view, leave, next_view]) == ["page_view", "leave", "page_view"]
    assert view["page_location"] == address
    assert next_view["page_location"].startswith(f"{address}next?")
    assert len(gateway.accepted()) == 4


GO_AND_COME_BACK = """
    addEventListener('pageshow', ({ persisted }) => {
        if (persisted) gateway('event', 'back');
        else setTimeout(() => { location.href = '/next'; }, 500);
    });
    addEventListener('pagehide', () => gateway('event', 'goodbye'));
"""


@pytest.mark.nightly
def test_a_page_from_the_back_forward_cache_of_chromium_counts_again(free_chromium, gateway, shop):
    shop.write(
        "addEventListener('load', () => setTimeout(() => history.back(), 500))", path="/next"
    )
    free_chromium(shop.write(GO_AND_COME_BACK), whole=True)
    events = gateway.wait_for_events(5)
    assert sorted(names(events)) == ["back", "goodbye", "page_view", "page_view", "page_view"]
    assert len({event["event_id"] for event in events}) == 5
    pages = [each["page_location"] for each in events if each["event_name"] == "page_view"]
    assert pages == [f"{shop.origin}/", f"{shop.origin}/next", f"{shop.origin}/"]
