"""Fixtures: a Valkey that a test may kill, and a small disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.valkey_server import Valkey


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server for one test, which may leave it dead."""
    with Valkey(tmp_path_factory.mktemp("mortal")) as server:
        yield server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
