"""A gateway at work with a console, and Chromium to look at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import plain_http
from tests.support.chromium import FLAGS, find_chromium
from tests.support.console_server import ConsoleServer
from tests.support.gateway_process import Gateway
from tests.support.sink_server import Received, Reply, Sink

CONFIG = """
server: {{hash_salt: salt}}
redis: {{url: embedded, data_dir: "${{DATA_DIR}}"}}
consent:
  default: {{ad_storage: granted, analytics_storage: granted, ad_user_data: granted}}
  regions: [{{in: [DE], default: {{analytics_storage: denied}}}}]
schemas:
  sign_up: {{schema: {{required: [method]}}, on_mismatch: quarantine}}
rules:
  - name: no tests
    when: {{event_name: test_event}}
    drop: true
  - name: margin
    when: {{event_name: purchase}}
    set: {{margin: 2, shipping: 4}}
sources:
  site: {{type: collect, allowed_origins: ["https://shop.example"]}}
  backend: {{type: events, keys: [a-long-enough-key-for-tests]}}
destinations:
  crm:
    type: webhook
    url: {sink}/crm
    allow_private_addresses: true
  warehouse:
    type: webhook
    url: {sink}/warehouse
    allow_private_addresses: true
    consent: [analytics_storage]
    rules: [{{name: no shipping, when: {{event_name: purchase}}, remove: [shipping]}}]
"""

KEY = {"authorization": "Bearer a-long-enough-key-for-tests"}
GRANTED = {"ad_storage": "granted", "ad_user_data": "granted", "analytics_storage": "granted"}
HOSTILE = "<img src=x onerror=alert(1) hx-get=/hostile hx-trigger=load>\x1b[31m‮"

EVENTS = [
    *({"event_name": "page_view", "page_location": f"https://shop.example/{n}"} for n in range(12)),
    {
        "event_name": "purchase",
        "event_id": "p-1",
        "transaction_id": "order-1001",
        "client_id": "1.2",
        "value": 19.9,
        "currency": "EUR",
        "user_data": {"email_address": "ada@example.com"},
    },
    {"event_name": "purchase", "event_id": "p-2", "transaction_id": "refuse-me", "value": 1},
    {"event_name": "test_event"},
    {"event_name": "sign_up"},
    {"event_name": HOSTILE, "event_id": "hostile", "search_term": HOSTILE * 20},
    {"event_name": "denied", "consent": {"analytics_storage": "denied"}},
]


@pytest.fixture(scope="package")
def sink() -> Iterator[Sink]:
    def reply(received: Received) -> Reply:
        refused = "refuse-me" in str(received.body)
        return (400, b'{"error": "unknown order"}') if refused else (200, b"{}")

    with Sink(reply) as sink:
        yield sink


@pytest.fixture(scope="package")
def running(sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that has received `EVENTS`, all of which are in its ledger."""
    folder = tmp_path_factory.mktemp("console")
    with Gateway(folder, CONFIG.format(sink=sink.url)).with_console() as gateway:
        for event in EVENTS:
            event = {"timestamp": time.time(), "consent": GRANTED, **event}
            answer = plain_http.post(f"{gateway.url}/events", json=event, headers=KEY, timeout=60)
            assert answer.is_success
        gateway.wait_until_delivered("crm")
        gateway.wait_until_delivered("warehouse")
        gateway.wait_until_stored()
        yield gateway


@pytest.fixture(scope="package")
def signed_in(running: Gateway) -> Iterator[ConsoleServer]:
    """The console of `running` for an operator, or with the header ``x-role: viewer`` for a
    viewer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(running.folder / "data"))
        server = ConsoleServer(running, "operator")
    with server:
        yield server


@pytest.fixture(scope="module")  # while it is open, no other event loop can run in this thread
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def cookie(running: Gateway) -> dict[str, str]:
    """The cookie of an operator who has signed in with the link that `gateway run` printed."""
    headers = {"sec-fetch-site": "same-origin"}
    answer = plain_http.post(running.console_link(), headers=headers, timeout=60)
    assert answer.status_code == 303, answer.text
    ((name, value),) = answer.cookies.items()
    return {"name": name, "value": value, "url": running.console_url}


@dataclass
class Tab:
    """A page of the console in Chromium. errors: errors and warnings in the browser's console, also
    about its security policy, and exceptions. requests: the URLs that it has asked for."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _note(self, message: object) -> None:
        if message.type in ("error", "warning"):  # type: ignore[attr-defined]
            self.errors.append(message.text)  # type: ignore[attr-defined]

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.page.locator("h1").wait_for()
        return self.page

    def complaints(self) -> list[str]:
        """The serious violations of accessibility that axe-core finds, and `errors`."""
        found = Axe().run(self.page).response["violations"]
        serious = [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]
        return [*serious, *self.errors]

    def is_too_wide(self) -> bool:
        wide: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide


@pytest.fixture
def open_tab(chromium: Browser, running: Gateway, cookie: dict[str, str]) -> Iterator[object]:
    contexts = []

    def open_tab(
        width: int = 1440, dark: bool = False, javascript: bool = True, base: str = ""
    ) -> Tab:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale="en-GB",
        )
        context.set_default_timeout(60_000)
        context.add_cookies([cookie])
        contexts.append(context)
        return Tab(context.new_page(), base or running.console_url)

    yield open_tab
    for context in contexts:
        context.close()
