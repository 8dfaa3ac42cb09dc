"""The texts of the server-side scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.queue import scripts
from gateway.queue.scripts import read_scripts, script


def test_what_was_read_before_a_fork_is_not_read_after_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = script("settle", "letters", "feed")
    script.cache_clear()
    read_scripts()
    monkeypatch.setattr(scripts, "_folder", lambda: tmp_path)
    assert script("settle", "letters", "feed") == expected
