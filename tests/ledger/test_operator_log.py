"""The log of operators' actions: a change to any line but the last is detected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.operator_log import START, OperatorLog

ACTIONS = [{"command": f"drop {number}", "counts": {"events": number}} for number in range(5)]


@pytest.fixture
def log(tmp_path: Path) -> OperatorLog:
    made = OperatorLog(tmp_path / "ledger" / "operators.log")
    for action in ACTIONS:
        made.append(action)
    return made


def test_a_log_that_does_not_exist_is_whole(tmp_path: Path) -> None:
    chain = OperatorLog(tmp_path / "operators.log").check()
    assert (chain.lines, chain.head, chain.broken) == (0, START, None)


def test_lines_have_what_was_done(log: OperatorLog) -> None:
    read = [orjson.loads(line) for line in log.lines()]
    assert [{name: each[name] for name in each if name != "before"} for each in read] == ACTIONS
    assert (log.check().lines, log.check().broken) == (5, None)
    assert log.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [8_000, 8_192, 8_200, 20_000])
def test_lines_of_any_length_follow_from_each_other(log: OperatorLog, size: int) -> None:
    for number in range(3):
        log.append({"command": "x" * (size + number)})
    assert (log.check().lines, log.check().broken) == (8, None)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda lines: [lines[0].replace(b"drop 0", b"drop 9"), *lines[1:]], 2),
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: lines[1:], 1),
        (lambda lines: [*lines[:3], lines[1], *lines[3:]], 4),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines[:4], b"no JSON"], 5),
        (lambda lines: [*lines, b"[]"], 6),
    ],
    ids=["changed", "missing", "first missing", "repeated", "swapped", "no JSON", "no object"],
)
def test_what_was_changed_is_found(log: OperatorLog, change, broken: int) -> None:  # type: ignore[no-untyped-def]
    log.path.write_bytes(b"".join(line + b"\n" for line in change([*log.lines()])))
    assert log.check().broken == broken


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_before_the_last_line_can_be_changed(
    tmp_path_factory: pytest.TempPathFactory, place: int, difference: int
) -> None:
    log = OperatorLog(tmp_path_factory.mktemp("log") / "operators.log")
    for action in ACTIONS:
        log.append(action)
    text = bytearray(log.path.read_bytes())
    *before, last = text.splitlines(keepends=True)
    place %= len(text) - len(last)
    text[place] ^= difference
    log.path.write_bytes(bytes(text))
    assert log.check().broken is not None
    assert before


def test_a_line_that_a_crash_tore_is_told_and_others_follow(log: OperatorLog) -> None:
    log.path.write_bytes(log.path.read_bytes()[:-10])
    log.append({"command": "later"})
    assert len([*log.lines()]) == 6
    assert log.check().broken == 5


def test_a_line_for_which_there_is_no_room_is_refused_whole(log: OperatorLog) -> None:
    size = log.path.stat().st_size + 20
    program = (
        "import resource; from pathlib import Path\n"
        "from gateway.ledger.operator_log import OperatorLog\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        f"OperatorLog(Path({str(log.path)!r})).append({{'command': 'later'}})"
    )
    run = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, check=False)
    assert b"OSError" in run.stderr
    assert (log.check().lines, log.check().broken) == (5, None)


def test_processes_append_at_once(tmp_path: Path) -> None:
    path = tmp_path / "operators.log"
    program = (
        "from pathlib import Path; from gateway.ledger.operator_log import OperatorLog\n"
        f"for n in range(20): OperatorLog(Path({str(path)!r})).append({{'n': n}})"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert (OperatorLog(path).check().lines, OperatorLog(path).check().broken) == (60, None)
