"""Operators' actions are read from their log, whatever its lines contain."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.operator_actions import UNREADABLE, Done, newest_done
from gateway.ledger.operator_log import OperatorLog


def everything(_: Done) -> bool:
    return True


def test_the_newest_come_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    log = OperatorLog(tmp_path / "operators.log")
    assert newest_done(log, everything, 3) == []
    for number in range(5):
        command = "erase" if number % 2 else "replay"
        log.append({"at": number, "user": "anna", "command": command, "counts": {"ledger": number}})
    assert [done.at for done in newest_done(log, everything, 3)] == [4, 3, 2]
    erased = newest_done(log, lambda done: done.command == "erase", 9)
    assert erased == [
        Done(3, "anna", "erase", {}, {"ledger": 3}),
        Done(1, "anna", "erase", {}, {"ledger": 1}),
    ]


@pytest.mark.parametrize(
    "line",
    [b"", b"torn {", b"[]", b"null", b"{}", b'{"at": "x", "counts": [], "arguments": 1}', b"\xff"],
)
def test_a_line_that_no_gateway_wrote_is_shown_as_unreadable(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "operators.log"
    path.write_bytes(line + b"\n")
    assert newest_done(OperatorLog(path), everything, 9) == [Done(None, UNREADABLE)]


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_bytes_are_a_mistake(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]):
    path = tmp_path_factory.mktemp("log") / "operators.log"
    path.write_bytes(b"\n".join(lines))
    assert len(newest_done(OperatorLog(path), everything, 3)) <= 3
