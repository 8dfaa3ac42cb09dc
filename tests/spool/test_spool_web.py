"""While Redis is away, browsers are answered as usual, and backends are told to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from gateway.configuration.load import parse_settings
from gateway.queue.entry import Entry, decode
from gateway.spool import appender as spool_module
from gateway.spool.appender import build_spool, warn_of_left_events
from gateway.web.app import create_app
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS
from tests.support.operators import operators
from tests.support.valkey_server import Valkey

CONFIG = """
redis: {{data_dir: {folder}}}
spool: {spool}
enrichment: []
consent: {{default: {{analytics_storage: granted}}}}
sources:
  site: {{type: collect}}
  pixel: {{type: pixel}}
  gtag: {{type: ga4}}
  rudder: {{type: segment, write_keys: [wk]}}
  snow: {{type: snowplow}}
  matomo: {{type: matomo}}
  plausible: {{type: plausible}}
  umami: {{type: umami}}
  backend: {{type: events, keys: [key]}}
  server: {{type: measurement_protocol, api_secrets: {{G-1: secret}}}}
  patient: {{type: collect, paths: [/patient], spool: false}}
  hasty: {{type: events, paths: [/hasty], keys: [key], spool: true}}
rules:
  - {{name: no street, remove: [user_data.address.street]}}
destinations:
  all: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
  consenting: {{type: webhook, url: "http://127.0.0.1:9/", consent: [ad_storage]}}
"""
EVENT = {"event_name": "page_view"}
KEY = {"authorization": "Bearer key"}
Open = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.upkeep.UPKEEP_SECONDS", 0.05)
    monkeypatch.setattr(spool_module, "PROBE_SECONDS", 0.05)


@pytest.fixture
def open_web(mortal: Valkey, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_web(spool: str = "{}") -> TestClient:
            settings = parse_settings(CONFIG.format(folder=tmp_path, spool=spool))
            app = create_app(settings, mortal.url, build_spool(settings))
            return stack.enter_context(TestClient(app))

        yield open_web


def stored(server: Valkey, destination: str = "all") -> list[Entry]:
    with server.client() as redis:
        rows: Any = redis.xrange(KEYS.destination(destination).stream)
    return [decode(number, 1, fields[b"e"]) for number, fields in rows]


def metric(web: TestClient, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(operators(web).get("/metrics").text):
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return float(sample.value)
    return None


def wait_until_fed(web: TestClient) -> None:
    wait_for(
        lambda: operators(web).get("/readyz").json() == {"ready": True, "spooled": 0},
        20,
        "the spool to drain",
    )


REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "collect": ("POST", {"url": "/collect", "json": EVENT}),
    "pixel": ("GET", {"url": "/pixel.gif?event_name=page_view"}),
    "ga4": ("POST", {"url": "/g/collect?v=2&tid=G-1&en=page_view"}),
    "segment": (
        "POST",
        {"url": "/v1/track", "json": {"event": "a", "anonymousId": "1", "writeKey": "wk"}},
    ),
    "snowplow": ("GET", {"url": "/i?e=pv&p=web&url=https%3A%2F%2Fshop.example"}),
    "matomo": ("GET", {"url": "/matomo.php?idsite=1&rec=1"}),
    "plausible": ("POST", {"url": "/api/event", "json": {"n": "pageview"}}),
    "umami": ("POST", {"url": "/api/send", "json": {"payload": {"website": "a"}}}),
    "events, asked for": ("POST", {"url": "/hasty", "json": EVENT, "headers": KEY}),
    "events": ("POST", {"url": "/events", "json": EVENT, "headers": KEY}),
    "measurement_protocol": (
        "POST",
        {
            "url": "/mp/collect?measurement_id=G-1&api_secret=secret",
            "json": {"client_id": "1.1", "events": [{"name": "page_view"}]},
        },
    ),
    "collect, switched off": ("POST", {"url": "/patient", "json": EVENT}),
}
SPOOLED = list(REQUESTS)[:9]


def test_browsers_are_answered_as_ever_and_backends_wait(open_web: Open, mortal: Valkey) -> None:
    web = open_web()
    wait_until_fed(web)
    usual = {name: web.request(method, **request) for name, (method, request) in REQUESTS.items()}
    assert {answer.status_code for answer in usual.values()} <= {200, 202, 204}
    mortal.kill()
    for name, (method, request) in REQUESTS.items():
        answer = web.request(method, **request)
        if name in SPOOLED:
            assert answer.status_code == usual[name].status_code, name
            assert answer.headers.keys() == usual[name].headers.keys()
        else:
            assert answer.status_code == 503, name
            assert answer.json()["reason"] == "unavailable"
            assert int(answer.headers["retry-after"]) >= 1
    mortal.start()
    wait_until_fed(web)
    assert len(stored(mortal)) == len(REQUESTS) + len(SPOOLED)
    labels = {"source": "backend", "reason": "unavailable"}
    wait_for(lambda: metric(web, "gateway_refused_events_total", **labels) == 1, 60, "the count")


def test_what_is_seen_meanwhile(open_web: Open, mortal: Valkey) -> None:
    web = open_web()
    wait_until_fed(web)
    assert metric(web, "gateway_spool_events") == 0
    mortal.kill()
    web.post("/collect", json=[EVENT, EVENT])
    ready = operators(web).get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "reason": "Redis: ConnectionError", "spooled": 2}
    assert web.get("/healthz").status_code == 200
    assert metric(web, "gateway_spool_events") == 2
    assert metric(web, "gateway_spool_bytes") > 100
    assert metric(web, "gateway_spooled_events_total") == 2
    assert metric(web, "gateway_received_events_total", source="site") is None
    mortal.start()
    wait_until_fed(web)
    assert metric(web, "gateway_spool_events") == metric(web, "gateway_spool_bytes") == 0
    assert metric(web, "gateway_spooled_events_total") == 2
    labels = {"destination": "all", "outcome": "accepted"}
    assert metric(web, "gateway_events_total", **labels) == 2


def test_a_full_spool_refuses_and_says_so(open_web: Open, mortal: Valkey) -> None:
    web = open_web("{max_bytes: 2000}")
    wait_until_fed(web)
    mortal.kill()
    answers = [web.post("/collect", json=EVENT) for _ in range(20)]
    statuses = [answer.status_code for answer in answers]
    taken = statuses.count(204)
    assert 0 < taken < 20
    assert statuses == [204] * taken + [503] * (20 - taken)
    assert answers[-1].json()["reason"] == "spool_full"
    assert int(answers[-1].headers["retry-after"]) >= 1
    mortal.start()
    wait_until_fed(web)
    assert len(stored(mortal)) == taken
    assert web.post("/collect", json=EVENT).status_code == 204
    labels = {"source": "site", "reason": "spool_full"}
    wait_for(
        lambda: metric(web, "gateway_refused_events_total", **labels) == 20 - taken,
        60,
        "the counts",
    )


def test_a_spool_that_is_switched_off_refuses_browsers_too(
    open_web: Open, mortal: Valkey, tmp_path: Path
) -> None:
    web = open_web("{enabled: false}")
    mortal.kill()
    answer = web.post("/collect", json=EVENT)
    assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
    assert "spooled" not in operators(web).get("/readyz").json()
    assert operators(web).get("/metrics").status_code == 503
    assert not (tmp_path / "spool").exists()


def test_what_waits_when_the_spool_is_switched_off_is_sent_all_the_same(
    mortal: Valkey, tmp_path: Path
) -> None:
    def web(spool: str) -> TestClient:
        settings = parse_settings(CONFIG.format(folder=tmp_path, spool=spool))
        return TestClient(create_app(settings, mortal.url, build_spool(settings)))

    mortal.kill()
    with web("{}") as before:
        assert before.post("/collect", json=EVENT).status_code == 204
    mortal.start()
    with web("{enabled: false}") as after:
        wait_until_fed(after)
        assert len(stored(mortal)) == 1
        mortal.kill()
        answer = after.post("/collect", json=EVENT)
        assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")


def test_at_maxmemory_browsers_are_answered_and_backends_wait(
    open_web: Open, mortal: Valkey
) -> None:
    web = open_web()
    wait_until_fed(web)
    with mortal.client() as redis:
        redis.config_set("maxmemory", 1)
        assert web.post("/collect", json=EVENT).status_code == 204
        assert web.post("/events", json=EVENT, headers=KEY).status_code == 503
        assert stored(mortal) == []
        redis.config_set("maxmemory", 0)
    wait_until_fed(web)
    assert len(stored(mortal)) == 1


def test_only_what_destinations_may_have_is_written_down(
    open_web: Open, mortal: Valkey, tmp_path: Path
) -> None:
    web = open_web()
    wait_until_fed(web)
    mortal.kill()
    event = {**EVENT, "user_data": {"address": {"street": "Planted Street 1", "city": "Bern"}}}
    denied = {"ad_storage": "denied", "ad_user_data": "granted"}
    assert web.post("/collect", json={**event, "consent": denied}).status_code == 204
    written = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert b"Bern" in written
    assert b"Planted" not in written
    mortal.start()
    wait_until_fed(web)
    (entry,) = stored(mortal)
    assert entry.source == "site"
    assert entry.event["user_data"] == {"address": {"city": "Bern"}}
    assert stored(mortal, "consenting") == []
    labels = {"destination": "consenting", "outcome": "withheld"}
    assert metric(web, "gateway_events_total", **labels) == 1


def test_the_default_folder_is_under_the_data_folder_and_another_may_be_named(
    tmp_path: Path,
) -> None:
    for spool, folder in (
        ("{}", tmp_path / "spool"),
        (f"{{folder: {tmp_path}/else}}", tmp_path / "else"),
    ):
        built = build_spool(parse_settings(CONFIG.format(folder=tmp_path, spool=spool)))
        assert built is not None
        assert built.folder == folder


@pytest.mark.parametrize(("name", "waits"), [("else", True), ("else", False), ("spool", True)])
def test_a_warning_tells_that_events_wait_in_the_folder_of_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, waits: bool
) -> None:
    before = parse_settings(CONFIG.format(folder=tmp_path, spool="{}"))
    after = parse_settings(CONFIG.format(folder=tmp_path, spool=f"{{folder: {tmp_path}/{name}}}"))
    if waits:
        (tmp_path / "spool").mkdir()
        (tmp_path / "spool" / "spool-1.sqlite").touch()
    warn_of_left_events(before, after)
    told = f"events wait in {tmp_path}/spool, but spool.folder is now {tmp_path}/else"
    assert (told in caplog.text) == (waits and name == "else")


def test_gateways_with_different_namespaces_have_different_folders(tmp_path: Path) -> None:
    """Otherwise one would feed what the other has spooled."""
    settings = parse_settings(CONFIG.format(folder=tmp_path, spool="{}"))
    redis = settings.redis.model_copy(update={"namespace": "staging"})
    built = build_spool(settings.with_redis(redis))
    assert built is not None
    assert built.folder == tmp_path / "spool-staging"
