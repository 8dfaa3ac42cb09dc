"""Redis, its append-only file, the spool, the log and requests to destinations contain no proof of
a page or browser, no session of the site, and nothing of an event that was denied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Sink
from tests.support.valkey_server import Valkey

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
dedupe_window: 0  # all events of a page have one id
redis: {{url: "{url}", data_dir: "${{DATA_DIR}}"}}
sources: {{site: {{type: collect}}}}
consent: {{default: {{}}, regions: [], hold: {{seconds: {seconds}}}, withdrawals: true}}
schemas:
  purchase: {{on_mismatch: quarantine, schema: {{required: [currency]}}}}
destinations:
  ads:
    type: webhook
    url: {sink}/ads
    allow_private_addresses: true
    consent: [ad_storage]
    delivery: {{backoff: [1]}}
"""
TOKENS = {name: f"planted-page-token-of-page-{name}-planted" for name in ("a", "b", "c", "d")}
SESSION = "planted-session-of-the-shop"
GRANTED = {"ad_storage": "granted", "analytics_storage": "granted"}
DENIED = {"ad_storage": "denied"}


class Page:
    """A page of the shop in its own browser. name: part of every value that the page sends."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._url, self._name = f"{gateway.url}/collect", name
        self.jar: dict[str, str] = {}

    def send(self, event_name: str, consent: dict[str, str] | None = None, **more: Any) -> None:
        event = {
            "event_name": event_name,
            "event_id": f"planted-event-of-{self._name}",
            "client_id": f"planted-client-of-{self._name}",
            "user_data": {"email_address": f"planted-{self._name}@example.com"},
            **more,
        }
        if consent:
            event["consent"] = consent
        event = {name: value for name, value in event.items() if value is not None}
        cookies = {"PHPSESSID": SESSION, **self.jar}
        headers = {
            "host": "metrics.shop.example",
            "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "x-csrf-token": SESSION,
            "user-agent": f"planted-agent-of-{self._name}",
        }
        body = {"page_token": TOKENS[self._name], "events": [event]}
        answer = plain_http.post(self._url, json=body, headers=headers, timeout=60)
        assert answer.status_code == 204
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.jar[name] = value


def written(folder: Path, valkey: Valkey, sink: Sink) -> Iterator[tuple[str, bytes]]:
    """The place and the content of everything that was written."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # the file may just have been removed
            if path.is_file():
                yield str(path), path.read_bytes()
    with valkey.client() as redis, suppress(RedisError):  # it may be down
        for key in redis.scan_iter():
            yield "a key", key
            dump: Any = redis.dump(key)
            yield f"the value of {key}", dump or b""
    for request in list(sink.requests):
        yield "a destination", f"{request.path} {request.headers} {request.body}".encode()


def places_of(text: str, folder: Path, valkey: Valkey, sink: Sink) -> list[str]:
    return [place for place, data in written(folder, valkey, sink) if text.encode() in data]


def test_nothing_is_left_of_proofs_sessions_and_what_was_denied(tmp_path: Path) -> None:
    with Sink() as sink, Valkey(tmp_path / "valkey") as valkey:
        config = CONFIG.format(sink=sink.url, url=valkey.url, seconds=3)
        with Gateway(tmp_path, config) as gateway:

            def find(text: str) -> list[str]:
                return places_of(text, tmp_path, valkey, sink)

            unanswered, denied, granted, known = (Page(gateway, name) for name in "abcd")
            granted.send("page_view")
            granted.send("page_view", GRANTED)
            unanswered.send("page_view")
            denied.send("page_view")
            assert find(TOKENS["c"]) == []
            denied.send("page_view", DENIED)
            known.send("page_view", GRANTED, client_id=None)
            known.send("page_view", GRANTED, client_id=None)
            known.send("purchase", GRANTED, client_id=None)  # into the quarantine
            assert "visitor_id_proof" in known.jar
            known.send("page_view", DENIED, client_id=None)
            valkey.kill()
            for page in (unanswered, denied):
                page.send("page_view")  # into the spool
            assert any("spool" in place for place in find('"sealed"'))
            for token in TOKENS.values():
                assert find(token) == []
            valkey.start()
            ended = {"accepted": 11, "pending": 0}
            wait_for(lambda: gateway.outcomes("ads").items() >= ended.items(), 60, "all to end")
            assert adds_up(gateway.outcomes("ads"))
            assert find("planted-client-of-c")  # the search finds what is there

            for token in TOKENS.values():
                assert find(token) == []
            assert find(known.jar["visitor_id_proof"]) == []
            assert find(SESSION) == []
            for name in "ab":
                assert find(f"planted-client-of-{name}") == []
                assert find(f"planted-event-of-{name}") == []
                assert find(f"planted-{name}@example.com") == []
                assert find(f"planted-agent-of-{name}") == []
