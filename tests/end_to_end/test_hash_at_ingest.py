"""With `hash_at_ingest`, no file of a real gateway has an e-mail address, phone number or name."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from redis import Redis

from gateway.runtime.embedded import embedded_url
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.sink_server import Received, Reply, Sink
from tests.support.valkey_server import Valkey

EMAIL, NAME, PHONE = "anna.marker@shop.example", "Markerson", "+49 30 5550 417"
CLEAR = [EMAIL, NAME, PHONE, PHONE.replace(" ", "")]
HASH = sha256(EMAIL.encode()).hexdigest()
TOKEN = "planted-page-token-of-the-page-planted"
CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
redis: {{url: "{redis}", data_dir: "${{DATA_DIR}}"}}
sources: {{site: {{type: collect}}}}
consent:
  default: {{ad_storage: granted, ad_user_data: granted, analytics_storage: granted}}
  regions: []
  hold: {{seconds: 600}}
hash_at_ingest: true
schemas: {{refund: {{on_mismatch: quarantine, schema: {{required: [reason]}}}}}}
destinations:
  meta: {{type: meta, pixel_id: "12345", access_token: s3cret-token, base_url: "{sink}/meta"}}
  strict: {{type: webhook, url: "{sink}/strict", allow_private_addresses: true, consent: []}}
  down: {{type: webhook, url: "{sink}/down", allow_private_addresses: true, consent: []}}
  later: {{type: webhook, url: "{sink}/up", allow_private_addresses: true,
    consent: [personalization_storage]}}
"""


def reply(received: Received) -> Reply:
    """One destination refuses every event, and one is down."""
    if received.path == "/strict":
        return 400, b"no"
    if received.path == "/down":
        return 503, b"down"
    return 200, b'{"events_received": 1}'


def send(gateway: Gateway, event_name: str, event_id: str) -> None:
    event = {
        "event_name": event_name,
        "event_id": event_id,
        "client_id": "1.2",
        "value": 5,
        "currency": "EUR",
        "user_data": {
            "email_address": EMAIL,
            "phone_number": PHONE,
            "nickname": NAME,
            "address": {"last_name": NAME, "city": "Berlin"},
        },
    }
    body = {"page_token": TOKEN, "events": [event]}
    assert plain_http.post(f"{gateway.url}/collect", json=body, timeout=60).status_code == 204


def folders_with(text: str, folder: Path) -> set[str]:
    """The folders with files that contain `text`."""
    found = set()
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # the file may just have been removed
            if path.is_file() and text.encode() in path.read_bytes():
                found.add(str(path.relative_to(folder).parent))
    return found


def test_nothing_clear_is_in_redis_its_files_the_ledger_and_the_log(tmp_path: Path) -> None:
    with Sink(reply=reply) as sink:
        config = CONFIG.format(redis="embedded", sink=sink.url)
        with Gateway(tmp_path, config) as gateway:
            with Redis.from_url(embedded_url(tmp_path / "data") or "") as redis:
                redis.config_set("rdbcompression", "no")  # or a snapshot could hide them
                send(gateway, "purchase", "e-1")
                send(gateway, "refund", "e-2")  # into the quarantine
                wait_for(lambda: gateway.outcomes("meta").get("delivered") == 1, 60, "delivery")
                wait_for(lambda: gateway.outcomes("strict").get("rejected") == 1, 60, "a refusal")
                gateway.wait_until_stored()
                assert "purchase" in gateway.command("trace", EMAIL)
                redis.save()
            assert "e-1" in gateway.command("access", EMAIL)
            for clear in CLEAR:
                assert folders_with(clear, tmp_path) == set()
            assert len(folders_with(HASH, tmp_path)) > 1, "the search finds what is there"
            answer = gateway.command("erase", EMAIL, "--yes")
        assert "pending, down" in answer
        assert "quarantine" in answer
        (delivered,) = [each for each in sink.requests if each.path.startswith("/meta")]
        assert delivered.body["data"][0]["user_data"]["em"] == [HASH]
        assert not any(clear in repr(sink.requests) for clear in CLEAR)


def test_nothing_clear_is_in_the_spool(tmp_path: Path) -> None:
    with (
        Sink(reply=reply) as sink,
        Valkey(tmp_path / "valkey") as valkey,
        Gateway(tmp_path, CONFIG.format(redis=valkey.url, sink=sink.url)) as gateway,
    ):
        valkey.kill()
        send(gateway, "purchase", "e-1")
        assert any("spool" in place for place in folders_with(HASH, tmp_path))
        for clear in CLEAR:
            assert folders_with(clear, tmp_path) == set()
        valkey.start()
        wait_for(lambda: gateway.outcomes("meta").get("delivered") == 1, 60, "delivery")
