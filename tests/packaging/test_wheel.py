"""The gateway without its repository: a wheel in an environment of its own, as `pipx install` and
`uv tool install` create, has everything it needs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from tests.support import borrowed_environment, plain_http
from tests.support.gateway_process import free_port, wait_for

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "destinations")
EVENT = {
    "event_name": "page_view",
    "page_location": "https://shop.example/",
    "user_id": "u-17",
    "consent": {"ad_storage": "granted", "ad_user_data": "granted", "analytics_storage": "granted"},
}
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of an environment that has the wheel."""
    return borrowed_environment.create(tmp_path_factory.mktemp("environment"), wheel)


def command(installed: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [installed / "gateway", *arguments],
        cwd=folder,
        env=_environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def test_it_has_every_file_of_the_packages(wheel: Path) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"{package}/py.typed" for package in PACKAGES} <= files
    assert files - set(ZipFile(wheel).namelist()) == set()


def test_the_environment_runs_the_wheel_and_not_the_repository(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [installed / "python", "-c", "import gateway, destinations; print(gateway.__file__)"],
        cwd=tmp_path,
        env=_environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(installed.parent)


@pytest.fixture
def running(installed: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The public URL and the operators' URL of a gateway after `init` in an empty folder."""
    command(installed, tmp_path, "init", "--yes")
    port, operators_port = free_port(), free_port()
    ports = ["--port", str(port), "--operators-port", str(operators_port)]
    ports += ["--console-port", str(free_port())]
    log = tmp_path / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed / "gateway", "run", *ports],
            cwd=tmp_path,
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return plain_http.get(f"{url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_for(is_ready, 60, "the gateway to be ready")
        yield url, f"http://127.0.0.1:{operators_port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_after_init_it_runs_in_an_empty_folder(
    running: tuple[str, str], installed: Path, tmp_path: Path
) -> None:
    url, operators_url = running
    token = re.findall(r"^OPERATORS_TOKEN=(\w+)$", (tmp_path / ".env").read_text(), re.MULTILINE)
    assert plain_http.get(f"{url}/gateway.js").status_code == 200
    answer = plain_http.post(f"{url}/collect", json=EVENT, headers={"user-agent": AGENT})
    assert answer.status_code == 204

    def delivered() -> bool:
        metrics = plain_http.get(
            f"{operators_url}/metrics", headers={"authorization": f"Bearer {token[0]}"}, timeout=60
        ).text
        counted = 'gateway_events_total{destination="%s",outcome="delivered"} 1.0'
        return all(counted % name in metrics for name in ("ga4", "meta"))

    wait_for(delivered, 60, "both destinations to get the event")
    assert "ga4" in command(installed, tmp_path, "status")
    missing = "META_ACCESS_TOKEN: Access token of the Conversions API"
    assert missing in command(installed, tmp_path, "check")
    assert command(installed, tmp_path, "schema").startswith("{")
