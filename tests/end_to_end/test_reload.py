"""The configuration of a running gateway changes: events follow it, and none is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.support import plain_http
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.sink_server import Sink

CONFIG = """
redis: {{data_dir: "${{DATA_DIR}}"}}
sources: {{backend: {{type: events, keys: [backend-test-key]}}}}
rules: [{{name: mark, set: {{mark: {mark}}}}}]
destinations:
  {name}:
    type: webhook
    url: {sink}/{path}
    allow_private_addresses: true
    consent: []
"""
KEY = {"authorization": "Bearer backend-test-key"}


def send(gateway: Gateway, event_id: str) -> None:
    event = {"event_name": "sign_up", "event_id": event_id}
    answer = plain_http.post(f"{gateway.url}/events", json=event, headers=KEY, timeout=60)
    assert answer.status_code == 200


def seen(sink: Sink) -> dict[str, tuple[str, str]]:
    """The path at which each event arrived and its mark, by the event's id."""
    return {
        request.body["data"]["event_id"]: (request.path, request.body["data"].get("mark"))
        for request in sink.requests
    }


def replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def status_of(gateway: Gateway) -> subprocess.CompletedProcess[str]:
    """The result of `gateway status`, which gets no more than the configuration file."""
    command = [sys.executable, "-m", "gateway", "status", "--config", str(gateway.config)]
    environment = {**os.environ, "DATA_DIR": str(gateway.config.parent / "data")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def test_events_follow_the_configuration(tmp_path: Path) -> None:
    with Sink() as sink:
        first = CONFIG.format(mark="one", name="hook", sink=sink.url, path="a")
        with Gateway(tmp_path, first) as gateway:
            send(gateway, "e-1")
            wait_for(lambda: "e-1" in seen(sink), 60, "the first event")

            replace(gateway.config, first.replace("webhook", "webhok"))
            wait_for(
                lambda: "configuration rejected" in gateway.log.read_text(), 20, "the mistake's log"
            )
            gateway.kill(" serve ")
            gateway.kill(" worker ")
            wait_for(gateway._is_ready, 60, "the web part to be back, with what was good")
            wait_for(
                lambda: gateway.metrics()["gateway_configuration_rejected", frozenset()] == 1,
                20,
                "the metric of the mistake, from the web part that started with it",
            )
            shown = status_of(gateway)
            assert shown.stderr.startswith(f"{gateway.config} has mistakes: using ")
            assert "hook" in shown.stdout
            send(gateway, "e-2")
            wait_for(lambda: "e-2" in seen(sink), 60, "an event under the last good configuration")

            second = CONFIG.format(mark="two", name="hook", sink=sink.url, path="b")
            replace(gateway.config, second)
            gateway.process.send_signal(signal.SIGHUP)
            for number in range(3, 1000):
                send(gateway, f"e-{number}")
                wait_for(lambda n=number: f"e-{n}" in seen(sink), 60, f"event {number}")
                if seen(sink)[f"e-{number}"] == ("/b", "two"):
                    break

            third = (
                second
                + CONFIG.format(mark="", name="more", sink=sink.url, path="c").split(
                    "destinations:\n"
                )[1]
            )
            replace(gateway.config, third)
            for number in range(1000, 2000):
                send(gateway, f"e-{number}")
                wait_for(lambda n=number: f"e-{n}" in seen(sink), 60, f"event {number}")
                if any(request.path == "/c" for request in sink.requests):
                    break
            gateway.wait_until_delivered("hook")
            assert adds_up(gateway.outcomes("hook"))
            gateway.wait_until_delivered("more")
            assert adds_up(gateway.outcomes("more"))
            (last_good,) = (tmp_path / "data").glob("last-good-run-*")
            wait_for(lambda: last_good.read_text() == third, 60, "the supervisor to keep it")
        assert last_good.read_text() == third
    arrived = seen(sink)
    assert (arrived["e-1"], arrived["e-2"]) == (("/a", "one"), ("/a", "one"))
    assert any(place == ("/b", "two") for place in arrived.values())


def test_a_worker_that_starts_while_the_file_is_written_has_what_is_in_force(
    tmp_path: Path,
) -> None:
    with Sink() as sink:
        first = CONFIG.format(mark="one", name="hook", sink=sink.url, path="a")
        half = CONFIG.format(mark="one", name="hook", sink=sink.url, path="b")
        with Gateway(tmp_path, first, None, "--processes", "1") as gateway:
            send(gateway, "e-1")
            wait_for(lambda: "e-1" in seen(sink), 60, "an event")

            def write_on() -> None:
                """Keeps the file changing, so that the supervisor does not read it yet."""
                nonlocal half
                half += "# and more\n"
                gateway.config.write_text(half)

            def have_ended(pids: Sequence[int]) -> bool:
                write_on()
                return not any(Path(f"/proc/{pid}").exists() for pid in pids)

            def has_arrived() -> bool:
                write_on()
                return "e-2" in seen(sink)

            write_on()
            before = gateway.pids(" worker ")
            gateway.kill(" worker ")
            wait_for(partial(have_ended, before), 60, "the worker and its drain to end")
            send(gateway, "e-2")
            wait_for(has_arrived, 60, "an event after a kill")
            assert seen(sink)["e-2"] == ("/a", "one")
