"""At the start of a command, the garbage collector is off until the configuration is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WATCHED = """
import gc, sys
from pathlib import Path
import gateway.cli.main
from gateway.__main__ import main

{watch}
sys.argv = ["gateway", *{words}]
main()
"""
LOADING = """
import gateway.configuration.load as place
load = place.load_settings

def watched(path):
    print(gc.isenabled())
    return load(path)

place.load_settings = watched
import atexit
atexit.register(lambda: print(gc.isenabled()))
"""
SCHEDULING = """
import gateway.delivery.scheduler as place
place.run_scheduler = lambda *_: print(gc.isenabled())
"""


def said(watch: str, *words: str) -> list[str]:
    code = WATCHED.format(watch=watch, words=list(words))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "text", [None, "destinations: 7\n"], ids=["a configuration", "one with mistakes"]
)
def test_the_collector_rests_until_the_configuration_is_loaded(
    text: str | None, tmp_path: Path
) -> None:
    config = ROOT / "config" / "gateway.yaml"
    if text is not None:
        config = tmp_path / "gateway.yaml"
        config.write_text(text)
    lines = said(LOADING, "check", str(config))
    assert (lines[0], lines[-1]) == ("False", "True")


def test_a_process_without_a_configuration_has_its_collector() -> None:
    words = ("scheduler", "--namespace", "gw", "--redis-url", "redis://127.0.0.1:1")
    assert said(SCHEDULING, *words) == ["True"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["schema", "reference"])
def test_output_that_finds_no_space_is_one_line(command: str) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", command],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ended.stderr == "cannot write: No space left on device\n"
    assert ended.returncode == 1
