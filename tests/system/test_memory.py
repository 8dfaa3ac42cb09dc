"""The memory that this process may use."""

from __future__ import annotations

import pytest

from gateway.system.memory import available_memory, limit_files, smallest_memory

GB = 10**9


@pytest.mark.parametrize(
    ("physical", "limits", "memory"),
    [
        (8 * GB, [], 8 * GB),
        (8 * GB, ["max\n"], 8 * GB),
        (8 * GB, ["max\n", "2000000000\n"], 2 * GB),
        (8 * GB, ["4000000000\n", "2000000000\n"], 2 * GB),
        (8 * GB, ["9223372036854771712\n"], 8 * GB),
        (8 * GB, ["16000000000"], 8 * GB),
        (8 * GB, ["", "0", "-1", "rubbish", "²"], 8 * GB),
        (None, ["2000000000"], 2 * GB),
        (None, ["max"], None),
        (None, [], None),
    ],
)
def test_the_smallest_counts(physical: int | None, limits: list[str], memory: int | None) -> None:
    assert smallest_memory(physical, limits) == memory


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/\n", ["memory.max"]),
        ("0::/a/b\n", ["a/b/memory.max", "a/memory.max", "memory.max"]),
        (
            "5:cpu,memory:/docker/x\n1:name=systemd:/\n",
            [f"memory/{folder}memory.limit_in_bytes" for folder in ("docker/x/", "docker/", "")],
        ),
        ("3:cpuset:/a\n", []),
        ("0::/../a\n", ["memory.max"]),
        ("", []),
        ("rubbish\n:\n::\n", []),
    ],
)
def test_every_cgroup_above_is_asked(membership: str, files: list[str]) -> None:
    assert [str(file) for file in limit_files(membership)] == files


def test_of_this_machine_it_is_known() -> None:
    memory = available_memory()
    assert memory is not None
    assert memory > 50_000_000
