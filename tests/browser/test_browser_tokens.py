"""gateway-token.js on a page of the shop, with the real gateway: events arrive with a token."""

import gzip
import json
from collections import deque

import pytest
from redis import Redis

from gateway.configuration.load import parse_settings
from gateway.queue.entry import decode
from gateway.web import submission_check
from gateway.web.app import create_app
from tests.browser.conftest import STUB, WEB, Server, wait_for
from tests.support.keys import KEYS

SECRET = "a" * 32
OTHER_SECRET = "b" * 32
PATIENCE = 60
CONFIG = """
enrichment: []
sources:
  site:
    type: collect
    allowed_origins: ["{origin}"]
    {tokens}
destinations:
  all: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


class TokenGateway(Server):
    """The real application. hits: method, path, query and status of each request except those for
    scripts. token_statuses: statuses with which the next requests for a token are answered instead.
    cuts_denials: whether answers with 403 are cut short."""

    def __init__(self, redis_url, shop):
        super().__init__(self)
        self.origin = f"http://metrics.shop.example:{self.port}"
        self._redis_url = redis_url
        self._shop = shop
        self.hits = []
        self.token_statuses = deque()
        self.cuts_denials = False

    def use(self, tokens=f"submission_tokens: {{secrets: [{SECRET}]}}"):
        """Starts or restarts it with these settings of its source."""
        self.stop()
        config = CONFIG.format(origin=self._shop.origin, tokens=tokens)
        self._app = create_app(parse_settings(config), self._redis_url)
        self.start()

    async def __call__(self, scope, receive, send):
        status = 0

        async def send_and_record(message):
            nonlocal status
            status = message.get("status", status)
            if status == 403 and self.cuts_denials and "body" in message:
                message = {**message, "body": message["body"][:10]}
            if message["type"] == "http.response.start" and not scope["path"].endswith(".js"):
                query = scope["query_string"].decode()
                self.hits.append((scope["method"], scope["path"], query, message["status"]))
            await send(message)

        if scope["type"] == "http" and scope["path"].endswith("/token") and self.token_statuses:
            status = self.token_statuses.popleft()
            await send_and_record({"type": "http.response.start", "status": status})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        await self._app(scope, receive, send_and_record)

    def events(self):
        with Redis.from_url(self._redis_url) as redis:
            rows = redis.xrange(KEYS.destination("all").stream)
        return [decode(entry_id, 1, fields[b"e"]).event for entry_id, fields in rows]

    def names(self):
        return [event["event_name"] for event in self.events()]

    def wait_for(self, *names):
        wait_for(lambda: len(self.names()) >= len(names), f"the events {names}", PATIENCE)
        assert self.names() == [*names]

    def statuses(self, path):
        return [status for _, each, _, status in list(self.hits) if each == path]


@pytest.fixture
def issuer(redis_url, shop):
    gateway = TokenGateway(redis_url, shop)
    gateway.use()
    yield gateway
    gateway.stop()


def visit(visitor, issuer, origin=None, before=""):
    """A page with the stub and gateway-token.js."""
    visitor.shop.html["/"] = (
        f"<!doctype html><title>Shop</title><script>{STUB}{before}</script>"
        f'<script async src="{issuer.origin}/gateway-token.js" data-page-view="false"></script>'
    )
    page = visitor.context.new_page()
    page.goto(f"{origin or visitor.shop.origin}/")
    page.wait_for_function("window.gateway.ready === true")
    return page


def send(page, name):
    page.evaluate("(name) => gateway('event', name)", name)


def test_the_module_is_smaller_than_1300_bytes():
    assert len(gzip.compress((WEB / "gateway-token.js").read_bytes(), 6)) < 1300


def test_events_arrive_with_a_token_and_without_a_preflight(visitor, issuer):
    page = visit(visitor, issuer)
    send(page, "one")
    issuer.wait_for("one")
    send(page, "two")
    issuer.wait_for("one", "two")
    page.wait_for_function("localStorage.length === 0")
    assert issuer.hits == [
        ("POST", "/collect/token", "", 200),
        ("POST", "/collect", "", 204),
        ("POST", "/collect", "", 204),
    ]
    assert "submission_token" not in json.dumps(issuer.events())


def test_the_attributes_hold_for_the_snippet(visitor, issuer):
    visitor.shop.html["/"] = (
        f"<!doctype html><title>Shop</title><script>{STUB}</script>"
        f'<script async src="{issuer.origin}/gateway-token.js" data-collect="{issuer.origin}/c/">'
        "</script>"
    )
    issuer.use(f"submission_tokens: {{secrets: [{SECRET}]}}\n    paths: [/c]")
    visitor.context.new_page().goto(visitor.shop.origin)
    issuer.wait_for("page_view")
    assert issuer.statuses("/c/token") == [200]


def test_the_last_event_of_a_page_arrives_by_a_beacon(visitor, issuer):
    page = visit(visitor, issuer)
    send(page, "one")
    issuer.wait_for("one")
    page.evaluate("addEventListener('pagehide', () => gateway('event', 'last'))")
    page.goto(visitor.shop.empty_page())
    issuer.wait_for("one", "last")
    beacon = ("POST", "/collect", "beacon", 204)
    wait_for(lambda: beacon in issuer.hits, "the answer to the beacon", PATIENCE)


def test_a_token_is_fetched_again_before_it_expires(visitor, issuer, monkeypatch):
    monkeypatch.setattr(submission_check, "LEEWAY_SECONDS", 60)
    issuer.use(f"submission_tokens: {{secrets: [{SECRET}], seconds: 1}}")
    page = visit(visitor, issuer)
    send(page, "one")
    issuer.wait_for("one")
    for number in range(2, 5):
        fetched = len(issuer.statuses("/collect/token"))
        wait_for(
            lambda fetched=fetched: len(issuer.statuses("/collect/token")) > fetched,
            "another token",
            PATIENCE,
        )
        send(page, f"event {number}")
    issuer.wait_for("one", "event 2", "event 3", "event 4")
    assert set(issuer.statuses("/collect")) == {204}


def test_a_hidden_page_fetches_one_when_it_has_an_event(visitor, issuer, monkeypatch):
    monkeypatch.setattr(submission_check, "LEEWAY_SECONDS", 0)
    issuer.use(f"submission_tokens: {{secrets: [{SECRET}], seconds: 2}}")
    hidden = "Object.defineProperty(document, 'hidden', { get: () => true });"
    page = visit(visitor, issuer, before=hidden)
    send(page, "one")
    issuer.wait_for("one")
    page.evaluate("window.start = Date.now()")
    page.wait_for_function("Date.now() > window.start + 3500", timeout=1000 * PATIENCE)
    send(page, "two")
    issuer.wait_for("one", "two")
    assert len(issuer.statuses("/collect/token")) >= 2


def test_a_refused_token_is_replaced_and_its_events_are_sent_again(visitor, issuer):
    page = visit(visitor, issuer)
    send(page, "one")
    issuer.wait_for("one")
    issuer.use(f"submission_tokens: {{secrets: [{OTHER_SECRET}]}}")
    send(page, "two")
    issuer.wait_for("one", "two")
    assert 403 in issuer.statuses("/collect")
    page.wait_for_function("localStorage.length === 0")


def test_a_refused_token_whose_answer_is_cut_short_loses_nothing(visitor, issuer):
    """As when a page is left while the answer arrives."""
    page = visit(visitor, issuer)
    send(page, "one")
    issuer.wait_for("one")
    issuer.use(f"submission_tokens: {{secrets: [{OTHER_SECRET}]}}")
    issuer.cuts_denials = True
    send(page, "two")
    wait_for(lambda: issuer.statuses("/collect").count(403) >= 2, "refusals", PATIENCE)
    issuer.cuts_denials = False
    issuer.wait_for("one", "two")


@pytest.mark.parametrize("status", [200, 404, 429, 500, 503])
def test_events_wait_until_a_token_can_be_had(visitor, issuer, status):
    issuer.token_statuses.extend([status] * 2)
    page = visit(visitor, issuer)
    send(page, "one")
    send(page, "two")
    issuer.wait_for("one", "two")
    assert issuer.statuses("/collect/token") == [status, status, 200]


def test_without_a_token_the_last_events_wait_for_the_next_page(visitor, issuer):
    issuer.token_statuses.extend([503] * 1000)
    page = visit(visitor, issuer)
    send(page, "one")
    page.evaluate("addEventListener('pagehide', () => gateway('event', 'last'))")
    page.goto(visitor.shop.empty_page())
    issuer.token_statuses.clear()
    page.goto(f"{visitor.shop.origin}/")
    issuer.wait_for("one", "last")


def test_a_source_that_needs_no_token_takes_events_without_one(visitor, issuer):
    """So the script can be added to the pages before tokens are switched on."""
    issuer.use(tokens="")
    page = visit(visitor, issuer)
    send(page, "one")
    page.wait_for_function("localStorage.length === 0")
    page.evaluate("addEventListener('pagehide', () => gateway('event', 'last'))")
    page.goto(visitor.shop.empty_page())
    issuer.wait_for("one", "last")


def test_a_page_that_is_open_when_tokens_are_switched_on_loses_nothing(visitor, issuer):
    issuer.use(tokens="")
    page = visit(visitor, issuer)
    send(page, "one")
    issuer.wait_for("one")
    issuer.use()
    send(page, "two")
    issuer.wait_for("one", "two")


def test_a_page_of_another_origin_delivers_nothing(visitor, issuer):
    foreign = visitor.shop.origin.replace("www.", "other.")
    page = visit(visitor, issuer, foreign)
    send(page, "one")
    wait_for(lambda: issuer.statuses("/collect"), "the answer", PATIENCE)
    page.wait_for_function("localStorage.length === 0")
    assert set(issuer.statuses("/collect/token") + issuer.statuses("/collect")) == {403}
    assert issuer.events() == []
