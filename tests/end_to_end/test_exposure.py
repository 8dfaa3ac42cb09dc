"""The demo and published keys, where strangers can reach the gateway and where they cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gateway.configuration.exposure import ADVICE
from tests.support import plain_http
from tests.support.gateway_process import Gateway, free_port, wait_for

FOLDER = Path(__file__).parents[2] / "config"
CONFIG, PRODUCTION = (FOLDER / "gateway.yaml").read_text(), (FOLDER / "production.yaml").read_text()
NO_DEMO = CONFIG.replace("  demo: true", "  demo: false")
NO_FALLBACK = NO_DEMO.replace("${BACKEND_KEY:-demo-backend-key}", "${BACKEND_KEY}")
EVENT = {"event_name": "purchase", "client_id": "1.2"}
OUR_KEY = {"BACKEND_KEY": "a-key-of-our-own", "HASH_SALT": "a-salt-of-our-own"}
FOR_PRODUCTION = {
    **OUR_KEY,
    "SITE_ORIGIN": "https://shop.example",
    "META_PIXEL_ID": "1",
    "META_ACCESS_TOKEN": "a-token",
    "GA4_MEASUREMENT_ID": "G-1",
    "GA4_API_SECRET": "a-secret",
    "WEBHOOK_URL": "https://warehouse.example/",
    "WEBHOOK_SECRET": "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=",
}
PUBLIC = ("--host", "0.0.0.0")


def is_trusted(gateway: Gateway, key: str) -> bool:
    headers = {"authorization": f"Bearer {key}"}
    answer = plain_http.post(f"{gateway.url}/events", json=EVENT, headers=headers, timeout=60)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def shows_the_demo(gateway: Gateway) -> bool:
    answer = plain_http.get(f"{gateway.url}/demo/events", timeout=60)
    assert answer.status_code in (200, 404)
    return answer.status_code == 200


def kill_and_await(gateway: Gateway, words: str) -> None:
    """Kills a process whose command line has `words` in it, and waits until another is started."""
    before = set(gateway.pids(words))
    gateway.kill(words)
    wait_for(lambda: bool(set(gateway.pids(words)) - before), 60, f"another{words}process")


def test_the_default_configuration_is_not_served_to_strangers(tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(CONFIG)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gateway", "run", "--config", str(config)),
            *(
                "--port",
                str(free_port()),
                "--operators-port",
                str(free_port()),
                "--no-console",
                *PUBLIC,
            ),
        ],
        cwd=tmp_path,
        env={**os.environ, "DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    *lines, advice = done.stderr.splitlines()
    places = ["server.hash_salt", "server.demo", "sources.backend.keys.0"]
    assert [line.split(": ")[1] for line in lines] == places
    assert "set BACKEND_KEY to a secret of your own" in lines[2]
    assert advice == ADVICE
    assert not (tmp_path / "data").exists()


def test_it_is_served_to_this_machine_alone(tmp_path: Path) -> None:
    with Gateway(tmp_path, CONFIG) as gateway:
        assert shows_the_demo(gateway)
        assert is_trusted(gateway, "demo-backend-key")


def test_it_is_served_to_strangers_with_the_flag_and_stays_so(tmp_path: Path) -> None:
    with Gateway(tmp_path, NO_DEMO, None, *PUBLIC, "--allow-demo") as gateway:
        assert is_trusted(gateway, "demo-backend-key")
        assert not shows_the_demo(gateway)
        gateway.config.write_text(CONFIG)
        wait_for(lambda: shows_the_demo(gateway), 60, "the demo to come into force")
        gateway.kill(" serve ")
        wait_for(gateway._is_ready, 60, "the web part to be back")
        assert shows_the_demo(gateway)


def test_the_production_configuration_is_served_to_strangers(tmp_path: Path) -> None:
    with Gateway(tmp_path, PRODUCTION, FOR_PRODUCTION, *PUBLIC) as gateway:
        assert not shows_the_demo(gateway)
        assert not is_trusted(gateway, "demo-backend-key")
        assert plain_http.get(f"{gateway.url}/gateway.js", timeout=60).status_code == 200


def test_no_change_and_no_restart_opens_it_to_strangers(tmp_path: Path) -> None:
    """Each change of the file would open something. Web processes and workers are killed too."""
    with Gateway(tmp_path, NO_FALLBACK, OUR_KEY, *PUBLIC) as gateway:
        assert is_trusted(gateway, OUR_KEY["BACKEND_KEY"])
        wait_for(lambda: gateway.pids(" worker "), 60, "the workers")
        assert not gateway.pids("--allow-demo")

        literal = NO_DEMO.replace("${BACKEND_KEY:-demo-backend-key}", "demo-backend-key")
        for text, place in ((CONFIG, "server.demo"), (literal, "sources.backend.keys.0")):
            gateway.config.write_text(text)
            wait_for(lambda place=place: place in gateway.log.read_text(), 60, "the refusal's log")
            kill_and_await(gateway, " serve ")
            kill_and_await(gateway, " worker ")
            wait_for(gateway._is_ready, 60, "the web part to be back")
            assert not shows_the_demo(gateway)
            assert not is_trusted(gateway, "demo-backend-key")
            assert is_trusted(gateway, OUR_KEY["BACKEND_KEY"])
        assert "is in force" not in gateway.log.read_text()

        gateway.config.write_text(NO_FALLBACK.replace("[/events]", "[/elsewhere]"))
        wait_for(lambda: "is in force" in gateway.log.read_text(), 60, "a good configuration")
