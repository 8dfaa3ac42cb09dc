"""GA4's events of enhanced measurement, from the script and from the npm package, in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from gateway.web.scripts import script_route
from tests.browser.conftest import GTAG, STUB, Gateway, Server, Shop, Visitor
from tests.support.write_js_client import PACKAGE

VIDEO = """
    <script>
      // A video of ten seconds that Chromium need not decode
      const video = document.createElement('video');
      video.title = 'How mugs are made';
      Object.defineProperties(video, {
        duration: { value: 10 },
        paused: { value: false },
        currentSrc: { value: 'https://shop.example/mugs.mp4?visitor=1' },
      });
      document.body.append(video);
      function play(type, at) {
        Object.defineProperty(video, 'currentTime', { value: at, configurable: true });
        video.dispatchEvent(new Event(type));
      }
    </script>
"""
BODY = (
    """
    <a id="out" class="big" href="https://partner.other.example/offer?a=1" target="_blank">offer</a>
    <a id="own" href="https://checkout.shop.example/pay">pay</a>
    <a id="pay" href="https://pay.example/">pay</a>
    <a id="mail" href="mailto:ada@example.com">write</a>
    <a id="file" href="/files/Price-List.PDF?v=2">Price <b id="bold">list</b></a>
    <form id="contact" name="write" action="/send?email=ada@example.com">
      <input name="subject"><input id="address" name="email" type="email">
      <button>Send it</button>
    </form>
    <div style="height: 5000px"></div>
    <script>
      addEventListener('click', (event) => event.target.closest('a') && event.preventDefault());
      addEventListener('submit', (event) => event.preventDefault());
    </script>
    """
    + VIDEO
)


@pytest.fixture(scope="module")
def modules() -> Iterator[str]:
    """The origin that serves the script and the modules of the package."""
    package = StaticFiles(directory=PACKAGE)

    class WithCors:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def send_shared(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"access-control-allow-origin", b"*"))
                await send(message)

            await package(scope, receive, send_shared)

    server = Server(
        Starlette(routes=[script_route("gateway-measurement.js"), Mount("/npm", WithCors())])
    )
    server.start()
    yield f"http://metrics.shop.example:{server.port}"
    server.stop()


def script_page(gateway: Gateway, modules: str) -> str:
    return (
        f"<script>{STUB}{GTAG}</script>"
        f'<script async src="{gateway.origin}/gateway.js"></script>'
        f'<script async src="{modules}/gateway-measurement.js"'
        f' data-domains="pay.example" data-search="q, find"></script>'
    )


def package_page(gateway: Gateway, modules: str) -> str:
    return f"""<script type="module">
        import {{ consent, event, get, set, start }} from '{modules}/npm/index.js';
        import {{ measure }} from '{modules}/npm/measurement.js';
        set({{ user_id: 'u-17' }});
        start({{ collect: '{gateway.origin}/collect' }});
        measure({{ domains: ['pay.example'], search: ['q', 'find'] }});
        Object.assign(window, {{ consent, event, get }});
    </script>"""


Open = Callable[..., Page]


@pytest.fixture(params=[script_page, package_page])
def open_page(
    request: pytest.FixtureRequest, visitor: Visitor, shop: Shop, gateway: Gateway, modules: str
) -> Open:
    """Opens a page with `BODY` and the measurement, at a path of the shop."""

    def opened(query: str = "") -> Page:
        head = request.param(gateway, modules)
        shop.html["/"] = f"<!doctype html><html><head>{head}</head><body>{BODY}</body></html>"
        page = visitor.context.new_page()
        page.goto(f"{shop.origin}/{query}")
        page.wait_for_function("window.gateway?.ready && window.gatewayMeasurement")
        return page

    return opened


def fields_of(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The fields that the measurement gave to the events with `name`."""
    prefixes = (
        "link_",
        "file_",
        "percent_",
        "search_",
        "video_",
        "form_",
        "first_field",
        "visible",
    )
    return [
        {key: event[key] for key in event if key.startswith((*prefixes, "outbound"))}
        for event in events
        if event["event_name"] == name
    ]


def test_a_link_that_leaves_the_site_is_a_click(open_page: Open, gateway: Gateway) -> None:
    page = open_page()
    for name in ("own", "pay", "mail", "out"):
        page.click(f"#{name}")
    page.click("#out", button="right")
    page.click("#out", button="middle")
    events = gateway.wait_for_events(3)
    click = {
        "link_url": "https://partner.other.example/offer?a=1",
        "link_domain": "partner.other.example",
        "link_id": "out",
        "link_classes": "big",
        "outbound": True,
    }
    assert fields_of(events, "click") == [click, click]


def test_a_link_to_a_file_is_a_download(open_page: Open, gateway: Gateway, shop: Shop) -> None:
    open_page().click("#bold")
    assert fields_of(gateway.wait_for_events(2), "file_download") == [
        {
            "link_url": f"{shop.origin}/files/Price-List.PDF?v=2",
            "link_domain": "www.shop.example",
            "link_id": "file",
            "link_text": "Price list",
            "file_name": "/files/Price-List.PDF",
            "file_extension": "pdf",
        }
    ]


def test_the_depth_of_a_page_counts_once_for_each_page(open_page: Open, gateway: Gateway) -> None:
    page = open_page()
    page.evaluate("scrollTo(0, 2000)")
    page.wait_for_function("scrollY == 2000")
    for count, path in enumerate(("/", "/next"), 2):
        page.evaluate(f"history.pushState(null, '', '{path}'); scrollTo(0, 0)")
        page.wait_for_function("scrollY == 0")
        for depth in (4900, 4800):
            page.evaluate(f"scrollTo(0, {depth})")
            page.wait_for_function("scrollY > 4000")
        events = gateway.wait_for_events(count)  # the browser reports a scroll a frame later
    assert fields_of(events, "scroll") == [{"percent_scrolled": 90}] * 2


def test_a_search_is_the_parameter_of_the_address(open_page: Open, gateway: Gateway) -> None:
    page = open_page("?find=blue+mug&q=")
    gateway.wait_for_events(2)
    page.evaluate("history.pushState(null, '', '/?q=cup')")
    gateway.wait_for_events(3)  # the script looks a moment later
    page.evaluate("history.pushState(null, '', '/cup')")
    page.evaluate("history.pushState(null, '', '/?q=plate')")
    events = gateway.wait_for_events(4)
    assert events[0]["event_name"] == "page_view"
    assert fields_of(events, "view_search_results") == [
        {"search_term": "blue mug"},
        {"search_term": "cup"},
        {"search_term": "plate"},
    ]


def test_a_video_reports_its_start_its_progress_and_its_end_once(
    open_page: Open, gateway: Gateway
) -> None:
    page = open_page()
    for kind, at in [("play", 0), ("timeupdate", 3), ("play", 3), ("timeupdate", 8), ("ended", 10)]:
        page.evaluate(f"play('{kind}', {at})")
    events = gateway.wait_for_events(7)
    names = ["start", "progress", "progress", "progress", "progress", "complete"]
    assert [event["event_name"] for event in events[1:]] == [f"video_{name}" for name in names]
    assert [event["video_percent"] for event in events[1:]] == [0, 10, 25, 50, 75, 100]
    assert fields_of(events, "video_complete") == [
        {
            "video_current_time": 10,
            "video_duration": 10,
            "video_percent": 100,
            "video_provider": "html5",
            "video_title": "How mugs are made",
            "video_url": "https://shop.example/mugs.mp4",
            "visible": False,
        }
    ]


def test_a_form_is_named_and_nothing_that_was_written_into_it(
    open_page: Open, gateway: Gateway, shop: Shop
) -> None:
    page = open_page()
    page.fill("#address", "ada@example.com")
    page.press("#address", "Tab")
    page.fill("[name=subject]", "My order")
    page.click("button")
    events = gateway.wait_for_events(3)
    form = {
        "form_id": "contact",
        "form_name": "write",
        "form_destination": f"{shop.origin}/send",
    }
    assert fields_of(events, "form_start") == [
        {
            **form,
            "first_field_id": "address",
            "first_field_name": "email",
            "first_field_type": "email",
            "first_field_position": 2,
        }
    ]
    assert fields_of(events, "form_submit") == [{**form, "form_submit_text": "Send it"}]
    assert "ada@" not in str(events)
    assert "My order" not in str(events)


def test_what_is_left_out_is_not_measured(
    visitor: Visitor, shop: Shop, gateway: Gateway, modules: str
) -> None:
    kinds = "scroll,outbound,downloads,search,video,forms"
    head = script_page(gateway, modules).replace("data-domains", f'data-without="{kinds}" data-x')
    shop.html["/"] = f"<!doctype html><html><head>{head}</head><body>{BODY}</body></html>"
    page = visitor.context.new_page()
    page.goto(f"{shop.origin}/?q=mug")
    page.wait_for_function("window.gateway.ready && window.gatewayMeasurement")
    page.click("#out")
    page.click("#file")
    page.fill("#address", "ada@example.com")
    page.click("button")
    page.evaluate("play('play', 0)")
    page.evaluate("gateway('event', 'last')")
    events = gateway.wait_for_events(2)
    assert [event["event_name"] for event in events] == ["page_view", "last"]


def test_the_package_sends_as_the_script_does(
    visitor: Visitor, shop: Shop, gateway: Gateway, modules: str
) -> None:
    head = package_page(gateway, modules)
    shop.html["/"] = f"<!doctype html><html><head>{head}</head></html>"
    page = visitor.context.new_page()
    page.goto(f"{shop.origin}/")
    page.wait_for_function("window.gateway?.ready")
    page.evaluate("consent('update', { ad_storage: 'granted' })")
    page.evaluate("event('purchase', { value: 59.8 })")
    view, purchase = gateway.wait_for_events(2)
    assert (view["event_name"], purchase["event_name"]) == ("page_view", "purchase")
    assert purchase["user_id"] == view["user_id"] == "u-17"
    assert (purchase["value"], purchase["consent"]) == (59.8, {"ad_storage": "granted"})
    client_id = page.evaluate("new Promise((done) => get('client_id', done))")
    assert client_id == purchase["client_id"] == visitor.cookies()["gateway_client_id"]["value"]
