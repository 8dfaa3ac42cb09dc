"""What docs/deploy.md shows for systemd and Kubernetes is valid, and starts the gateway."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from gateway.cli.main import main
from tests.support.documents import DOCS, blocks

[UNIT] = blocks(DOCS / "deploy.md", "systemd")
_TRAEFIK, _CLOUDFLARE, MANIFESTS = blocks(DOCS / "deploy.md", "yaml")
OBJECTS: list[Any] = list(YAML(typ="safe", pure=True).load_all(MANIFESTS))


def check_arguments(arguments: list[str]) -> None:
    """Checks that `gateway` understands `arguments`."""
    name, *more = arguments
    parsed = main.commands[name].make_context(name, more)
    assert str(parsed.params["config"]) == "/etc/gateway/production.yaml"


def containers() -> Iterator[dict[str, Any]]:
    for each in OBJECTS:
        if each["kind"] in ("StatefulSet", "Deployment"):
            yield from each["spec"]["template"]["spec"]["containers"]


@pytest.mark.parametrize(
    "each", OBJECTS, ids=lambda each: f"{each['kind']} {each['metadata']['name']}"
)
def test_an_object_of_kubernetes_is_valid(each: dict[str, Any]) -> None:
    kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)


def test_the_containers_start_web_and_workers() -> None:
    started = [container["args"] for container in containers()]
    assert [arguments[0] for arguments in started] == ["serve", "work"]
    for arguments in started:
        check_arguments(arguments)


def test_the_service_selects_the_web_processes() -> None:
    named = {(each["kind"], each["metadata"]["name"]): each["spec"] for each in OBJECTS}
    web = named["StatefulSet", "gateway-web"]
    assert named["Service", "gateway"]["selector"] == web["template"]["metadata"]["labels"]
    assert web["serviceName"] == "gateway"


def test_the_unit_starts_the_gateway() -> None:
    unit = ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as it is written
    unit.read_string(UNIT.replace("Environment=DATA_DIR", "Environment_DATA_DIR"))
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "gateway"
    check_arguments(arguments)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    file = tmp_path / "gateway.service"
    file.write_text(UNIT.replace("/opt/gateway/bin/gateway", shutil.which("true") or ""))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True
    )
    told = [line for line in verified.stderr.splitlines() if "gateway.service" in line]
    assert not told
