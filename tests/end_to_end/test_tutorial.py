"""The tutorial, command by command, as a reader runs it in three terminals."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import plain_http
from tests.support.documents import DOCS, ROOT, blocks
from tests.support.gateway_process import free_port, wait_for

TUTORIAL = DOCS / "tutorial.md"
STAYS = ("receiver.py", "gateway run")
"""Words in commands that run until Ctrl-C."""

SAVED = re.compile(r"^Save this as `([\w.]+)`.*?^```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Reader:
    """Follows the tutorial in a folder, on free ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.operators_port, self.receiver_port = free_port(), free_port(), free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        for name, text in SAVED.findall(TUTORIAL.read_text()):
            (folder / name).write_text(self.on_free_ports(text))

    def on_free_ports(self, text: str) -> str:
        ports = {"8080": self.port, "9000": self.receiver_port}
        return re.sub("8080|9000", lambda found: str(ports[found[0]]), text)

    def run(self, command: str) -> str:
        """What `command` prints; "" if it is one of `STAYS`, which are started in the
        background."""
        command = self.on_free_ports(command).strip()
        if stays := next((word for word in STAYS if word in command), None):
            self.start(stays, command)
            return ""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name: str, command: str) -> None:
        words = shlex.split(command)
        if name == "gateway run":
            ports = ["--port", str(self.port), "--operators-port", str(self.operators_port)]
            words += [*ports, "--no-console"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                words, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )
        port = self.port if name == "gateway run" else self.receiver_port
        wait_for(lambda: answers(port), 60, f"{name} to listen")

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        process.wait(60)

    def printed(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def wait_until_received(self, order: str) -> None:
        text = f'"transaction_id":"{order}"'
        wait_for(lambda: text in self.printed("receiver.py"), 60, f"{order} at the receiver")


def answers(port: int) -> bool:
    try:
        plain_http.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
    except httpx.HTTPError:
        return False
    return True


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    for name in reversed(list(reader.running)):
        reader.stop(name)


def test_every_command_of_the_tutorial_does_what_it_says(reader: Reader) -> None:
    commands = iter(blocks(TUTORIAL, "sh"))
    outputs = iter(blocks(TUTORIAL, "text"))

    def next_command() -> str:
        return reader.run(next(commands))

    assert next(commands) == "make run\n"
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", "run"],
        cwd=ROOT,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "MFLAGS", "ARGS"))
        },
        capture_output=True,
        text=True,
    ).stdout
    assert recipe.rstrip().endswith(".venv/bin/gateway run")

    assert next(outputs).strip() in next_command()  # check
    explained = next_command()
    assert reader.on_free_ports(next(outputs)).strip() in explained

    next_command()  # the receiver
    next_command()  # the gateway
    assert "204 No Content" in next_command()
    reader.wait_until_received("T-1")
    assert next(outputs).split("…")[0] in reader.printed("receiver.py")
    wait_for(lambda: "1 delivered" in counts(reader), 60, "the count")
    assert cells(next_command())[:4] == cells(next(outputs))[:4]

    assert "204 No Content" in next_command()
    assert next(outputs).strip() in next_command()  # why it was withheld
    wait_for(lambda: "1 withheld" in counts(reader), 60, "the count")
    assert "T-2" not in reader.printed("receiver.py")

    reader.stop("receiver.py")
    assert "204 No Content" in next_command()
    status = next(commands)
    wait_for(lambda: "last error" in reader.run(status), 60, "a failed try")
    printed, shown = reader.run(status), next(outputs)
    assert cells(printed)[1] == cells(shown)[1] == "1"
    assert shown.split("ago")[1].strip() in printed
    next_command()  # the receiver again
    reader.wait_until_received("T-3")
    assert not list(commands)
    assert not list(outputs)


def counts(reader: Reader) -> str:
    text = plain_http.get(f"http://127.0.0.1:{reader.operators_port}/metrics", timeout=60).text
    found = re.findall(r'gateway_events_total\{.*outcome="(\w+)"\} (\d+)', text)
    return ", ".join(f"{count} {outcome}" for outcome, count in found)


def cells(status: str) -> list[str]:
    """The row of the receiver in the first table."""
    (row, *_) = re.findall(r"^receiver .*$", status, re.MULTILINE)
    return row.split()
